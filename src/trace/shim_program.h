// Which programs are given the preloaded library (child/shim_ring.h): those that import realpath() and that a
// library which comes first does no harm. It is asked once an exec, so that what a file was found to be is
// kept.
#ifndef GLOVEBOX_TRACE_SHIM_PROGRAM_H_
#define GLOVEBOX_TRACE_SHIM_PROGRAM_H_

#include <sys/stat.h>
#include <sys/types.h>

#include <cstdint>
#include <mutex>
#include <string>
#include <tuple>

#include "absl/container/flat_hash_map.h"

namespace glovebox::trace {

// True for a program of this machine's 64-bit ABI that glibc's dynamic linker starts, whose dynamic strings
// name realpath(), __realpath_chk() or canonicalize_file_name(). Not for one that carries a sanitizer's
// runtime, which insists on being the first library; not for one that gains rights when it is started (set-id
// bits, file capabilities); not for anything that is odd: without the library a program only costs more.
//
// `fd` is a regular file that is open for reading; its offset is not moved. Nothing that stands in the file
// is believed: it is read in pieces of known size and never mapped, since one that is cut meanwhile would
// raise SIGBUS. The strings are looked at and not the symbols, whose number an ELF file does not say plainly:
// a longer name that ends in one of the three counts as well (linkers let a name share the end of another).
bool WantsShim(int fd);

// The same for a path, kept by the identity of the file: device, inode, size, and the times of its last
// changes. Thread-safe; never fails; keeps at most kMostFiles answers.
//
//   ShimPrograms programs;
//   if (programs.Wants(absl::StrCat("/proc/", pid, "/exe"))) ...
class ShimPrograms {
 public:
  static constexpr size_t kMostFiles = 4096;

  // `reach` may be any path by which this process gets at the file. A known file costs one stat(). False for
  // what is no regular file or cannot be opened for reading, which is not kept: it may become possible.
  bool Wants(const std::string& reach);

 private:
  using Key = std::tuple<dev_t, ino_t, off_t, int64_t, int64_t>;  // ..., mtime and ctime in ns
  static Key KeyOf(const struct stat& file);
  bool Known(const struct stat& file, bool* wants);

  std::mutex mutex_;  // not held while a file is read
  absl::flat_hash_map<Key, bool> files_;
};

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_SHIM_PROGRAM_H_
