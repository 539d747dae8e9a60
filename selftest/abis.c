/* The other ABIs that a process can call the kernel by: i386 (int $0x80) and x32. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scenario.h"

/* x32 calls open as x86-64 does: aarch64, which builds this too, has no SYS_open. */
enum { kX32 = 0x40000000, kOpenX32 = 2 };

/* Without emulation int $0x80 raises SIGSEGV. No rule refuses getpid: what fails here lacks the ABI. */
static int probe_i386(void) { return i386_call(20 /* getpid */, 0, 0, 0, 0) > 0 ? 0 : 1; }
static int no_i386(struct outcome* outcome) {
  if (in_child(probe_i386) == 0) return 0;
  could_not_try(outcome, "this kernel has no i386 calls");
  return 1;
}
/* What i386 calls point to. */
static char* i386_page(struct outcome* outcome) {
  if (no_i386(outcome)) return NULL;
  char* page = low_page();
  if (page == NULL) could_not_try(outcome, "no memory can be had below 4 GiB");
  return page;
}

static void open_i386(struct outcome* outcome) {
  char* path = i386_page(outcome);
  if (path == NULL) return;
  snprintf(path, 4096, "%s", out_path("secret"));
  tried(outcome, i386_call(5, (long)path, O_RDONLY, 0, 0), "i386 open");
}
static void ring_i386(struct outcome* outcome) {
  char* params = i386_page(outcome);
  if (params == NULL) return;
  memset(params, 0, 4096);
  tried(outcome, i386_call(425, 4, (long)params, 0, 0), "i386 io_uring_setup");
}
static void ioctl_i386(struct outcome* outcome) {
  if (no_i386(outcome)) return;
  const long result = i386_call(54, -1, TIOCSTI, 0, 0);
  fill(outcome, result >= 0 || errno != EPERM, errno, "i386 TIOCSTI: EPERM is a rule, EBADF the descriptor");
}
static void unshare_i386(struct outcome* outcome) {
  if (!no_i386(outcome)) tried(outcome, i386_call(310, CLONE_NEWUSER, 0, 0, 0), "i386 unshare(NEWUSER)");
}
static void clone_i386(struct outcome* outcome) {
  if (no_i386(outcome)) return;
  const long pid = i386_call(120, (long)(CLONE_NEWUSER | SIGCHLD), 0, 0, 0);
  if (pid == 0) _exit(0);
  tried(outcome, pid, "i386 clone(NEWUSER)");
  if (pid > 0) waitpid((pid_t)pid, NULL, 0);
}
static void ptrace_i386(struct outcome* outcome) {
  if (no_i386(outcome)) return;
  const long victim = stage_number("VICTIM");
  tried(outcome, i386_call(26, 0x4206 /* PTRACE_SEIZE */, victim, 0, 0), "i386 ptrace");
  if (outcome->effect) i386_call(26, 17 /* PTRACE_DETACH */, victim, 0, 0);
}
static void socket_i386(struct outcome* outcome) {
  char* page = i386_page(outcome);
  if (page == NULL) return;
  const unsigned words[3] = {16 /* AF_NETLINK */, 3, 0};
  memcpy(page, words, sizeof words);
  tried(outcome, i386_call(102, 1 /* SYS_SOCKET */, (long)page, 0, 0), "i386 socketcall(SOCKET)");
}
static int no_x32(struct outcome* outcome) {
#if defined(__x86_64__)
  if (syscall(kX32 | SYS_getpid) > 0) return 0;
#endif
  could_not_try(outcome, "this kernel has no x32 calls");
  return 1;
}
static void open_x32(struct outcome* outcome) {
  if (no_x32(outcome)) return;
  tried(outcome, syscall(kX32 | kOpenX32, out_path("secret"), O_RDONLY), "x32 open");
}
static void ring_x32(struct outcome* outcome) {
  char params[120] = "";
  if (!no_x32(outcome)) tried(outcome, syscall(kX32 | SYS_io_uring_setup, 4, params), "x32 io_uring_setup");
}
static void unshare_x32(struct outcome* outcome) {
  if (!no_x32(outcome)) tried(outcome, syscall(kX32 | SYS_unshare, CLONE_NEWUSER), "x32 unshare(NEWUSER)");
}

#define X86 (NEEDS_X86 | NEEDS_KERNEL)

const struct scenario kAbis[] = {
    {"i386-open", "foreign ABIs", "read a file outside by int $0x80", HOLDS_OPTION, READ_SYSTEM, X86, NULL,
     NULL, open_i386, NULL},
    {"i386-recorded", "foreign ABIs", "the same in mode report", HOLDS_RECORDED, "", X86, NULL, "i386:open",
     open_i386, NULL},
    {"i386-io-uring", "foreign ABIs", "io_uring by int $0x80", HOLDS_ALWAYS, "", X86, NULL,
     "i386:io_uring_setup", ring_i386, NULL},
    {"i386-tiocsti", "foreign ABIs", "TIOCSTI by int $0x80", HOLDS_ALWAYS, "", X86, NULL, "ioctl 0x5412",
     ioctl_i386, NULL},
    {"i386-unshare", "foreign ABIs", "a user namespace by int $0x80", HOLDS_OPTION,
     "--mode enforce --read / --write /", X86 | NEEDS_USERNS, NULL, "i386:unshare", unshare_i386, NULL},
    {"i386-clone", "foreign ABIs", "a user namespace by clone and int $0x80", HOLDS_OPTION,
     "--mode enforce --read / --write /", X86 | NEEDS_USERNS, NULL, "i386:clone", clone_i386, NULL},
    {"i386-ptrace", "foreign ABIs", "ptrace outside by int $0x80", HOLDS_ALWAYS, "", X86 | NEEDS_SCOPE, NULL,
     "(i386:ptrace ", ptrace_i386, NULL},
    {"i386-socketcall", "foreign ABIs", "a socket by socketcall", HOLDS_OPTION,
     "--mode enforce --read / --write / --network none", X86, NULL, NULL, socket_i386, NULL},
    {"x32-open", "foreign ABIs", "read a file outside by x32", HOLDS_OPTION, READ_SYSTEM, X86, NULL, NULL,
     open_x32, NULL},
    {"x32-io-uring", "foreign ABIs", "io_uring by x32", HOLDS_ALWAYS, "", X86, NULL, NULL, ring_x32, NULL},
    {"x32-unshare", "foreign ABIs", "a user namespace by x32", HOLDS_OPTION,
     "--mode enforce --read / --write /", X86 | NEEDS_USERNS, NULL, NULL, unshare_x32, NULL},
};
const size_t kAbisSize = sizeof kAbis / sizeof kAbis[0];
