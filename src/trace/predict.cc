#include "trace/predict.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

#include "base/paths.h"
#include "base/unique_fd.h"
#include "trace/resolver_walk.h"

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

int WriteParent(const Resolved& of, const Permissions& permissions) {
  if (!of.there && !of.reach.empty()) return permissions.Check(of.reach, nullptr, W_OK | X_OK);
  return permissions.Check(std::string(Dirname(of.way())), nullptr, W_OK | X_OK);
}

Prediction CreateHere(const Resolved& what, const Permissions& permissions) {
  if (!what.parent_there || what.error != ENOENT) return Error(what.error);
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
  if (S_ISSOCK(what.mode)) return Error(ENXIO);
  return There();
}

Prediction Exec(const Resolved& what, const Permissions& permissions) {
  if (!what.there) return Error(what.error);
  if (S_ISLNK(what.mode)) return Error(ELOOP);
  if (!S_ISREG(what.mode)) return Error(EACCES);
  const int error = permissions.Check(what.path, &what, X_OK);
  return error != 0 ? Error(error) : There();
}

// mkdir, mknod, symlink, bind: an object of this name must not exist.
Prediction Make(const Intent& intent, const Resolved& what, const Permissions& permissions) {
  if (HasName(intent, 0, what)) return Error(EEXIST);
  if (Trailing(intent, 0) && intent.op != Op::kMkdir && what.parent_there) return Error(ENOENT);
  return CreateHere(what, permissions);
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
  if (const int error = WriteParent(what, permissions)) return Error(error);
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
  if (LastOf(intent, 0) != Last::kName) return Error(EBUSY);
  if (LastOf(intent, 1) != Last::kName) return Error(exclusive ? EEXIST : EBUSY);
  if (!HasName(intent, 0, from)) return Error(from.error);
  if (to == nullptr) return from.there ? There() : Error(from.error);
  if (exclusive && HasName(intent, 1, *to)) return Error(EEXIST);
  if (!from.there) return Error(from.error);
  if (!to->there && (to->error != ENOENT || exchange)) return Error(to->error);
  if (const int error = RenamePlaces(intent, from, *to, exchange)) return Error(error);
  if (from.path == to->path) return There();  // nothing is done, nothing is asked
  if (const int error = WriteParent(from, permissions)) return Error(error);
  if (const int error = WriteParent(*to, permissions)) return Error(error);
  if (to->there && !exchange) {
    if (const int error = RenameOver(from, *to, permissions)) return Error(error);
  }
  return to->there ? There() : Created();
}

Prediction Link(const Intent& intent, const Resolved& from, const Resolved* to,
                const Permissions& permissions) {
  if (!from.there) return Error(from.error);
  if (to == nullptr) return There();
  if (!to->there && !to->parent_there) return Error(to->error);
  // "file/" and "link/": there, whatever the slash says.
  if (to->there || to->error == ENOTDIR || SlashedLink(intent, 1, *to)) return Error(EEXIST);
  if (to->error != ENOENT) return Error(to->error);
  if (Trailing(intent, 1)) return Error(ENOENT);
  if (const int error = WriteParent(*to, permissions)) return Error(error);
  if (from.is_dir) return Error(EPERM);
  return Created();
}

Prediction Touch(const Intent& intent, const Resolved& what, const Permissions& permissions) {
  if (!what.there) return Error(what.error);
  switch (intent.op) {
    case Op::kTruncate: {
      if (what.is_dir) return Error(EISDIR);
      if (!S_ISREG(what.mode)) return Error(EINVAL);
      const int error = permissions.Check(what.path, &what, W_OK);
      return error != 0 ? Error(error) : There();
    }
    case Op::kChdir:
    case Op::kChroot: {
      if (!what.is_dir) return Error(ENOTDIR);
      const int error = permissions.Check(what.path, &what, X_OK);
      return error != 0 ? Error(error) : There();
    }
    case Op::kAccess: {
      const int how = static_cast<int>(intent.mode) & (R_OK | W_OK | X_OK);
      if (how == 0 || (S_ISLNK(what.mode) && !FollowsLast(intent))) return There();
      const int error = permissions.Check(what.path, &what, how);
      return error != 0 ? Error(error) : There();
    }
    case Op::kReadlink:
      // readlink() of what is no link: EINVAL (of an O_PATH descriptor without a path: ENOENT).
      return S_ISLNK(what.mode) ? There() : Error(EINVAL);
    case Op::kList:
      return what.is_dir ? There() : Error(ENOTDIR);
    default:
      return There();
  }
}

}  // namespace

