// Each row fails once, by a real refusal where one can be had, else by a filter that makes that call fail.
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "child/test_support.h"
#include "gtest/gtest.h"
#include "kernel/abi.h"

namespace glovebox::child {
namespace {

void Nothing(ChildContext&) {}
// A program that ends without a return: EINVAL from the kernel's checker.
Filter Unsound() { return {{BPF_LD | BPF_W | BPF_ABS, 0, 0, 0}}; }

// As a supervisor above would: one listener a task tree.
void ListenHere() {
  Filter filter = FilterOf(SYS_getpgid, SECCOMP_RET_ALLOW);
  sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program) < 0) {
    _exit(250);
  }
}

void OpenPty(ChildContext& context) {
  context.pty = posix_openpt(O_RDWR | O_NOCTTY);
  grantpt(context.pty);
  unlockpt(context.pty);
  char name[64];
  if (ptsname_r(context.pty, name, sizeof name) != 0) _exit(251);
  context.pty = open(name, O_RDWR | O_NOCTTY);
  if (context.pty < 0) _exit(252);
}

struct Failing {
  const char* name;
  StepCode code;
  int error;
  const char* text;
  void (*prepare)(Session&);
  void (*in_child)(ChildContext&);
};

const Failing kFailing[] = {
    {"TheParentHasGone", StepCode::kParentDeathSignal, ESRCH,
     "cannot set the parent-death signal: No such process",
     [](Session& s) { s.plan().parent_death_signal = SIGKILL; },
     [](ChildContext& c) { c.expected_parent = 1 << 30; }},
    {"NoDeathSignal", StepCode::kParentDeathSignal, EPERM,
     "cannot set the parent-death signal: Operation not permitted",
     [](Session& s) { s.plan().parent_death_signal = SIGKILL; },
     [](ChildContext&) { DenyHere(SYS_prctl, EPERM, 0, PR_SET_PDEATHSIG); }},
    {"AlreadyALeader", StepCode::kSetSid, EPERM, "cannot start a session: Operation not permitted",
     [](Session&) {},
     [](ChildContext& c) {
       setpgid(0, 0);
       c.pty = open("/dev/null", O_RDWR);
     }},
    {"NoTerminal", StepCode::kSetPty, ENOTTY, "cannot take the terminal: Inappropriate ioctl for device",
     [](Session&) {}, [](ChildContext& c) { c.pty = open("/dev/null", O_RDWR); }},
    {"NoForeground", StepCode::kSetPgrp, EIO, "cannot come to the foreground: Input/output error",
     [](Session&) {},
     [](ChildContext& c) {
       OpenPty(c);
       DenyHere(SYS_ioctl, EIO, 1, TIOCSPGRP);
     }},
    {"NoDup", StepCode::kDupPty, EMFILE,
     "cannot put the terminal on the standard streams: Too many open files", [](Session&) {},
     [](ChildContext& c) {
       OpenPty(c);
       DenyHere(SYS_dup2, EMFILE);
     }},
    {"NoSigmask", StepCode::kResetSignal, EINVAL, "cannot reset signals: Invalid argument",
     [](Session& s) { s.plan().flags |= kRestoreSigmask; },
     [](ChildContext&) { DenyHere(SYS_rt_sigprocmask, EINVAL); }},
    {"NoSigaction", StepCode::kResetSignal, EINVAL, "cannot reset signals: Invalid argument",
     [](Session& s) { s.plan().flags |= kRestoreSigmask; },
     [](ChildContext&) { DenyHere(SYS_rt_sigaction, EINVAL, 0, SIGTERM); }},
    {"NoNewPrivs", StepCode::kNoNewPrivs, EINVAL, "cannot give up new privileges: Invalid argument",
     [](Session&) {}, [](ChildContext&) { DenyHere(SYS_prctl, EINVAL, 0, PR_SET_NO_NEW_PRIVS); }},
    {"IoctlFilter", StepCode::kSeccompFilterIoctl, EINVAL, "cannot load the ioctl filter: Invalid argument",
     [](Session& s) { s.buffer.SetFilter(&ChildPlan::ioctl_filter, Unsound()); }, Nothing},
    {"AppendOnlyFilter", StepCode::kSeccompFilterAppendOnly, EINVAL,
     "cannot load the append-only filter: Invalid argument",
     [](Session& s) {
       s.buffer.SetFilter(&ChildPlan::append_only_filter, Unsound());
       s.plan().flags |= kAppendOnly;
     },
     Nothing},
    {"KptrFilter", StepCode::kSeccompFilterKptr, EINVAL,
     "cannot load the kernel-pointer filter: Invalid argument",
     [](Session& s) {
       s.buffer.SetFilter(&ChildPlan::kptr_filter, Unsound());
       s.plan().flags |= kRestrictKptr;
     },
     Nothing},
    {"LandlockRuleset", StepCode::kLandlockScope, EBADFD,
     "cannot enter the Landlock domain: File descriptor in bad state", [](Session&) {},
     [](ChildContext& c) { c.ruleset = open("/dev/null", O_RDONLY | O_CLOEXEC); }},
    {"PreExec", StepCode::kPreExec, EBADMSG, "the pre-exec callback failed: Bad message", [](Session&) {},
     [](ChildContext& c) { c.pre_exec = [](void*) { return EBADMSG; }; }},
    {"PreExecWithoutErrno", StepCode::kPreExec, ENOSYS,
     "the pre-exec callback failed: Function not implemented", [](Session&) {},
     [](ChildContext& c) { c.pre_exec = [](void*) { return -1; }; }},
    // 256 would leave as the status 0.
    {"PreExecWithNoErrno", StepCode::kPreExec, ENOSYS,
     "the pre-exec callback failed: Function not implemented", [](Session&) {},
     [](ChildContext& c) { c.pre_exec = [](void*) { return 256; }; }},
    {"Tsc", StepCode::kSetTsc, EPERM, "cannot disable the time-stamp counter: Operation not permitted",
     [](Session& s) { s.plan().flags |= kDenyTsc; },
     [](ChildContext&) { DenyHere(SYS_prctl, EPERM, 0, PR_SET_TSC); }},
    // More than fs.nr_open is refused to root as well.
    {"LimitEarly", StepCode::kSetResourceLimits, EPERM,
     "cannot set the limit NOFILE: Operation not permitted",
     [](Session& s) {
       s.plan().flags |= kRestrictPrlimit;
       s.buffer.SetLimit(Limit::kNofile, ~uint64_t{0});
     },
     Nothing},
    {"LimitLate", StepCode::kSetResourceLimits, EPERM, "cannot set the limit NOFILE: Operation not permitted",
     [](Session& s) { s.buffer.SetLimit(Limit::kNofile, ~uint64_t{0}); }, Nothing},
    {"Dumpable", StepCode::kSetDumpable, EINVAL, "cannot become dumpable: Invalid argument", [](Session&) {},
     [](ChildContext&) { DenyHere(SYS_prctl, EINVAL, 0, PR_SET_DUMPABLE); }},
    {"Stop", StepCode::kProcessStop, EPERM, "cannot stop for the parent: Operation not permitted",
     [](Session& s) { s.plan().flags |= kStop; },
     [](ChildContext&) { DenyHere(SYS_kill, EPERM, 1, SIGSTOP); }},
    {"NotifyFilter", StepCode::kSeccomp, EINVAL, "cannot load the notify filter: Invalid argument",
     [](Session& s) {
       s.buffer.SetFilter(&ChildPlan::notify_filter, Unsound());
       s.plan().flags |= kWantListener;
     },
     Nothing},
    {"AListenerAbove", StepCode::kSeccomp, EBUSY, "cannot load the notify filter: Device or resource busy",
     [](Session& s) {
       s.buffer.SetFilter(&ChildPlan::notify_filter, FilterOf(SYS_getpgid, SECCOMP_RET_USER_NOTIF));
       s.plan().flags |= kWantListener;
     },
     [](ChildContext&) { ListenHere(); }},
    {"FilterThatOnlyRefuses", StepCode::kSeccomp, EINVAL, "cannot load the notify filter: Invalid argument",
     [](Session& s) { s.buffer.SetFilter(&ChildPlan::notify_filter, Unsound()); }, Nothing},
    {"NoPipeForTheHelper", StepCode::kSeccompSendFd, EMFILE,
     "cannot hand over the listener: Too many open files",
     [](Session& s) { s.plan().flags |= kWantListener; },
     [](ChildContext& c) {
       c.send_listener = true;
       DenyHere(SYS_pipe2, EMFILE);
     }},
    {"NoHelper", StepCode::kSeccompSendFd, EAGAIN,
     "cannot hand over the listener: Resource temporarily unavailable",
     [](Session& s) { s.plan().flags |= kWantListener; },
     [](ChildContext& c) {
       c.send_listener = true;
       DenyHere(SYS_clone, EAGAIN);
     }},
    {"CapGet", StepCode::kCapSet, EPERM, "cannot drop the capability CAP_CHOWN: Operation not permitted",
     [](Session& s) { s.plan().flags |= kDropCapabilities; },
     [](ChildContext&) { DenyHere(SYS_capget, EPERM); }},
    {"CapSet", StepCode::kCapSet, EPERM, "cannot drop the capability CAP_CHOWN: Operation not permitted",
     [](Session& s) {
       s.plan().flags |= kDropCapabilities;
       s.plan().capabilities.keep_permitted = 0;
     },
     [](ChildContext&) { DenyHere(SYS_capset, EPERM); }},
    {"Bounding", StepCode::kCapSet, EIO, "cannot drop the capability CAP_KILL: Input/output error",
     [](Session& s) {
       s.plan().flags |= kDropCapabilities;
       s.plan().capabilities.keep_bounding = ~(uint64_t{1} << 5);
     },
     [](ChildContext&) { DenyHere(SYS_prctl, EIO, 0, PR_CAPBSET_DROP); }},
    // Neither is the end of the list: an unread capability would be one that is kept.
    {"BoundingUnread", StepCode::kCapSet, EPERM,
     "cannot drop the capability CAP_CHOWN: Operation not permitted",
     [](Session& s) { s.plan().flags |= kDropCapabilities; },
     [](ChildContext&) { DenyHere(SYS_prctl, EPERM, 0, PR_CAPBSET_READ); }},
    {"AmbientUnread", StepCode::kCapSet, ENOSYS,
     "cannot drop the capability CAP_CHOWN: Function not implemented",
     [](Session& s) { s.plan().flags |= kDropCapabilities; },
     [](ChildContext&) { DenyAmbientHere(PR_CAP_AMBIENT_IS_SET, ENOSYS); }},
    {"Missing", StepCode::kExec, ENOENT, "cannot run /nonexistent/x: No such file or directory",
     [](Session& s) { s.command = {"/nonexistent/x"}; }, Nothing},
    {"NotExecutable", StepCode::kExec, EACCES, "cannot run /etc/passwd: Permission denied",
     [](Session& s) { s.command = {"/etc/passwd"}; }, Nothing},
    {"ForbiddenThenMissing", StepCode::kExec, EACCES, "cannot run x: Permission denied",
     [](Session& s) {
       s.command = {"x"};
       s.candidates = {"/etc/passwd", "/nonexistent/x"};
     },
     Nothing},
};

