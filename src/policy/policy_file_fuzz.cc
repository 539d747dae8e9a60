// libFuzzer: any bytes are a policy file or an error with a place. Built by GLOVEBOX_FUZZ with clang:
//   policy_file_seeds CORPUS && policy_file_fuzz -max_total_time=600 CORPUS
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "absl/strings/string_view.h"
#include "policy/policy_file.h"
#include "policy/policy_file_fixture.h"

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using glovebox::policy::PolicyFile;
  using glovebox::policy::Role;
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  const PolicyFile file = glovebox::policy::ReadPolicyFile(text, glovebox::policy::TestOptions());
  if (file.set.has_value() != file.errors.empty()) abort();
  for (const auto& error : file.errors) {
    if (error.origin.line < 1 || error.origin.column < 1 || error.text.empty()) abort();
  }
  if (!file.set.has_value()) return 0;
  for (const Role role : {Role::kRun, Role::kCompile, Role::kTest}) {
    const auto effective = file.set->For({role, "gen_x", {"gen/a.cc"}, "Net.x", "slow"});
    if (effective.policy.gate != 0) abort();
  }
  return 0;
}