Prediction Predict(const Intent& intent, const Resolved* first, const Resolved* second,
                   const Permissions& permissions) {
  if (intent.refuse != 0) return {Result::kRefused, intent.refuse};
  if (first == nullptr) return {Result::kUnknown, 0};
  switch (intent.op) {
    case Op::kOpen:
      return Open(intent, *first, permissions);
    case Op::kExec:
      return Exec(*first, permissions);
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

namespace {

int CheckMode(const Resolved& is, const Credentials& who, int how) {
  const mode_t mode = is.mode;
  if (who.overrides) {
    // Also the override asks for one x bit before it executes a file.
    return (how & X_OK) != 0 && !is.is_dir && (mode & 0111) == 0 ? EACCES : 0;
  }
  const bool in_group = is.gid == who.gid || std::count(who.groups.begin(), who.groups.end(), is.gid) > 0;
  const unsigned bits = (is.uid == who.uid ? mode >> 6 : in_group ? mode >> 3 : mode) & 7u;
  return (bits & static_cast<unsigned>(how)) == static_cast<unsigned>(how) ? 0 : EACCES;
}

// A path of any length as one call takes it: a directory, and the rest from there. Where the front cannot be
// opened the call itself says why.
class Reach {
 public:
  explicit Reach(const std::string& path) : path_(path) {
    if (path.size() < PATH_MAX || OpenFront(path, &dir_, &from_) == 0) return;
    dir_.reset();
    from_ = 0;
  }
  int dir() const { return dir_.valid() ? dir_.get() : AT_FDCWD; }
  const char* rest() const { return path_.c_str() + from_; }

 private:
  const std::string& path_;
  UniqueFd dir_;
  size_t from_ = 0;
};

// One look into it, without a trace on it where that is allowed (O_NOATIME: the owner's right).
int LookIntoDirectory(const Resolved& dir) {
  constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  const Reach at(dir.way());
  UniqueFd fd(openat(at.dir(), at.rest(), kFlags | O_NOATIME));
  if (!fd.valid() && errno == EPERM) fd.reset(openat(at.dir(), at.rest(), kFlags));
  struct statx now;
  if (!fd.valid() || statx(fd.get(), "", AT_EMPTY_PATH, STATX_INO, &now) != 0) return ESRCH;
  // The name is the caller's, who may have another root than we.
  if (now.stx_ino != dir.ino || makedev(now.stx_dev_major, now.stx_dev_minor) != dir.dev) return ESRCH;
  if ((now.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0) return EBUSY;
  DIR* const stream = fdopendir(fd.get());
  if (stream == nullptr) return ESRCH;
  static_cast<void>(fd.release());  // the stream's now
  errno = 0;
  const dirent* entry = readdir(stream);
  while (entry != nullptr &&
         (absl::string_view(entry->d_name) == "." || absl::string_view(entry->d_name) == ".."))
    entry = readdir(stream);
  const int error = entry != nullptr ? ENOTEMPTY : errno != 0 ? ESRCH : 0;
  closedir(stream);
  return error;
}

class Own final : public Permissions {
 public:
  int Check(const std::string& path, const Resolved* is, int how) const override {
    // Readable or executable by all: no need to ask. Writing is always asked for (read-only mounts).
    if (is != nullptr && (how & W_OK) == 0) {
      const unsigned wanted = static_cast<unsigned>(how);
      const unsigned mode = is->mode;
      const unsigned common = mode & (mode >> 3) & (mode >> 6) & 7u;
      if ((common & wanted) == wanted) return 0;
    }
    const Reach at(is == nullptr ? path : is->way());
    return faccessat(at.dir(), at.rest(), how, AT_EACCESS) == 0 ? 0 : errno;
  }
  int CheckEmpty(const Resolved& dir) const override { return LookIntoDirectory(dir); }
};

}  // namespace

const Permissions& OwnPermissions() {
  static const Own kOwn;
  return kOwn;
}

int ModePermissions::Check(const std::string& path, const Resolved* is, int how) const {
  if (is != nullptr) return CheckMode(*is, credentials_, how);
  struct stat st;
  const Reach at(path);
  if (fstatat(at.dir(), at.rest(), &st, 0) != 0) return errno;
  Resolved parent;
  parent.there = true;
  parent.is_dir = S_ISDIR(st.st_mode);
  parent.mode = st.st_mode;
  parent.uid = st.st_uid;
  parent.gid = st.st_gid;
  return CheckMode(parent, credentials_, how);
}

int ModePermissions::CheckEmpty(const Resolved& dir) const { return LookIntoDirectory(dir); }

}  // namespace glovebox::trace
