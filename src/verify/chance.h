// Files that say another thing each time or on each machine: what a build should not be made from.
#ifndef GLOVEBOX_VERIFY_CHANCE_H_
#define GLOVEBOX_VERIFY_CHANCE_H_

#include <cstdint>

#include "absl/strings/string_view.h"

namespace glovebox::verify {

enum class Chance : uint8_t { kNone, kRandom, kHost, kTime };

// `path` absolute, without links.
Chance ChanceOf(absl::string_view path);

}  // namespace glovebox::verify

#endif  // GLOVEBOX_VERIFY_CHANCE_H_
