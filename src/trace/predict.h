// What a call is going to meet, told from a look before the kernel goes on with it. CONTINUE gives no result
// back, so this is the record's `result` (Sight::kPredicted).
#ifndef GLOVEBOX_TRACE_PREDICT_H_
#define GLOVEBOX_TRACE_PREDICT_H_

#include "access/record.h"
#include "trace/intent.h"
#include "trace/permissions.h"
#include "trace/resolver.h"

namespace glovebox::trace {

struct Prediction {
  access::Result result = access::Result::kUnknown;
  int error = 0;  // errno where the result is kAbsent, kRefused or kFailed
  bool operator==(const Prediction&) const = default;
};

// `first` and `second`: what Resolve() gave for intent.paths[0] and [1]; null where the intent has no such
// path. Of rename and link it is the first path that decides between there and absent (that is what the call
// reads); an error of the second (its parent is missing, EEXIST) is an error of the call.
//
// Absent is ENOENT or ENOTDIR on the way. Creating calls give kCreated where the object is made by this call
// (renames and links too, where the second name was free), kThere where an open finds it, kFailed with EEXIST
// where it must not exist. An intent that is refused by rule gives kRefused with that errno, one whose
// arguments the kernel refuses (Intent::invalid) that one; one with addresses only gives kUnknown: nothing is
// looked up on the network. A directory that is removed or replaced is looked into; kUnknown with ESRCH where
// that cannot be done. Not predicted: what depends on more than names, permissions and that look (ETXTBSY,
// ENOSPC, EMFILE, quotas, Landlock rules of the caller's own). Of an exec only the file itself is looked at:
// interpreter.h has the rest.
Prediction Predict(const Intent& intent, const Resolved* first, const Resolved* second,
                   const Permissions& permissions = OwnPermissions());

// What an exec asks of the file that it runs, or of an interpreter: 0 or errno.
int MayExecute(const Resolved& what, const Permissions& permissions);

// How an errno of a call that makes nothing is recorded; 0: it finds what it wants.
Prediction Outcome(int error);

// True where the call, if it goes well, changes what a directory's name or a symlink means, so that
// Resolver::Forget() is due: renames and removals of directories and symlinks, new symlinks and directories
// where a name was missing before, mounts, chroot. Not for plain files: they are no way to anything else.
bool ChangesNames(const Intent& intent, const Resolved* first, const Resolved* second);

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_PREDICT_H_
