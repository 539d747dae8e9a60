// The order of the rows is a contract: as the table says it, and as the kernel sees it.
#include <fcntl.h>
#include <linux/landlock.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <functional>
#include <map>

#include "child/test_support.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kernel/abi.h"

namespace glovebox::child {
namespace {

TEST(StepTable, IsTheContractsList) {
  const char* const kNames[] = {"process name",
                                "handshake pipes",
                                "parent-death signal",
                                "controlling pty",
                                "signal reset",
                                "no new privileges",
                                "ioctl deny list",
                                "append-only",
                                "kernel pointers",
                                "Landlock",
                                "static fds",
                                "passed fds",
                                "export mode",
                                "hand-through",
                                "environment clean",
                                "pre-exec callback",
                                "time-stamp counter",
                                "limits, early",
                                "dumpable",
                                "stop",
                                "notify filter",
                                "capabilities",
                                "limits, late",
                                "export exit",
                                "exec"};
  const StepList steps = StepTable();
  ASSERT_EQ(steps.size, 25u);
  for (uint32_t row = 0; row < 25; ++row) {
    EXPECT_EQ(steps.steps[row].row, row);
    EXPECT_STREQ(steps.steps[row].name, kNames[row]);
  }
}

TEST(StepTable, ThePlanSwitchesRows) {
  const auto on = [](const ChildPlan& plan, const ChildContext& context) {
    std::vector<uint32_t> rows;
    for (const Step& step : StepTable()) {
      if (step.guard(plan, context)) rows.push_back(step.row);
    }
    return rows;
  };
  using testing::ElementsAre;
  EXPECT_THAT(on(ChildPlan{}, ChildContext{}), ElementsAre(0, 1, 5, 10, 11, 13, 14, 18, 20, 22, 24));
  ChildPlan plan;
  plan.flags = kRestrictPrlimit | kStop | kDropCapabilities | kDenyTsc | kRestoreSigmask;
  EXPECT_THAT(on(plan, ChildContext{}), ElementsAre(0, 1, 4, 5, 10, 11, 13, 14, 16, 17, 18, 19, 20, 21, 24));
}

TEST(StepTable, EveryCodeHasItsMessage) {
  for (uint32_t i = 0; i < kStepCodeCount; ++i) {
    EXPECT_EQ(MessageOf(static_cast<StepCode>(i)).code, static_cast<StepCode>(i));
  }
  EXPECT_STREQ(MessageOf(static_cast<StepCode>(999)).name, "Unknown");
}

TEST(FormatFailure, CutsAndKeepsTheNewline) {
  char text[20];
  const size_t size = FormatFailure(StepCode::kSetSid, EPERM, 0, nullptr, text, sizeof text);
  EXPECT_EQ(std::string(text, size), "glovebox: cannot st\n");
  char line[200];
  EXPECT_EQ(std::string(line, FormatFailure(StepCode::kCapSet, EPERM, 27, nullptr, line, sizeof line)),
            "glovebox: cannot drop the capability CAP_MKNOD: Operation not permitted\n");
  EXPECT_EQ(std::string(line, FormatFailure(StepCode::kSetResourceLimits, 4000, 99, nullptr, line, 200)),
            "glovebox: cannot set the limit UNKNOWN: unknown error\n");
  const std::string name(4096, 'x');
  EXPECT_EQ(std::string(line, FormatFailure(StepCode::kExec, ENOENT, 0, name.c_str(), line, 60)),
            "glovebox: cannot run xxxxxxxxxxx: No such file or directory\n");
}

TEST(SetupExitStatus, IsNeverThatOfSuccess) {
  for (const int error : {EPERM, ENOENT, E2BIG}) EXPECT_EQ(SetupExitStatus(error), error);
  for (const int error : {0, -1, 200, 256, 512, 9999}) EXPECT_EQ(SetupExitStatus(error), ENOSYS) << error;
}

#if defined(__x86_64__)
// The filter of row 6, 7 or 8, told by its length.
Filter FilterOfRow(size_t row) {
  Filter filter = FilterOf(SYS_getpgid, SECCOMP_RET_ERRNO | 5);
  while (filter.size() < row) filter.push_back(filter.back());
  return filter;
}

// By the numbers of the kernel's header, not by our names of them.
std::string FilterMeaning(pid_t child, const user_regs_struct& regs) {
  const unsigned long long flags = regs.rsi;
  // struct sock_fprog begins with the length, 16 bits.
  const long program = ptrace(PTRACE_PEEKDATA, child, regs.rdx, nullptr);
  std::string meaning = (flags & 8) != 0 ? "20 listener" : std::to_string(program & 0xffff) + " filter";
  if ((flags & 4) != 0) meaning += ", speculation allowed";
  if ((flags & 32) != 0) meaning += ", wait killable";
  if ((flags & ~44ull) != 0) meaning += ", and more";
  return meaning;
}

// What a traced system call is to the contract; empty: not of interest.
std::string Meaning(pid_t child, const user_regs_struct& regs, const ChildContext& context) {
  const auto number = static_cast<long>(regs.orig_rax);
  const auto first = static_cast<int>(regs.rdi);
  switch (number) {
    case SYS_prctl:
      switch (first) {
        case PR_SET_NAME:
          return "0 name";
        case PR_SET_PDEATHSIG:
          return "2 death signal";
        case PR_SET_NO_NEW_PRIVS:
          return "5 no new privileges";
        case PR_SET_TSC:
          return "16 tsc";
        case PR_SET_DUMPABLE:
          return "18 dumpable";
        default:
          return "";
      }
    case SYS_close:
      if (first == context.ack_write_other) return "1 other end";
      if (first == context.ruleset) return "10 ruleset";
      return first == 60 ? "11 passed" : "";
    case SYS_setsid:
      return "3 session";
    case SYS_ioctl:
      return regs.rsi == TIOCSCTTY ? "3 terminal" : "";
    case SYS_rt_sigprocmask:
      return "4 mask";
    case SYS_seccomp:
      return FilterMeaning(child, regs);
    case SYS_landlock_restrict_self:
      return "9 landlock";
    case SYS_getuid:
      return "15 hook";
    case SYS_prlimit64:
      return "17/22 limit";
    case SYS_kill:
      return "19 stop";
    case SYS_capset:
      return "21 capset";
    case SYS_execve:
      return "24 exec";
    default:
      return "";
  }
}

// Follows `child`, which stops itself once before the pipeline, until it becomes the program.
std::vector<std::string> Observe(pid_t child, const ChildContext& context) {
  std::vector<std::string> seen;
  int status = 0;
  if (waitpid(child, &status, 0) != child || !WIFSTOPPED(status)) return {"did not stop"};
  ptrace(PTRACE_SETOPTIONS, child, nullptr, PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL);
  bool entering = false;  // the stop itself was inside of a call
  bool first = true;
  for (;;) {
    ptrace(PTRACE_SYSCALL, child, nullptr, nullptr);
    if (waitpid(child, &status, 0) != child || !WIFSTOPPED(status)) return seen;
    if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXEC << 8)) {
      ptrace(PTRACE_DETACH, child, nullptr, nullptr);
      return seen;
    }
    if (WSTOPSIG(status) != (SIGTRAP | 0x80)) continue;  // a signal: swallowed, the SIGSTOP of row 19 too
    user_regs_struct regs{};
    ptrace(PTRACE_GETREGS, child, nullptr, &regs);
    if (first) {
      entering = static_cast<long long>(regs.rax) == -ENOSYS;
      first = false;
    } else {
      entering = !entering;
    }
    if (!entering) continue;
    const std::string meaning = Meaning(child, regs, context);
    if (!meaning.empty() && (seen.empty() || seen.back() != meaning)) seen.push_back(meaning);
  }
}

