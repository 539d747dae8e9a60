// What this host can do, found by trying, feature by feature; a version number is never asked.
#ifndef GLOVEBOX_KERNEL_HOST_H_
#define GLOVEBOX_KERNEL_HOST_H_

#include <string>

namespace glovebox::kernel {

struct HostFeatures {
  std::string release;         // uname -r: for reports only
  bool notify = false;         // SECCOMP_RET_USER_NOTIF
  bool addfd_send = false;     // SECCOMP_ADDFD_FLAG_SEND (5.14)
  bool wait_killable = false;  // SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (5.19)
  bool sync_wake_up = false;   // SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (6.6)
  bool receive_ends = false;   // RECV returns when the last task has gone (6.11); else poll first
  int landlock_abi = 0;        // 0: none or disabled
  bool pidfd_getfd = false;    // a child's descriptor could be fetched
  bool listener_above =
      false;  // this process already runs below a notify listener (a second one gives EBUSY)
  bool outer_supervisor = false;  // ... and it is ours: the announcement was answered
  int yama_scope = -1;            // -1: no yama
  // A task that asked for it (PR_SET_TSC, prctl(2)) dies of reading the time-stamp counter. x86 alone, and
  // not below each hypervisor: the paravirtual ones that run a guest's kernel in ring 3 take the prctl and
  // let the counter be read.
  bool denies_tsc = false;
  // /proc is of another pid namespace than this process, or not mounted: its numbers mean other processes
  // than those that the kernel names in a notification, so nothing that it shows may be believed.
  bool foreign_proc = false;

  bool operator==(const HostFeatures&) const = default;
};

// What `foreign_proc` means to the user, and what to do: the end of an error message.
extern const char kForeignProcMessage[];

// Tries each feature in short-lived children of this process. A few milliseconds; call it once and pass the
// value on. Never hangs: a child that does not come back (a listener above that nobody serves) is killed
// after a few seconds and what it would have told is taken as not there. Thread-safe, also beside other
// threads: the children use async-signal-safe calls only. Where listener_above is true no listener can be
// had, so addfd_send, sync_wake_up and receive_ends are false; `notify` then says that the kernel knows
// notification at all.
//
// It makes no call that an outer Glovebox in mode enforce refuses: each run inside of one begins with it.
HostFeatures ProbeHost();

// Whether this process may make a user namespace, found by making one in a child. Inside a Glovebox in mode
// enforce the call is refused and on its record: only for who is asked for the answer itself.
bool ProbeUserNamespaces();

}  // namespace glovebox::kernel

#endif  // GLOVEBOX_KERNEL_HOST_H_
