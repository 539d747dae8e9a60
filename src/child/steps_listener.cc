// Row 20: the notify filter, and how its listener reaches the supervisor. From the moment the filter is
// loaded only read, write and close may be called here: everything else could be notified to a supervisor
// that does not have the listener yet.
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child/actions.h"
#include "kernel/abi.h"

namespace glovebox::child {
namespace {

void ToLittleEndian(int number, uint8_t (&bytes)[4]) {
  for (unsigned i = 0; i < 4; ++i) bytes[i] = static_cast<uint8_t>(static_cast<uint32_t>(number) >> (8 * i));
}

// The task that shares our descriptors and carries no notify filter. Its memory is a copy: it may use its
// stack.
struct Helper {
  pid_t pid = -1;
  int tell = -1;   // write end: the listener's number
  int hears = -1;  // the helper's end, in the shared table
};

[[noreturn]] void SendListener(int hears, int channel) {
  int listener = -1;
  if (const int error = ReadAll(hears, &listener, sizeof listener); error != 0) _exit(error);
  uint8_t number[4];
  ToLittleEndian(listener, number);
  _exit(SendWithDescriptor(channel, number, sizeof number, listener));
}

// 0 or an errno.
int StartHelper(int channel, Helper& helper) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return errno;
  const pid_t self = getpid();
  // No exit signal: neither a SIGCHLD for the program to wonder at, nor a reaping behind our back where
  // SIGCHLD is ignored.
  const long pid =
      syscall(SYS_clone, static_cast<unsigned long>(CLONE_FILES), nullptr, nullptr, nullptr, 0UL);
  if (pid == 0) {
    // The shared table keeps the pipe open: without this our death would leave it waiting for ever.
    prctl(PR_SET_PDEATHSIG, static_cast<unsigned long>(SIGKILL));
    if (getppid() != self) _exit(ESRCH);
    SendListener(ends[0], channel);
  }
  const int error = errno;
  helper.hears = ends[0];
  helper.tell = ends[1];
  if (pid < 0) {
    CloseFd(helper.hears);
    CloseFd(helper.tell);
    return error;
  }
  helper.pid = static_cast<pid_t>(pid);
  return 0;
}

// Waits for exactly this one; wait4 is never notified. 0 or an errno, the helper's own included.
int ReapHelper(Helper& helper) {
  int status = 0;
  pid_t pid;
  do {
    pid = static_cast<pid_t>(syscall(SYS_wait4, helper.pid, &status, __WALL, nullptr));
  } while (pid < 0 && errno == EINTR);
  const int error = pid < 0 ? errno : 0;
  CloseFd(helper.tell);
  CloseFd(helper.hears);
  if (error != 0) return error;
  return WIFEXITED(status) ? WEXITSTATUS(status) : EIO;
}

// Not abort(): it takes a lock.
[[noreturn]] void Abort() {
  const unsigned long zero[8] = {};
  syscall(SYS_rt_sigaction, SIGABRT, zero, nullptr, size_t{8});
  syscall(SYS_rt_sigprocmask, SIG_SETMASK, zero, nullptr, size_t{8});
  syscall(SYS_kill, getpid(), SIGABRT);
  __builtin_trap();
}

}  // namespace

StepResult HandOverListener(Plan plan, Context context) {
  const bool connected = context.connection >= 0;
  int& to = connected ? context.connection : context.fd_write;
  int& from = connected ? context.connection : context.ack_read;
  const PipeHold hold;
  Helper helper;
  if (context.send_listener) {
    if (const int error = StartHelper(to, helper); error != 0) return {StepCode::kSeccompSendFd, error, 0};
  }
  unsigned long flags = SECCOMP_FILTER_FLAG_NEW_LISTENER;
  if ((plan.flags & kWaitKillable) != 0) flags |= SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
  const long loaded = LoadNotifyFilter(plan, flags);
  if (loaded < 0) {
    const int error = errno;
    if (helper.pid > 0) {
      syscall(SYS_kill, helper.pid, SIGKILL);
      ReapHelper(helper);
    }
    return {StepCode::kSeccomp, error, 0};
  }
  int listener = static_cast<int>(loaded);
  int error;
  if (helper.pid > 0) {
    error = WriteAll(helper.tell, &listener, sizeof listener);
    const int sent = ReapHelper(helper);
    if (error == 0) error = sent;
  } else {
    uint8_t number[4];
    ToLittleEndian(listener, number);
    error = WriteAll(to, number, sizeof number);
  }
  if (error != 0) {
    // With the listener goes the only one who could answer: what the failure path calls must not hang.
    CloseFd(listener);
    return {StepCode::kSeccompSendFd, error, 0};
  }
  if (!connected) CloseFd(to);
  uint8_t answer = 0;
  if ((error = ReadAll(from, &answer, sizeof answer)) != 0) {
    CloseFd(listener);
    return {StepCode::kSeccompWaitFd, error, 0};
  }
  if (answer != kListenerTaken) Abort();
  CloseFd(listener);
  if (!connected) CloseFd(from);
  return {};
}

// A plan that wants no listener has a filter that only refuses, there being nobody to notify; that of a
// nested action refuses what the outer supervisor does not.
StepResult CloseHandshake(Plan plan, Context context) {
  const bool refuses = plan.notify_filter.size != 0 && (plan.flags & kWantListener) == 0;
  if (refuses && LoadFilter(plan, plan.notify_filter, 0) < 0) {
    return {StepCode::kSeccomp, errno, 0};
  }
  CloseFd(context.fd_write);
  CloseFd(context.ack_read);
  return {};
}

}  // namespace glovebox::child
