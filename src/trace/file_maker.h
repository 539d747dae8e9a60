// Makes a sandboxed program's file calls in its place. What CONTINUE lets go on, the kernel reads again, and
// another thread may have changed it; what is made here acts on the objects that were judged.
//
// How a race is excluded. The caller's memory is read once. Each name is walked as the caller walks, and what
// it leads to is held by an O_PATH descriptor: an object that is there by itself, a name that is to come or
// go by its directory. The rules are asked about what is held, and the call acts on what is held: through
// /proc/self/fd for an object, by the one last name for a directory's entry. Where what is held is not what
// the resolver has put on record, or a name that was free is taken (O_EXCL is always asked for), all is done
// again, kTries times in all. The calls of one action are made one after the other in its supervisor's
// thread, so that no other call of this action that is made here can come in between.
//
// With whose rights: see maker_thread.h. A caller whose ids are not the supervisor's is refused (EPERM).
#ifndef GLOVEBOX_TRACE_FILE_MAKER_H_
#define GLOVEBOX_TRACE_FILE_MAKER_H_

#include <memory>
#include <string>
#include <vector>

#include "kernel/notify.h"
#include "kernel/process.h"
#include "trace/blocked_opens.h"
#include "trace/caller_status.h"
#include "trace/file_check.h"
#include "trace/maker_thread.h"
#include "trace/resolver.h"
#include "trace/ruler.h"

namespace glovebox::trace {

struct FileMakerOptions {
  kernel::NotifyListener* listener = nullptr;  // for opens that wait
  const kernel::MemoryReader* memory = nullptr;
  Resolver* resolver = nullptr;
  int ruleset = -1;  // the Landlock ruleset of the action; borrowed until the constructor returns
};

// An object, or the directory of a name, that is held.
struct Pin {
  UniqueFd fd;  // O_PATH
  struct stat is = {};
  std::string path;  // FileTarget::path
};

// Not thread-safe: one an action, in its supervisor's thread.
class FileMaker {
 public:
  static constexpr int kTries = 8;
  explicit FileMaker(const FileMakerOptions& options);

  // Makes open, openat, openat2, creat, rename, link, unlink, rmdir, mkdir, mknod, symlink and their
  // families, and truncate, chmod, chown, utimes, setxattr by path. kNone for any other call, and for an open
  // with O_PATH that nothing speaks against: ADDFD takes no such descriptor, and what is opened through one
  // comes here again. kTaken where it can block.
  Ruling Make(const RulerCall& call, const std::vector<FileCheck*>& checks);

  // Makes a call on a descriptor alone (Intent::by_descriptor): on the very open file description that the
  // checks were asked about, whatever another thread puts behind the number meanwhile.
  Ruling MakeByDescriptor(const RulerCall& call, const std::vector<FileCheck*>& checks);

  // The open file description that such a call means, and what it stands for; errno as error.
  int HoldDescriptor(const RulerCall& call, UniqueFd* fd, FileTarget* target);

 private:
  struct Place {  // a name in a directory
    Pin dir;
    std::string name;  // with its slashes behind it
    FileTarget target;
  };
  using Checks = std::vector<FileCheck*>;

  bool TakeRights(const RulerCall& call, Ruling* ruling);
  int Run(absl::FunctionRef<int()> work);  // in the thread: 0 or errno
  int Hold(const RulerCall& call, const Resolved& what, const PathRef& ref, int flags, Pin* pin);
  int HoldBehindLink(const RulerCall& call, const Resolved& what, const PathRef& ref, int flags, Pin* pin);
  int Walk(const RulerCall& call, const Resolved& what, const PathRef& ref, int flags, Pin* pin);
  int LookUp(const Resolved& what, absl::FunctionRef<int()> work);
  int HoldObject(const RulerCall& call, const Resolved& what, const PathRef& ref, Pin* pin);
  int HoldPlace(const RulerCall& call, const PathRef& ref, Place* place);
  Resolved First(const RulerCall& call);
  Resolved Again(const RulerCall& call, const PathRef& ref);

  Ruling TryOpen(const RulerCall& call, const Checks& checks, const Resolved& what, bool* again);
  Ruling OpenPinned(const RulerCall& call, FileTarget* target, Pin pin);
  Ruling OpenNew(const RulerCall& call, const Checks& checks, const Resolved& what, bool* again);
  Ruling OpenOn(const RulerCall& call, const Pin& pin, const std::string& path, int flags);

  Ruling MakeName(const RulerCall& call, const Checks& checks);
  Ruling MakeRename(const RulerCall& call, const Checks& checks);
  Ruling MakeLink(const RulerCall& call, const Checks& checks);
  Ruling MakeChange(const RulerCall& call, const Checks& checks);
  int Fetch(const RulerCall& call, int number, UniqueFd* fd);
  Ruling MakeOn(const RulerCall& call, int fd);
  int Change(const RulerCall& call, const Pin& pin);
  int BadArguments(const RulerCall& call) const;
  int ReadTimes(const RulerCall& call, timespec* times, const timespec** given) const;

  FileMakerOptions o_;
  CallerStatus own_;
  uint64_t capabilities_;  // of the supervisor's thread
  MakerThread::Rights rights_;
  MakerThread thread_;
  std::unique_ptr<MakerThread> plain_;  // for the caller's own files of procfs
  BlockedOpens blocked_;
};

// Asks one after the other: the first that refuses decides.
Ruling AskChecks(const std::vector<FileCheck*>& checks, const RulerCall& call, FileTarget* target);

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_FILE_MAKER_H_
