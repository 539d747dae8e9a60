#include "report/touch.h"

#include <fcntl.h>

#include "absl/strings/match.h"

namespace glovebox::report {
namespace {

using access::Result;

Touch OpenTouch(const access::Access& access) {
  const uint64_t mode = access.flags & O_ACCMODE;
  if ((access.flags & O_PATH) != 0) return Touch::kLooked;
  if (mode == O_WRONLY || mode == O_RDWR || access.result == Result::kCreated) return Touch::kWritten;
  return (access.flags & O_DIRECTORY) != 0 ? Touch::kLooked : Touch::kRead;
}

}  // namespace

Touch TouchOf(const access::Access& access) {
  if (access.decision == access::Decision::kDenied) return Touch::kDenied;
  switch (access.op) {
    case Op::kBind:
    case Op::kConnect:
    case Op::kSend:
      return Touch::kNetwork;
    case Op::kNone:
    case Op::kSocket:
    case Op::kListen:
    case Op::kForbidden:
    case Op::kFileHandle:
      return Touch::kOther;
    default:
      break;
  }
  if (access.result == Result::kAbsent) return Touch::kProbed;
  if (access.result != Result::kThere && access.result != Result::kCreated) return Touch::kOther;
  switch (access.op) {
    case Op::kOpen:
      return OpenTouch(access);
    case Op::kExec:
      return Touch::kRead;
    case Op::kStat:
    case Op::kAccess:
    case Op::kReadlink:
    case Op::kList:
    case Op::kGetXattr:
    case Op::kStatfs:
    case Op::kChdir:
    case Op::kChroot:
    case Op::kWatch:
      return Touch::kLooked;
    default:
      return Touch::kWritten;
  }
}

absl::string_view TouchName(Touch touch) {
  static constexpr const char* kNames[] = {"read",    "written", "probed", "looked",
                                           "network", "other",   "denied"};
  return kNames[static_cast<size_t>(touch)];
}

bool IsInternet(absl::string_view address) {
  return absl::StartsWith(address, "inet:") || absl::StartsWith(address, "inet6:");
}

}  // namespace glovebox::report
