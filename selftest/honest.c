/* Honest programs, in the ways that a sandbox may break: they must work. And new privileges, which they must
 * not get. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "scenario.h"

static void just_open(struct outcome* outcome) {
  tried(outcome, syscall(SYS_openat, AT_FDCWD, out_path("secret"), O_RDONLY), "open");
}

static void* nothing(void* word) { return word; }
static void threads(struct outcome* outcome) {
  int whole = 1;
  for (int i = 0; i < 20 && whole; ++i) {
    pthread_t thread;
    void* word = NULL;
    whole = pthread_create(&thread, NULL, nothing, &whole) == 0 && pthread_join(thread, &word) == 0 &&
            word == &whole;
  }
  fill(outcome, whole, 0, "20 threads");
}
extern char** environ;
static void spawn(struct outcome* outcome) {
  char* const words[] = {(char*)"true", NULL};
  pid_t pid = 0;
  int status = 1;
  const int error = posix_spawn(&pid, "/bin/true", NULL, NULL, words, environ);
  if (error == 0) waitpid(pid, &status, 0);
  fill(outcome, error == 0 && status == 0, error, "posix_spawn");
}
static void shell(struct outcome* outcome) { fill(outcome, system("exit 7") == 7 << 8, 0, "system()"); }

/* As Go's runtime makes its threads: clone without a C library's help, no thread-local storage, calls by
 * hand. */
static volatile int go_done;
static int go_thread(void* unused) {
  (void)unused;
  const long fd = syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY | O_CLOEXEC);
  go_done = fd >= 0 ? 1 : -1;
  syscall(SYS_exit, 0);
  return 0;
}
static void go(struct outcome* outcome) {
  enum { kStack = 65536 };
  char* stack = mmap(NULL, kStack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (stack == MAP_FAILED) return;
  const int tid =
      clone(go_thread, stack + kStack,
            CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_SYSVSEM | CLONE_THREAD, NULL);
  const struct timespec slice = {0, 1000000};
  for (int i = 0; i < 1000 && go_done == 0 && tid > 0; ++i) nanosleep(&slice, NULL);
  fill(outcome, go_done == 1, tid < 0 ? errno : 0, "a thread as Go's runtime makes it");
}
static void trace_child(struct outcome* outcome) {
  const pid_t pid = fork();
  if (pid == 0) {
    for (;;) pause();
  }
  tried(outcome, ptrace(PTRACE_ATTACH, pid, NULL, NULL), "ptrace of a child");
  if (outcome->effect) waitpid(pid, NULL, 0);
  kill(pid, SIGKILL);
  waitpid(pid, NULL, 0);
}
static void signal_child(struct outcome* outcome) {
  const pid_t pid = fork();
  if (pid == 0) {
    for (;;) pause();
  }
  int status = 0;
  tried(outcome, kill(pid, SIGKILL), "signal to a child");
  waitpid(pid, &status, 0);
  outcome->effect = outcome->effect && WIFSIGNALED(status);
}
static int exec_self(void* unused) {
  (void)unused;
  char* const words[] = {(char*)"true", NULL};
  execv("/bin/true", words);
  return 1;
}
static void* exec_in_thread(void* unused) {
  exec_self(unused);
  return NULL;
}
static void thread_exec(struct outcome* outcome) {
  const pid_t pid = fork();
  if (pid == 0) {
    pthread_t thread;
    pthread_create(&thread, NULL, exec_in_thread, NULL);
    for (;;) pause();
  }
  int status = 1;
  waitpid(pid, &status, 0);
  fill(outcome, status == 0, 0, "exec by a thread that is not the first");
}

/* A program with bytes past a block: AddressSanitizer says so, and the program ends with its status. */
static void errors_to(const char* path) { dup2(open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644), 2); }
static int says(const char* path, const char* words) {
  static char text[65536];
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  const ssize_t size = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
  if (fd >= 0) close(fd);
  text[size > 0 ? size : 0] = '\0';
  return strstr(text, words) != NULL;
}
static int overflow(void) {
  errors_to(in_path("errors"));
  volatile char* block = malloc(8);
  volatile int at = 8;
  const char byte = block[at];
  free((void*)block);
  return byte != 0;
}
static void address_sanitizer(struct outcome* outcome) {
  in_child(overflow);
  fill(outcome, says(in_path("errors"), "heap-buffer-overflow"), 0, "AddressSanitizer finds an overflow");
}
/* LeakSanitizer stops every thread by ptrace, from a task that it clones at the end. */
static void* volatile lost;
static int leak(void) {
  errors_to(in_path("errors"));
  lost = malloc(64);
  lost = NULL;
  exit(0);
}
static void leak_sanitizer(struct outcome* outcome) {
  in_child(leak);
  fill(outcome, says(in_path("errors"), "detected memory leaks"), 0, "LeakSanitizer finds a leak");
}

