#include "policy/limits.h"

#include <sys/resource.h>

#include <array>
#include <cstddef>
#include <iterator>
#include <limits>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/status.h"

namespace glovebox::policy {
namespace {

struct Unit {
  const char* suffix;
  uint64_t factor;
};

constexpr Unit kBytes[] = {
    {"", 1}, {"K", 1ull << 10}, {"M", 1ull << 20}, {"G", 1ull << 30}, {"T", 1ull << 40}};
constexpr Unit kSeconds[] = {{"", 1}, {"s", 1}, {"m", 60}, {"h", 3600}};
constexpr Unit kMicroseconds[] = {{"", 1}, {"us", 1}, {"ms", 1000}, {"s", 1000000}};
constexpr Unit kCount[] = {{"", 1}};

struct Kind {
  absl::string_view name;
  absl::Span<const Unit> units;
  absl::string_view example;
  uint64_t lowest;
  uint64_t highest;
};

// RLIM_INFINITY is a word of its own, not a number.
constexpr uint64_t kMost = std::numeric_limits<uint64_t>::max() - 1;

// In the order of child::Limit.
constexpr Kind kKinds[] = {
    {"AS", kBytes, "4G", 0, kMost},           {"CORE", kBytes, "0", 0, kMost},
    {"CPU", kSeconds, "10s", 0, kMost},       {"DATA", kBytes, "2G", 0, kMost},
    {"FSIZE", kBytes, "100M", 0, kMost},      {"MEMLOCK", kBytes, "64K", 0, kMost},
    {"MSGQUEUE", kBytes, "1M", 0, kMost},     {"NICE", kCount, "20", 1, 40},
    {"NOFILE", kCount, "1024", 0, kMost},     {"NPROC", kCount, "200", 0, kMost},
    {"RTPRIO", kCount, "0", 0, 99},           {"RTTIME", kMicroseconds, "500ms", 0, kMost},
    {"SIGPENDING", kCount, "1000", 0, kMost}, {"STACK", kBytes, "8M", 0, kMost},
};
static_assert(std::size(kKinds) == child::kLimitCount);

std::string Quoted(absl::string_view text) { return absl::StrCat("'", text, "'"); }

std::string UnitNames(const Kind& kind) {
  std::string names;
  for (const Unit& unit : kind.units) {
    if (*unit.suffix != '\0') absl::StrAppend(&names, names.empty() ? "" : ", ", unit.suffix);
  }
  return names.empty() ? "no unit" : absl::StrCat("one of the units ", names);
}

absl::Status Bad(const Kind& kind, absl::string_view value, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("limit ", kind.name, ": ", Quoted(value), " ", why,
                                                 " (as in ", kind.name, "=", kind.example, ", or ", kind.name,
                                                 "=unlimited)"));
}

absl::StatusOr<uint64_t> ParseValue(const Kind& kind, absl::string_view text) {
  if (absl::EqualsIgnoreCase(text, "unlimited") || absl::EqualsIgnoreCase(text, "infinity")) {
    return uint64_t{RLIM_INFINITY};
  }
  size_t digits = 0;
  while (digits < text.size() && absl::ascii_isdigit(static_cast<unsigned char>(text[digits]))) ++digits;
  if (digits == 0) return Bad(kind, text, "is no number");
  uint64_t number = 0;
  if (!absl::SimpleAtoi(text.substr(0, digits), &number)) return Bad(kind, text, "is too large");
  const absl::string_view suffix = text.substr(digits);
  for (const Unit& unit : kind.units) {
    if (!absl::EqualsIgnoreCase(suffix, unit.suffix)) continue;
    if (number > kMost / unit.factor) return Bad(kind, text, "is too large");
    number *= unit.factor;
    if (number < kind.lowest || number > kind.highest) {
      return Bad(kind, text, absl::StrCat("is not between ", kind.lowest, " and ", kind.highest));
    }
    return number;
  }
  return Bad(kind, text, absl::StrCat("ends in ", Quoted(suffix), ", but takes ", UnitNames(kind)));
}

std::string AllNames() {
  std::string names;
  for (const Kind& kind : kKinds) absl::StrAppend(&names, names.empty() ? "" : ", ", kind.name);
  return names;
}

}  // namespace

absl::StatusOr<ParsedLimit> ParseLimit(absl::string_view text) {
  const size_t equals = text.find('=');
  if (equals == absl::string_view::npos) {
    return absl::InvalidArgumentError(
        absl::StrCat("limit ", Quoted(text), " has no value (as in NOFILE=1024)"));
  }
  const std::string name = absl::AsciiStrToUpper(text.substr(0, equals));
  const absl::string_view bare = absl::StripPrefix(name, "RLIMIT_");
  for (size_t i = 0; i < std::size(kKinds); ++i) {
    if (kKinds[i].name != bare) continue;
    ASSIGN_OR_RETURN(const uint64_t value, ParseValue(kKinds[i], text.substr(equals + 1)));
    return ParsedLimit{static_cast<child::Limit>(i), value};
  }
  return absl::InvalidArgumentError(
      absl::StrCat("no limit is called ", Quoted(text.substr(0, equals)), "; there are ", AllNames()));
}

absl::string_view LimitText(child::Limit limit) { return kKinds[static_cast<size_t>(limit)].name; }

std::string FormatLimit(const ParsedLimit& limit) {
  const Kind& kind = kKinds[static_cast<size_t>(limit.limit)];
  if (limit.value == RLIM_INFINITY) return absl::StrCat(kind.name, "=unlimited");
  const Unit* best = &kind.units[0];
  for (const Unit& unit : kind.units) {
    if (limit.value != 0 && limit.value % unit.factor == 0 && unit.factor > best->factor) best = &unit;
  }
  return absl::StrCat(kind.name, "=", limit.value / best->factor, best->suffix);
}

}  // namespace glovebox::policy
