/* Other processes: their memory, their registers, their signals, their limits. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scenario.h"

static void ptrace_process(struct outcome* outcome, pid_t pid) {
  tried(outcome, ptrace(PTRACE_SEIZE, pid, NULL, NULL), "PTRACE_SEIZE");
  if (outcome->effect) ptrace(PTRACE_DETACH, pid, NULL, NULL);
}
static void ptrace_parent(struct outcome* outcome) { ptrace_process(outcome, getppid()); }
static void ptrace_sibling(struct outcome* outcome) {
  ptrace_process(outcome, (pid_t)stage_number("VICTIM"));
}

static void memory_file(struct outcome* outcome, pid_t pid, int flags, off_t at) {
  char path[64], byte = 2;
  snprintf(path, sizeof path, "/proc/%d/mem", pid);
  const int fd = open(path, flags | O_CLOEXEC);
  if (fd < 0) {
    tried(outcome, fd, path);
    return;
  }
  tried(outcome, at != 0 ? pwrite(fd, &byte, 1, at) : 0, "open and write");
  close(fd);
}
static void memory_of_parent(struct outcome* outcome) { memory_file(outcome, getppid(), O_RDWR, 0); }
static void memory_of_sibling(struct outcome* outcome) {
  memory_file(outcome, (pid_t)stage_number("VICTIM"), O_RDWR, stage_number("WORD"));
}

static void vm_write(struct outcome* outcome) {
  char byte = 3;
  const struct iovec local = {&byte, 1}, remote = {(void*)(size_t)stage_number("WORD"), 1};
  tried(outcome, process_vm_writev((pid_t)stage_number("VICTIM"), &local, 1, &remote, 1, 0),
        "process_vm_writev");
}
static void vm_read(struct outcome* outcome) {
  char byte = 0;
  const struct iovec local = {&byte, 1}, remote = {(void*)(size_t)stage_number("WORD"), 1};
  tried(outcome, process_vm_readv((pid_t)stage_number("VICTIM"), &local, 1, &remote, 1, 0),
        "process_vm_readv");
}
static void vm_write_own(struct outcome* outcome) {
  char from = 1, to = 0;
  const struct iovec local = {&from, 1}, remote = {&to, 1};
  tried(outcome, process_vm_writev(getpid(), &local, 1, &remote, 1, 0), "process_vm_writev to itself");
}

static void fetch_descriptor(struct outcome* outcome) {
  const int pidfd = (int)syscall(SYS_pidfd_open, getppid(), 0);
  long fetched = -1;
  for (int fd = 0; pidfd >= 0 && fd < 32 && fetched < 0; ++fd) {
    fetched = syscall(SYS_pidfd_getfd, pidfd, fd, 0);
    if (fetched < 0 && errno != EBADF) break;
  }
  tried(outcome, fetched, "pidfd_getfd of the parent");
}
static void list_descriptors(struct outcome* outcome) {
  char path[64], target[256];
  snprintf(path, sizeof path, "/proc/%d/fd/0", getppid());
  tried(outcome, readlink(path, target, sizeof target), path);
}
static void read_environment(struct outcome* outcome) {
  char path[64], byte;
  snprintf(path, sizeof path, "/proc/%d/environ", getppid());
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  tried(outcome, fd < 0 ? -1 : read(fd, &byte, 1), path);
  if (fd >= 0) close(fd);
}

static void signal_sibling(struct outcome* outcome) {
  tried(outcome, kill((pid_t)stage_number("VICTIM"), SIGUSR1), "kill");
}
static void signal_by_pidfd(struct outcome* outcome) {
  const int pidfd = (int)syscall(SYS_pidfd_open, stage_number("VICTIM"), 0);
  tried(outcome, syscall(SYS_pidfd_send_signal, pidfd, SIGUSR1, NULL, 0), "pidfd_send_signal");
}
static void signal_by_thread(struct outcome* outcome) {
  const long pid = stage_number("VICTIM");
  tried(outcome, syscall(SYS_tgkill, pid, pid, SIGUSR1), "tgkill");
}
/* The kernel sends the signal for us when the socket becomes readable. */
static void signal_by_owner(struct outcome* outcome) {
  int ends[2];
  const int before = victim_state()->signals;
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0 ||
      fcntl(ends[0], F_SETOWN, (int)stage_number("VICTIM")) != 0 ||
      fcntl(ends[0], F_SETFL, O_ASYNC | O_NONBLOCK) != 0) {
    tried(outcome, -1, "F_SETOWN");
    return;
  }
  const ssize_t size = write(ends[1], "x", 1);
  fill(outcome, size == 1 && changed(&victim_state()->signals, before), 0, "SIGIO through F_SETOWN");
}
/* To the group that the victim is in: SIGCONT harms nobody. */
static void signal_group(struct outcome* outcome) {
  const int before = victim_state()->signals;
  kill((pid_t)-stage_number("GROUP"), SIGCONT);
  fill(outcome, changed(&victim_state()->signals, before), 0, "SIGCONT to a process group");
}

