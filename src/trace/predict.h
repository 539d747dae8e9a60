// What a call is going to meet, told from a look before the kernel goes on with it. CONTINUE gives no result
// back, so this is the record's `result` (Sight::kPredicted).
#ifndef GLOVEBOX_TRACE_PREDICT_H_
#define GLOVEBOX_TRACE_PREDICT_H_

#include <sys/types.h>

#include <string>
#include <vector>

#include "access/record.h"
#include "trace/intent.h"
#include "trace/resolver.h"

namespace glovebox::trace {

struct Prediction {
  access::Result result = access::Result::kUnknown;
  int error = 0;  // errno where the result is kAbsent, kRefused or kFailed
  bool operator==(const Prediction&) const = default;
};

// Answers the few questions that a path's own mode bits leave open. An interface, so that Predict() is pure
// in its tests.
class Permissions {
 public:
  virtual ~Permissions() = default;
  // 0 when the caller may do `how` (R_OK, W_OK, X_OK or several) with `path`, else EACCES, EROFS, ENOENT ...
  // `is` is what the resolver found there, or null: then only the path is known (a parent directory).
  virtual int Check(const std::string& path, const Resolved* is, int how) const = 0;
  // Whether the directory `dir` can be removed, or replaced by a rename: 0, ENOTEMPTY, EBUSY (a mount point),
  // or ESRCH: it cannot be told (not readable for us, or another object by the same name in our view).
  virtual int CheckEmpty(const Resolved& dir) const = 0;
};

// For a caller that has the supervisor's own credentials, in the supervisor's root: mode bits settle the
// clear cases, faccessat2(AT_EACCESS) the others (ACLs, read-only mounts). Stateless.
const Permissions& OwnPermissions();

// For a caller with other credentials (it has changed its uid, or lives in a user namespace): mode bits
// alone. `overrides`: it has CAP_DAC_OVERRIDE.
struct Credentials {
  uid_t uid = 0;  // file-system uid and gid
  gid_t gid = 0;
  std::vector<gid_t> groups;
  bool overrides = false;
  bool operator==(const Credentials&) const = default;
};
class ModePermissions : public Permissions {
 public:
  explicit ModePermissions(Credentials credentials) : credentials_(std::move(credentials)) {}
  int Check(const std::string& path, const Resolved* is, int how) const override;
  int CheckEmpty(const Resolved& dir) const override;

 private:
  Credentials credentials_;
};

// `first` and `second`: what Resolve() gave for intent.paths[0] and [1]; null where the intent has no such
// path. Of rename and link it is the first path that decides between there and absent (that is what the call
// reads); an error of the second (its parent is missing, EEXIST) is an error of the call.
//
// Absent is ENOENT or ENOTDIR on the way. Creating calls give kCreated where the object is made by this call
// (renames and links too, where the second name was free), kThere where an open finds it, kFailed with EEXIST
// where it must not exist. An intent that is refused by rule gives kRefused with that errno; one with
// addresses only gives kUnknown: nothing is looked up on the network. A directory that is removed or replaced
// is looked into; kUnknown with ESRCH where that cannot be done. Not predicted: what depends on more than
// names, permissions and that look (ETXTBSY, ENOSPC, EXDEV, EMFILE, sticky directories, quotas, Landlock
// rules of the caller's own).
Prediction Predict(const Intent& intent, const Resolved* first, const Resolved* second,
                   const Permissions& permissions = OwnPermissions());

// True where the call, if it goes well, changes what a directory's name or a symlink means, so that
// Resolver::Forget() is due: renames and removals of directories and symlinks, new symlinks and directories
// where a name was missing before, mounts, chroot. Not for plain files: they are no way to anything else.
bool ChangesNames(const Intent& intent, const Resolved* first, const Resolved* second);

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_PREDICT_H_
