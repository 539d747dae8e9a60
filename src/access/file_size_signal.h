// A write past RLIMIT_FSIZE raises SIGXFSZ, whose default ends the process: the collector, and the build with
// it, because its log grew.
#ifndef GLOVEBOX_ACCESS_FILE_SIZE_SIGNAL_H_
#define GLOVEBOX_ACCESS_FILE_SIZE_SIGNAL_H_

#include <signal.h>

namespace glovebox::access {

// While it lives the calling thread gets EFBIG instead. Blocked around the write, and not ignored: an ignored
// signal stays ignored in every program that is started from here, and is every thread's business. The
// kernel sends SIGXFSZ to the thread that writes, so blocking it there is enough; what came meanwhile is
// taken away before the mask is set back. One that was pending or blocked before stays as it was.
//   FileSizeSignal blocked;
//   write(...)  // EFBIG
class FileSizeSignal {
 public:
  FileSizeSignal();
  ~FileSizeSignal();
  FileSizeSignal(const FileSizeSignal&) = delete;
  FileSizeSignal& operator=(const FileSizeSignal&) = delete;

 private:
  sigset_t before_;
  bool blocked_here_ = false;
};

}  // namespace glovebox::access

#endif  // GLOVEBOX_ACCESS_FILE_SIZE_SIGNAL_H_
