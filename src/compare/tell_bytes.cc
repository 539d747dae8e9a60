#include "compare/tell_bytes.h"

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "access/environment.h"

namespace glovebox::compare {
namespace {

constexpr size_t kLook = 256;        // bytes on each side of a place
constexpr int64_t kDay = 24 * 3600;  // configured before it was built
constexpr int64_t kHour = 3600;

using CharTest = bool (*)(char);

bool IsDigit(char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); }
bool IsHex(char c) { return absl::ascii_isxdigit(static_cast<unsigned char>(c)); }
bool IsWord(char c) { return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_'; }
bool IsPrint(char c) { return absl::ascii_isprint(static_cast<unsigned char>(c)) || (c & 0x80) != 0; }
bool IsPathPart(char c) { return IsPrint(c) && !absl::StrContains(" \"'`<>;,()[]{}|", c); }
bool IsLine(char c) { return IsPrint(c) || c == '\t'; }
bool IsQuoted(char c) { return IsPrint(c) && c != '"' && c != '\''; }
bool IsValue(char c) { return IsPathPart(c) && c != '=' && c != ':'; }

// The longest run of such characters that the place touches.
Range RunAt(const At& at, CharTest test) {
  Range run = {at.place, at.place};
  while (run.from > 0 && at.place - run.from < kLook && test(at.bytes[run.from - 1])) --run.from;
  while (run.to < at.bytes.size() && run.to - at.place < kLook && test(at.bytes[run.to])) ++run.to;
  return run;
}

absl::string_view Cut(const At& at, const Range& range) {
  return at.bytes.substr(range.from, range.to - range.from);
}

// d a digit, D a digit or a blank, x a hexadecimal digit, m a letter; anything else itself.
bool Matches(absl::string_view text, absl::string_view pattern) {
  if (text.size() < pattern.size()) return false;
  for (size_t i = 0; i < pattern.size(); ++i) {
    const char c = text[i];
    const auto letter = static_cast<unsigned char>(c);
    const bool fits = pattern[i] == 'd'   ? IsDigit(c)
                      : pattern[i] == 'D' ? IsDigit(c) || c == ' '
                      : pattern[i] == 'x' ? IsHex(c)
                      : pattern[i] == 'm' ? absl::ascii_isalpha(letter)
                                          : c == pattern[i];
    if (!fits) return false;
  }
  return true;
}

// Where the pattern stands in both over the place; both begin equally far before it.
std::optional<Told> BothMatch(const At& a, const At& b, absl::string_view pattern) {
  for (size_t back = 0; back < pattern.size() && back <= std::min(a.place, b.place); ++back) {
    const Range in_a = {a.place - back, a.place - back + pattern.size()};
    const Range in_b = {b.place - back, b.place - back + pattern.size()};
    if (Matches(a.bytes.substr(in_a.from), pattern) && Matches(b.bytes.substr(in_b.from), pattern))
      return Told{Source::kUnknown, "", in_a, in_b};
  }
  return std::nullopt;
}

bool IsMonth(absl::string_view text) {
  static constexpr absl::string_view kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  return std::find(std::begin(kMonths), std::end(kMonths), text.substr(0, 3)) != std::end(kMonths);
}

std::optional<Told> TellTimeText(const At& a, const At& b) {
  for (const absl::string_view pattern : {"dddd-dd-dd", "dddd/dd/dd", "mmm Dd dddd", "mmm Dd dd:dd:dd"}) {
    auto told = BothMatch(a, b, pattern);
    if (!told.has_value()) continue;
    if (pattern[0] == 'm' && !(IsMonth(Cut(a, told->a)) && IsMonth(Cut(b, told->b)))) continue;
    told->source = Source::kTime;
    told->detail = "a date";
    return told;
  }
  if (auto told = BothMatch(a, b, "dd:dd:dd"); told.has_value()) {
    told->source = Source::kTime;
    told->detail = "a time of day";
    return told;
  }
  return std::nullopt;
}

// Between `before` the run began and its end; where the run's time is not known, this century's.
bool IsIn(int64_t second, const SideWitness& side, int64_t before) {
  if (side.start_s == 0) return second > 1'400'000'000 && second < 4'000'000'000;
  return second >= side.start_s - before && second <= std::max(side.end_s, side.start_s) + 2;
}

std::optional<int64_t> EpochOf(absl::string_view digits) {
  int64_t number = 0;
  if (!absl::SimpleAtoi(digits, &number)) return std::nullopt;
  switch (digits.size()) {
    case 10:
      return number;
    case 13:
      return number / 1000;
    case 16:
      return number / 1'000'000;
    case 19:
      return number / 1'000'000'000;
    default:
      return std::nullopt;
  }
}

std::optional<Told> TellNumber(const At& a, const At& b, const Witness& witness) {
  const Range in_a = RunAt(a, IsDigit);
  const Range in_b = RunAt(b, IsDigit);
  const auto epoch_a = EpochOf(Cut(a, in_a));
  const auto epoch_b = EpochOf(Cut(b, in_b));
  if (epoch_a.has_value() && epoch_b.has_value() && IsIn(*epoch_a, witness.a(), kDay) &&
      IsIn(*epoch_b, witness.b(), kDay))
    return Told{Source::kTime, "seconds since 1970", in_a, in_b};
  int64_t pid_a = 0;
  int64_t pid_b = 0;
  if (absl::SimpleAtoi(Cut(a, in_a), &pid_a) && absl::SimpleAtoi(Cut(b, in_b), &pid_b) &&
      witness.a().pids.contains(pid_a) && witness.b().pids.contains(pid_b))
    return Told{Source::kProcess, "", in_a, in_b};
  return std::nullopt;
}

uint64_t Little(absl::string_view bytes, size_t at, size_t size) {
  uint64_t value = 0;
  for (size_t i = size; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

// Seconds in four bytes, nanoseconds in eight. By chance one in a million would look so, and both never.
std::optional<Told> TellBinaryTime(const At& a, const At& b, const Witness& witness) {
  if (witness.a().start_s == 0 || witness.b().start_s == 0) return std::nullopt;
  for (const size_t size : {size_t{4}, size_t{8}}) {
    for (size_t back = 0; back < size && back <= std::min(a.place, b.place); ++back) {
      const size_t from_a = a.place - back;
      const size_t from_b = b.place - back;
      if (from_a + size > a.bytes.size() || from_b + size > b.bytes.size()) continue;
      const uint64_t unit = size == 4 ? 1 : 1'000'000'000;
      if (!IsIn(static_cast<int64_t>(Little(a.bytes, from_a, size) / unit), witness.a(), kHour) ||
          !IsIn(static_cast<int64_t>(Little(b.bytes, from_b, size) / unit), witness.b(), kHour))
        continue;
      return Told{Source::kTime, "seconds since 1970", {from_a, from_a + size}, {from_b, from_b + size}};
    }
  }
  return std::nullopt;
}

std::optional<Told> TellHost(const At& a, const At& b, const Witness& witness) {
  const std::string& host_a = witness.a().host;
  const std::string& host_b = witness.b().host;
  if (host_a.empty() || host_b.empty() || host_a == host_b) return std::nullopt;
  const size_t most = std::min({host_a.size(), host_b.size(), a.place, b.place});
  for (size_t back = 0; back <= most; ++back) {
    const Range in_a = {a.place - back, a.place - back + host_a.size()};
    const Range in_b = {b.place - back, b.place - back + host_b.size()};
    if (absl::StartsWith(a.bytes.substr(in_a.from), host_a) &&
        absl::StartsWith(b.bytes.substr(in_b.from), host_b))
      return Told{Source::kHost, "the host's name", in_a, in_b};
  }
  return std::nullopt;
}

// Values are not known, but their digests are: a word of the files is what the variable was set to where its
// digest is the variable's, in both.
std::optional<Told> TellVariable(const At& a, const At& b, const Witness& witness) {
  for (const std::string& name : witness.changed_variables()) {
    const std::string& digest_a = witness.a().environment.at(name);
    const std::string& digest_b = witness.b().environment.at(name);
    for (const CharTest test : {CharTest{IsLine}, CharTest{IsQuoted}, CharTest{IsPathPart}, CharTest{IsValue},
                                CharTest{IsWord}, CharTest{IsDigit}}) {
      const Range in_a = RunAt(a, test);
      const Range in_b = RunAt(b, test);
      if (access::VariableDigest(name, Cut(a, in_a)) == digest_a &&
          access::VariableDigest(name, Cut(b, in_b)) == digest_b)
        return Told{Source::kEnvironment, name, in_a, in_b};
    }
  }
  return std::nullopt;
}

// "/tmp/x.8fQ2", and what gcc calls its own: "ccD9kz3a.o".
std::optional<Told> TellTemporary(const At& a, const At& b, const Witness& witness) {
  const Range in_a = RunAt(a, IsPathPart);
  const Range in_b = RunAt(b, IsPathPart);
  const auto below = [](const At& at, const Range& range, const std::string& tmp) {
    absl::string_view before = at.bytes.substr(range.from, at.place - range.from);
    // Its directory is the same in both, and is the one for temporary files.
    before = before.substr(0, before.rfind('/') + 1);
    return absl::EndsWith(before, "/tmp/") || (tmp.size() > 1 && absl::EndsWith(before, tmp + "/"));
  };
  if (below(a, in_a, witness.a().tmp) && below(b, in_b, witness.b().tmp))
    return Told{Source::kTemporaryName, "", in_a, in_b};
  const Range word_a = RunAt(a, IsWord);
  const Range word_b = RunAt(b, IsWord);
  const auto gcc = [](const At& at, const Range& range) {
    return range.to - range.from == 8 && absl::StartsWith(Cut(at, range), "cc") &&
           absl::StartsWith(at.bytes.substr(range.to), ".");
  };
  if (gcc(a, word_a) && gcc(b, word_b)) return Told{Source::kTemporaryName, "", word_a, word_b};
  return std::nullopt;
}

std::optional<Told> TellChance(const At& a, const At& b) {
  if (auto told = BothMatch(a, b, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"); told.has_value()) {
    told->source = Source::kRandom;
    told->detail = "a UUID";
    return told;
  }
  const Range in_a = RunAt(a, IsWord);
  const Range in_b = RunAt(b, IsWord);
  const auto hexadecimal = [](absl::string_view word) {
    return word.size() >= 8 && std::all_of(word.begin(), word.end(), IsHex) &&
           (word.size() >= 16 || !std::all_of(word.begin(), word.end(), IsDigit));
  };
  const absl::string_view word_a = Cut(a, in_a);
  const absl::string_view word_b = Cut(b, in_b);
  if (word_a.size() == word_b.size() && hexadecimal(word_a) && hexadecimal(word_b))
    return Told{Source::kDigits, "", in_a, in_b};
  return std::nullopt;
}

}  // namespace

Told TellBytes(const At& a, const At& b, const Witness& witness) {
  if (auto told = TellVariable(a, b, witness); told.has_value()) return *told;
  if (auto told = TellHost(a, b, witness); told.has_value()) return *told;
  if (auto told = TellTimeText(a, b); told.has_value()) return *told;
  if (auto told = TellNumber(a, b, witness); told.has_value()) return *told;
  if (auto told = TellBinaryTime(a, b, witness); told.has_value()) return *told;
  if (auto told = TellTemporary(a, b, witness); told.has_value()) return *told;
  if (auto told = TellChance(a, b); told.has_value()) return *told;
  Told told;
  told.a = RunAt(a, IsWord);
  told.b = RunAt(b, IsWord);
  if (told.a.from == told.a.to || told.b.from == told.b.to) {
    told.a = RunAt(a, IsPathPart);
    told.b = RunAt(b, IsPathPart);
  }
  const bool digits = std::all_of(a.bytes.begin() + static_cast<ptrdiff_t>(told.a.from),
                                  a.bytes.begin() + static_cast<ptrdiff_t>(told.a.to), IsDigit) &&
                      std::all_of(b.bytes.begin() + static_cast<ptrdiff_t>(told.b.from),
                                  b.bytes.begin() + static_cast<ptrdiff_t>(told.b.to), IsDigit);
  if (digits && told.a.from < told.a.to && told.b.from < told.b.to) told.detail = "a number";
  return told;
}

}  // namespace glovebox::compare
