#include "trace/predict.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

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
    case ESRCH:  // the resolver could not look at the caller
      return {Result::kUnknown, error};
    default:
      return {Result::kFailed, error};
  }
}

bool TrailingSlash(const PathRef& ref) { return !ref.spelled.empty() && ref.spelled.back() == '/'; }
bool Trailing(const Intent& intent, size_t i) {
  return i < intent.paths.size() && TrailingSlash(intent.paths[i]);
}
// A name with a slash behind it; "/", "./" and "../" end in no name.
bool SlashedName(const Intent& intent) {
  if (!Trailing(intent, 0)) return false;
  const absl::string_view last = Basename(intent.paths[0].spelled);
  return last != "/" && last != "." && last != "..";
}
bool FollowsLast(const Intent& intent) { return intent.paths.empty() || intent.paths[0].follow; }

int WriteParent(const Resolved& of, const Permissions& permissions) {
  return permissions.Check(std::string(Dirname(of.path)), nullptr, W_OK | X_OK);
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
  // "file/": there, whatever the slash says.
  if (what.there || (what.parent_there && what.error == ENOTDIR)) return Error(EEXIST);
  if (Trailing(intent, 0) && intent.op != Op::kMkdir && what.parent_there) return Error(ENOENT);
  return CreateHere(what, permissions);
}

Prediction Remove(const Intent& intent, const Resolved& what, const Permissions& permissions) {
  if (!what.there) return Error(what.error);
  constexpr uint64_t kRemoveDir = AT_REMOVEDIR;
  const bool directory = intent.op == Op::kRmdir || (intent.flags & kRemoveDir) != 0;
  if (const int error = WriteParent(what, permissions)) return Error(error);
  if (directory && !what.is_dir) return Error(ENOTDIR);
  if (!directory && what.is_dir) return Error(EISDIR);
  return There();
}

Prediction RenameOrLink(const Intent& intent, const Resolved& from, const Resolved* to,
                        const Permissions& permissions) {
  // rename(2) walks the ways to both before it looks at what is at their ends.
  const bool rename = intent.op == Op::kRename;
  if (!from.there && (!rename || !from.parent_there)) return Error(from.error);
  if (to != nullptr && !to->there && !to->parent_there) return Error(to->error);
  if (!from.there) return Error(from.error);
  if (to == nullptr) return There();
  constexpr uint64_t kNoReplace = 1;  // RENAME_NOREPLACE
  constexpr uint64_t kExchange = 2;   // RENAME_EXCHANGE
  const bool exchange = rename && (intent.flags & kExchange) != 0;
  const bool exclusive = rename ? (intent.flags & kNoReplace) != 0 : true;
  if (!to->there && (to->error != ENOENT || exchange)) return Error(to->error);
  if (to->there && exclusive) return Error(EEXIST);
  if (rename && from.path == to->path) return There();  // nothing is done, nothing is asked
  if (const int error = rename ? WriteParent(from, permissions) : 0) return Error(error);
  if (const int error = WriteParent(*to, permissions)) return Error(error);
  if (!rename && from.is_dir) return Error(EPERM);
  if (rename && !exchange && to->there) {
    if (from.is_dir && !to->is_dir) return Error(ENOTDIR);
    if (!from.is_dir && to->is_dir) return Error(EISDIR);
  }
  if (!from.is_dir && Trailing(intent, 1)) return Error(to->there ? ENOTDIR : rename ? ENOTDIR : ENOENT);
  return to->there ? There() : Created();
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
    case Op::kLink:
      return RenameOrLink(intent, *first, second, permissions);
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
    return faccessat(AT_FDCWD, path.c_str(), how, AT_EACCESS) == 0 ? 0 : errno;
  }
};

}  // namespace

const Permissions& OwnPermissions() {
  static const Own kOwn;
  return kOwn;
}

int ModePermissions::Check(const std::string& path, const Resolved* is, int how) const {
  if (is != nullptr) return CheckMode(*is, credentials_, how);
  struct stat st;
  if (stat(path.c_str(), &st) != 0) return errno;
  Resolved parent;
  parent.there = true;
  parent.is_dir = S_ISDIR(st.st_mode);
  parent.mode = st.st_mode;
  parent.uid = st.st_uid;
  parent.gid = st.st_gid;
  return CheckMode(parent, credentials_, how);
}

}  // namespace glovebox::trace
