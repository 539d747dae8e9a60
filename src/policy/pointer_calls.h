// Calls outside the syscall table whose pointers row 8 tests: they name no path, but take addresses. A test
// holds them against kernel::IgnoredSyscalls(): each call there is here, or in the test's list of those whose
// registers are never pointers for certain.
#ifndef GLOVEBOX_POLICY_POINTER_CALLS_H_
#define GLOVEBOX_POLICY_POINTER_CALLS_H_

#include "absl/types/span.h"

namespace glovebox::policy {

struct PointerCall {
  const char* name;
  unsigned registers;  // a bit for each register that is a pointer whatever the others hold
};
absl::Span<const PointerCall> PointerCalls();

}  // namespace glovebox::policy

#endif  // GLOVEBOX_POLICY_POINTER_CALLS_H_
