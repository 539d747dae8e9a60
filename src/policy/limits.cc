#include "policy/limits.h"

#include <sys/resource.h>

#include <limits>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/status.h"

namespace glovebox::policy {
namespace {

struct Name {
  const char* name;
  bool bytes;
};
// In the order of child::Limit.
constexpr Name kNames[child::kLimitCount] = {
    {"AS", true},      {"CORE", true},     {"CPU", false},        {"DATA", true},    {"FSIZE", true},
    {"MEMLOCK", true}, {"MSGQUEUE", true}, {"NICE", false},       {"NOFILE", false}, {"NPROC", false},
    {"RTPRIO", false}, {"RTTIME", false},  {"SIGPENDING", false}, {"STACK", true},
};

absl::StatusOr<uint64_t> ParseValue(absl::string_view text, const Name& limit) {
  if (absl::AsciiStrToLower(text) == "unlimited") return static_cast<uint64_t>(RLIM_INFINITY);
  uint64_t factor = 1;
  absl::string_view digits = text;
  if (!digits.empty()) {
    const size_t unit =
        std::string("KMGT").find(absl::ascii_toupper(static_cast<unsigned char>(digits.back())));
    if (unit != std::string::npos) {
      if (!limit.bytes)
        return absl::InvalidArgumentError(absl::StrCat(limit.name, " is not in bytes: write a plain number"));
      factor = uint64_t{1} << (10 * (unit + 1));
      digits.remove_suffix(1);
    }
  }
  uint64_t number = 0;
  const bool digits_only =
      !digits.empty() && digits.find_first_not_of("0123456789") == absl::string_view::npos;
  if (!digits_only || !absl::SimpleAtoi(digits, &number)) {
    return absl::InvalidArgumentError(absl::StrCat("\"", text, "\" is no whole number"));
  }
  if (number > std::numeric_limits<uint64_t>::max() / factor) {
    return absl::InvalidArgumentError(absl::StrCat("\"", text, "\" is too large"));
  }
  return number * factor;
}

}  // namespace

absl::StatusOr<ParsedLimit> ParseLimit(absl::string_view text) {
  const size_t equals = text.find('=');
  if (equals == absl::string_view::npos) {
    return absl::InvalidArgumentError(
        absl::StrCat("limit \"", text, "\": expected NAME=VALUE, as NOFILE=1024"));
  }
  const std::string upper = absl::AsciiStrToUpper(text.substr(0, equals));
  absl::string_view name = absl::StripPrefix(absl::string_view(upper), "RLIMIT_");
  for (uint32_t i = 0; i < child::kLimitCount; ++i) {
    if (name != kNames[i].name) continue;
    auto value = ParseValue(text.substr(equals + 1), kNames[i]);
    if (!value.ok()) {
      return absl::InvalidArgumentError(absl::StrCat("limit \"", text, "\": ", value.status().message()));
    }
    return ParsedLimit{static_cast<child::Limit>(i), *value};
  }
  std::string known;
  for (const Name& limit : kNames) absl::StrAppend(&known, known.empty() ? "" : ", ", limit.name);
  return absl::InvalidArgumentError(absl::StrCat("limit \"", text, "\": no such limit; known are ", known));
}

}  // namespace glovebox::policy