using Observer = std::function<void(pid_t child, const ChildContext& known)>;

// Runs a plan in which all that can be on is on, and lets `observe` follow the child, which is traced and
// stops itself once before the pipeline.
void RunTraced(Session& session, uint32_t flags, bool exported, const Observer& observe) {
  ChildPlan& plan = session.plan();
  plan.parent_death_signal = SIGKILL;
  plan.flags = kRestoreSigmask | kAppendOnly | kRestrictKptr | kDenyTsc | kStop | kWantListener |
               kKernelOnly | kDropCapabilities | flags;
  session.buffer.SetLimit(Limit::kCore, 0);
  session.buffer.SetFilter(&ChildPlan::ioctl_filter, FilterOfRow(6));
  session.buffer.SetFilter(&ChildPlan::append_only_filter, FilterOfRow(7));
  session.buffer.SetFilter(&ChildPlan::kptr_filter, FilterOfRow(8));
  session.buffer.SetFilter(&ChildPlan::notify_filter, FilterOf(SYS_getpgid, SECCOMP_RET_USER_NOTIF));
  kernel::LandlockRulesetAttr attributes;
  attributes.handled_access_fs = LANDLOCK_ACCESS_FS_MAKE_SOCK;
  const int ruleset = static_cast<int>(syscall(SYS_landlock_create_ruleset, &attributes, 8, 0u));
  const int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  char name[64] = {};
  if (grantpt(master) != 0 || unlockpt(master) != 0 || ptsname_r(master, name, sizeof name) != 0) return;
  const int pty = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
  static const int kPassed[] = {60};
  // Known before the fork, so that the tracer knows it too.
  ChildContext known;
  known.ruleset = 62;
  known.ack_write_other = 61;
  session.in_child = [&](ChildContext& context) {
    dup2(0, 60);
    dup2(context.ack_write_other, 61);
    context.ack_write_other = 61;
    context.passed_fds = kPassed;
    context.passed_fd_count = 1;
    context.pty = pty;
    dup2(ruleset, 62);  // a number that no later descriptor takes over
    context.ruleset = 62;
    context.export_mode = exported;
    context.pre_exec = [](void*) {
      syscall(SYS_getuid);
      return 0;
    };
    ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
    raise(SIGSTOP);
  };
  session.in_parent = [&](const ParentSide& side) {
    Answer(side, kListenerTaken);  // waits in the pipe: the tracer has no time for a handshake
    observe(side.child, known);
    close(pty);
    close(master);
  };
  session.Run();
  close(ruleset);
}