class FailingRow : public testing::TestWithParam<Failing> {};

TEST_P(FailingRow, SaysWhatAndExitsWithTheErrnoAndTellsTheParent) {
  const Failing& failing = GetParam();
  if (failing.code == StepCode::kSeccomp && !CanListen()) GTEST_SKIP() << "a listener is above us already";
  Session session;
  failing.prepare(session);
  session.in_child = failing.in_child;
  const Outcome outcome = session.Run();
  EXPECT_EQ(outcome.error, std::string("glovebox: ") + failing.text + "\n");
  EXPECT_EQ(outcome.out, "");
  ASSERT_TRUE(WIFEXITED(outcome.status)) << outcome.status;
  EXPECT_EQ(WEXITSTATUS(outcome.status), failing.error);
  ASSERT_EQ(outcome.failures.size(), 1u);
  const StepFailure& failure = outcome.failures[0];
  EXPECT_EQ(failure.magic, kFailureMagic);
  EXPECT_EQ(failure.step, static_cast<uint32_t>(failing.code));
  EXPECT_EQ(failure.error, failing.error);
  EXPECT_EQ(failure.kind, FailureKind::kFailed);
}

INSTANTIATE_TEST_SUITE_P(Rows, FailingRow, testing::ValuesIn(kFailing),
                         [](const auto& row) { return std::string(row.param.name); });

