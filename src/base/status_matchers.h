// GoogleMock matchers for absl::Status and StatusOr (Debian's abseil does not ship any). Tests only.
#ifndef GLOVEBOX_BASE_STATUS_MATCHERS_H_
#define GLOVEBOX_BASE_STATUS_MATCHERS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/status.h"
#include "gmock/gmock.h"

namespace glovebox {

inline const absl::Status& StatusOf(const absl::Status& status) { return status; }
template <typename T>
const absl::Status& StatusOf(const absl::StatusOr<T>& value) {
  return value.status();
}

MATCHER(IsOk, "is OK") {
  *result_listener << StatusOf(arg).ToString();
  return StatusOf(arg).ok();
}
MATCHER_P2(StatusIs, code, message, "") {
  const absl::Status& status = StatusOf(arg);
  *result_listener << status.ToString();
  return testing::ExplainMatchResult(code, status.code(), result_listener) &&
         testing::ExplainMatchResult(message, std::string(status.message()), result_listener);
}

#define ASSERT_OK(expr) ASSERT_THAT(expr, ::glovebox::IsOk())
#define EXPECT_OK(expr) EXPECT_THAT(expr, ::glovebox::IsOk())
// ASSERT_OK_AND_ASSIGN(auto text, ReadFile(path));
#define ASSERT_OK_AND_ASSIGN(lhs, expr) \
  GLOVEBOX_ASSERT_OK_AND_ASSIGN_IMPL_(GLOVEBOX_CONCAT_(glovebox_value_, __LINE__), lhs, expr)
#define GLOVEBOX_ASSERT_OK_AND_ASSIGN_IMPL_(tmp, lhs, expr) \
  auto tmp = (expr);                                        \
  ASSERT_THAT(tmp, ::glovebox::IsOk());                     \
  lhs = *std::move(tmp)

}  // namespace glovebox

#endif  // GLOVEBOX_BASE_STATUS_MATCHERS_H_
