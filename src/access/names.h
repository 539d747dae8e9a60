// The words for the values of a record; stable, used in JSON.
#ifndef GLOVEBOX_ACCESS_NAMES_H_
#define GLOVEBOX_ACCESS_NAMES_H_

#include "absl/strings/string_view.h"
#include "access/record.h"

namespace glovebox::access {

absl::string_view RoleName(Role role);            // "compile"
absl::string_view ResultName(Result result);      // "absent"
absl::string_view EndName(ActionEnd::Kind kind);  // "exited"

}  // namespace glovebox::access

#endif  // GLOVEBOX_ACCESS_NAMES_H_