std::vector<std::string> ObservedOrder(uint32_t flags) {
  Session session;
  std::vector<std::string> seen;
  RunTraced(session, flags, false,
            [&](pid_t child, const ChildContext& known) { seen = Observe(child, known); });
  return seen;
}

// Breakpoints at the rows' actions in a traced child: rows that make no system call are seen as well.
class RowBreakpoints {
 public:
  RowBreakpoints(pid_t child, const ChildPlan& plan) : child_(child) {
    for (const Step& step : StepTable()) {
      const auto at = reinterpret_cast<uintptr_t>(step.action);
      // Rows 17 and 22 are one function, of which one is on.
      if (rows_.contains(at) && !step.guard(plan, ChildContext{})) continue;
      rows_[at] = step.row;
      if (!bytes_.contains(at)) bytes_[at] = static_cast<uint8_t>(ptrace(PTRACE_PEEKTEXT, child_, at, 0));
    }
    for (const auto& [at, byte] : bytes_) Put(at, kInt3);
  }
  // The row that the stopped child is about to enter, passed over; -1: it stopped for something else.
  int Pass() {
    user_regs_struct regs{};
    ptrace(PTRACE_GETREGS, child_, nullptr, &regs);
    const auto row = rows_.find(regs.rip - 1);  // int3 is one byte
    if (row == rows_.end()) return -1;
    --regs.rip;
    ptrace(PTRACE_SETREGS, child_, nullptr, &regs);
    Put(row->first, bytes_[row->first]);
    ptrace(PTRACE_SINGLESTEP, child_, nullptr, nullptr);
    int status = 0;
    waitpid(child_, &status, 0);
    Put(row->first, kInt3);  // a row that is entered twice must show
    return static_cast<int>(row->second);
  }

 private:
  static constexpr uint8_t kInt3 = 0xcc;
  void Put(uintptr_t at, uint8_t byte) {
    const long word = ptrace(PTRACE_PEEKTEXT, child_, at, nullptr);
    ptrace(PTRACE_POKETEXT, child_, at, (word & ~0xffL) | byte);
  }
  const pid_t child_;
  std::map<uintptr_t, uint32_t> rows_;
  std::map<uintptr_t, uint8_t> bytes_;
};

