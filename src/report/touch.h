// What an access amounts to for a reader: read, written, looked for and absent ... One rule for every report.
#ifndef GLOVEBOX_REPORT_TOUCH_H_
#define GLOVEBOX_REPORT_TOUCH_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "access/record.h"

namespace glovebox::report {

enum class Touch : uint8_t {
  kRead,     // opened for reading, executed
  kWritten,  // created, opened for writing, renamed, removed, its attributes changed
  kProbed,   // looked for and absent
  kLooked,   // stat, access, readlink, listing of what is there; a directory opened
  kNetwork,  // an address
  kOther,    // refused by a permission, failed, or nothing that names a file
  kDenied,   // refused by a rule of ours
};

Touch TouchOf(const access::Access& access);
absl::string_view TouchName(Touch touch);  // "read"; stable, used in JSON

// True for an address of the internet families; unix and netlink sockets stay on this machine.
bool IsInternet(absl::string_view address);

}  // namespace glovebox::report

#endif  // GLOVEBOX_REPORT_TOUCH_H_
