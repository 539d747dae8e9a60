// Before row 0: namespaces that cannot be had, and what then becomes of the session.
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "child/test_support.h"
#include "gtest/gtest.h"

namespace glovebox::child {
namespace {

TEST(NetworkNamespace, WhatThisHostCannotIsAFailureOrIsSkippedAsThePlanSays) {
  for (const bool best_effort : {false, true}) {
    Session session;
    session.plan().flags |= kNetworkNamespace | (best_effort ? kNamespaceBestEffort : 0u);
    session.in_child = [](ChildContext&) { DenyHere(SYS_unshare, EPERM); };
    const Outcome outcome = session.Run();
    ASSERT_EQ(outcome.failures.size(), 1u);
    EXPECT_EQ(outcome.failures[0].step, static_cast<uint32_t>(StepCode::kNetworkNamespace));
    EXPECT_EQ(outcome.failures[0].error, EPERM);
    EXPECT_EQ(outcome.failures[0].kind, best_effort ? FailureKind::kSkipped : FailureKind::kFailed);
    if (best_effort) {
      EXPECT_EQ(outcome.status, 0);
      EXPECT_EQ(outcome.error, "");
      continue;
    }
    EXPECT_EQ(WEXITSTATUS(outcome.status), EPERM);
    EXPECT_EQ(outcome.error,
              "glovebox: cannot enter a network namespace of its own: Operation not permitted\n");
  }
}

TEST(MountNamespace, WhatThisHostCannotIsAFailureOrIsSkippedAsThePlanSays) {
  struct Refusal {
    int call;
    int error;
  };
  // No namespace, or none in which anything can be covered.
  for (const Refusal& refusal : {Refusal{SYS_unshare, ENOSPC}, Refusal{SYS_mount, EPERM}}) {
    for (const bool best_effort : {false, true}) {
      Session session;
      session.buffer.SetHiddenPaths({"/nonexistent"});
      session.plan().flags |= kMountNamespace | (best_effort ? kNamespaceBestEffort : 0u);
      session.in_child = [&refusal](ChildContext&) { DenyHere(refusal.call, refusal.error); };
      const Outcome outcome = session.Run();
      ASSERT_EQ(outcome.failures.size(), 1u);
      EXPECT_EQ(outcome.failures[0].step, static_cast<uint32_t>(StepCode::kMountNamespace));
      EXPECT_EQ(outcome.failures[0].kind, best_effort ? FailureKind::kSkipped : FailureKind::kFailed);
      EXPECT_EQ(WEXITSTATUS(outcome.status), best_effort ? 0 : outcome.failures[0].error);
      EXPECT_NE(outcome.error.find(
                    best_effort ? "" : "glovebox: cannot hide paths in a mount namespace of its own: "),
                std::string::npos)
          << outcome.error;
    }
  }
}

// Of two, each is skipped by itself.
TEST(MountNamespace, ThatItCannotBeHadLeavesTheNetworkNamespace) {
  Session session;
  session.plan().flags |= kMountNamespace | kNetworkNamespace | kNamespaceBestEffort;
  session.in_child = [](ChildContext&) { DenyHere(SYS_mount, EPERM); };
  const Outcome outcome = session.Run();
  if (outcome.failures.size() == 2) GTEST_SKIP() << "no network namespace can be had";
  ASSERT_EQ(outcome.failures.size(), 1u);
  EXPECT_EQ(outcome.failures[0].step, static_cast<uint32_t>(StepCode::kMountNamespace));
  EXPECT_EQ(outcome.status, 0) << outcome.error;
}

// Half of the way is none: there is no way back out of a namespace.
TEST(NetworkNamespace, WhatFailsBehindTheNamespaceLeavesNobodyInOneByBestEffort) {
  Session session;
  session.plan().flags |= kNetworkNamespace | kNamespaceBestEffort;
  static char before[64], after[64];
  session.in_child = [](ChildContext& context) {
    DenyHere(SYS_ioctl, EIO, 1, 0x8914);  // SIOCSIFFLAGS
    (void)!readlink("/proc/self/ns/net", before, sizeof before - 1);
    context.pre_exec = [](void*) {
      (void)!readlink("/proc/self/ns/net", after, sizeof after - 1);
      return strcmp(before, after) == 0 ? 0 : EBADMSG;
    };
  };
  const Outcome outcome = session.Run();
  EXPECT_EQ(outcome.status, 0) << outcome.error;
  ASSERT_EQ(outcome.failures.size(), 1u);
  EXPECT_EQ(outcome.failures[0].kind, FailureKind::kSkipped);
}

}  // namespace
}  // namespace glovebox::child
