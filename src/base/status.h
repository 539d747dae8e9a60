// Errors: absl::Status inside the house, printed in one place (cli/). A message names operation and object.
#ifndef GLOVEBOX_BASE_STATUS_H_
#define GLOVEBOX_BASE_STATUS_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace glovebox {

// "landlock_add_rule(/usr/lib): EACCES (Permission denied)". The code is absl's own mapping of errno.
absl::Status ErrnoStatus(absl::string_view operation, absl::string_view object, int error_number);

// The short name of an errno ("ENOENT"), or "E<number>" when libc knows none.
std::string ErrnoName(int error_number);

}  // namespace glovebox

#define GLOVEBOX_CONCAT_INNER_(a, b) a##b
#define GLOVEBOX_CONCAT_(a, b) GLOVEBOX_CONCAT_INNER_(a, b)

// Returns from the enclosing function when the expression is an error.
// NOLINTBEGIN(bugprone-macro-parentheses): `lhs` may be a declaration, which takes no parentheses.
#define RETURN_IF_ERROR(expr)                            \
  do {                                                   \
    absl::Status glovebox_status_ = (expr);              \
    if (!glovebox_status_.ok()) return glovebox_status_; \
  } while (false)

// ASSIGN_OR_RETURN(std::string text, ReadFile(path));
#define ASSIGN_OR_RETURN(lhs, expr) \
  GLOVEBOX_ASSIGN_OR_RETURN_IMPL_(GLOVEBOX_CONCAT_(glovebox_statusor_, __LINE__), lhs, expr)
#define GLOVEBOX_ASSIGN_OR_RETURN_IMPL_(tmp, lhs, expr) \
  auto tmp = (expr);                                    \
  if (!tmp.ok()) return std::move(tmp).status();        \
  lhs = *std::move(tmp)
// NOLINTEND(bugprone-macro-parentheses)

#endif  // GLOVEBOX_BASE_STATUS_H_