TEST(ControllingPty, ThatIsAStandardStreamItselfStaysOpen) {
  for (const int stream : {0, 1, 2}) {
    Session session;
    session.command = {"/bin/sh", "-c", "test -t 0 && test -t 1 && test -t 2"};
    session.in_child = [stream](ChildContext& context) {
      OpenPty(context);
      if (dup3(context.pty, stream, O_CLOEXEC) < 0) _exit(250);
      close(context.pty);
      context.pty = stream;
    };
    const Outcome outcome = session.Run();
    ASSERT_TRUE(WIFEXITED(outcome.status));
    EXPECT_EQ(WEXITSTATUS(outcome.status), 0) << stream;
  }
}

TEST(PassedDescriptors, NeverTakeAwayWhereAFailureIsTold) {
  Session session;
  session.command = {"/nonexistent/x"};
  session.in_child = [](ChildContext& context) {
    static int outer = dup(context.status);
    context.outer = outer;
    context.passed_fds = &outer;
    context.passed_fd_count = 1;
  };
  EXPECT_EQ(session.Run().failures.size(), 2u);  // over the status pipe, and over its other end
}

TEST(Failure, OfASilentChildIsToldToTheParentAlone) {
  Session session;
  session.command = {"/nonexistent/x"};
  session.in_child = [](ChildContext& context) { context.silent = true; };
  const Outcome outcome = session.Run();
  EXPECT_EQ(outcome.error, "");
  ASSERT_EQ(outcome.failures.size(), 1u);
  EXPECT_EQ(outcome.failures[0].error, ENOENT);
}

