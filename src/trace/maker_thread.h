// A thread that makes file calls for a sandboxed program, with no more rights than that one has.
#ifndef GLOVEBOX_TRACE_MAKER_THREAD_H_
#define GLOVEBOX_TRACE_MAKER_THREAD_H_

#include <semaphore.h>
#include <sys/types.h>

#include <cstdint>
#include <thread>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"

namespace glovebox::trace {

// Umask, working directory, capabilities, Landlock domain and no_new_privs belong to a thread in Linux; libc
// hides that where it can, so all of it is done by raw calls. Signals are blocked: SIGXFSZ of a file that
// grows too long is no affair of the supervisor's.
//   MakerThread maker({.ruleset = plan.ruleset.get()});
//   maker.Run({.umask = 022}, [&] { error = mkdirat(dir, "x", 0777) == 0 ? 0 : errno; });
class MakerThread {
 public:
  struct Options {
    // Enter a Landlock domain. Even one that grants every file keeps the thread off the processes outside of
    // it (/proc/PID/mem, fd ...), as the caller's own domain does. False is for the caller's own files of
    // procfs, which no domain but the caller's could open.
    bool domain = true;
    int ruleset = -1;  // the action's; -1: it has none. Borrowed until the constructor returns
  };
  struct Rights {
    mode_t umask = 022;
    uint64_t capabilities = 0;  // effective; of those that this process has
  };

  explicit MakerThread(const Options& options);
  ~MakerThread();  // waits for what runs in it
  MakerThread(const MakerThread&) = delete;
  MakerThread& operator=(const MakerThread&) = delete;

  // Why nothing can be made here.
  const absl::Status& status() const { return status_; }
  // Runs `work` in the thread and waits for its end. What `work` starts as a thread inherits all of it.
  // False, and `work` is not run, where the rights could not be taken on. From one thread at a time.
  bool Run(const Rights& rights, absl::FunctionRef<void()> work);

 private:
  void Main(const Options& options);
  absl::Status SetUp(const Options& options);
  bool TakeOn(const Rights& rights);

  absl::Status status_;
  uint64_t permitted_ = 0;
  uint64_t effective_ = 0;
  mode_t umask_ = 0;
  // Who waits for what: a lock that is held while the other side is woken would cost a switch more.
  sem_t asked_;
  sem_t done_;                                       // with the set-up, then with each work
  const absl::FunctionRef<void()>* work_ = nullptr;  // null: the end
  const Rights* rights_ = nullptr;
  bool taken_ = false;
  std::thread thread_;
};

// The calling thread's effective capabilities become `wanted`, of those that it is permitted.
bool SetEffectiveCapabilities(uint64_t wanted);
uint64_t EffectiveCapabilities();

// The calling thread goes without the capabilities that are not in `kept`, as long as this lives: what it
// looks up then it finds as somebody who has only those. It costs two system calls, and none where it has no
// others.
class CapabilitiesKept {
 public:
  CapabilitiesKept(uint64_t own, uint64_t kept) : own_(own), held_((own & ~kept) != 0) {
    taken_ = !held_ || SetEffectiveCapabilities(own & kept);
  }
  ~CapabilitiesKept() {
    if (held_) SetEffectiveCapabilities(own_);
  }
  CapabilitiesKept(const CapabilitiesKept&) = delete;
  CapabilitiesKept& operator=(const CapabilitiesKept&) = delete;
  bool taken() const { return taken_; }

 private:
  uint64_t own_;
  bool held_;
  bool taken_;
};

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_MAKER_THREAD_H_