// The rows as the child enters them. `status` is its last wait status: of exec, or of its end.
std::vector<int> EnteredRows(uint32_t flags, bool exported, int& status) {
  Session session;
  std::vector<int> rows;
  RunTraced(session, flags, exported, [&](pid_t child, const ChildContext&) {
    waitpid(child, &status, 0);
    if (!WIFSTOPPED(status)) return;
    ptrace(PTRACE_SETOPTIONS, child, nullptr, PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL);
    RowBreakpoints breakpoints(child, session.plan());
    for (;;) {
      ptrace(PTRACE_CONT, child, nullptr, nullptr);  // signals are swallowed, the SIGSTOP of row 19 too
      if (waitpid(child, &status, 0) != child || !WIFSTOPPED(status)) return;
      if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXEC << 8)) break;
      const int row = WSTOPSIG(status) == SIGTRAP ? breakpoints.Pass() : -1;
      if (row >= 0) rows.push_back(row);
    }
    ptrace(PTRACE_DETACH, child, nullptr, nullptr);
  });
  return rows;
}

TEST(ObservedOrder, IsTheContractsOrder) {
  if (!CanListen()) GTEST_SKIP() << "a listener is above us already";
  if (syscall(SYS_landlock_create_ruleset, nullptr, 0, 1u) < 1) GTEST_SKIP() << "no Landlock";
  EXPECT_THAT(
      ObservedOrder(kRestrictPrlimit),
      testing::ElementsAre("0 name", "1 other end", "2 death signal", "3 session", "3 terminal", "4 mask",
                           "5 no new privileges", "6 filter", "7 filter", "8 filter", "9 landlock",
                           "10 ruleset", "11 passed", "15 hook", "16 tsc", "17/22 limit", "18 dumpable",
                           "19 stop", "20 listener", "21 capset", "24 exec"));
  EXPECT_THAT(
      ObservedOrder(0),
      testing::ElementsAre("0 name", "1 other end", "2 death signal", "3 session", "3 terminal", "4 mask",
                           "5 no new privileges", "6 filter", "7 filter", "8 filter", "9 landlock",
                           "10 ruleset", "11 passed", "15 hook", "16 tsc", "18 dumpable", "19 stop",
                           "20 listener", "21 capset", "17/22 limit", "24 exec"));
}

TEST(ObservedOrder, EveryRowIsEnteredInItsTurnAndOnce) {
  if (!CanListen()) GTEST_SKIP() << "a listener is above us already";
  if (syscall(SYS_landlock_create_ruleset, nullptr, 0, 1u) < 1) GTEST_SKIP() << "no Landlock";
  int status = 0;
  EXPECT_THAT(EnteredRows(0, false, status), testing::ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13,
                                                                  14, 15, 16, 18, 19, 20, 21, 22, 24));
  EXPECT_TRUE(WIFSTOPPED(status)) << "in exec";
  EXPECT_THAT(
      EnteredRows(kRestrictPrlimit, true, status),
      testing::ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 23));
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}

std::vector<std::string> ObservedFilters(uint32_t flags) {
  std::vector<std::string> filters;
  for (std::string& step : ObservedOrder(flags)) {
    if (step.find("filter") != std::string::npos || step.find("listener") != std::string::npos) {
      filters.push_back(std::move(step));
    }
  }
  return filters;
}

TEST(ObservedOrder, EveryFilterCarriesTheFlagsOfThePlanAndNoOther) {
  if (!CanListen()) GTEST_SKIP() << "a listener is above us already";
  if (syscall(SYS_landlock_create_ruleset, nullptr, 0, 1u) < 1) GTEST_SKIP() << "no Landlock";
  using testing::ElementsAre;
  EXPECT_THAT(ObservedFilters(0), ElementsAre("6 filter", "7 filter", "8 filter", "20 listener"));
  EXPECT_THAT(ObservedFilters(kSpecAllow),
              ElementsAre("6 filter, speculation allowed", "7 filter, speculation allowed",
                          "8 filter, speculation allowed", "20 listener, speculation allowed"));
  // A kernel that does not know it refuses the call, which was made all the same.
  EXPECT_THAT(ObservedFilters(kWaitKillable),
              ElementsAre("6 filter", "7 filter", "8 filter", "20 listener, wait killable"));
}
#endif

}  // namespace
}  // namespace glovebox::child
