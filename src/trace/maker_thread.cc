#include "trace/maker_thread.h"

#include <linux/capability.h>
#include <linux/landlock.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "base/status.h"
#include "base/unique_fd.h"
#include "kernel/abi.h"
#include "kernel/landlock.h"
#include "trace/signals_blocked.h"

namespace glovebox::trace {
namespace {

struct CapabilitySets {
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
};

uint64_t Wide(uint32_t low, uint32_t high) { return low | (uint64_t{high} << 32); }

void Wait(sem_t* semaphore) {
  while (sem_wait(semaphore) != 0 && errno == EINTR) {
  }
}

// A domain that grants what the policy grants, or everything where it grants everything.
absl::Status EnterDomain(int ruleset) {
  UniqueFd own;
  const int abi = kernel::LandlockAbi();
  if (ruleset < 0) {
    if (abi == 0) return absl::OkStatus();
    kernel::LandlockHandled handled;
    if (abi >= kernel::kLandlockAbiScope) {
      handled.scope = kernel::kLandlockScopeSignal;
    } else {
      // Nothing is ever executed here. REFER is refused by each domain that handles any file right.
      handled.fs = LANDLOCK_ACCESS_FS_EXECUTE | (abi >= 2 ? kernel::kLandlockFsRefer : 0);
    }
    ASSIGN_OR_RETURN(own, kernel::CreateRuleset(handled));
    if (handled.fs != 0) RETURN_IF_ERROR(kernel::AddPathRule(own.get(), "/", handled.fs));
    ruleset = own.get();
  }
  if (syscall(SYS_landlock_restrict_self, ruleset, 0) != 0)
    return ErrnoStatus("landlock_restrict_self", "maker", errno);
  return absl::OkStatus();
}

}  // namespace

// The permitted set stays, so that the next caller's can be taken on, and so that the process stays dumpable
// (commit_creds(), kernel/cred.c).
bool SetEffectiveCapabilities(uint64_t wanted) {
  CapabilitySets sets;
  if (syscall(SYS_capget, &sets.header, sets.data) != 0) return false;
  const uint64_t permitted = Wide(sets.data[0].permitted, sets.data[1].permitted);
  sets.data[0].effective = static_cast<uint32_t>(wanted & permitted);
  sets.data[1].effective = static_cast<uint32_t>((wanted & permitted) >> 32);
  return syscall(SYS_capset, &sets.header, sets.data) == 0;
}

uint64_t EffectiveCapabilities() {
  CapabilitySets sets;
  if (syscall(SYS_capget, &sets.header, sets.data) != 0) return 0;
  return Wide(sets.data[0].effective, sets.data[1].effective);
}

MakerThread::MakerThread(const Options& options) {
  sem_init(&asked_, /*pshared=*/0, 0);
  sem_init(&done_, /*pshared=*/0, 0);
  const SignalsBlocked blocked;
  thread_ = std::thread([this, &options] { Main(options); });
  Wait(&done_);
}

MakerThread::~MakerThread() {
  work_ = nullptr;
  sem_post(&asked_);
  thread_.join();
  sem_destroy(&asked_);
  sem_destroy(&done_);
}

absl::Status MakerThread::SetUp(const Options& options) {
  if (unshare(CLONE_FS) != 0) return ErrnoStatus("unshare", "CLONE_FS", errno);
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return ErrnoStatus("prctl", "no_new_privs", errno);
  CapabilitySets sets;
  if (syscall(SYS_capget, &sets.header, sets.data) != 0) return ErrnoStatus("capget", "maker", errno);
  permitted_ = Wide(sets.data[0].permitted, sets.data[1].permitted);
  effective_ = Wide(sets.data[0].effective, sets.data[1].effective);
  umask_ = umask(0);
  umask(umask_);
  return options.domain ? EnterDomain(options.ruleset) : absl::OkStatus();
}

bool MakerThread::TakeOn(const Rights& rights) {
  if (umask_ != rights.umask) {
    umask(rights.umask);
    umask_ = rights.umask;
  }
  const uint64_t wanted = rights.capabilities & permitted_;
  if (wanted == effective_) return true;
  if (!SetEffectiveCapabilities(wanted)) return false;
  effective_ = wanted;
  return true;
}

void MakerThread::Main(const Options& options) {
  status_ = SetUp(options);
  sem_post(&done_);
  while (true) {
    Wait(&asked_);
    if (work_ == nullptr) return;
    taken_ = TakeOn(*rights_);
    if (taken_) (*work_)();
    sem_post(&done_);
  }
}

bool MakerThread::Run(const Rights& rights, absl::FunctionRef<void()> work) {
  if (!status_.ok()) return false;
  work_ = &work;
  rights_ = &rights;
  sem_post(&asked_);
  Wait(&done_);
  return taken_;
}

}  // namespace glovebox::trace
