// What a policy's filter says to a call of the native ABI. Tests only.
#ifndef GLOVEBOX_POLICY_TEST_FILTER_H_
#define GLOVEBOX_POLICY_TEST_FILTER_H_

#include <cstdint>
#include <initializer_list>
#include <string>

#include "absl/status/statusor.h"
#include "base/status_matchers.h"
#include "gtest/gtest.h"
#include "kernel/abi.h"
#include "kernel/syscall_table.h"
#include "policy/evaluate.h"
#include "policy/filter_builder.h"
#include "policy/policy.h"
#include "policy/test_call.h"

namespace glovebox::policy {

inline std::string Bytes(absl::StatusOr<FilterBuilder> builder) {
  EXPECT_OK(builder);
  auto bytes = builder->Bpf();
  EXPECT_OK(bytes);
  return *bytes;
}

inline uint32_t Decide(const std::string& filter, const char* name,
                       std::initializer_list<uint64_t> args = {}) {
  const seccomp_data call = Call(kernel::SyscallNumber(kernel::kNativeArch, name), kernel::kNativeArch, args);
  auto verdict = Evaluate(filter, call);
  EXPECT_OK(verdict);
  return verdict->action;
}

inline Policy At(kernel::Level level) {
  Policy policy = DefaultPolicy(Role::kCompile);
  policy.level = level;
  return policy;
}

}  // namespace glovebox::policy

#endif  // GLOVEBOX_POLICY_TEST_FILTER_H_
