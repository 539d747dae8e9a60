#include "trace/open_flags.h"

#include <fcntl.h>

#include <cerrno>

namespace glovebox::trace {
namespace {

constexpr uint64_t kOpenBits = 037777703;  // VALID_OPEN_FLAGS: the same on all of our architectures

}  // namespace

int CheckOpenHow(const open_how& how, uint32_t arch) {
  constexpr uint64_t kModeBits = 07777;
  const bool makes = (how.flags & (kCreateBit | kTmpFileBit)) != 0;
  if ((how.flags & ~kOpenBits) != 0) return EINVAL;
  if ((how.mode & ~(makes ? kModeBits : 0)) != 0) return EINVAL;
  const uint64_t beside_path = kPathBit | kCloseOnExecBit | NoFollowBit(arch) | DirectoryBit(arch);
  if ((how.flags & kPathBit) != 0 && (how.flags & ~beside_path) != 0) return EINVAL;
  const bool cached = (how.resolve & RESOLVE_CACHED) != 0;
  return cached && (makes || (how.flags & kTruncateBit) != 0) ? EAGAIN : 0;
}

bool MeansNoUnnamedFile(uint64_t flags, uint32_t arch) {
  return (flags & kTmpFileBit) != 0 && (flags & kPathBit) == 0 &&
         ((flags & DirectoryBit(arch)) == 0 || (flags & O_ACCMODE) == O_RDONLY);
}

}  // namespace glovebox::trace
