#include "trace/predict.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/strip.h"
#include "base/paths.h"

namespace glovebox::trace {
namespace {

using access::Result;

// O_TMPFILE without the O_DIRECTORY that it contains.
constexpr uint64_t kTmpfileBit = O_TMPFILE & ~O_DIRECTORY;

Prediction There() { return {Result::kThere, 0}; }
Prediction Created() { return {Result::kCreated, 0}; }

Prediction Error(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return {Result::kAbsent, error};
    case EACCES:
    case EPERM:
    case EROFS:
      return {Result::kRefused, error};
    case ESRCH:  // the resolver could not look at the caller, or nobody into the directory
      return {Result::kUnknown, error};
    default:
      return {Result::kFailed, error};
  }
}

bool TrailingSlash(const PathRef& ref) { return !ref.spelled.empty() && ref.spelled.back() == '/'; }
bool Trailing(const Intent& intent, size_t i) {
  return i < intent.paths.size() && TrailingSlash(intent.paths[i]);
}
// The last place of a path. "." and ".." (also with slashes behind them) and "/" are no names: calls that act
// on a name refuse them before they look at what is there.
enum class Last { kName, kDot, kDotDot, kRoot };
Last LastOf(const PathRef& ref) {
  if (ref.spelled.empty()) return Last::kName;
  const absl::string_view last = Basename(ref.spelled);
  return last == "/" ? Last::kRoot : last == "." ? Last::kDot : last == ".." ? Last::kDotDot : Last::kName;
}
Last LastOf(const Intent& intent, size_t i) {
  return i < intent.paths.size() ? LastOf(intent.paths[i]) : Last::kName;
}
bool SlashedName(const Intent& intent) { return Trailing(intent, 0) && LastOf(intent, 0) == Last::kName; }
// "link/": the resolver tells what is behind the link, but a call that acts on a name takes the link itself.
bool SlashedLink(const Intent& intent, size_t i, const Resolved& what) {
  return Trailing(intent, i) && LastOf(intent, i) == Last::kName &&
         Basename(intent.paths[i].spelled) != Basename(what.path);
}
// The name is taken: also that of "file/" and "link/", whatever the slash says.
bool HasName(const Intent& intent, size_t i, const Resolved& what) {
  return what.there || (what.parent_there && what.error == ENOTDIR) || SlashedLink(intent, i, what);
}
bool FollowsLast(const Intent& intent) { return intent.paths.empty() || intent.paths[0].follow; }

std::string ParentOf(const Resolved& what) {
  if (!what.there && !what.reach.empty()) return what.reach;
  return std::string(Dirname(what.way()));
}
int WriteParent(const Resolved& of, const Permissions& permissions) {
  return permissions.Check(ParentOf(of), nullptr, W_OK | X_OK);
}
// may_delete(), fs/namei.c, of what is there.
int MayTake(const Resolved& what, const Permissions& permissions) {
  const int error = WriteParent(what, permissions);
  return error != 0 ? error : permissions.CheckSticky(ParentOf(what), what);
}

Prediction CreateHere(const Resolved& what, const Permissions& permissions) {
  if (!what.parent_there || what.error != ENOENT) return Error(what.error);
  if (what.removed) return Error(ENOENT);
  if (const int error = WriteParent(what, permissions)) return Error(error);
  return Created();
}

Prediction Open(const Intent& intent, const Resolved& what, const Permissions& permissions) {
  const uint64_t flags = intent.flags;
  const bool path_only = (flags & O_PATH) != 0;
  const bool creates = intent.creates && !path_only;
  const bool tmpfile = !path_only && (flags & kTmpfileBit) != 0;
  // A name that ends in a slash is refused before anything is looked up in its directory.
  if (creates && !tmpfile && SlashedName(intent) && what.parent_there) return Error(EISDIR);
  if (!what.there) {
    if (!creates || tmpfile || what.error != ENOENT || !what.parent_there) return Error(what.error);
    return CreateHere(what, permissions);
  }
  if (creates && intent.exclusive && !tmpfile) return Error(EEXIST);
  const bool link = S_ISLNK(what.mode);
  if (link && (flags & O_DIRECTORY) != 0) return Error(ENOTDIR);
  if (link && !path_only) return Error(ELOOP);
  if ((flags & O_DIRECTORY) != 0 && !what.is_dir) return Error(ENOTDIR);
  if (path_only) return There();
  const int access_mode = static_cast<int>(flags & O_ACCMODE);
  const bool writes = access_mode != O_RDONLY || (flags & O_TRUNC) != 0;
  if (tmpfile) {
    if (access_mode == O_RDONLY) return Error(EINVAL);
    const int error = permissions.Check(what.path, &what, W_OK | X_OK);
    return error != 0 ? Error(error) : There();
  }
  if (what.is_dir && (writes || creates)) return Error(EISDIR);
  int how = access_mode == O_WRONLY ? 0 : R_OK;
  if (writes) how |= W_OK;
  if (const int error = permissions.Check(what.path, &what, how)) return Error(error);
  if ((flags & O_NOATIME) != 0 && permissions.CheckOwner(what) != 0) return Error(EPERM);
  if (S_ISSOCK(what.mode)) return Error(ENXIO);
  return There();
}

// mkdir, mknod, symlink, bind: an object of this name must not exist.
Prediction Make(const Intent& intent, const Resolved& what, const Permissions& permissions) {
  if (HasName(intent, 0, what)) return Error(EEXIST);
  if (Trailing(intent, 0) && intent.op != Op::kMkdir && what.parent_there) return Error(ENOENT);
  const Prediction made = CreateHere(what, permissions);
  if (intent.op != Op::kMknod || made.result != Result::kCreated) return made;
  // A character device 0:0 marks a removed file in an overlay, which everybody may.
  const bool device = S_ISBLK(intent.mode) || (S_ISCHR(intent.mode) && intent.device != 0);
  return device && permissions.CheckCapability(CAP_MKNOD, /*initial=*/true) != 0 ? Error(EPERM) : made;
}

// The order of the errors is that of rmdir(2) and unlink(2) in fs/namei.c.
Prediction Remove(const Intent& intent, const Resolved& what, const Permissions& permissions) {
  if (!what.there) return Error(SlashedLink(intent, 0, what) ? ENOTDIR : what.error);
  constexpr uint64_t kRemoveDir = AT_REMOVEDIR;
  const bool directory = intent.op == Op::kRmdir || (intent.flags & kRemoveDir) != 0;
  const Last last = LastOf(intent, 0);
  if (last != Last::kName) {
    if (!directory) return Error(EISDIR);
    return Error(last == Last::kDot ? EINVAL : last == Last::kDotDot ? ENOTEMPTY : EBUSY);
  }
  if (!directory && Trailing(intent, 0)) return Error(SlashedLink(intent, 0, what) ? ENOTDIR : EISDIR);
  if (const int error = MayTake(what, permissions)) return Error(error);
  if (directory && (!what.is_dir || SlashedLink(intent, 0, what))) return Error(ENOTDIR);
  if (!directory && what.is_dir) return Error(EISDIR);
  const int error = directory ? permissions.CheckEmpty(what) : 0;
  return error != 0 ? Error(error) : There();
}

bool IsBelow(const std::string& path, const std::string& root) { return path != root && IsUnder(path, root); }

// What rename(2) refuses by where the two names are; 0: nothing.
int RenamePlaces(const Intent& intent, const Resolved& from, const Resolved& to, bool exchange) {
  if (!from.is_dir || SlashedLink(intent, 0, from)) {
    if (Trailing(intent, 0) || (!exchange && Trailing(intent, 1))) return ENOTDIR;
  }
  if (SlashedLink(intent, 1, to)) return ENOTDIR;
  if (from.is_dir && IsBelow(to.path, from.path)) return EINVAL;
  if (to.there && to.is_dir && IsBelow(from.path, to.path)) return exchange ? EINVAL : ENOTEMPTY;
  return 0;
}

// ... and by what is at their ends. `to` is there, and not the same.
int RenameOver(const Resolved& from, const Resolved& to, const Permissions& permissions) {
  if (from.is_dir && !to.is_dir) return ENOTDIR;
  if (!from.is_dir && to.is_dir) return EISDIR;
  return to.is_dir ? permissions.CheckEmpty(to) : 0;
}

// Whether the two names stand on different mounts. Not told of what is no name, or of "link/", which the
// resolver tells as what is behind it.
bool DirectoriesApart(const Intent& intent, const Resolved& from, const Resolved& to,
                      const Permissions& permissions) {
  for (size_t i = 0; i < 2; ++i) {
    if (LastOf(intent, i) != Last::kName || SlashedLink(intent, i, i == 0 ? from : to)) return false;
  }
  return permissions.CheckSameMount(ParentOf(from), /*is_link=*/false, ParentOf(to)) != 0;
}

// The order of the errors is that of fs/namei.c: the ways to both, what is no name, what is there, the rest.
Prediction Rename(const Intent& intent, const Resolved& from, const Resolved* to,
                  const Permissions& permissions) {
  constexpr uint64_t kNoReplace = 1;  // RENAME_NOREPLACE
  constexpr uint64_t kExchange = 2;   // RENAME_EXCHANGE
  const bool exchange = (intent.flags & kExchange) != 0;
  const bool exclusive = (intent.flags & kNoReplace) != 0;
  if (exchange && exclusive) return Error(EINVAL);
  if (!from.there && !from.parent_there) return Error(from.error);
  if (to != nullptr && !to->there && !to->parent_there) return Error(to->error);
  if (to != nullptr && DirectoriesApart(intent, from, *to, permissions)) return Error(EXDEV);
  if (LastOf(intent, 0) != Last::kName) return Error(EBUSY);
  if (LastOf(intent, 1) != Last::kName) return Error(exclusive ? EEXIST : EBUSY);
  if (!HasName(intent, 0, from)) return Error(from.error);
  if (to == nullptr) return from.there ? There() : Error(from.error);
  if (exclusive && HasName(intent, 1, *to)) return Error(EEXIST);
  if (!from.there) return Error(from.error);
  if (!to->there && (to->error != ENOENT || exchange || to->removed)) return Error(to->error);
  if (const int error = RenamePlaces(intent, from, *to, exchange)) return Error(error);
  if (from.path == to->path) return There();  // nothing is done, nothing is asked
  if (const int error = MayTake(from, permissions)) return Error(error);
  if (const int error = to->there ? MayTake(*to, permissions) : WriteParent(*to, permissions))
    return Error(error);
  if (to->there && !exchange) {
    if (const int error = RenameOver(from, *to, permissions)) return Error(error);
  }
  return to->there ? There() : Created();
}

bool ProtectsHardLinks() {
  static const bool kProtects = [] {
    FILE* const file = std::fopen("/proc/sys/fs/protected_hardlinks", "re");
    const int first = file == nullptr ? '0' : std::fgetc(file);
    if (file != nullptr) std::fclose(file);
    return first == '1';
  }();
  return kProtects;
}

// may_linkat(), fs/namei.c: another one's file must at least be open to the caller, and not run as somebody.
int MayLink(const Resolved& from, const Permissions& permissions) {
  if (!ProtectsHardLinks()) return 0;
  const bool runs_as = (from.mode & S_ISUID) != 0 || (from.mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP);
  if (S_ISREG(from.mode) && !runs_as && permissions.Check(from.path, &from, R_OK | W_OK) == 0) return 0;
  return permissions.CheckOwner(from);
}

// A file without a name gets none any more, but one that was made without (O_TMPFILE): the kernel names such
// a one by its number.
bool WasRemoved(const Resolved& what) {
  if (what.links != 0) return false;
  absl::string_view name = Basename(what.path);
  const bool made_so = absl::ConsumePrefix(&name, "#") && absl::ConsumeSuffix(&name, " (deleted)") &&
                       std::all_of(name.begin(), name.end(), absl::ascii_isdigit);
  return !made_so;
}

Prediction Link(const Intent& intent, const Resolved& from, const Resolved* to,
                const Permissions& permissions) {
  if (!from.there) return Error(from.error);
  if (to == nullptr) return There();
  if (!to->there && !to->parent_there) return Error(to->error);
  // "file/" and "link/": there, whatever the slash says.
  if (to->there || to->error == ENOTDIR || SlashedLink(intent, 1, *to)) return Error(EEXIST);
  if (to->error != ENOENT) return Error(to->error);
  if (Trailing(intent, 1) || to->removed) return Error(ENOENT);
  if (const int error = permissions.CheckSameMount(from.way(), S_ISLNK(from.mode), ParentOf(*to)))
    return Error(error);
  if (const int error = MayLink(from, permissions)) return Error(error);
  if (const int error = WriteParent(*to, permissions)) return Error(error);
  if (from.is_dir) return Error(EPERM);
  return WasRemoved(from) ? Error(ENOENT) : Created();
}

// chmod, chown, utimes, setxattr: what of it names and owners settle.
int MayChange(const Intent& intent, const Resolved& what, const Permissions& permissions) {
  if (const int error = permissions.CheckMount(what)) return error;
  switch (intent.op) {
    case Op::kChmod:
      return permissions.CheckOwner(what);
    case Op::kChown:
      return permissions.CheckGive(what, intent.uid, intent.gid);
    case Op::kUtimes:
      if (intent.times == Intent::Times::kKept) return 0;
      if (intent.times == Intent::Times::kGiven) return permissions.CheckOwner(what);
      return permissions.CheckOwner(what) == 0 ? 0 : permissions.Check(what.path, &what, W_OK);
    default:
      break;
  }
  // xattr_permission(), fs/xattr.c.
  if (absl::StartsWith(intent.text, "user.")) {
    if (!S_ISREG(what.mode) && !what.is_dir) return EPERM;
    return permissions.Check(what.path, &what, W_OK);
  }
  if (absl::StartsWith(intent.text, "trusted."))
    return permissions.CheckCapability(CAP_SYS_ADMIN, /*initial=*/true);
  return absl::StartsWith(intent.text, "system.posix_acl_") ? permissions.CheckOwner(what) : 0;
}

int MayEnter(const Intent& intent, const Resolved& what, const Permissions& permissions) {
  if (!what.is_dir) return ENOTDIR;
  if (const int error = permissions.Check(what.path, &what, X_OK)) return error;
  const bool root = intent.op == Op::kChroot && intent.syscall == "chroot";
  return root ? permissions.CheckCapability(CAP_SYS_CHROOT, /*initial=*/false) : 0;
}

int MayTruncate(const Resolved& what, const Permissions& permissions) {
  if (what.is_dir) return EISDIR;
  if (!S_ISREG(what.mode)) return EINVAL;
  return permissions.Check(what.path, &what, W_OK);
}

// A unix socket by its path (unix_find_bsd(), net/unix/af_unix.c). Whether somebody listens is not known.
int MayReach(const Resolved& what, const Permissions& permissions) {
  if (const int error = permissions.Check(what.path, &what, W_OK)) return error;
  return S_ISSOCK(what.mode) ? 0 : ECONNREFUSED;
}

int MayTouch(const Intent& intent, const Resolved& what, const Permissions& permissions) {
  switch (intent.op) {
    case Op::kTruncate:
      return MayTruncate(what, permissions);
    case Op::kChdir:
    case Op::kChroot:
      return MayEnter(intent, what, permissions);
    case Op::kChmod:
    case Op::kChown:
    case Op::kUtimes:
    case Op::kSetXattr:
      return MayChange(intent, what, permissions);
    case Op::kConnect:
    case Op::kSend:
      return MayReach(what, permissions);
    case Op::kAccess: {
      const int how = static_cast<int>(intent.mode) & (R_OK | W_OK | X_OK);
      const bool link = S_ISLNK(what.mode) && !FollowsLast(intent);
      return how == 0 || link ? 0 : permissions.Check(what.path, &what, how);
    }
    case Op::kReadlink:
      // readlink() of what is no link: EINVAL (of an O_PATH descriptor without a path: ENOENT).
      return S_ISLNK(what.mode) ? 0 : EINVAL;
    case Op::kList:
      return !what.is_dir ? ENOTDIR : what.removed ? ENOENT : 0;
    default:
      return 0;
  }
}

// path_mount(), fs/namespace.c, as far as names go: the target is the last path, and looked up first.
Prediction Mount(const Intent& intent, const Resolved& first, const Resolved* second,
                 const Permissions& permissions) {
  constexpr uint64_t kBindOrMove = MS_BIND | MS_MOVE;
  constexpr uint64_t kChange = MS_REMOUNT | MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE;
  const Resolved& target = second != nullptr ? *second : first;
  if (!target.there) return Error(target.error);
  if (const int error = permissions.CheckCapability(CAP_SYS_ADMIN, /*initial=*/false)) return Error(error);
  if (!first.there) return Error(first.error);
  if ((intent.flags & kBindOrMove) != 0)
    return second != nullptr && first.is_dir != target.is_dir ? Error(ENOTDIR) : There();
  return (intent.flags & kChange) == 0 && !target.is_dir ? Error(ENOTDIR) : There();
}

Prediction Touch(const Intent& intent, const Resolved& what, const Permissions& permissions) {
  const int error = what.there ? MayTouch(intent, what, permissions) : what.error;
  return error != 0 ? Error(error) : There();
}

}  // namespace

