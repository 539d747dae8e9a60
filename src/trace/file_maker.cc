#include "trace/file_maker.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/paths.h"
#include "base/status.h"
#include "trace/open_flags.h"
#include "trace/proc_task.h"
#include "trace/resolver_walk.h"

namespace glovebox::trace {
namespace {

constexpr uint64_t kMaking = kCreateBit | kExclusiveBit;

Ruling Failed(int error) {
  Ruling ruling;
  ruling.kind = Ruling::Kind::kMade;
  ruling.error = error;
  return ruling;
}

Ruling Refused(std::string rule) {
  Ruling ruling;
  ruling.kind = Ruling::Kind::kRefuse;
  ruling.error = EPERM;
  ruling.rule = std::move(rule);
  return ruling;
}

bool EndsInSlash(const PathRef& ref) { return !ref.spelled.empty() && ref.spelled.back() == '/'; }

bool IsProcLink(absl::string_view way) {
  const size_t last = way.rfind('/');
  return absl::StartsWith(way, "/proc/") && last > 3 && way.substr(last - 3, 3) == "/fd";
}

// It leads through the caller's own entry in procfs: what its kernel would let it follow.
bool IsOwnWay(const RulerCall& call, absl::string_view way) {
  return absl::StartsWith(way, absl::StrCat("/proc/", call.process.tgid, "/")) ||
         absl::StartsWith(way, absl::StrCat("/proc/", call.call.pid, "/"));
}

bool SameObject(const struct stat& is, const Resolved& what) {
  return is.st_dev == what.dev && is.st_ino == what.ino;
}

// The process that a file of procfs belongs to, 0 for none, -1 where that cannot be told (another procfs).
pid_t ProcessOf(absl::string_view path) {
  if (path == "/proc") return 0;
  if (!absl::ConsumePrefix(&path, "/proc/")) return -1;
  pid_t number = 0;
  return absl::SimpleAtoi(path.substr(0, path.find('/')), &number) ? std::max(ReadTgid(number), 0) : 0;
}

// Devices that never wait for anybody: memory's, the terminals' own and ptys.
bool OpensAtOnce(dev_t device) {
  const unsigned number = major(device);
  return number == 1 || number == 5 || (number >= 136 && number <= 143);
}

}  // namespace

Ruling AskChecks(const std::vector<FileCheck*>& checks, const RulerCall& call, FileTarget* target) {
  Ruling said;
  for (FileCheck* check : checks) {
    Ruling ruling = check->Check(call, target);
    if (ruling.kind == Ruling::Kind::kRefuse) return ruling;
    if (said.rule.empty()) said.rule = std::move(ruling.rule);
  }
  return said;
}

FileMaker::FileMaker(const FileMakerOptions& options)
    : o_(options), thread_({.domain = true, .ruleset = options.ruleset}), blocked_(options.listener) {
  ReadCallerStatus(0, &own_);
  capabilities_ = EffectiveCapabilities();
}

// Umask and credentials change by calls that are not notified: they are read for each call.
bool FileMaker::TakeRights(const RulerCall& call, Ruling* ruling) {
  CallerStatus is;
  if (!thread_.status().ok()) {
    *ruling = Refused(absl::StrCat("maker: ", thread_.status().message()));
  } else if (!ReadCallerStatus(static_cast<pid_t>(call.call.pid), &is)) {
    *ruling = Refused("maker: whose rights the caller has cannot be told");
  } else if (!is.SameIds(own_)) {
    *ruling = Refused("maker: the caller has other ids than the supervisor");
  } else {
    rights_ = {.umask = is.umask, .capabilities = is.capabilities};
    return true;
  }
  return false;
}

int FileMaker::Run(absl::FunctionRef<int()> work) {
  int error = EPERM;
  thread_.Run(rights_, [&] { error = work(); });
  return error;
}

// What only looks, and asks for no right of Landlock's, needs no hand-over: the caller's capabilities decide.
// Whether it may look at another process's entry in procfs its domain does.
int FileMaker::LookUp(const Resolved& what, absl::FunctionRef<int()> work) {
  if (what.through_proc || IsUnder(what.path, "/proc")) return Run(work);
  const CapabilitiesKept rights(capabilities_, rights_.capabilities);
  return rights.taken() ? work() : EPERM;
}

// Through procfs without the way by its name, which Look has judged: the caller's descriptors are open to it.
Resolved FileMaker::First(const RulerCall& call) {
  if (!call.first->through_proc) return *call.first;
  return o_.resolver->Resolve(static_cast<pid_t>(call.call.pid), call.process.tgid, call.intent.paths[0]);
}

Resolved FileMaker::Again(const RulerCall& call, const PathRef& ref) {
  o_.resolver->ForgetNames();
  return o_.resolver->Resolve(static_cast<pid_t>(call.call.pid), call.process.tgid, ref);
}

// As the caller walks, with its right to search. Links of procfs (ELOOP) are followed by ourselves, since a
// Landlock domain keeps the thread off the caller's entry there, and so is what begins in another root. What
// is found is judged by what it is.
int FileMaker::Hold(const RulerCall& call, const Resolved& what, const PathRef& ref, int flags, Pin* pin) {
  const bool foreign = IsOwnWay(call, what.reach) && absl::StrContains(what.reach, "/root");
  int error = foreign || ref.empty_path ? ELOOP : Walk(call, what, ref, flags, pin);
  if (error == 0) error = fstat(pin->fd.get(), &pin->is) == 0 ? 0 : errno;
  // /proc/self is an ordinary link, which the thread takes for its own process.
  const bool object = (flags & O_DIRECTORY) == 0 && what.error == 0;
  const bool other = object && error != EACCES && (error != 0 || !SameObject(pin->is, what));
  if ((error == ELOOP || other) && (what.through_proc || !what.reach.empty())) {
    error = HoldBehindLink(call, what, ref, flags, pin);
    if (error == 0) error = fstat(pin->fd.get(), &pin->is) == 0 ? 0 : errno;
  }
  if (error != 0) return error;
  return ReadLink(absl::StrCat("/proc/self/fd/", pin->fd.get()), &pin->path);
}

int FileMaker::HoldBehindLink(const RulerCall& call, const Resolved& what, const PathRef& ref, int flags,
                              Pin* pin) {
  const bool missing = (flags & O_DIRECTORY) != 0 && what.error == ENOENT && what.parent_there;
  if (what.error != 0 && !missing) return what.error;
  if (what.reach.empty()) {
    PathRef way;
    way.spelled = missing ? std::string(Dirname(what.path)) : what.path;
    way.follow = false;
    way.resolve = RESOLVE_NO_SYMLINKS;
    const int error = Walk(call, what, way, flags, pin);
    // A descriptor of its own is open to the caller whatever stands above what it leads to.
    const absl::string_view front = Dirname(ref.spelled);
    const bool own = front == "/proc/self/fd" || front == "/dev/fd";
    if (error != EACCES || !own) return error;
    pin->fd.reset(open(way.spelled.c_str(), O_PATH | O_CLOEXEC | O_NOFOLLOW | flags));
  } else {
    if (!IsOwnWay(call, what.reach)) return EACCES;
    const bool link = !missing && S_ISLNK(what.mode) && !IsProcLink(what.reach);
    pin->fd.reset(open(what.reach.c_str(), O_PATH | O_CLOEXEC | flags | (link ? O_NOFOLLOW : 0)));
  }
  return pin->fd.valid() ? 0 : errno;
}

int FileMaker::Walk(const RulerCall& call, const Resolved& what, const PathRef& ref, int flags, Pin* pin) {
  if (ref.spelled.empty()) return ENOENT;
  UniqueFd start;
  if (!absl::StartsWith(ref.spelled, "/") || (ref.resolve & RESOLVE_IN_ROOT) != 0) {
    const std::string link = ref.dirfd == AT_FDCWD ? absl::StrCat("/proc/", call.call.pid, "/cwd")
                                                   : absl::StrCat("/proc/", call.call.pid, "/fd/", ref.dirfd);
    start.reset(open(link.c_str(), O_PATH | O_CLOEXEC));
    if (!start.valid()) return errno == ENOENT && ref.dirfd != AT_FDCWD ? EBADF : errno;
  }
  return LookUp(what, [&] {
    open_how how = {};
    how.flags = static_cast<uint64_t>(O_PATH | O_CLOEXEC | flags | (ref.follow ? 0 : O_NOFOLLOW));
    how.resolve = ref.resolve | RESOLVE_NO_MAGICLINKS;
    pin->fd.reset(static_cast<int>(
        syscall(SYS_openat2, start.valid() ? start.get() : AT_FDCWD, ref.spelled.c_str(), &how, sizeof how)));
    return pin->fd.valid() ? 0 : errno;
  });
}

// ESTALE: not what was resolved.
int FileMaker::HoldObject(const RulerCall& call, const Resolved& what, const PathRef& ref, Pin* pin) {
  if (what.error == ESRCH) return EPERM;
  if (const int error = Hold(call, what, ref, 0, pin)) return error;
  return what.error == 0 && SameObject(pin->is, what) ? 0 : ESTALE;
}

// The directory of a name that a call makes or takes away. The name itself is the kernel's to judge: ".",
// "..", slashes behind it, what is there.
int FileMaker::HoldPlace(const RulerCall& call, const PathRef& ref, Place* place) {
  const absl::string_view spelled = ref.spelled;
  size_t end = spelled.size();
  while (end > 0 && spelled[end - 1] == '/') --end;
  const size_t begin = spelled.rfind('/', end == 0 ? 0 : end - 1) + 1;  // npos + 1: 0
  PathRef above;
  above.dirfd = ref.dirfd;
  above.resolve = ref.resolve;
  if (end == 0 && !spelled.empty()) {
    above.spelled = "/";
    place->name = "/";
  } else {
    above.spelled = begin == 0 ? "." : std::string(spelled.substr(0, begin));
    place->name = std::string(spelled.substr(begin));
  }
  if (spelled.empty()) return ENOENT;
  if (spelled.size() >= PATH_MAX) return ENAMETOOLONG;
  Resolved dir = o_.resolver->Resolve(static_cast<pid_t>(call.call.pid), call.process.tgid, above);
  dir.parent_there = false;  // it is the directory itself that is wanted
  if (dir.error == ESRCH) return EPERM;
  if (const int error = Hold(call, dir, above, O_DIRECTORY, &place->dir)) return error;
  FileTarget& target = place->target;
  const std::string last(spelled.substr(begin, end > begin ? end - begin : 0));
  target.path = absl::StrCat(place->dir.path == "/" ? "" : place->dir.path, "/", last);
  return LookUp(dir, [&] {
    target.there =
        fstatat(place->dir.fd.get(), last.empty() ? "." : last.c_str(), &target.is, AT_SYMLINK_NOFOLLOW) == 0;
    // Without the right to search the directory no call gets any further.
    return !target.there && errno == EACCES ? EACCES : 0;
  });
}

Ruling FileMaker::Make(const RulerCall& call, const std::vector<FileCheck*>& checks) {
  const Intent& intent = call.intent;
  switch (intent.op) {
    case Op::kOpen:
    case Op::kRename:
    case Op::kLink:
    case Op::kSymlink:
    case Op::kUnlink:
    case Op::kRmdir:
    case Op::kMkdir:
    case Op::kMknod:
    case Op::kTruncate:
    case Op::kChmod:
    case Op::kChown:
    case Op::kUtimes:
    case Op::kSetXattr:
      break;
    default:
      return {};
  }
  if (intent.invalid != 0) return Failed(intent.invalid);
  if (!intent.hole.empty()) return Failed(EFAULT);
  if (call.first == nullptr) return {};
  if (const int error = BadArguments(call)) return Failed(error);
  Ruling ruling;
  if (!TakeRights(call, &ruling)) return ruling;
  if (intent.op == Op::kRename) return MakeRename(call, checks);
  if (intent.op == Op::kLink) return MakeLink(call, checks);
  if (intent.op >= Op::kSymlink && intent.op <= Op::kMknod) return MakeName(call, checks);
  if (call.unresolved) {
    // RESOLVE_CACHED: whoever asks for it must be ready to ask again without it.
    if ((intent.resolve & RESOLVE_CACHED) != 0) return Failed(EAGAIN);
    return Refused("maker: which file is meant cannot be told");
  }
  if (intent.op != Op::kOpen) return MakeChange(call, checks);
  Resolved what = First(call);
  for (int i = 0; i < kTries; ++i) {
    bool again = false;
    ruling = TryOpen(call, checks, what, &again);
    if (!again) return ruling;
    what = Again(call, intent.paths[0]);
  }
  return Refused("maker: its name meant something else each time");
}

Ruling FileMaker::TryOpen(const RulerCall& call, const Checks& checks, const Resolved& what, bool* again) {
  const uint64_t flags = call.intent.flags;
  const bool slashed = EndsInSlash(call.intent.paths[0]) && Basename(call.intent.paths[0].spelled) != "/" &&
                       Basename(call.intent.paths[0].spelled) != "." &&
                       Basename(call.intent.paths[0].spelled) != "..";
  if (call.intent.creates && slashed) {
    Place place;  // what is on the way comes first
    const int error = HoldPlace(call, call.intent.paths[0], &place);
    return Failed(error != 0 ? error : EISDIR);
  }
  if (!what.there) {
    if (what.error == ENOENT && what.parent_there && call.intent.creates) {
      if (what.removed) return Failed(ENOENT);
      return OpenNew(call, checks, what, again);
    }
  }
  Pin pin;
  const int error = HoldObject(call, what, call.intent.paths[0], &pin);
  if (error == 0 && call.intent.creates && call.intent.exclusive) return Failed(EEXIST);
  *again = error == ESTALE || (error == ENOENT && what.there && call.intent.creates);
  if (*again) return {};
  if (error != 0) return Failed(error);
  FileTarget target;
  target.use = FileTarget::Use::kOpen;
  target.path = pin.path;
  target.there = true;
  target.is = pin.is;
  target.flags = flags;
  Ruling said = AskChecks(checks, call, &target);
  if (said.kind == Ruling::Kind::kRefuse) return said;
  if ((flags & kPathBit) != 0) return {};
  Ruling made = OpenPinned(call, &target, std::move(pin));
  made.rule = std::move(said.rule);
  return made;
}

Ruling FileMaker::OpenPinned(const RulerCall& call, FileTarget* target, Pin pin) {
  const mode_t mode = pin.is.st_mode;
  const uint64_t flags = target->flags;
  const bool writes = (flags & O_ACCMODE) != O_RDONLY || (flags & kTruncateBit) != 0;
  if (S_ISLNK(mode)) return Failed((flags & O_DIRECTORY) != 0 ? ENOTDIR : ELOOP);
  const bool unnamed = (flags & kTmpFileBit) != 0;
  if (S_ISDIR(mode) && !unnamed && (writes || call.intent.creates)) return Failed(EISDIR);
  // Nothing is made where O_TMPFILE is not asked for: with it O_EXCL means that no name may follow.
  const uint64_t dropped = (unnamed ? 0 : kMaking) | NoFollowBit(call.call.data.arch) | kCloseOnExecBit;
  const int how = static_cast<int>(flags & ~dropped);
  const std::string path = absl::StrCat("/proc/self/fd/", pin.fd.get());
  const bool fifo = S_ISFIFO(mode) && (flags & O_ACCMODE) != O_RDWR;
  const bool device = (S_ISCHR(mode) || S_ISBLK(mode)) && !OpensAtOnce(pin.is.st_rdev);
  if ((fifo || device) && (flags & O_NONBLOCK) == 0 && (flags & O_DIRECTORY) == 0) {
    const bool cloexec = (call.intent.flags & kCloseOnExecBit) != 0;
    const int error =
        Run([&] { return blocked_.Start(call.call.id, std::move(pin.fd), how, cloexec) ? 0 : EAGAIN; });
    if (error != 0) return Failed(error);
    Ruling taken;
    taken.kind = Ruling::Kind::kTaken;
    return taken;
  }
  if (S_ISCHR(mode) && pin.is.st_rdev == makedev(5, 0)) {
    // /dev/tty is the terminal of who opens it.
    const dev_t terminal = TerminalOf(call.process.tgid);
    if (terminal == 0) return Failed(ENXIO);
    const unsigned number = major(terminal);
    if (terminal != TerminalOf(getpid()) && number >= 136 && number <= 143) {
      return OpenOn(call, pin, absl::StrCat("/dev/pts/", (number - 136) * 256 + minor(terminal)), how);
    }
  }
  return OpenOn(call, pin, path, how);
}

Ruling FileMaker::OpenOn(const RulerCall& call, const Pin& pin, const std::string& path, int flags) {
  Ruling made;
  made.kind = Ruling::Kind::kMade;
  made.cloexec = (call.intent.flags & kCloseOnExecBit) != 0;
  MakerThread* thread = &thread_;
  struct statfs fs;
  if (fstatfs(pin.fd.get(), &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC) {
    const pid_t whose = ProcessOf(pin.path);
    // Threads may look at all of their own process, whatever their domain: that would be us.
    if (whose < 0 || whose == getpid()) return Failed(EACCES);
    if (whose == call.process.tgid) {
      if (plain_ == nullptr) plain_ = std::make_unique<MakerThread>(MakerThread::Options{.domain = false});
      thread = plain_.get();
    }
  }
  made.error = EPERM;
  thread->Run(rights_, [&] {
    const auto mode = static_cast<mode_t>(call.intent.mode & 07777);
    made.fd.reset(open(path.c_str(), flags | O_CLOEXEC | O_NOCTTY, mode));
    made.error = made.fd.valid() ? 0 : errno;
  });
  return made;
}

// O_EXCL is asked for in any case: a file that has come meanwhile was not judged.
Ruling FileMaker::OpenNew(const RulerCall& call, const Checks& checks, const Resolved& what, bool* again) {
  Pin dir;
  const std::string name(Basename(what.path));
  PathRef above = call.intent.paths[0];
  const absl::string_view spelled = above.spelled;
  if (Basename(spelled) != name) {  // behind a link that leads to nothing
    above = PathRef();
    above.spelled = std::string(Dirname(what.path));
    above.resolve = RESOLVE_NO_SYMLINKS;
  } else {
    above.spelled = std::string(spelled.substr(0, spelled.rfind('/') + 1));
    if (above.spelled.empty()) above.spelled = ".";
    above.follow = true;
  }
  const int error = Hold(call, what, above, O_DIRECTORY, &dir);
  *again = error == ENOENT && what.through_proc;
  if (*again) return {};
  if (error != 0) return Failed(error);
  FileTarget target;
  target.use = FileTarget::Use::kCreate;
  target.path = absl::StrCat(dir.path == "/" ? "" : dir.path, "/", name);
  target.flags = call.intent.flags;
  Ruling said = AskChecks(checks, call, &target);
  if (said.kind == Ruling::Kind::kRefuse) return said;
  Ruling made;
  made.kind = Ruling::Kind::kMade;
  made.rule = std::move(said.rule);
  made.cloexec = (call.intent.flags & kCloseOnExecBit) != 0;
  const int flags =
      static_cast<int>((target.flags & ~NoFollowBit(call.call.data.arch)) | kMaking) | O_CLOEXEC | O_NOCTTY;
  made.error = Run([&] {
    const auto mode = static_cast<mode_t>(call.intent.mode & 07777);
    made.fd.reset(openat(dir.fd.get(), name.c_str(), flags, mode));
    return made.fd.valid() ? 0 : errno;
  });
  *again = made.error == EEXIST;
  struct stat is;
  if (made.error == 0 && fstat(made.fd.get(), &is) == 0) {
    for (FileCheck* check : checks) check->Created(target, is);
  }
  return made;
}

}  // namespace glovebox::trace
