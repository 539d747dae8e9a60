#include "kernel/host.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <x86intrin.h>
#endif

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>

#include "base/files.h"
#include "base/unique_fd.h"
#include "kernel/abi.h"
#include "kernel/landlock.h"
#include "kernel/process.h"

namespace glovebox::kernel {
namespace {

// What the children tell, in memory that they share with us: no pipe has to be read, and a child that is
// killed leaves what it has found so far.
struct Findings {
  volatile bool notify;
  volatile bool listener_above;
  volatile bool wait_killable;
  volatile bool sync_wake_up;
  volatile bool addfd_send;
  volatile bool receive_ends;
  volatile bool outer_supervisor;
  volatile bool user_namespaces;
  volatile bool denies_tsc;
  volatile int listener;  // of ProbeReceiveEnds' inner task, plus one
};

// A fork that runs no handlers and touches no lock: this process may have other threads, which may hold them.
pid_t RawFork(unsigned long flags = 0) {
  return static_cast<pid_t>(syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0));
}

// In a child: it ends with the thread that forked it, which may be killed at any moment. That one may have
// died before the request, and then nothing would ever come.
void EndWith(pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (getppid() != parent) _exit(1);
}

// Loads a filter with a listener: allows all, or notifies `notified` (>= 0) and allows the rest.
int LoadListener(long notified, unsigned flags) {
  const auto number = static_cast<uint32_t>(notified);
  sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  sock_fprog program = {sizeof(code) / sizeof(code[0]), code};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return -1;
  return static_cast<int>(
      syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER | flags, &program));
}

constexpr long kProbed = SYS_getpgid;  // a call that nothing here makes but on purpose
constexpr long kNothing = 0x0fffffff;  // no call has this number

// A descendant under the filter makes the probed call and is answered with a descriptor. The listener's owner
// is under the filter itself but does not make the call.
void ProbeAddFd(int listener, Findings* findings) {
  const pid_t self = getpid();
  const pid_t child = RawFork();
  if (child == 0) {
    EndWith(self);
    close(listener);  // a caller that holds its own listener waits for ever once nobody answers
    const long fd = syscall(kProbed, 0);
    _exit(fd > 2 && fcntl(static_cast<int>(fd), F_GETFD) >= 0 ? 0 : 1);
  }
  if (child < 0) return;
  pollfd entry = {listener, POLLIN, 0};
  seccomp_notif call;
  memset(&call, 0, sizeof(call));
  if (poll(&entry, 1, 1000) == 1 && ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call) == 0) {
    findings->notify = true;
    seccomp_notif_addfd add;
    memset(&add, 0, sizeof(add));
    add.id = call.id;
    add.flags = SECCOMP_ADDFD_FLAG_SEND;
    add.srcfd = static_cast<uint32_t>(listener);
    const bool sent = ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add) >= 0;
    if (!sent) kill(child, SIGKILL);
    int status = 0;
    if (waitpid(child, &status, 0) == child && sent && status == 0) findings->addfd_send = true;
    return;
  }
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
}

void ProbeNotify(Findings* findings) {
  // An unknown flag is refused before a listener above is noticed: EBUSY tells that the flag is known.
  int listener = LoadListener(kProbed, SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
  findings->wait_killable = listener >= 0 || errno == EBUSY;
  if (listener < 0 && errno == EINVAL) listener = LoadListener(kProbed, 0);
  if (listener < 0) {
    const bool above = errno == EBUSY;
    findings->listener_above = above;
    findings->notify = above;
    return;
  }
  findings->sync_wake_up = ioctl(listener, kNotifSetFlags, kNotifSyncWakeUp) == 0;
  ProbeAddFd(listener, findings);
}

// With a handler of our own: a death by SIGSEGV would be in the kernel's log, each time.
void ProbeTsc([[maybe_unused]] Findings* findings) {
#if defined(__x86_64__)
  struct sigaction died = {};
  died.sa_handler = [](int) { _exit(0); };
  if (sigaction(SIGSEGV, &died, nullptr) != 0 || prctl(PR_SET_TSC, PR_TSC_SIGSEGV, 0, 0, 0) != 0) return;
  findings->denies_tsc = true;
  (void)__rdtsc();
  findings->denies_tsc = false;
#endif
}

void ProbeOneself(Findings* findings) {
  ProbeNotify(findings);
  ProbeTsc(findings);  // last: it may end here
}

// The listener's owner stays outside the filter, as a supervisor does: a task that shares its descriptors
// loads it and ends.
void ProbeReceiveEnds(Findings* findings) {
  const pid_t child = RawFork(CLONE_FILES);
  if (child == 0) {
    findings->listener = LoadListener(kNothing, 0) + 1;
    _exit(0);
  }
  if (child < 0) return;
  waitpid(child, nullptr, 0);
  const int listener = findings->listener - 1;
  if (listener < 0) return;
  seccomp_notif call;
  memset(&call, 0, sizeof(call));
  // Sleeps for ever on an old kernel: the deadline of our parent ends it.
  if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call) != 0 && errno == ENOENT) findings->receive_ends = true;
}

