#include "policy/capabilities.h"

#include <sys/capability.h>

#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "policy/nearest.h"

namespace glovebox::policy {
namespace {

constexpr uint64_t Bit(int capability) { return uint64_t{1} << capability; }
constexpr uint64_t kByNameOnly =
    Bit(CAP_CHOWN) | Bit(CAP_MKNOD) | Bit(CAP_NET_BIND_SERVICE) | Bit(CAP_NET_RAW) | Bit(CAP_SYS_PTRACE);

// `: did you mean "cap_chown"?`, spelled as the word is; what libcap knows here.
std::string CapabilitySuggestion(absl::string_view spelled, const std::string& name) {
  std::vector<std::string> names;
  for (int value = 0; value <= CAP_LAST_CAP; ++value) {
    char* known = cap_to_name(value);
    if (known == nullptr) continue;
    names.emplace_back(known);
    cap_free(known);
  }
  const std::string near = Nearest(name, names);
  if (near.empty()) return ": see capabilities(7) for the names, or say \"all\"";
  const bool prefixed = absl::StartsWithIgnoreCase(spelled, "cap_");
  const bool large = absl::AsciiStrToUpper(spelled) == spelled;
  const std::string meant = prefixed ? near : near.substr(4);
  return absl::StrCat(": did you mean \"", large ? absl::AsciiStrToUpper(meant) : meant, "\"?");
}

// "cap_chown", "CAP_CHOWN" and "chown" are one; "all" is every capability but those that must be named.
absl::StatusOr<uint64_t> MaskOf(const std::vector<std::string>& names, bool dropping) {
  uint64_t mask = 0;
  for (const std::string& spelled : names) {
    std::string name = absl::AsciiStrToLower(spelled);
    if (name == "all") {
      mask |= dropping ? ~uint64_t{0} : ~kByNameOnly;
      continue;
    }
    if (!absl::StartsWith(name, "cap_")) name = absl::StrCat("cap_", name);
    cap_value_t value;
    // libcap stops at the first character that no name holds: "cap_chown,cap_kill" would be cap_chown alone.
    const bool one_word =
        name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string::npos;
    if (!one_word || cap_from_name(name.c_str(), &value) != 0 || value >= 64) {
      return absl::InvalidArgumentError(
          absl::StrCat("unknown capability \"", spelled, "\"", CapabilitySuggestion(spelled, name)));
    }
    mask |= Bit(value);
  }
  return mask;
}

}  // namespace

absl::StatusOr<bool> CapabilityMasksFor(const Policy& policy, child::CapabilityMasks* masks) {
  ASSIGN_OR_RETURN(const uint64_t keep, MaskOf(policy.keep_capabilities, /*dropping=*/false));
  ASSIGN_OR_RETURN(const uint64_t drop, MaskOf(policy.drop_capabilities, /*dropping=*/true));
  const bool all = policy.drop_all_capabilities || policy.mode == Mode::kEnforce;
  const uint64_t kept = (all ? keep : ~uint64_t{0}) & ~(drop & ~keep);
  *masks = {kept, kept, kept, kept, kept};
  return kept != ~uint64_t{0};
}

}  // namespace glovebox::policy
