#include "base/status.h"

#include <cstring>
#include <string>

#include "absl/strings/str_cat.h"

namespace glovebox {

std::string ErrnoName(int error_number) {
  const char* name = strerrorname_np(error_number);
  return name != nullptr ? name : absl::StrCat("E", error_number);
}

absl::Status ErrnoStatus(absl::string_view operation, absl::string_view object, int error_number) {
  const char* text = strerrordesc_np(error_number);
  return absl::Status(absl::ErrnoToStatusCode(error_number),
                      absl::StrCat(operation, "(", object, "): ", ErrnoName(error_number), " (",
                                   text != nullptr ? text : "unknown error", ")"));
}

}  // namespace glovebox