/* A copy of /usr/bin/id that belongs to another user and runs as him. */
static void run_setuid(struct outcome* outcome) {
  char command[9000];
  const char* copy = in_path("id");
  snprintf(command, sizeof command, "cp /usr/bin/id '%s'", copy);
  if (system(command) != 0 || chown(copy, 65534, 65534) != 0 || chmod(copy, 04755) != 0) {
    tried(outcome, -1, "a setuid program");
    return;
  }
  snprintf(command, sizeof command, "test \"$('%s' -u)\" = 65534", copy);
  fill(outcome, system(command) == 0, 0, "a setuid program runs as its owner");
}

#define HONEST "honest programs"
#define ENFORCE "--mode enforce --read / --write /"

const struct scenario kHonest[] = {
    {"static", HONEST, "a static program", HOLDS_RECORDED, "", NEEDS_STATIC, NULL, "/out/secret", just_open,
     NULL},
    {"static-held", HONEST, "read a file outside, from a static program", HOLDS_OPTION, READ_SYSTEM,
     NEEDS_STATIC, NULL, NULL, just_open, NULL},
    {"go-threads", HONEST, "threads and calls as Go makes them, static", HOLDS_WORKS, ENFORCE, NEEDS_STATIC,
     NULL, NULL, go, NULL},
    {"threads", HONEST, "threads of the C library", HOLDS_WORKS, ENFORCE, 0, NULL, NULL, threads, NULL},
    {"posix-spawn", HONEST, "posix_spawn", HOLDS_WORKS, ENFORCE, 0, NULL, NULL, spawn, NULL},
    {"system", HONEST, "a shell's command", HOLDS_WORKS, ENFORCE, 0, NULL, NULL, shell, NULL},
    {"ptrace-child", HONEST, "trace a child of its own", HOLDS_WORKS, ENFORCE, 0, NULL, NULL, trace_child,
     NULL},
    {"signal-child", HONEST, "signal a child of its own", HOLDS_WORKS, ENFORCE, 0, NULL, NULL, signal_child,
     NULL},
    {"thread-exec", HONEST, "exec by another thread than the first", HOLDS_WORKS, ENFORCE, 0, NULL, NULL,
     thread_exec, NULL},
    {"asan", HONEST, "AddressSanitizer finds what it should", HOLDS_WORKS, ENFORCE, NEEDS_SANITIZER, NULL,
     NULL, address_sanitizer, NULL},
    {"lsan", HONEST, "LeakSanitizer finds what it should", HOLDS_WORKS, ENFORCE, NEEDS_SANITIZER, NULL, NULL,
     leak_sanitizer, NULL},
    {"setuid", "new privileges", "run a setuid program", HOLDS_ALWAYS, "", NEEDS_ROOT, NULL, NULL, run_setuid,
     NULL},
};
const size_t kHonestSize = sizeof kHonest / sizeof kHonest[0];
