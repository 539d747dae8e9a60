/* A program that bears the preloaded library, for its tests: one word, then paths
 * ("threads" and "interrupted": a path, and how often). Says on stdout what
 * realpath() told; exit status 0: all as it must be. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static void tell(const char* path) {
  char resolved[PATH_MAX] = "untouched";
  const char* const found = realpath(path, resolved);
  const int error = errno;
  printf("%s = %s %s %d\n", path, found != NULL ? found : "NULL", resolved, found != NULL ? 0 : error);
}

/* Where /proc/self/maps has a line with this text, and how long it is; 0: nowhere. */
static char* mapping(const char* text, size_t* size) {
  FILE* const maps = fopen("/proc/self/maps", "re");
  char line[PATH_MAX + 100];
  unsigned long begin = 0, end = 0;
  while (maps != NULL && fgets(line, sizeof line, maps) != NULL) {
    if (strstr(line, text) == NULL || sscanf(line, "%lx-%lx", &begin, &end) != 2) continue;
    fclose(maps);
    *size = end - begin;
    return (char*)begin;
  }
  if (maps != NULL) fclose(maps);
  return NULL;
}

static const char* asked;
static int times; /* how often, of what is asked again and again */
static void* ask_often(void* unused) {
  (void)unused;
  char resolved[PATH_MAX];
  for (int i = 0; i < times; ++i) {
    if (realpath(asked, resolved) == NULL) return (void*)1;
  }
  return NULL;
}

static int threads(const char* path) {
  asked = path;
  pthread_t thread[4];
  for (int i = 0; i < 4; ++i) pthread_create(&thread[i], NULL, ask_often, NULL);
  long failed = 0;
  for (int i = 0; i < 4; ++i) {
    void* result;
    pthread_join(thread[i], &result);
    failed += (long)result;
  }
  return failed != 0;
}

static volatile sig_atomic_t in_handler;
static void on_alarm(int signal) {
  (void)signal;
  const int kept = errno;
  char resolved[PATH_MAX];
  if (realpath("/usr/lib", resolved) != NULL) ++in_handler;
  errno = kept;
}

static int interrupted(const char* path) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = on_alarm;
  action.sa_flags = SA_RESTART;
  sigaction(SIGALRM, &action, NULL);
  const struct itimerval every = {{0, 100}, {0, 100}};
  setitimer(ITIMER_REAL, &every, NULL);
  char resolved[PATH_MAX];
  for (int i = 0; i < times || in_handler < 20; ++i) {
    if (realpath(path, resolved) == NULL) return 1;
  }
  return 0;
}

/* A program that does not want to be seen: overwrites what it has asked. */
static int scribble(const char* path) {
  size_t size = 0;
  char* const ring = mapping("rw-s 00010000", &size);
  if (ring == NULL) return 2;
  tell(path);
  if (size < 128) return 2;
  memset(ring + 16, 0xff, 4); /* the head, where the supervisor believes nothing */
  tell(path);
  return 0;
}

#if defined(__x86_64__)
static long at_gate(char* gate, long number, long a, long b, long c) {
  long result;
  register long r10 __asm__("r10") = 0;
  __asm__ volatile("sub $128, %%rsp; call *%[gate]; add $128, %%rsp"
                   : "=a"(result)
                   : [gate] "r"(gate), "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10)
                   : "rcx", "r11", "memory");
  return result;
}
static int misuse(const char* path) {
  size_t size = 0;
  char* const gate = mapping("r-xp 00000000 00:01", &size);
  if (gate == NULL) return 2;
  const long fd = at_gate(gate, SYS_openat, AT_FDCWD, (long)path, O_RDONLY);
  return fd < 0 ? 3 : 0;
}
#else
static int misuse(const char* path) { return open(path, O_RDONLY) < 0; }
#endif

int main(int argc, char** argv) {
  if (argc < 3) return 9;
  const char* const what = argv[1];
  const char* const path = argv[2];
  times = argc > 3 ? atoi(argv[3]) : 1;
  if (strcmp(what, "tell") == 0) {
    for (int i = 2; i < argc; ++i) tell(argv[i]);
    return 0;
  }
  if (strcmp(what, "fork") == 0 || strcmp(what, "vfork") == 0) {
    tell("/usr");
    fflush(stdout);
    const pid_t child = strcmp(what, "fork") == 0 ? fork() : vfork();
    if (child == 0) {
      char resolved[PATH_MAX];
      _exit(realpath(path, resolved) == NULL);
    }
    int status = 1;
    waitpid(child, &status, 0);
    return status != 0;
  }
  if (strcmp(what, "die") == 0) {
    tell(path);
    raise(SIGKILL);
  }
  if (strcmp(what, "exec") == 0) {
    tell(path);
    fflush(stdout);
    execv(argv[0], (char*[]){argv[0], "tell", "/usr/lib", NULL});
  }
  if (strcmp(what, "threads") == 0) return threads(path);
  if (strcmp(what, "interrupted") == 0) return interrupted(path);
  if (strcmp(what, "scribble") == 0) return scribble(path);
  if (strcmp(what, "misuse") == 0) return misuse(path);
  if (strcmp(what, "loaded") == 0) {
    size_t size = 0;
    return mapping("libglovebox-shim.so", &size) == NULL || mapping("glovebox-ring", &size) == NULL;
  }
  return 9;
}
