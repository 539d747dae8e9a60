#include "verify/tmp_name.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"

namespace glovebox::verify {
namespace {

bool IsAlnum(char c) { return absl::ascii_isalnum(static_cast<unsigned char>(c)); }
bool IsDigit(char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); }
bool IsUpper(char c) { return absl::ascii_isupper(static_cast<unsigned char>(c)); }
bool IsLower(char c) { return absl::ascii_islower(static_cast<unsigned char>(c)); }
bool IsHex(char c) { return absl::ascii_isxdigit(static_cast<unsigned char>(c)); }
bool IsVowel(char c) { return absl::string_view("aeiouyAEIOUY").find(c) != absl::string_view::npos; }

// The runs of bytes that `is` holds of, one after the other; stops when `take` says true.
template <typename Is, typename Take>
bool AnyRun(absl::string_view text, Is is, Take take) {
  for (size_t i = 0; i < text.size();) {
    size_t end = i;
    while (end < text.size() && is(text[end])) ++end;
    if (end > i && take(text.substr(i, end - i))) return true;
    i = std::max(end, i + 1);
  }
  return false;
}

constexpr size_t kDrawn = 6;  // mkstemp(3): XXXXXX

// What may have been drawn: of eight or ten signs between separators all (Python's tempfile, mktemp(1)), else
// the last six. Empty where there are none.
template <typename Is>
absl::string_view TailOf(absl::string_view stem, Is is) {
  size_t run = 0;
  while (run < stem.size() && is(stem[stem.size() - 1 - run])) ++run;
  if (run < kDrawn) return "";
  const absl::string_view whole = stem.substr(stem.size() - run);
  if (run == 8 || run == 10) return whole;
  if (run == 11 && absl::StartsWith(whole, "tmp")) return whole.substr(3);
  return whole.substr(run - kDrawn);
}

// "ccX4fT9q.s" -> "X4fT9q", "tmp.X4fT9q" -> "X4fT9q".
template <typename Is>
absl::string_view DrawnPart(absl::string_view part, Is is) {
  const absl::string_view tail = TailOf(part, is);
  const size_t dot = part.rfind('.');
  if (!tail.empty() || dot == absl::string_view::npos) return tail;
  return TailOf(part.substr(0, dot), is);
}

}  // namespace

bool LooksDrawn(absl::string_view tail) {
  while (!tail.empty() && IsDigit(tail.back())) tail.remove_suffix(1);
  if (std::any_of(tail.begin(), tail.end(), IsDigit)) return true;  // a digit inside a word
  int consonants = 0;
  for (size_t i = 0; i < tail.size(); ++i) {
    consonants = IsVowel(tail[i]) ? 0 : consonants + 1;
    if (consonants >= 4) return true;
    // "aBC", "aB" at the end: a capital behind a small letter begins a word, which goes on in small ones.
    if (i > 0 && IsLower(tail[i - 1]) && IsUpper(tail[i]) && (i + 1 == tail.size() || IsUpper(tail[i + 1])))
      return true;
  }
  return false;
}

bool IsUniquePart(absl::string_view part, const absl::flat_hash_set<int32_t>& pids) {
  const bool numbered = AnyRun(part, IsDigit, [&pids](absl::string_view digits) {
    int32_t number = 0;
    return digits.size() >= 9 || (absl::SimpleAtoi(digits, &number) && pids.contains(number));
  });
  const bool hexed = AnyRun(part, IsHex, [](absl::string_view hex) {
    return hex.size() >= 8 && std::any_of(hex.begin(), hex.end(), IsDigit) &&
           !std::all_of(hex.begin(), hex.end(), IsDigit);
  });
  return numbered || hexed || LooksDrawn(DrawnPart(part, IsAlnum));
}

bool MayBeTemplate(absl::string_view part) {
  return !DrawnPart(part, [](char c) { return IsAlnum(c) || c == '_'; }).empty();
}

}  // namespace glovebox::verify