static void limit_sibling(struct outcome* outcome) {
  const struct rlimit64 core = {0, RLIM64_INFINITY};
  struct rlimit64 now;
  const pid_t victim = (pid_t)stage_number("VICTIM");
  if (syscall(SYS_prlimit64, victim, RLIMIT_CORE, NULL, &now) != 0) {
    tried(outcome, -1, "prlimit64");
    return;
  }
  now.rlim_cur = core.rlim_cur;
  tried(outcome, syscall(SYS_prlimit64, victim, RLIMIT_CORE, &now, NULL), "prlimit64 of another process");
}
static void renice_sibling(struct outcome* outcome) {
  tried(outcome, setpriority(PRIO_PROCESS, (id_t)stage_number("VICTIM"), 5),
        "setpriority of another process");
}

const struct scenario kProcesses[] = {
    {"ptrace-parent", "processes", "seize the process that started it", HOLDS_ALWAYS, "", NEEDS_SCOPE, NULL,
     "(ptrace ", ptrace_parent, NULL},
    {"ptrace-sibling", "processes", "seize a process outside of the sandbox", HOLDS_ALWAYS, "", NEEDS_SCOPE,
     NULL, "(ptrace ", ptrace_sibling, NULL},
    {"memory-parent", "processes", "open /proc/PID/mem of the process that started it", HOLDS_ALWAYS, "",
     NEEDS_SCOPE, NULL, "/mem\"", memory_of_parent, NULL},
    {"memory-sibling", "processes", "write into another process through /proc/PID/mem", HOLDS_ALWAYS, "",
     NEEDS_SCOPE, NULL, "/mem\"", memory_of_sibling, NULL},
    {"vm-writev-sibling", "processes", "process_vm_writev into another process", HOLDS_ALWAYS, "",
     NEEDS_SCOPE, NULL, "(process_vm_writev ", vm_write, NULL},
    {"vm-readv-sibling", "processes", "process_vm_readv of another process", HOLDS_ALWAYS, "", NEEDS_SCOPE,
     NULL, "(process_vm_readv ", vm_read, NULL},
    {"vm-writev-own", "processes", "process_vm_writev at all", HOLDS_OPTION,
     "--mode enforce --read / --write /", 0, NULL, "(process_vm_writev ", vm_write_own, NULL},
    {"pidfd-getfd-parent", "processes", "fetch a descriptor of the process that started it", HOLDS_ALWAYS, "",
     NEEDS_SCOPE, NULL, "(pidfd_getfd ", fetch_descriptor, NULL},
    {"proc-fd-parent", "processes", "look at the descriptors of the process that started it", HOLDS_OPTION,
     "--level full", NEEDS_SCOPE, NULL, "(readlink", list_descriptors, NULL},
    /* In mode report a root that keeps CAP_PERFMON may read it (recent kernels, past every domain). */
    {"proc-environ-parent", "processes", "read the environment of the process that started it", HOLDS_OPTION,
     "--mode enforce --read / --write /", NEEDS_SCOPE, NULL, "/environ\"", read_environment, NULL},
    {"signal-sibling", "processes", "signal a process outside", HOLDS_ALWAYS, "", NEEDS_SCOPE, NULL, "(kill ",
     signal_sibling, NULL},
    {"signal-pidfd", "processes", "the same through a pidfd", HOLDS_ALWAYS, "", NEEDS_SCOPE, NULL,
     "(pidfd_send_signal ", signal_by_pidfd, NULL},
    {"signal-thread", "processes", "the same through tgkill", HOLDS_ALWAYS, "", NEEDS_SCOPE, NULL, "(tgkill ",
     signal_by_thread, NULL},
    {"signal-owner", "processes", "have the kernel send SIGIO to a process outside (F_SETOWN)", HOLDS_ALWAYS,
     "", NEEDS_SCOPE, NULL, NULL, signal_by_owner, NULL},
    {"signal-group", "processes", "signal a process group outside", HOLDS_ALWAYS, "", NEEDS_SCOPE, NULL,
     "(kill ", signal_group, NULL},
    {"limit-sibling", "processes", "set a limit of a process outside (prlimit64)", HOLDS_OPTION,
     "--mode enforce --read / --write /", 0, NULL, "(prlimit64 ", limit_sibling, NULL},
    {"renice-sibling", "processes", "lower the priority of a process outside", HOLDS_NOT, "", 0, NULL, NULL,
     renice_sibling, NULL},
};
const size_t kProcessesSize = sizeof kProcesses / sizeof kProcesses[0];
