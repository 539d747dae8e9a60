#include "policy/path_match.h"

#include <cstddef>
#include <utility>

#include "absl/container/inlined_vector.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace glovebox::policy {
namespace {

constexpr size_t kNone = absl::string_view::npos;

// Where the set that begins at `pattern[at]` ('[') ends: behind its ']'. kNone: it is open. A ']' in the
// first place is one of the set.
size_t SetEnd(absl::string_view pattern, size_t at) {
  size_t i = at + 1;
  if (i < pattern.size() && (pattern[i] == '!' || pattern[i] == '^')) ++i;
  for (bool first = true; i < pattern.size(); ++i, first = false) {
    if (pattern[i] == ']' && !first) return i + 1;
    if (pattern[i] == '\\') ++i;
  }
  return kNone;
}

bool InSet(absl::string_view set, char letter) {  // without its brackets
  const bool others = !set.empty() && (set[0] == '!' || set[0] == '^');
  if (others) set.remove_prefix(1);
  bool in = false;
  const auto value = [](char c) { return static_cast<unsigned char>(c); };
  for (size_t i = 0; i < set.size(); ++i) {
    if (set[i] == '\\' && i + 1 < set.size()) ++i;
    const char from = set[i];
    char to = from;
    if (i + 2 < set.size() && set[i + 1] == '-') {
      i += set[i + 2] == '\\' && i + 3 < set.size() ? 3 : 2;
      to = set[i];
    }
    in = in || (value(letter) >= value(from) && value(letter) <= value(to));
  }
  return in != others;
}

// One letter of the pattern against one of the name. *next: behind it.
bool LetterMatches(absl::string_view pattern, size_t at, char letter, size_t* next) {
  *next = at + 1;
  switch (pattern[at]) {
    case '?':
      return true;
    case '[':
      *next = SetEnd(pattern, at);
      return InSet(pattern.substr(at + 1, *next - at - 2), letter);
    case '\\':
      *next = at + 2;
      return pattern[at + 1] == letter;
    default:
      return pattern[at] == letter;
  }
}

// Where two stars are passed only the later one is worth another try: so no work is done twice.
bool NameMatches(absl::string_view pattern, absl::string_view name) {
  size_t p = 0, n = 0, star = kNone, retry = 0;
  while (n < name.size()) {
    size_t next = 0;
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      retry = n;
    } else if (p < pattern.size() && LetterMatches(pattern, p, name[n], &next)) {
      p = next;
      ++n;
    } else if (star != kNone) {
      p = star + 1;
      n = ++retry;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

absl::Status Wrong(absl::string_view text, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("path pattern \"", text, "\": ", why));
}

}  // namespace

absl::StatusOr<PathPattern> PathPattern::Parse(absl::string_view text) {
  if (!absl::StartsWith(text, "/")) return Wrong(text, "begin it with a slash");
  if (absl::StrContains(text, absl::string_view("\0", 1))) return Wrong(text, "a NUL is in it");
  PathPattern pattern;
  for (const absl::string_view part : absl::StrSplit(text, '/', absl::SkipEmpty())) {
    if (part == "." || part == "..") return Wrong(text, absl::StrCat("write it without ", part));
    Name name;
    if (part == "**") {
      name.any = true;
      name.literal = pattern.literal_ = false;
      // Two in a row mean what one does.
      if (!pattern.names_.empty() && pattern.names_.back().any) continue;
      pattern.names_.push_back(std::move(name));
      continue;
    }
    for (size_t i = 0; i < part.size(); ++i) {
      if (part[i] == '\\') {
        if (++i == part.size()) return Wrong(text, "a backslash stands before nothing");
      } else if (part[i] == '[') {
        const size_t end = SetEnd(part, i);
        if (end == kNone) return Wrong(text, "a '[' has no ']' in the same name (write \\[ for the letter)");
        i = end - 1;
        name.literal = false;
      } else if (part[i] == '*' || part[i] == '?') {
        if (part.substr(i, 2) == "**") return Wrong(text, "** is a whole name: write /**/");
        name.literal = false;
      }
    }
    name.text = std::string(part);
    if (name.literal) {
      std::string plain;
      for (size_t i = 0; i < part.size(); ++i) plain += part[i] == '\\' ? part[++i] : part[i];
      name.text = std::move(plain);
    }
    pattern.literal_ = pattern.literal_ && name.literal;
    pattern.names_.push_back(std::move(name));
  }
  return pattern;
}

PathPattern PathPattern::Exactly(absl::string_view path) {
  PathPattern pattern;
  for (const absl::string_view part : absl::StrSplit(path, '/', absl::SkipEmpty())) {
    pattern.names_.push_back({std::string(part), true, false});
  }
  return pattern;
}

size_t PathPattern::LiteralNames() const {
  size_t count = 0;
  while (count < names_.size() && names_[count].literal) ++count;
  return count;
}

std::string PathPattern::LiteralPart() const {
  std::string path;
  for (size_t i = 0; i < LiteralNames(); ++i) absl::StrAppend(&path, "/", names_[i].text);
  return path.empty() ? "/" : path;
}

PathPattern PathPattern::Under(absl::string_view directory) const {
  PathPattern pattern = Exactly(directory);
  pattern.names_.insert(pattern.names_.end(), names_.begin() + static_cast<ptrdiff_t>(LiteralNames()),
                        names_.end());
  pattern.literal_ = literal_;
  return pattern;
}

bool PathPattern::Name::Matches(absl::string_view part) const {
  return literal ? text == part : NameMatches(text, part);
}

bool PathPattern::CanMatchBelow(absl::string_view directory) const {
  size_t p = 0;
  for (const absl::string_view part : absl::StrSplit(directory, '/', absl::SkipEmpty())) {
    if (p == names_.size()) return false;
    if (names_[p].any) return true;
    if (!names_[p].Matches(part)) return false;
    ++p;
  }
  return p < names_.size();
}

// As NameMatches(), with names for letters and `**` for the star.
bool PathPattern::Match(absl::string_view path, bool above) const {
  const absl::InlinedVector<absl::string_view, 16> parts = absl::StrSplit(path, '/', absl::SkipEmpty());
  size_t p = 0, n = 0, star = kNone, retry = 0;
  while (n < parts.size()) {
    if (p == names_.size() && above) return true;
    if (p < names_.size() && names_[p].any) {
      star = p++;
      retry = n;
    } else if (p < names_.size() && names_[p].Matches(parts[n])) {
      ++p;
      ++n;
    } else if (star != kNone) {
      p = star + 1;
      n = ++retry;
    } else {
      return false;
    }
  }
  while (p < names_.size() && names_[p].any) ++p;
  return p == names_.size();
}

}  // namespace glovebox::policy
