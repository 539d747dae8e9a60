// Rows that take something away: privileges, system calls, files, limits, capabilities.
#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "child/actions.h"
#include "kernel/abi.h"

namespace glovebox::child {
namespace {

StepResult Load(Plan plan, Span span, StepCode code) {
  if (LoadFilter(plan, span, 0) != 0) return {code, errno, 0};
  return {};
}

// 0 or an errno. A ruleset holds its own scope: what the plan names beside it is one more layer.
int RestrictSelf(Plan plan, int ruleset) {
  if (ruleset >= 0 && syscall(SYS_landlock_restrict_self, ruleset, 0u) != 0) return errno;
  if (plan.landlock_scope == 0) return 0;
  kernel::LandlockRulesetAttr attributes;
  attributes.scoped = plan.landlock_scope;
  int own = static_cast<int>(syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0u));
  if (own < 0) return errno;
  const int error = syscall(SYS_landlock_restrict_self, own, 0u) == 0 ? 0 : errno;
  CloseFd(own);
  return error;
}

// What says that this host cannot: a kernel without Landlock, Landlock switched off at boot, and E2BIG: a
// scope that an older kernel does not know (copy_struct_from_user) or a domain that has its 16 layers
// already. All else is a mistake in the set-up, which no plan excuses.
bool HostCannot(int error) { return error == ENOSYS || error == EOPNOTSUPP || error == E2BIG; }

struct Capabilities {
  uint64_t effective;
  uint64_t permitted;
  uint64_t inheritable;
};

// Raw, for libcap allocates. Version 3 is two words of 32 capabilities.
int GetCapabilities(Capabilities& all) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  if (syscall(SYS_capget, &header, data) != 0) return errno;
  all.effective = data[0].effective | uint64_t{data[1].effective} << 32;
  all.permitted = data[0].permitted | uint64_t{data[1].permitted} << 32;
  all.inheritable = data[0].inheritable | uint64_t{data[1].inheritable} << 32;
  return 0;
}

int SetCapabilities(const Capabilities& all) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  for (unsigned word = 0; word < 2; ++word) {
    data[word].effective = static_cast<uint32_t>(all.effective >> (32 * word));
    data[word].permitted = static_cast<uint32_t>(all.permitted >> (32 * word));
    data[word].inheritable = static_cast<uint32_t>(all.inheritable >> (32 * word));
  }
  return syscall(SYS_capset, &header, data) == 0 ? 0 : errno;
}

bool Has(uint64_t set, uint32_t capability) { return (set >> capability & 1) != 0; }

}  // namespace

StepResult GiveUpNewPrivileges(Plan, Context) {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return {StepCode::kNoNewPrivs, errno, 0};
  return {};
}

StepResult LoadIoctlFilter(Plan plan, Context) {
  return Load(plan, plan.ioctl_filter, StepCode::kSeccompFilterIoctl);
}

StepResult LoadAppendOnlyFilter(Plan plan, Context) {
  return Load(plan, plan.append_only_filter, StepCode::kSeccompFilterAppendOnly);
}

StepResult LoadKptrFilter(Plan plan, Context) {
  return Load(plan, plan.kptr_filter, StepCode::kSeccompFilterKptr);
}

StepResult EnterLandlock(Plan plan, Context context) {
  const int error = RestrictSelf(plan, context.ruleset);
  if (error == 0) return {};
  if ((plan.flags & kLandlockBestEffort) == 0 || !HostCannot(error))
    return {StepCode::kLandlockScope, error, 0};
  StepFailure skipped;
  skipped.step = static_cast<uint32_t>(StepCode::kLandlockScope);
  skipped.error = error;
  skipped.kind = FailureKind::kSkipped;
  if (context.skipped_count < kMaxSkipped) context.skipped[context.skipped_count++] = skipped;
  return {};
}

StepResult DenyTsc(Plan, Context) {
#if defined(__x86_64__) || defined(__i386__)
  if (prctl(PR_SET_TSC, PR_TSC_SIGSEGV) != 0) return {StepCode::kSetTsc, errno, 0};
  return {};
#else
  return {StepCode::kSetTsc, EOPNOTSUPP, 0};
#endif
}

StepResult SetLimits(Plan plan, Context) {
  for (uint32_t i = 0; i < kLimitCount; ++i) {
    const LimitValue& limit = plan.limits[i];
    if (limit.set == 0) continue;
    // Inside an action that restricts its limits every change is refused, also one to what is there already.
    uint64_t now[2];
    if (syscall(SYS_prlimit64, 0, kLimits[i].resource, nullptr, now) == 0 && now[0] == limit.value &&
        now[1] == limit.value) {
      continue;
    }
    const uint64_t pair[2] = {limit.value, limit.value};  // struct rlimit64: soft, hard
    if (syscall(SYS_prlimit64, 0, kLimits[i].resource, pair, nullptr) != 0) {
      return {StepCode::kSetResourceLimits, errno, i};
    }
  }
  return {};
}

StepResult DropCapabilities(Plan plan, Context) {
  const CapabilityMasks& keep = plan.capabilities;
  Capabilities all{};
  if (const int error = GetCapabilities(all); error != 0) return {StepCode::kCapSet, error, 0};
  // The bounding set first: it needs CAP_SETPCAP, which the last step may drop.
  for (uint32_t i = 0; i < 64; ++i) {
    const int bound = prctl(PR_CAPBSET_READ, static_cast<unsigned long>(i));
    if (bound < 0 && errno == EINVAL) break;  // behind this kernel's last; any other errno left it unread
    if (bound < 0) return {StepCode::kCapSet, errno, i};
    if (bound == 0 || Has(keep.keep_bounding, i)) continue;
    if (prctl(PR_CAPBSET_DROP, static_cast<unsigned long>(i)) == 0) continue;
    // An ordinary user may not, and need not: after row 5 an exec gains nothing, so a bound on what is
    // neither held nor inheritable bounds nothing.
    if (errno == EPERM && !Has(all.permitted | all.inheritable, i)) continue;
    return {StepCode::kCapSet, errno, i};
  }
  for (uint32_t i = 0; i < 64; ++i) {
    const int ambient = prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, static_cast<unsigned long>(i), 0UL, 0UL);
    if (ambient < 0 && errno == EINVAL) break;
    if (ambient < 0) return {StepCode::kCapSet, errno, i};
    if (ambient == 0 || Has(keep.keep_ambient, i)) continue;
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_LOWER, static_cast<unsigned long>(i), 0UL, 0UL) != 0) {
      return {StepCode::kCapSet, errno, i};
    }
  }
  Capabilities kept = all;
  kept.permitted &= keep.keep_permitted;
  kept.effective &= keep.keep_effective & kept.permitted;  // the kernel refuses more than is permitted
  kept.inheritable &= keep.keep_inheritable;
  const int error = SetCapabilities(kept);
  if (error == 0) return {};
  const uint64_t dropped = (all.permitted & ~kept.permitted) | (all.effective & ~kept.effective) |
                           (all.inheritable & ~kept.inheritable);
  return {StepCode::kCapSet, error, dropped == 0 ? 0 : static_cast<uint32_t>(__builtin_ctzll(dropped))};
}

}  // namespace glovebox::child
