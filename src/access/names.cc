#include "access/names.h"

namespace glovebox::access {
namespace {

template <size_t kSize>
absl::string_view At(const char* const (&names)[kSize], size_t index) {
  return index < kSize ? names[index] : "unknown";
}

}  // namespace

absl::string_view RoleName(Role role) {
  static constexpr const char* kNames[] = {"run", "edge", "compile", "link", "custom", "test", "configure"};
  return At(kNames, static_cast<size_t>(role));
}
absl::string_view ResultName(Result result) {
  static constexpr const char* kNames[] = {"unknown", "there", "absent", "refused", "created", "failed"};
  return At(kNames, static_cast<size_t>(result));
}
absl::string_view EndName(ActionEnd::Kind kind) {
  static constexpr const char* kNames[] = {"unknown", "exited", "signaled", "sandbox-failed"};
  return At(kNames, static_cast<size_t>(kind));
}

}  // namespace glovebox::access
