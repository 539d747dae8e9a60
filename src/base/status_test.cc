#include "base/status.h"

#include <cerrno>

#include "base/status_matchers.h"
#include "gtest/gtest.h"

namespace glovebox {
namespace {

TEST(Status, NamesOperationObjectAndErrno) {
  EXPECT_THAT(ErrnoStatus("openat", "/x", ENOENT),
              StatusIs(absl::StatusCode::kNotFound, "openat(/x): ENOENT (No such file or directory)"));
}

TEST(Status, AnUnknownErrnoKeepsItsNumber) { EXPECT_EQ(ErrnoName(4000), "E4000"); }

absl::StatusOr<int> Half(int n) {
  if (n % 2 != 0) return absl::InvalidArgumentError("odd");
  return n / 2;
}
absl::StatusOr<int> Quarter(int n) {
  ASSIGN_OR_RETURN(int half, Half(n));
  return Half(half);
}

TEST(Status, AssignOrReturnPassesTheFirstErrorOn) {
  EXPECT_THAT(Quarter(6), StatusIs(absl::StatusCode::kInvalidArgument, "odd"));
  ASSERT_OK_AND_ASSIGN(int value, Quarter(8));
  EXPECT_EQ(value, 2);
}

}  // namespace
}  // namespace glovebox
