// The calls of file_maker.h that open nothing.
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "kernel/abi.h"
#include "trace/file_maker.h"
#include "trace/resolver_walk.h"

namespace glovebox::trace {
namespace {

using Use = FileTarget::Use;

constexpr size_t kLargestValue = 65536;  // XATTR_SIZE_MAX

Ruling Made(int error, std::string rule) {
  Ruling ruling;
  ruling.kind = Ruling::Kind::kMade;
  ruling.error = error;
  ruling.rule = std::move(rule);
  return ruling;
}

int ErrnoOf(long result) { return result == 0 ? 0 : errno; }

std::string Through(int fd) { return absl::StrCat("/proc/self/fd/", fd); }

bool IsI386(const RulerCall& call) { return call.call.data.arch == AUDIT_ARCH_I386; }

absl::string_view BareName(const Intent& intent) {
  absl::string_view name = intent.syscall;
  if (const size_t colon = name.find(':'); colon != absl::string_view::npos) name.remove_prefix(colon + 1);
  return name;
}

// truncate64 and ftruncate64 of i386 have their length in two registers.
int64_t LengthOf(const RulerCall& call) {
  const auto& args = call.call.data.args;
  if (!IsI386(call)) return static_cast<int64_t>(args[1]);
  if (!absl::EndsWith(call.intent.syscall, "64")) return static_cast<int32_t>(args[1]);
  return static_cast<int64_t>((args[1] & 0xffffffffu) | (args[2] << 32));
}

// The limit is the caller's own, and not that of who makes the call.
bool IsTooLong(const RulerCall& call, int64_t length) {
  rlimit limit = {};
  return prlimit(call.process.tgid, RLIMIT_FSIZE, nullptr, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
         length > 0 && static_cast<uint64_t>(length) > limit.rlim_cur;
}

}  // namespace

// What the kernel refuses before it looks for a name.
int FileMaker::BadArguments(const RulerCall& call) const {
  const Intent& intent = call.intent;
  const uint64_t flags = intent.flags;
  constexpr uint64_t kAtFlags = kernel::kAtSymlinkNoFollow | kernel::kAtEmptyPath;
  constexpr uint64_t kNoReplace = kernel::kRenameNoReplace, kWhiteout = 4;
  switch (intent.op) {
    case Op::kOpen:
      // O_CREAT with O_DIRECTORY, since 6.4: the kernel says so before it misses the name.
      if (!intent.creates || (flags & O_DIRECTORY) == 0) return 0;
      return open("", static_cast<int>(flags) | O_CLOEXEC, 0) < 0 && errno == EINVAL ? EINVAL : 0;
    case Op::kRename:
      return (flags & ~(kNoReplace | kernel::kRenameExchange | kWhiteout)) != 0 ||
                     ((flags & kernel::kRenameExchange) != 0 && (flags & (kNoReplace | kWhiteout)) != 0)
                 ? EINVAL
                 : 0;
    case Op::kUnlink:
    case Op::kRmdir:
      return (flags & ~kernel::kAtRemoveDir) != 0 ? EINVAL : 0;
    case Op::kLink:
      return (flags & ~(kernel::kAtSymlinkFollow | kernel::kAtEmptyPath)) != 0 ? EINVAL : 0;
    case Op::kMknod:
      switch (intent.mode & S_IFMT) {
        case 0:
        case S_IFREG:
        case S_IFCHR:
        case S_IFBLK:
        case S_IFIFO:
        case S_IFSOCK:
          return 0;
        default:
          return (intent.mode & S_IFMT) == S_IFDIR ? EPERM : EINVAL;
      }
    case Op::kTruncate:
      return LengthOf(call) < 0 ? EINVAL : 0;
    case Op::kUtimes: {
      timespec times[2];
      const timespec* given = nullptr;
      if (const int error = ReadTimes(call, times, &given)) return error;
      return (flags & ~kAtFlags) != 0 ? EINVAL : 0;
    }
    case Op::kChmod:
    case Op::kChown:
      return (flags & ~kAtFlags) != 0 ? EINVAL : 0;
    default:
      return 0;
  }
}

Ruling FileMaker::MakeName(const RulerCall& call, const Checks& checks) {
  const Intent& intent = call.intent;
  Place place;
  if (const int error = HoldPlace(call, intent.paths[0], &place)) return Made(error, "");
  const bool goes = intent.op == Op::kUnlink || intent.op == Op::kRmdir;
  place.target.use = goes ? Use::kGoes : Use::kComes;
  Ruling said = AskChecks(checks, call, &place.target);
  if (said.kind == Ruling::Kind::kRefuse) return said;
  const int dir = place.dir.fd.get();
  const char* const name = place.name.c_str();
  const auto mode = static_cast<mode_t>(intent.mode);
  const int error = Run([&] {
    switch (intent.op) {
      case Op::kUnlink:
        return ErrnoOf(unlinkat(dir, name, static_cast<int>(intent.flags)));
      case Op::kRmdir:
        return ErrnoOf(unlinkat(dir, name, static_cast<int>(intent.flags | AT_REMOVEDIR)));
      case Op::kMkdir:
        return ErrnoOf(mkdirat(dir, name, mode));
      case Op::kMknod:
        return ErrnoOf(syscall(SYS_mknodat, dir, name, mode, intent.device));
      default:
        return ErrnoOf(symlinkat(intent.text.c_str(), dir, name));
    }
  });
  return Made(error, std::move(said.rule));
}

Ruling FileMaker::MakeRename(const RulerCall& call, const Checks& checks) {
  const Intent& intent = call.intent;
  if (intent.paths.size() != 2) return Made(EFAULT, "");
  Place from, to;
  if (const int error = HoldPlace(call, intent.paths[0], &from)) return Made(error, "");
  if (const int error = HoldPlace(call, intent.paths[1], &to)) return Made(error, "");
  from.target.use = Use::kGoes;
  to.target.use = Use::kComes;
  to.target.moves_from = from.target.path;
  to.target.moves_dir = from.target.there && S_ISDIR(from.target.is.st_mode);
  from.target.moves_dir = to.target.moves_dir;
  Ruling said = AskChecks(checks, call, &from.target);
  if (said.kind != Ruling::Kind::kRefuse) {
    Ruling second = AskChecks(checks, call, &to.target);
    if (second.kind == Ruling::Kind::kRefuse || said.rule.empty()) said = std::move(second);
  }
  // An exchange moves the second one as well.
  if (said.kind != Ruling::Kind::kRefuse && (intent.flags & kernel::kRenameExchange) != 0) {
    FileTarget back = from.target, goes = to.target;
    back.use = Use::kComes;
    goes.use = Use::kGoes;
    back.moves_from = goes.path;
    back.moves_dir = goes.moves_dir = goes.there && S_ISDIR(goes.is.st_mode);
    Ruling other = AskChecks(checks, call, &goes);
    if (other.kind != Ruling::Kind::kRefuse) other = AskChecks(checks, call, &back);
    if (other.kind == Ruling::Kind::kRefuse) said = std::move(other);
  }
  if (said.kind == Ruling::Kind::kRefuse) return said;
  const int error = Run([&] {
    return ErrnoOf(syscall(SYS_renameat2, from.dir.fd.get(), from.name.c_str(), to.dir.fd.get(),
                           to.name.c_str(), static_cast<unsigned>(intent.flags)));
  });
  return Made(error, std::move(said.rule));
}

Ruling FileMaker::MakeLink(const RulerCall& call, const Checks& checks) {
  const Intent& intent = call.intent;
  if (intent.paths.size() != 2) return Made(EFAULT, "");
  Resolved what = First(call);
  Pin pin;
  int error = ESTALE;
  for (int i = 0; i < kTries && error == ESTALE; ++i) {
    if (i > 0) what = Again(call, intent.paths[0]);
    error = HoldObject(call, what, intent.paths[0], &pin);
  }
  if (error != 0) return Made(error == ESTALE ? EPERM : error, "");
  Place to;
  if (const int missing = HoldPlace(call, intent.paths[1], &to)) return Made(missing, "");
  FileTarget from;
  from.use = Use::kLinked;
  from.path = pin.path;
  from.there = true;
  from.is = pin.is;
  to.target.use = Use::kComes;
  to.target.moves_from = from.path;
  Ruling said = AskChecks(checks, call, &from);
  if (said.kind != Ruling::Kind::kRefuse) {
    Ruling second = AskChecks(checks, call, &to.target);
    if (second.kind == Ruling::Kind::kRefuse || said.rule.empty()) said = std::move(second);
  }
  if (said.kind == Ruling::Kind::kRefuse) return said;
  error = Run([&] {
    return ErrnoOf(
        linkat(AT_FDCWD, Through(pin.fd.get()).c_str(), to.dir.fd.get(), to.name.c_str(), AT_SYMLINK_FOLLOW));
  });
  return Made(error, std::move(said.rule));
}

Ruling FileMaker::MakeChange(const RulerCall& call, const Checks& checks) {
  const Intent& intent = call.intent;
  Resolved what = First(call);
  for (int i = 0; i < kTries; ++i) {
    Pin pin;
    const int error = HoldObject(call, what, intent.paths[0], &pin);
    if (error == ESTALE) {
      what = Again(call, intent.paths[0]);
      continue;
    }
    if (error != 0) return Made(error, "");
    FileTarget target;
    target.use = intent.op == Op::kTruncate ? Use::kTruncate : Use::kChange;
    target.path = pin.path;
    target.there = true;
    target.is = pin.is;
    Ruling said = AskChecks(checks, call, &target);
    if (said.kind == Ruling::Kind::kRefuse) return said;
    return Made(Change(call, pin), std::move(said.rule));
  }
  return Made(EPERM, "maker: its name meant something else each time");
}

int FileMaker::Change(const RulerCall& call, const Pin& pin) {
  const Intent& intent = call.intent;
  const std::string path = Through(pin.fd.get());
  const auto& args = call.call.data.args;
  const absl::string_view name = BareName(intent);
  switch (intent.op) {
    case Op::kTruncate: {
      const int64_t length = LengthOf(call);
      if (length >= 0 && IsTooLong(call, length)) return EFBIG;
      return Run([&] { return ErrnoOf(truncate(path.c_str(), length)); });
    }
    case Op::kChmod:
      // A symlink has no mode of its own (fchmodat2).
      if (S_ISLNK(pin.is.st_mode)) return EOPNOTSUPP;
      return Run(
          [&] { return ErrnoOf(fchmodat(AT_FDCWD, path.c_str(), static_cast<mode_t>(intent.mode), 0)); });
    case Op::kChown:
      return Run([&] { return ErrnoOf(fchownat(pin.fd.get(), "", intent.uid, intent.gid, AT_EMPTY_PATH)); });
    case Op::kUtimes: {
      timespec times[2];
      const timespec* given = nullptr;
      if (const int error = ReadTimes(call, times, &given)) return error;
      return Run([&] { return ErrnoOf(syscall(SYS_utimensat, AT_FDCWD, path.c_str(), given, 0)); });
    }
    default:
      break;
  }
  if (name == "removexattr" || name == "lremovexattr")
    return Run([&] { return ErrnoOf(removexattr(path.c_str(), intent.text.c_str())); });
  // The younger families have their arguments in memory; their callers go on with the older ones.
  if (name != "setxattr" && name != "lsetxattr") return ENOSYS;
  const uint64_t mask = IsI386(call) ? 0xffffffffu : ~uint64_t{0};
  const size_t size = args[3] & mask;
  if (size > kLargestValue) return E2BIG;
  std::string value(size, '\0');
  if (size > 0 && o_.memory->Read(static_cast<pid_t>(call.call.pid), args[2] & mask, value.data(), size) !=
                      static_cast<ssize_t>(size)) {
    return EFAULT;
  }
  return Run([&] {
    return ErrnoOf(
        setxattr(path.c_str(), intent.text.c_str(), value.data(), size, static_cast<int>(args[4])));
  });
}

// What the call says, as utimensat takes it; `*given` is null for the present time.
int FileMaker::ReadTimes(const RulerCall& call, timespec* times, const timespec** given) const {
  const absl::string_view name = BareName(call.intent);
  const bool by_dirfd = name == "futimesat" || absl::StartsWith(name, "utimensat");
  uint64_t address = call.call.data.args[by_dirfd ? 2 : 1];
  *given = nullptr;
  if (IsI386(call)) address &= 0xffffffffu;
  if (address == 0) return 0;
  if (IsI386(call)) return ENOSYS;  // four layouts that nothing of today uses
  int64_t words[4] = {};
  const size_t size = name == "utime" ? 16 : 32;
  if (o_.memory->Read(static_cast<pid_t>(call.call.pid), address, words, size) != static_cast<ssize_t>(size))
    return EFAULT;
  *given = times;
  if (name == "utime") {
    times[0] = {words[0], 0};
    times[1] = {words[1], 0};
    return 0;
  }
  const bool micro = name == "utimes" || name == "futimesat";
  for (int i = 0; i < 2; ++i) {
    const int64_t part = words[2 * i + 1];
    if (micro && (part < 0 || part >= 1'000'000)) return EINVAL;
    times[i] = {words[2 * i], micro ? part * 1000 : part};
  }
  return 0;
}

int FileMaker::Fetch(const RulerCall& call, int number, UniqueFd* fd) {
  const auto tid = static_cast<pid_t>(call.call.pid);
  // A thread can have descriptors of its own (CLONE_FILES): before 6.9 only the leader's can be fetched.
  absl::StatusOr<UniqueFd> task = kernel::OpenPidfd(tid, tid != call.process.tgid);
  if (!task.ok()) task = kernel::OpenPidfd(call.process.tgid);
  if (!task.ok()) return EPERM;
  // Whose number it is: the caller still waits.
  if (o_.listener->CheckValid(call.call.id) != 0) return EPERM;
  *fd = UniqueFd(static_cast<int>(syscall(SYS_pidfd_getfd, task->get(), number, 0)));
  if (fd->valid()) return 0;
  return errno == EBADF ? EBADF : EPERM;
}

int FileMaker::HoldDescriptor(const RulerCall& call, UniqueFd* fd, FileTarget* target) {
  if (const int error = Fetch(call, call.intent.fd, fd)) return error;
  target->use = call.intent.op == Op::kTruncate    ? Use::kTruncate
                : call.intent.op == Op::kForbidden ? Use::kSetFlags
                                                   : Use::kChange;
  target->there = true;
  target->flags = target->use == Use::kSetFlags ? call.call.data.args[2] : 0;
  target->opened = fcntl(fd->get(), F_GETFL);
  if (fstat(fd->get(), &target->is) != 0) return errno == EBADF ? EIO : errno;
  return ReadLink(Through(fd->get()), &target->path);
}

Ruling FileMaker::MakeByDescriptor(const RulerCall& call, const Checks& checks) {
  UniqueFd fd;
  FileTarget target;
  const int error = HoldDescriptor(call, &fd, &target);
  if (error == EBADF) return Made(EBADF, "");
  if (error != 0) {
    Ruling refused;
    refused.kind = Ruling::Kind::kRefuse;
    refused.error = EPERM;
    refused.rule = "maker: its descriptor cannot be looked at";
    return refused;
  }
  Ruling said = AskChecks(checks, call, &target);
  if (said.kind == Ruling::Kind::kRefuse) return said;
  Ruling made = MakeOn(call, fd.get());
  if (made.rule.empty()) made.rule = std::move(said.rule);
  return made;
}

Ruling FileMaker::MakeOn(const RulerCall& call, int fd) {
  Ruling ruling;
  if (!TakeRights(call, &ruling)) return ruling;
  const absl::string_view name = BareName(call.intent);
  const auto& args = call.call.data.args;
  const auto pid = static_cast<pid_t>(call.call.pid);
  const uint64_t mask = IsI386(call) ? 0xffffffffu : ~uint64_t{0};
  if (IsI386(call) && name == "fallocate") return Made(ENOSYS, "");  // its lengths in two registers each
  std::string text, value;
  if (name == "fsetxattr" || name == "fremovexattr") {
    int error = 0;
    if (!o_.memory->ReadString(pid, args[1] & mask, 256, &text, &error))
      return Made(error == ENAMETOOLONG ? ERANGE : EFAULT, "");
  }
  if (name == "fsetxattr") {
    const size_t size = args[3] & mask;
    if (size > kLargestValue) return Made(E2BIG, "");
    value.resize(size);
    if (size > 0 && o_.memory->Read(pid, args[2] & mask, value.data(), size) != static_cast<ssize_t>(size))
      return Made(EFAULT, "");
  }
  // i386's fchown has ids of 16 bits.
  const auto id = [&call, &name](uint64_t word) {
    const auto whole = static_cast<uint32_t>(word);
    if (!IsI386(call) || name != "fchown") return whole;
    return (whole & 0xffffu) == 0xffffu ? UINT32_MAX : whole & 0xffffu;
  };
  if (absl::StartsWith(name, "ftruncate") && LengthOf(call) >= 0 && IsTooLong(call, LengthOf(call)))
    return Made(EFBIG, "");
  return Made(
      Run([&] {
        if (absl::StartsWith(name, "fcntl"))
          return ErrnoOf(syscall(SYS_fcntl, fd, F_SETFL, args[2] & 0xffffffffu));
        if (absl::StartsWith(name, "ftruncate")) return ErrnoOf(ftruncate(fd, LengthOf(call)));
        if (name == "fallocate")
          return ErrnoOf(fallocate(fd, static_cast<int>(args[1]), static_cast<off_t>(args[2]),
                                   static_cast<off_t>(args[3])));
        if (name == "fchmod") return ErrnoOf(fchmod(fd, static_cast<mode_t>(args[1])));
        if (absl::StartsWith(name, "fchown")) return ErrnoOf(fchown(fd, id(args[1]), id(args[2])));
        if (name == "fsetxattr")
          return ErrnoOf(fsetxattr(fd, text.c_str(), value.data(), value.size(), static_cast<int>(args[4])));
        if (name == "fremovexattr") return ErrnoOf(fremovexattr(fd, text.c_str()));
        return ENOSYS;
      }),
      "");
}

}  // namespace glovebox::trace