int MayExecute(const Resolved& what, const Permissions& permissions) {
  if (!what.there) return what.error;
  if (S_ISLNK(what.mode)) return ELOOP;
  return S_ISREG(what.mode) ? permissions.Check(what.path, &what, X_OK) : EACCES;
}

Prediction Outcome(int error) { return error != 0 ? Error(error) : There(); }

Prediction Predict(const Intent& intent, const Resolved* first, const Resolved* second,
                   const Permissions& permissions) {
  if (intent.refuse != 0) return {Result::kRefused, intent.refuse};
  if (intent.invalid != 0) return Error(intent.invalid);
  if (first == nullptr) return {Result::kUnknown, 0};
  switch (intent.op) {
    case Op::kOpen:
      return Open(intent, *first, permissions);
    case Op::kExec:
      return Outcome(MayExecute(*first, permissions));
    case Op::kMkdir:
    case Op::kMknod:
    case Op::kSymlink:
      return Make(intent, *first, permissions);
    case Op::kBind:
      if (first->there) return Error(EADDRINUSE);
      return Make(intent, *first, permissions);
    case Op::kUnlink:
    case Op::kRmdir:
      return Remove(intent, *first, permissions);
    case Op::kRename:
      return Rename(intent, *first, second, permissions);
    case Op::kLink:
      return Link(intent, *first, second, permissions);
    case Op::kMount:
      // Not move_mount, setns and the like: each has an order of its own.
      if (intent.syscall == "mount" || absl::EndsWith(intent.syscall, ":mount"))
        return Mount(intent, *first, second, permissions);
      return Touch(intent, *first, permissions);
    default:
      return Touch(intent, *first, permissions);
  }
}

namespace {

bool IsWay(const Resolved* what) {
  return what != nullptr && what->there && (what->is_dir || S_ISLNK(what->mode));
}

}  // namespace

bool ChangesNames(const Intent& intent, const Resolved* first, const Resolved* second) {
  switch (intent.op) {
    case Op::kRename:
    case Op::kLink:
      return IsWay(first) || IsWay(second);
    case Op::kUnlink:
    case Op::kRmdir:
      return IsWay(first);
    case Op::kMkdir:
    case Op::kSymlink:
      return first == nullptr || !first->there;
    case Op::kMount:
    case Op::kUmount:
    case Op::kChroot:
      return true;
    default:
      return false;
  }
}

}  // namespace glovebox::trace