void ProbeOuter(Findings* findings) {
  const int fd = openat(AT_FDCWD, kOuterAnnouncePath, O_RDWR | O_CLOEXEC);
  findings->outer_supervisor = fd >= 0;
}

void TryUserNamespace(Findings* findings) { findings->user_namespaces = unshare(CLONE_NEWUSER) == 0; }

// Waits for the child's end until the deadline, then kills it. A pipe's hang-up wakes us at once; the slices
// are for the case that somebody else's fork holds its write end as well.
void AwaitOrKill(pid_t child, int pipe_fd, int timeout_ms) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
  while (true) {
    const pid_t ended = waitpid(child, nullptr, WNOHANG);
    if (ended == child || (ended < 0 && errno != EINTR)) return;
    if (std::chrono::steady_clock::now() >= deadline) break;
    pollfd entry = {pipe_fd, 0, 0};
    poll(&entry, 1, 20);
    if ((entry.revents & POLLHUP) != 0) poll(nullptr, 0, 1);  // its last moments
  }
  kill(child, SIGKILL);
  while (waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
}

void RunProbe(void (*probe)(Findings*), Findings* findings, int timeout_ms) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return;
  const UniqueFd read_end(ends[0]);
  UniqueFd write_end(ends[1]);
  const pid_t self = getpid();
  const pid_t child = RawFork();
  if (child == 0) {
    EndWith(self);
    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    probe(findings);
    _exit(0);
  }
  write_end.reset();
  if (child > 0) AwaitOrKill(child, read_end.get(), timeout_ms);
}

bool ProbePidfdGetfd() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return false;
  const UniqueFd read_end(ends[0]);
  const UniqueFd write_end(ends[1]);
  const pid_t self = getpid();
  const pid_t child = RawFork();
  if (child == 0) {
    EndWith(self);
    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    // One byte says that we are dumpable; then wait to be killed.
    const char byte = 1;
    if (write(ends[1], &byte, 1) != 1) _exit(1);
    while (true) pause();
  }
  if (child < 0) return false;
  pollfd entry = {read_end.get(), POLLIN, 0};
  bool fetched = false;
  if (poll(&entry, 1, 2000) == 1) {
    const absl::StatusOr<UniqueFd> pidfd = OpenPidfd(child);
    fetched = pidfd.ok() && FetchFd(pidfd->get(), read_end.get()).ok();
  }
  kill(child, SIGKILL);
  while (waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  return fetched;
}

int YamaScope() {
  const absl::StatusOr<std::string> text = ReadFile("/proc/sys/kernel/yama/ptrace_scope");
  return text.ok() ? atoi(text->c_str()) : -1;
}

// The numbers can be equal by chance: NSpid of proc(5) has one for each namespace from procfs's
// own down to the task's.
bool IsProcForeign() {
  char text[32];
  const ssize_t size = readlink("/proc/self", text, sizeof(text) - 1);
  if (size <= 0) return true;
  text[size] = 0;
  if (atoi(text) != getpid()) return true;
  const absl::StatusOr<std::string> status = ReadFile("/proc/self/status");
  if (!status.ok()) return true;
  const size_t at = status->find("\nNSpid:\t");
  if (at == std::string::npos) return false;  // a kernel without pid namespaces
  const size_t end = status->find('\n', at + 1);
  return status->substr(at, end - at).find('\t', sizeof("\nNSpid:\t") - 1) != std::string::npos;
}

}  // namespace

const char kForeignProcMessage[] =
    "/proc is not that of this pid namespace, so it shows other processes under our numbers: nothing can be "
    "recorded. Mount it inside the namespace (mount -t proc proc /proc), or make the namespace with "
    "unshare --mount-proc";

HostFeatures ProbeHost() {
  HostFeatures host;
  utsname name;
  if (uname(&name) == 0) host.release = name.release;
  host.landlock_abi = LandlockAbi();
  host.yama_scope = YamaScope();
  host.foreign_proc = IsProcForeign();
  host.pidfd_getfd = ProbePidfdGetfd();
  void* shared = mmap(nullptr, sizeof(Findings), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) return host;
  auto* findings = new (shared) Findings{};
  RunProbe(ProbeOneself, findings, 3000);
  if (findings->listener_above) {
    RunProbe(ProbeOuter, findings, 3000);
  } else if (findings->notify) {
    RunProbe(ProbeReceiveEnds, findings, 300);
  }
  host.notify = findings->notify;
  host.addfd_send = findings->addfd_send;
  host.wait_killable = findings->wait_killable;
  host.sync_wake_up = findings->sync_wake_up;
  host.receive_ends = findings->receive_ends;
  host.listener_above = findings->listener_above;
  host.denies_tsc = findings->denies_tsc;
  host.outer_supervisor = findings->outer_supervisor;
  munmap(shared, sizeof(Findings));
  return host;
}

bool ProbeUserNamespaces() {
  void* shared = mmap(nullptr, sizeof(Findings), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) return false;
  auto* findings = new (shared) Findings{};
  RunProbe(TryUserNamespace, findings, 3000);
  const bool made = findings->user_namespaces;
  munmap(shared, sizeof(Findings));
  return made;
}

}  // namespace glovebox::kernel
