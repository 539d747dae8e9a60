/* Resources: processes, memory, disk, descriptors, time. Each asks for little more than it may have. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "scenario.h"

enum { kProcessCount = 50, kMegabyte = 1 << 20 };

static void fork_many(struct outcome* outcome) {
  pid_t children[kProcessCount];
  int count = 0;
  for (; count < kProcessCount; ++count) {
    children[count] = fork();
    if (children[count] == 0) {
      alarm(10);
      for (;;) pause();
    }
    if (children[count] < 0) break;
  }
  const int error = count < kProcessCount ? errno : 0;
  usleep(700000); /* where the count is sampled, it is sampled now */
  int alive = 0;
  for (int i = 0; i < count; ++i) {
    alive += waitpid(children[i], NULL, WNOHANG) == 0;
    kill(children[i], SIGKILL);
  }
  for (int i = 0; i < count; ++i) waitpid(children[i], NULL, 0);
  char text[80];
  snprintf(text, sizeof text, "%d of %d processes", alive, kProcessCount);
  fill(outcome, alive == kProcessCount, error, text);
}

static int touch(size_t megabytes) {
  char* memory =
      mmap(NULL, megabytes * kMegabyte, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return errno;
  for (size_t at = 0; at < megabytes * kMegabyte; at += 4096) memory[at] = 1;
  return 0;
}
static void take_memory(struct outcome* outcome) {
  const int error = touch(256);
  fill(outcome, error == 0, error, "256 MiB at once");
}
/* No limit of one process is reached: the sum is what counts. */
static void share_memory(struct outcome* outcome) {
  pid_t children[6];
  for (int i = 0; i < 6; ++i) {
    children[i] = fork();
    if (children[i] != 0) continue;
    if (touch(40) != 0) _exit(1);
    sleep(2);
    _exit(0);
  }
  int whole = 1;
  for (int i = 0; i < 6; ++i) {
    int status = 1;
    waitpid(children[i], &status, 0);
    whole = whole && status == 0;
  }
  fill(outcome, whole, 0, "240 MiB in six processes");
}
static void fill_disk(struct outcome* outcome) {
  static char block[kMegabyte];
  memset(block, 1, sizeof block);
  const int fd = open(in_path("large"), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  signal(SIGXFSZ, SIG_IGN);
  long done = 0;
  for (int i = 0; i < 4; ++i) {
    const ssize_t size = write(fd, block, sizeof block);
    if (size < 0) break;
    done += size;
  }
  const int error = done == 4L * kMegabyte ? 0 : errno;
  fill(outcome, done == 4L * kMegabyte, error, "a file of 4 MiB");
}
static void take_descriptors(struct outcome* outcome) {
  int count = 0, fd = 0;
  for (; count < 200 && fd >= 0; ++count) fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
  tried(outcome, fd, "200 descriptors");
}
static void raise_limit(struct outcome* outcome) {
  const struct rlimit limit = {32, 32};
  tried(outcome, setrlimit(RLIMIT_NOFILE, &limit), "setrlimit");
}
static void burn(struct outcome* outcome) {
  const clock_t end = clock() + 3 * CLOCKS_PER_SEC;
  while (clock() < end) {
  }
  fill(outcome, 1, 0, "3 s of CPU");
}
static void wait_long(struct outcome* outcome) {
  sleep(4);
  fill(outcome, 1, 0, "4 s");
}
/* Leaves the session, and its parent, and goes on. */
static void stay_behind(struct outcome* outcome) {
  char path[4096];
  snprintf(path, sizeof path, "%s", in_path("alive"));
  if (fork() == 0) {
    setsid();
    if (fork() != 0) _exit(0);
    for (int fd = 0; fd < 3; ++fd) close(fd);
    sleep(2);
    close(open(path, O_WRONLY | O_CREAT, 0644));
    _exit(0);
  }
  wait(NULL);
  fill(outcome, 0, 0, "left behind");
}
static void is_alive(struct outcome* outcome) {
  sleep(3);
  fill(outcome, access(in_path("alive"), F_OK) == 0, 0, "a process that was left behind went on");
}

const struct scenario kResources[] = {
    {"fork-bomb", "resources", "start 50 processes", HOLDS_OPTION,
     "--mode enforce --read / --write / --total-processes 20", 0, NULL, NULL, fork_many, NULL},
    {"memory-one", "resources", "take 256 MiB", HOLDS_OPTION, "--limit AS=200M", 0, NULL, NULL, take_memory,
     NULL},
    {"memory-many", "resources", "take 240 MiB in six processes", HOLDS_OPTION,
     "--mode enforce --read / --write / --total-memory 100M", NEEDS_SLOW, NULL, NULL, share_memory, NULL},
    {"disk", "resources", "write a file of 4 MiB", HOLDS_OPTION, "--limit FSIZE=1M", 0, NULL, NULL, fill_disk,
     NULL},
    {"many-descriptors", "resources", "open 200 descriptors", HOLDS_OPTION, "--limit NOFILE=100", 0, NULL,
     NULL, take_descriptors, NULL},
    {"limit-changed", "resources", "change a limit of its own", HOLDS_OPTION, "--restrict-prlimit", 0, NULL,
     NULL, raise_limit, NULL},
    {"cpu", "resources", "burn 3 s of CPU", HOLDS_OPTION, "--limit CPU=1s", NEEDS_SLOW, NULL, NULL, burn,
     NULL},
    {"wall-clock", "resources", "stay for 4 s", HOLDS_OPTION,
     "--mode enforce --read / --write / --wall-clock 1s", NEEDS_SLOW, NULL, NULL, wait_long, NULL},
    {"left-over", "resources", "leave a process behind", HOLDS_OPTION, "--mode enforce --read / --write /",
     NEEDS_SLOW, NULL, NULL, stay_behind, is_alive},
};
const size_t kResourcesSize = sizeof kResources / sizeof kResources[0];
