/* What the scenarios share. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "scenario.h"

const char* stage_text(const char* name) {
  char variable[64];
  snprintf(variable, sizeof variable, "GLOVEBOX_TEST_%s", name);
  const char* value = getenv(variable);
  return value != NULL ? value : "";
}

long stage_number(const char* name) {
  const char* text = stage_text(name);
  return text[0] != '\0' ? strtol(text, NULL, 0) : -1;
}

static const char* below(const char* place, const char* name) {
  static char buffers[8][4096];
  static unsigned next;
  char* buffer = buffers[__atomic_fetch_add(&next, 1, __ATOMIC_RELAXED) % 8];
  snprintf(buffer, sizeof buffers[0], "%s/%s", stage_text(place), name);
  return buffer;
}

const char* in_path(const char* name) { return below("IN", name); }
const char* out_path(const char* name) { return below("OUT", name); }

struct victim_state* victim_state(void) {
  static struct victim_state none;
  static struct victim_state* state;
  if (state != NULL) return state;
  const int fd = open(below("STATE", "victim"), O_RDONLY | O_CLOEXEC);
  void* memory = fd >= 0 ? mmap(NULL, sizeof *state, PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;
  if (fd >= 0) close(fd);
  state = memory != MAP_FAILED ? memory : &none;
  return state;
}

void fill(struct outcome* outcome, int effect, int error, const char* detail) {
  outcome->effect = effect;
  outcome->error = error;
  snprintf(outcome->detail, sizeof outcome->detail, "%s", detail);
}

void could_not_try(struct outcome* outcome, const char* why) {
  fill(outcome, 0, ENOSYS, why);
  outcome->not_tried = 1;
}

void tried(struct outcome* outcome, long result, const char* what) {
  const int error = result < 0 ? errno : 0;
  char text[200];
  snprintf(text, sizeof text, "%s: %s", what, error != 0 ? strerror(error) : "done");
  fill(outcome, result >= 0, error, text);
}

int changed(volatile int* counter, int before) {
  for (int i = 0; i < 100 && *counter == before; ++i) usleep(10000);
  return *counter != before;
}

int still(int milliseconds) {
  static struct timespec began;
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  if (began.tv_sec == 0) began = now;
  return (now.tv_sec - began.tv_sec) * 1000 + (now.tv_nsec - began.tv_nsec) / 1000000 < milliseconds;
}

int in_child(int (*function)(void)) {
  const pid_t pid = fork();
  if (pid == 0) _exit(function());
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

long raw_clone(unsigned long flags) { return syscall(SYS_clone, flags, 0, 0, 0, 0); }

char* low_page(void) {
#if defined(__x86_64__)
  void* page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
  return page != MAP_FAILED ? page : NULL;
#else
  return NULL;
#endif
}

long i386_call(long number, long a, long b, long c, long d) {
#if defined(__x86_64__)
  long result;
  __asm__ volatile("int $0x80"
                   : "=a"(result)
                   : "0"(number), "b"(a), "c"(b), "d"(c), "S"(d)
                   : "memory", "r8", "r9", "r10", "r11");
  if (result < 0) {
    errno = (int)-result;
    return -1;
  }
  return result;
#else
  (void)number, (void)a, (void)b, (void)c, (void)d;
  errno = ENOSYS;
  return -1;
#endif
}
