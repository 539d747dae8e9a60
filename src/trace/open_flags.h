// The flags of open and openat2 as a task of any architecture gives them, and what the kernel refuses of them
// before it looks at a path.
#ifndef GLOVEBOX_TRACE_OPEN_FLAGS_H_
#define GLOVEBOX_TRACE_OPEN_FLAGS_H_

#include <linux/audit.h>
#include <linux/openat2.h>

#include <cstdint>

namespace glovebox::trace {

// arm and aarch64 have numbers of their own for this one.
inline uint64_t NoFollowBit(uint32_t arch) {
  return arch == AUDIT_ARCH_X86_64 || arch == AUDIT_ARCH_I386 ? 0400000 : 0100000;
}
inline uint64_t DirectoryBit(uint32_t arch) {
  return arch == AUDIT_ARCH_X86_64 || arch == AUDIT_ARCH_I386 ? 0200000 : 040000;
}
inline constexpr uint64_t kPathBit = 010000000;        // O_PATH
inline constexpr uint64_t kTmpFileBit = 020000000;     // __O_TMPFILE
inline constexpr uint64_t kCloseOnExecBit = 02000000;  // O_CLOEXEC
inline constexpr uint64_t kCreateBit = 0100;           // O_CREAT
inline constexpr uint64_t kExclusiveBit = 0200;        // O_EXCL
inline constexpr uint64_t kTruncateBit = 01000;        // O_TRUNC

// What openat2(2) refuses of its open_how: build_open_flags(), fs/open.c. Scopes that contradict each other
// and RESOLVE_* of a later kernel are the resolver's. 0 or errno.
int CheckOpenHow(const open_how& how, uint32_t arch);

// O_TMPFILE without the right to write, or without O_DIRECTORY: EINVAL.
bool MeansNoUnnamedFile(uint64_t flags, uint32_t arch);

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_OPEN_FLAGS_H_
