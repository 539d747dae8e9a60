#include "verify/glob.h"

#include "absl/strings/match.h"

namespace glovebox::verify {
namespace {

// Where to go on after a mismatch: the last star of each kind takes one byte more. A star that stops at a
// slash outranks the one before it as long as it can grow.
struct Star {
  size_t pattern = 0;  // behind the star
  size_t text = 0;     // from where on the rest is tried
  bool set = false;
};

bool Grow(Star& star, absl::string_view text, bool crosses, size_t* p, size_t* t) {
  if (!star.set || star.text >= text.size() || (!crosses && text[star.text] == '/')) return false;
  *p = star.pattern;
  *t = ++star.text;
  return true;
}

}  // namespace

bool GlobMatch(absl::string_view pattern, absl::string_view text, GlobStops stops) {
  if (stops == GlobStops::kAtSlash && absl::EndsWith(pattern, "/**") &&
      GlobMatch(pattern.substr(0, pattern.size() - 3), text, stops)) {
    return true;
  }
  const bool crosses = stops == GlobStops::kNowhere;
  Star one;
  Star two;
  size_t p = 0;
  size_t t = 0;
  while (t < text.size() || p < pattern.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      const bool doubled = p + 1 < pattern.size() && pattern[p + 1] == '*';
      // "/**/" may stand for one slash.
      if (doubled && !crosses && p > 0 && pattern[p - 1] == '/' && p + 2 < pattern.size() &&
          pattern[p + 2] == '/' && GlobMatch(pattern.substr(p + 3), text.substr(t), stops)) {
        return true;
      }
      p += doubled ? 2 : 1;
      (doubled ? two : one) = {p, t, true};
      if (doubled) one.set = false;
      continue;
    }
    const bool escaped = p + 1 < pattern.size() && pattern[p] == '\\';
    if (escaped && t < text.size() && pattern[p + 1] == text[t]) {
      p += 2;
      ++t;
      continue;
    }
    const bool same = !escaped && t < text.size() && p < pattern.size() &&
                      (pattern[p] == text[t] || (pattern[p] == '?' && (crosses || text[t] != '/')));
    if (same) {
      ++p;
      ++t;
      continue;
    }
    if (Grow(one, text, crosses, &p, &t)) continue;
    one.set = false;
    if (!Grow(two, text, true, &p, &t)) return false;
  }
  return true;
}

}  // namespace glovebox::verify