// Its errors are of no consequence: a name is for people who look at ps.
TEST(Row0, ANameThatCannotBeSetIsNoFailure) {
  Session session;
  session.in_child = [](ChildContext& context) {
    DenyHere(SYS_prctl, EPERM, 0, PR_SET_NAME);
    context.pre_exec = [](void*) { return prctl(PR_SET_NAME, "x") != 0 && errno == EPERM ? 0 : EBADMSG; };
  };
  const Outcome outcome = session.Run();
  EXPECT_EQ(outcome.error, "");
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.failures.size(), 0u);
  EXPECT_TRUE(outcome.Has("session 0"));
}

// The check behind the call: who has gone before it sends no signal any more.
TEST(Row2, AParentThatDiesBeforeTheCheckEndsTheChild) {
  Session session;
  session.plan().parent_death_signal = SIGKILL;
  session.in_child = [](ChildContext& context) {
    const pid_t parent = getpid();
    context.expected_parent = parent;
    if (fork() != 0) _exit(0);
    while (getppid() == parent) usleep(200);
  };
  const Outcome outcome = session.Run();
  EXPECT_EQ(outcome.error, "glovebox: cannot set the parent-death signal: No such process\n");
  EXPECT_EQ(outcome.out, "") << "nothing was run";
  ASSERT_EQ(outcome.failures.size(), 1u);
  EXPECT_EQ(outcome.failures[0].error, ESRCH);
}

class Handshake : public testing::Test {
 protected:
  void SetUp() override {
    if (!CanListen()) GTEST_SKIP() << "a listener is above us already";
    session_.buffer.SetFilter(&ChildPlan::notify_filter, FilterOf(SYS_getpgid, SECCOMP_RET_USER_NOTIF));
    session_.plan().flags |= kWantListener;
  }
  void Expect(StepCode code) {
    const Outcome outcome = session_.Run();
    EXPECT_EQ(outcome.error, std::string("glovebox: ") + MessageOf(code).message + ": Input/output error\n");
    ASSERT_TRUE(WIFEXITED(outcome.status));
    EXPECT_EQ(WEXITSTATUS(outcome.status), EIO);
    ASSERT_EQ(outcome.failures.size(), 1u);
    EXPECT_EQ(outcome.failures[0].step, static_cast<uint32_t>(code));
  }
  Session session_;
};

TEST_F(Handshake, AParentThatDoesNotReadIsAnError) {
  session_.in_child = [](ChildContext& context) {
    // A pipe whose reader is gone for certain.
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) _exit(250);
    close(ends[0]);
    context.fd_write = ends[1];
  };
  Expect(StepCode::kSeccompSendFd);
}

TEST_F(Handshake, AHelperThatCannotSendIsAnError) {
  session_.in_child = [](ChildContext& context) {
    context.send_listener = true;  // and the pipe is no socket
  };
  const Outcome outcome = session_.Run();
  EXPECT_EQ(outcome.error, "glovebox: cannot hand over the listener: Socket operation on non-socket\n");
  EXPECT_EQ(WEXITSTATUS(outcome.status), ENOTSOCK);
}

