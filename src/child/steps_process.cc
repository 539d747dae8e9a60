// Rows about the process itself: name, pipes, terminal, signals, descriptors, environment, exec.
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "child/actions.h"
#include "kernel/abi.h"

namespace glovebox::child {

StepResult SetName(Plan, Context) {
  prctl(PR_SET_NAME, "glovebox_exec");
  return {};
}

StepResult KeepPipeEnds(Plan, Context context) {
  CloseFd(context.ack_write_other);
  CloseFd(context.fd_read_other);
  return {};
}

StepResult SetParentDeathSignal(Plan plan, Context context) {
  if (prctl(PR_SET_PDEATHSIG, static_cast<unsigned long>(plan.parent_death_signal)) != 0) {
    return {StepCode::kParentDeathSignal, errno, 0};
  }
  // It may have gone before the call: then no signal will ever come.
  if (context.expected_parent != 0 && getppid() != context.expected_parent) {
    return {StepCode::kParentDeathSignal, ESRCH, 0};
  }
  return {};
}

StepResult TakeTerminal(Plan, Context context) {
  if (setsid() < 0) return {StepCode::kSetSid, errno, 0};
  if (ioctl(context.pty, TIOCSCTTY, 0) != 0) return {StepCode::kSetPty, errno, 0};
  if (tcsetpgrp(context.pty, getpid()) != 0) return {StepCode::kSetPgrp, errno, 0};
  for (int stream = 0; stream <= 2; ++stream) {
    if (dup2(context.pty, stream) < 0) return {StepCode::kDupPty, errno, 0};
    // Onto itself dup2 does nothing, and a close-on-exec terminal would be gone with exec.
    if (stream == context.pty && syscall(SYS_fcntl, stream, F_SETFD, 0) != 0) {
      return {StepCode::kDupPty, errno, 0};
    }
  }
  if (context.pty > 2) CloseFd(context.pty);
  return {};
}

// Raw calls: libc keeps its two internal signals (32, 33) to itself, and an ignored one would be inherited.
StepResult ResetSignals(Plan, Context) {
  constexpr size_t kSigsetBytes = 8;
  const unsigned long zero[8] = {};  // SIG_DFL, no flags, an empty mask: long enough everywhere
  if (syscall(SYS_rt_sigprocmask, SIG_SETMASK, zero, nullptr, kSigsetBytes) != 0) {
    return {StepCode::kResetSignal, errno, 0};
  }
  for (int signal = 1; signal <= 64; ++signal) {
    if (signal == SIGKILL || signal == SIGSTOP) continue;
    if (syscall(SYS_rt_sigaction, signal, zero, nullptr, kSigsetBytes) != 0) {
      return {StepCode::kResetSignal, errno, 0};
    }
  }
  return {};
}

StepResult CloseStaticFds(Plan, Context context) {
  CloseFd(context.ruleset);
  for (size_t i = 0; i < context.static_fd_count; ++i) {
    if (context.static_fds[i] >= 0) close(context.static_fds[i]);
  }
  return {};
}

StepResult ClosePassedFds(Plan, Context context) {
  for (size_t i = 0; i < context.passed_fd_count; ++i) {
    const int fd = context.passed_fds[i];
    // A variable names it, and anybody can set that: neither the standard streams nor what rows 20 and 24
    // still need are closed by it.
    if (fd <= 2 || fd == context.connection || fd == context.status || fd == context.outer ||
        fd == context.ack_read || fd == context.fd_write) {
      continue;
    }
    close(fd);
  }
  return {};
}

StepResult RememberExport(Plan, Context context) {
  context.exit_before_exec = true;
  return {};
}

// PrepareEnvironment() did the work of rows 13 and 14 before the fork, where memory may be had. They stay
// two rows, since their order is part of the contract: what is handed through is cleaned as all else.
StepResult HandThrough(Plan, Context) { return {}; }

StepResult TakeEnvironment(Plan, Context context) {
  static char* const kEmpty[] = {nullptr};
  context.exec_environment = context.environment != nullptr ? context.environment : kEmpty;
  return {};
}

StepResult CallPreExec(Plan, Context context) {
  const int error = context.pre_exec(context.pre_exec_argument);
  if (error != 0) return {StepCode::kPreExec, error, 0};
  return {};
}

StepResult SetDumpable(Plan, Context) {
  if (prctl(PR_SET_DUMPABLE, 1) != 0) return {StepCode::kSetDumpable, errno, 0};
  return {};
}

StepResult Stop(Plan, Context) {
  if (syscall(SYS_kill, getpid(), SIGSTOP) != 0) return {StepCode::kProcessStop, errno, 0};
  return {};
}

StepResult ExitForExport(Plan, Context context) {
  if (context.exit_before_exec) _exit(0);
  return {};
}

// As execvp: a program with a slash is tried once. Along PATH a name that no directory can hold is not looked
// for, what is not there is passed over, what may not be run is remembered, anything else ends it.
StepResult Execute(Plan, Context context) {
  const bool searched = context.program == nullptr || strchr(context.program, '/') == nullptr;
  if (searched && context.program != nullptr && strlen(context.program) > NAME_MAX) {
    return {StepCode::kExec, ENAMETOOLONG, 0};
  }
  int error = ENOENT;
  const char* const* candidate = context.candidates;
  for (; candidate != nullptr && *candidate != nullptr; ++candidate) {
    execve(*candidate, context.argv, context.exec_environment);
    if (errno == ENOEXEC && context.script_argv != nullptr) {
      context.script_argv[1] = const_cast<char*>(*candidate);
      execve(context.script_argv[0], context.script_argv, context.exec_environment);
    }
    if (errno == EACCES) {
      error = EACCES;
    } else if (!searched || (errno != ENOENT && errno != ENOTDIR && errno != ESTALE && errno != ENODEV &&
                             errno != ETIMEDOUT)) {
      return {StepCode::kExec, errno, 0};
    }
  }
  return {StepCode::kExec, error, 0};
}

}  // namespace glovebox::child
