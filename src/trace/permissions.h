// What the caller of a call may do with a file: whose credentials decide, and what they allow.
#ifndef GLOVEBOX_TRACE_PERMISSIONS_H_
#define GLOVEBOX_TRACE_PERMISSIONS_H_

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "trace/resolver.h"

namespace glovebox::trace {

// Answers the few questions that names leave open. An interface, so that Predict() is pure in its tests.
// Every answer is 0 or an errno.
class Permissions {
 public:
  virtual ~Permissions() = default;
  // 0 when the caller may do `how` (R_OK, W_OK, X_OK or several) with `path`, else EACCES, EROFS, ENOENT ...
  // `is` is what the resolver found there, or null: then only the path is known (a parent directory).
  virtual int Check(const std::string& path, const Resolved* is, int how) const = 0;
  // Whether the directory `dir` can be removed, or replaced by a rename: 0, ENOTEMPTY, EBUSY (a mount point),
  // or ESRCH: it cannot be told (not readable for us, or another object by the same name in our view).
  virtual int CheckEmpty(const Resolved& dir) const = 0;
  // EPERM where neither the caller owns it nor CAP_FOWNER counts for it.
  virtual int CheckOwner(const Resolved& is) const = 0;
  // EPERM where it may not be given to `uid` and `gid` (as the caller names them; -1: stays), EINVAL where
  // those mean nobody in its user namespace.
  virtual int CheckGive(const Resolved& is, uid_t uid, gid_t gid) const = 0;
  // EPERM where the caller lacks a capability (CAP_*) in its own user namespace, or, `initial`, in that of
  // the host.
  virtual int CheckCapability(int capability, bool initial) const = 0;
  // EROFS where it lies on a mount or file system that is read-only: no matter who asks.
  virtual int CheckMount(const Resolved& is) const;
  // EPERM where the directory `dir` is sticky, and the caller owns neither it nor `is`, which stands in it.
  virtual int CheckSticky(const std::string& dir, const Resolved& is) const = 0;
  // EXDEV where `one` lies on another mount than `directory`. `is_link`: it is a symlink that is meant
  // itself, else what it leads to (a link of procfs to what has no name). No matter who asks.
  virtual int CheckSameMount(const std::string& one, bool is_link, const std::string& directory) const;
};

struct IdRange {
  uint32_t inside = 0;  // as the caller names it
  uint32_t first = 0;   // as we do
  uint32_t count = 0;
  bool operator==(const IdRange&) const = default;
};

struct Credentials {
  uid_t uid = 0;  // file-system uid and gid
  gid_t gid = 0;
  std::vector<gid_t> groups;
  uint64_t capabilities = 0;  // effective, a bit each
  // In another user namespace than ours: capabilities count only for what belongs to ids that are mapped
  // there (`uids`, `gids`, as we see them). Only told where there are capabilities at all.
  bool elsewhere = false;
  bool initial = false;  // in the user namespace of the host
  std::vector<IdRange> uids;
  std::vector<IdRange> gids;
  bool operator==(const Credentials&) const = default;
};

// A task's credentials at this moment: two or three calls. `real`: those that access(2) asks with (real ids;
// permitted capabilities for root, none for others). `tid` 0: of the calling thread. False when the task has
// gone.
bool ReadCredentials(pid_t tid, bool real, Credentials* out);

// For a caller that has the supervisor's own credentials, in the supervisor's root: mode bits settle the
// clear cases, faccessat2(AT_EACCESS) the others (ACLs, read-only mounts). Stateless.
const Permissions& OwnPermissions();

// For a caller with other credentials (it has changed its uid, has lost capabilities or lives in a user
// namespace): by mode bits, owners and capabilities. ACLs are not looked at.
class ModePermissions : public Permissions {
 public:
  explicit ModePermissions(Credentials credentials) : credentials_(std::move(credentials)) {}
  int Check(const std::string& path, const Resolved* is, int how) const override;
  int CheckEmpty(const Resolved& dir) const override;
  int CheckOwner(const Resolved& is) const override;
  int CheckGive(const Resolved& is, uid_t uid, gid_t gid) const override;
  int CheckCapability(int capability, bool initial) const override;
  int CheckSticky(const std::string& dir, const Resolved& is) const override;
  const Credentials& credentials() const { return credentials_; }

 private:
  Credentials credentials_;
};

// For one call of a task that is stopped in it. The task's credentials are read at most once, and only for a
// question whose answer depends on who asks: what a file's mode allows to everybody costs no look. (They can
// change at any time, by calls that are not notified, so what was read for an earlier call says nothing.)
// Where they are the supervisor's own, OwnPermissions() answers, else ModePermissions.
class CallerPermissions final : public Permissions {
 public:
  // `own`: the supervisor's, as ReadCredentials(0, real) gives them; must outlive this object.
  CallerPermissions(pid_t tid, bool real, const Credentials& own) : tid_(tid), real_(real), own_(own) {}
  int Check(const std::string& path, const Resolved* is, int how) const override;
  int CheckEmpty(const Resolved& dir) const override;
  int CheckOwner(const Resolved& is) const override { return Who().CheckOwner(is); }
  int CheckGive(const Resolved& is, uid_t uid, gid_t gid) const override {
    return Who().CheckGive(is, uid, gid);
  }
  int CheckCapability(int capability, bool initial) const override {
    return Who().CheckCapability(capability, initial);
  }
  int CheckSticky(const std::string& dir, const Resolved& is) const override;

  // Looks now: whether files are as open to the caller as to the supervisor.
  bool IsOwn() const;
  // Search permission on the way to what the supervisor found with its own: makes it EACCES where the caller
  // has none. `spelled`: for a relative path only the directories below the one that it starts from. Not
  // where the way leads through a link of procfs or another root.
  void JudgeWay(const std::string& spelled, Resolved* what) const;

 private:
  const ModePermissions& Who() const;

  pid_t tid_;
  bool real_;
  const Credentials& own_;
  mutable std::optional<ModePermissions> who_;
};

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_PERMISSIONS_H_
