/* What runs inside the sandbox in the runner's tests: one small misbehaviour a word. Exit status 0: all as it
 * must be. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static void on_alarm(int signal) { (void)signal; }

/* Opens under a fast timer. Without SA_RESTART a call may say EINTR and is tried again, as a careful program
 * does. */
static int timer(int flags) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = on_alarm;
  action.sa_flags = flags;
  sigaction(SIGALRM, &action, NULL);
  struct itimerval every = {{0, 200}, {0, 200}};
  setitimer(ITIMER_REAL, &every, NULL);
  const int may_interrupt = (flags & SA_RESTART) == 0;
  for (int i = 0; i < 3000;) {
    int fd = open("/etc/passwd", O_RDONLY);
    if (fd < 0 && errno == EINTR && may_interrupt) continue;
    if (fd < 0) return errno;
    close(fd);
    ++i;
  }
  for (int i = 0; i < 3000;) {
    if (open("/nonexistent", O_RDONLY) != -1) return 100;
    if (errno == EINTR && may_interrupt) continue;
    if (errno != ENOENT) return 101;
    ++i;
  }
  return 0;
}

static void* open_for_ever(void* unused) {
  (void)unused;
  for (;;) {
    int fd = open("/etc/passwd", O_RDONLY);
    if (fd >= 0) close(fd);
  }
  return NULL;
}

static int die(void) {
  for (int i = 0; i < 50; ++i) {
    pid_t child = fork();
    if (child == 0) {
      pthread_t threads[4];
      for (int t = 0; t < 4; ++t) pthread_create(&threads[t], NULL, open_for_ever, NULL);
      pause();
    }
    usleep(3000);
    kill(child, SIGKILL);
    if (waitpid(child, NULL, 0) != child) return 1;
  }
  return 0;
}

static int open32(void) {
#if defined(__x86_64__)
  /* i386's open(2) is number 5; its pointer must lie below 4 GiB. */
  char* path = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
  strcpy(path, "/etc/hostname");
  long result;
  __asm__ volatile("int $0x80"
                   : "=a"(result)
                   : "0"(5L), "b"(path), "c"(0L), "d"(0L)
                   : "memory", "r8", "r9", "r10", "r11");
  return result < 0 ? (int)-result : 0;
#else
  raise(SIGSEGV);
  return 1;
#endif
}

/* A grandchild that makes its first notified call when its parent is dead already. */
static int orphan(const char* file) {
  int ends[2];
  char byte = 1;
  if (pipe(ends) != 0) return errno;
  pid_t middle = fork();
  if (middle == 0) {
    middle = getpid();
    if (fork() != 0) _exit(0);
    while (getppid() == middle) usleep(500);
    int fd = open(file, O_RDONLY);
    if (fd >= 0) byte = 0;
    _exit(write(ends[1], &byte, 1) == 1 ? 0 : 1);
  }
  if (middle < 0 || waitpid(middle, NULL, 0) != middle) return errno;
  close(ends[1]);
  if (read(ends[0], &byte, 1) != 1) return 1;
  return byte;
}

/* Enters as many Landlock domains as there can be and becomes the rest of the command line: row 9 of whoever
 * is set up below it meets E2BIG. 99: this kernel has no scopes. */
static int layers(char** command) {
  const unsigned long long attributes[3] = {0, 0, 2}; /* LANDLOCK_SCOPE_SIGNAL */
  const long ruleset = syscall(SYS_landlock_create_ruleset, attributes, sizeof attributes, 0);
  if (ruleset < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return 99;
  for (int i = 0; i < 16; ++i) {
    if (syscall(SYS_landlock_restrict_self, ruleset, 0) != 0) return 98;
  }
  close((int)ruleset);
  execv(command[0], command);
  return errno;
}

/* What programs do to themselves and to children of theirs, one that has ended too. */
static int own_processes(void) {
  char here = 7, there = 0;
  const struct iovec local = {&there, 1}, remote = {&here, 1};
  const pid_t child = fork();
  if (child == 0) {
    setpgid(0, 0);
    for (;;) pause();
  }
  setpgid(child, child);
  const int pidfd = (int)syscall(SYS_pidfd_open, child, 0);
  if (kill(0, 0) != 0 || raise(0) != 0 || kill(getpid(), 0) != 0 || kill(child, 0) != 0) return 1;
  if (kill(-child, SIGCONT) != 0 || syscall(SYS_tgkill, child, child, 0) != 0) return 2;
  if (syscall(SYS_pidfd_send_signal, pidfd, 0, NULL, 0) != 0) return 3;
  if (process_vm_readv(child, &local, 1, &remote, 1, 0) != 1 || there != 7) return 4;
  if (syscall(SYS_pidfd_getfd, pidfd, 2, 0) < 0) return 5;
  if (ptrace(PTRACE_ATTACH, child, NULL, NULL) != 0 || waitpid(child, NULL, 0) != child) return 6;
  if (ptrace(PTRACE_DETACH, child, NULL, NULL) != 0 || kill(child, SIGKILL) != 0) return 7;
  siginfo_t ended;
  if (waitid(P_PID, (id_t)child, &ended, WEXITED | WNOWAIT) != 0) return 8;
  if (kill(child, 0) != 0 || waitpid(child, NULL, 0) != child) return 9;
  return kill(child, 0) == -1 && errno == ESRCH ? 0 : 10;
}

static void noticed(int number) { (void)number; }

/* As a shell ends its jobs: the second signal is sent while the first one's end is told, and its handler
   has no SA_RESTART. kill(2) knows no EINTR. -1: the numbers of processes began anew meanwhile. */
static int end_jobs(void) {
  const struct sigaction action = {.sa_handler = noticed};
  sigaction(SIGCHLD, &action, NULL);
  for (int round = 0; round < 300; ++round) {
    pid_t jobs[4];
    for (int i = 0; i < 4; ++i) {
      jobs[i] = fork();
      if (jobs[i] == 0) {
        for (;;) pause();
      }
    }
    for (int i = 0; i < 4; ++i) {
      if (kill(jobs[i], SIGKILL) != 0) return jobs[i] < getpid() ? -1 : errno;
    }
    for (int i = 0; i < 4; ++i) {
      while (waitpid(jobs[i], NULL, 0) < 0 && errno == EINTR) {
      }
    }
  }
  return 0;
}

int main(int argc, char** argv) {
  const char* what = argc > 1 ? argv[1] : "";
  if (strcmp(what, "io_uring") == 0) return syscall(SYS_io_uring_setup, 1, NULL) < 0 ? errno : 0;
  if (strcmp(what, "timer-restart") == 0) return timer(SA_RESTART);
  if (strcmp(what, "timer-eintr") == 0) return timer(0);
  if (strcmp(what, "die") == 0) return die();
  if (strcmp(what, "own-processes") == 0) return own_processes();
  if (strcmp(what, "end-jobs") == 0) return end_jobs();
  if (strcmp(what, "open32") == 0) return open32();
  if (strcmp(what, "orphan") == 0 && argc > 2) return orphan(argv[2]);
  if (strcmp(what, "layers") == 0 && argc > 2) return layers(argv + 2);
  if (strcmp(what, "flush") == 0) return tcflush(0, TCIFLUSH) == 0 ? 0 : errno;
  return 2;
}