TEST_F(Handshake, AFilterThatFailsLeavesNoHelperBehind) {
  session_.buffer.SetFilter(&ChildPlan::notify_filter, Unsound());
  session_.in_child = [](ChildContext& context) { context.send_listener = true; };
  // What the child does not reap itself comes to us.
  ASSERT_EQ(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
  const Outcome outcome = session_.Run();
  const pid_t left = waitpid(-1, nullptr, __WALL);
  const int error = errno;
  prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
  EXPECT_EQ(left, -1);
  EXPECT_EQ(error, ECHILD);
  EXPECT_EQ(outcome.error, "glovebox: cannot load the notify filter: Invalid argument\n");
  EXPECT_EQ(WEXITSTATUS(outcome.status), EINVAL);
  ASSERT_EQ(outcome.failures.size(), 1u);
  EXPECT_EQ(outcome.failures[0].step, static_cast<uint32_t>(StepCode::kSeccomp));
}

TEST_F(Handshake, AParentThatGoesAwayIsAnError) {
  session_.in_parent = [](const ParentSide& side) { EXPECT_GE(FetchListener(side), 0); };
  Expect(StepCode::kSeccompWaitFd);
}

TEST_F(Handshake, AnotherAnswerThan42Aborts) {
  session_.in_parent = [](const ParentSide& side) {
    close(FetchListener(side));
    Answer(side, 41);
  };
  const Outcome outcome = session_.Run();
  ASSERT_TRUE(WIFSIGNALED(outcome.status));
  EXPECT_EQ(WTERMSIG(outcome.status), SIGABRT);
  EXPECT_EQ(outcome.out, "");
}

struct LandlockRefusal {
  const char* name;
  int error;
  int call;
  bool host_cannot;
};

class BestEffortLandlock : public testing::TestWithParam<LandlockRefusal> {};

Outcome RefuseLandlock(const LandlockRefusal& refusal, uint32_t flags) {
  Session session;
  session.plan().flags |= flags;
  session.plan().landlock_scope = static_cast<uint32_t>(kernel::kLandlockScopeSignal);
  session.in_child = [refusal](ChildContext& context) {
    // Whatever this kernel's own Landlock can, only the refused call decides.
    if (refusal.call == SYS_landlock_restrict_self) context.ruleset = open("/dev/null", O_RDONLY | O_CLOEXEC);
    DenyHere(refusal.call, refusal.error);
  };
  return session.Run();
}

void ExpectNoLandlock(const Outcome& outcome, int error) {
  ASSERT_EQ(outcome.failures.size(), 1u);
  EXPECT_EQ(outcome.failures[0].step, static_cast<uint32_t>(StepCode::kLandlockScope));
  EXPECT_EQ(outcome.failures[0].error, error);
  EXPECT_EQ(outcome.failures[0].kind, FailureKind::kFailed);
  EXPECT_EQ(outcome.error,
            std::string("glovebox: cannot enter the Landlock domain: ") + strerror(error) + "\n");
  ASSERT_TRUE(WIFEXITED(outcome.status));
  EXPECT_EQ(WEXITSTATUS(outcome.status), error);
  EXPECT_EQ(outcome.out, "");
}

TEST_P(BestEffortLandlock, IsSkippedAndReportedOnlyWhereThisHostCannot) {
  const LandlockRefusal& refusal = GetParam();
  const Outcome outcome = RefuseLandlock(refusal, kLandlockBestEffort);
  if (!refusal.host_cannot) {
    ExpectNoLandlock(outcome, refusal.error);
    return;
  }
  ASSERT_EQ(outcome.failures.size(), 1u);
  EXPECT_EQ(outcome.failures[0].step, static_cast<uint32_t>(StepCode::kLandlockScope));
  EXPECT_EQ(outcome.failures[0].error, refusal.error);
  EXPECT_EQ(outcome.failures[0].kind, FailureKind::kSkipped);
  EXPECT_EQ(outcome.error, "");
  EXPECT_EQ(outcome.status, 0);
  EXPECT_TRUE(outcome.Has("session 0"));
}

TEST_P(BestEffortLandlock, WithoutThePlansLeaveNothingRunsUnconfined) {
  ExpectNoLandlock(RefuseLandlock(GetParam(), 0), GetParam().error);
}

INSTANTIATE_TEST_SUITE_P(
    Errnos, BestEffortLandlock,
    testing::Values(LandlockRefusal{"NotBuiltIn", ENOSYS, SYS_landlock_create_ruleset, true},
                    LandlockRefusal{"OffAtBoot", EOPNOTSUPP, SYS_landlock_create_ruleset, true},
                    LandlockRefusal{"ScopeUnknown", E2BIG, SYS_landlock_create_ruleset, true},
                    LandlockRefusal{"SixteenLayers", E2BIG, SYS_landlock_restrict_self, true},
                    LandlockRefusal{"BadAttributes", EINVAL, SYS_landlock_create_ruleset, false},
                    LandlockRefusal{"NoDescriptorLeft", EMFILE, SYS_landlock_create_ruleset, false},
                    LandlockRefusal{"BadFlags", EINVAL, SYS_landlock_restrict_self, false},
                    LandlockRefusal{"NoRuleset", EBADF, SYS_landlock_restrict_self, false},
                    LandlockRefusal{"NotARuleset", EBADFD, SYS_landlock_restrict_self, false},
                    LandlockRefusal{"NewPrivileges", EPERM, SYS_landlock_restrict_self, false}),
    [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace glovebox::child
