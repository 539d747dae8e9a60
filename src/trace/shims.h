// Which programs of an action carry the preloaded library, and what they have asked by it.
#ifndef GLOVEBOX_TRACE_SHIMS_H_
#define GLOVEBOX_TRACE_SHIMS_H_

#include <sys/types.h>

#include <cstdint>
#include <memory>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "base/unique_fd.h"
#include "kernel/notify.h"
#include "trace/intent.h"
#include "trace/process_table.h"
#include "trace/shim_library.h"
#include "trace/shim_ring.h"

namespace glovebox::trace {

// Who is told what was asked by it. `process`: who it was when it got its ring.
class ShimSink {
 public:
  virtual ~ShimSink() = default;
  // A readlink() of an absolute path, with its errno (0: it is a link, GLOVEBOX_SHIM_PENDING: not known). The
  // path is good during the call.
  virtual void AddLink(const Process& process, absl::string_view path, int error) = 0;
  // Its ring was overwritten: what it asks from now on is notified again, what it has asked is not known.
  virtual void RingDamaged(const Process& process) = 0;
};

// How a program gets the library, with nothing in its environment and no file that anybody else sees: the
// first notified call of a program that glibc's dynamic linker loads is access("/etc/ld.so.preload"). Where
// that is absent and the program suits (ShimLibrary::Suits), the answer is "there"; the linker then opens it
// and gets a list of one name, opens that name and gets the library's file; the library opens its ring's
// name. These calls are the supervisor's own business: only the first is recorded, as absent, which it is. A
// program that does anything else in between gets no library, or no ring, and is notified as ever.
//
// Not thread-safe: one a supervisor. Keeps at most kMaxRings rings of 16 KiB; who comes then gets none.
class Shims {
 public:
  static constexpr size_t kMaxRings = 64;

  // `library` null or `gate` (Policy::gate) 0: nobody gets anything. `sink` must outlive it.
  Shims(const ShimLibrary* library, uint64_t gate, ShimSink* sink)
      : library_(gate != 0 ? library : nullptr), gate_(gate), sink_(sink) {}

  enum class Step {
    kOrdinary,  // no business of ours
    kOffer,     // the first question; where it would fail, Offered() and the answer 0
    kHide,      // goes on, without a record
    kList,      // gets what Give() gives, and no record
    kLibrary,
    kRing,
  };
  // What `intent` is to its program's way to the library. Call it for every call that is decoded.
  Step Next(const Process& process, const Intent& intent);
  // It was told that there is a list.
  void Offered(pid_t tgid) { ways_[tgid].way = Way::kOffered; }
  // Answers the call of a step that gives something.
  void Give(Step step, const seccomp_notif& call, const Process& process, kernel::NotifyListener* listener);

  // The process is about to execute a program.
  void ExecNotified(pid_t tgid);
  // The number means a new process now, which has asked for nothing yet. A ring stays: it is known by its
  // memory, and what its old owner has said is still to be read.
  void Forget(pid_t tgid) { ways_.erase(tgid); }

  // Hands over what process `tgid` has asked since the last time. Call it before anything that this process's
  // next call changes.
  void Drain(pid_t tgid) {
    if (!rings_.empty()) DrainOne(rings_.find(tgid));
  }
  // The same of all: before names change for everybody, and before an action ends.
  void DrainAll();

 private:
  enum class Way { kNew, kOffered, kListed, kGiven, kLoaded };
  struct OnTheWay {
    Way way = Way::kNew;
    UniqueFd library;  // opened before it is promised: the linker complains of a name that it cannot open
  };
  struct Ring {
    Process process;
    std::unique_ptr<ShimRing> ring;
  };

  using Rings = absl::flat_hash_map<pid_t, Ring>;
  void DrainOne(Rings::iterator place);
  bool MakeRoom();

  const ShimLibrary* library_;
  uint64_t gate_;
  ShimSink* sink_;
  absl::flat_hash_map<pid_t, OnTheWay> ways_;  // from an exec to the first call that tells
  Rings rings_;
};

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_SHIMS_H_
