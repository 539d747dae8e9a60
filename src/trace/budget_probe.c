/* What tries to get past the bounds of an action, one misbehaviour a word. Each has a net of its own: a count
 * of forks that all share, and an alarm that ends whoever is forgotten. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { kLifeSeconds = 8 };

/* The forks so far, in a file that the test reads. */
static atomic_int* counter(const char* path) {
  const int fd = open(path, O_RDWR | O_CREAT, 0666);
  if (fd < 0 || ftruncate(fd, sizeof(atomic_int)) != 0) _exit(90);
  void* memory = mmap(NULL, sizeof(atomic_int), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (memory == MAP_FAILED) _exit(91);
  close(fd);
  return memory;
}

/* Every process forks for ever. `orphans`: and ends after two, so that no parent lives to be followed. */
static int bomb(atomic_int* forks, int most, int orphans) {
  for (int children = 0;;) {
    /* Asked for before it is made: of all together there are never more. */
    if (atomic_fetch_add(forks, 1) >= most) {
      atomic_fetch_sub(forks, 1);
      pause();
      return 0;
    }
    const pid_t child = fork();
    if (child < 0) {
      atomic_fetch_sub(forks, 1);
      usleep(1000);
      continue;
    }
    if (child == 0) {
      alarm(kLifeSeconds);
      children = 0;
    } else if (orphans && ++children == 2) {
      _exit(0);
    }
  }
}

static int hog(int processes, size_t mib) {
  for (int i = 0; i < processes; ++i) {
    if (fork() != 0) continue;
    alarm(kLifeSeconds);
    char* memory = malloc(mib << 20);
    for (size_t at = 0; memory != NULL && at < mib << 20; at += 4096) {
      memory[at] = 1;
      if (at % (1 << 20) == 0) usleep(1000);
    }
    pause();
  }
  while (wait(NULL) > 0 || errno == EINTR) {
  }
  return 0;
}

/* Memory that many share: counted once it is little. */
static int share(int processes, size_t mib) {
  char* memory = mmap(NULL, mib << 20, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  for (int i = 0; i < processes; ++i) {
    if (fork() != 0) continue;
    alarm(kLifeSeconds);
    memset(memory, i, mib << 20);
    usleep(400000);
    _exit(0);
  }
  while (wait(NULL) > 0) {
  }
  return 0;
}

/* A daemon as they are made: two forks, a session of its own. `open`: it keeps stdout. */
static int daemonize(int open_stdout) {
  if (fork() != 0) return 0;
  setsid();
  if (fork() != 0) _exit(0);
  alarm(kLifeSeconds);
  close(0);
  close(2);
  if (!open_stdout) close(1);
  for (;;) pause();
}

/* Its first thread ends, and /proc tells of a zombie; another takes memory and stays. */
static void* take(void* mib) {
  const size_t bytes = (size_t)(uintptr_t)mib << 20;
  char* memory = malloc(bytes);
  for (size_t at = 0; memory != NULL && at < bytes; at += 4096) memory[at] = 1;
  for (;;) pause();
}

static int headless(size_t mib) {
  pthread_t other;
  if (fork() != 0) return 0;
  setsid();
  alarm(kLifeSeconds);
  if (pthread_create(&other, NULL, take, (void*)(uintptr_t)mib) != 0) _exit(92);
  pthread_exit(NULL);
}

static int fill(const char* path) {
  static const char bytes[65536];
  const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
  while (write(fd, bytes, sizeof bytes) > 0) {
  }
  return errno;
}

int main(int argc, char** argv) {
  const char* what = argc > 1 ? argv[1] : "";
  alarm(kLifeSeconds);
  if (strcmp(what, "bomb") == 0 && argc > 3) return bomb(counter(argv[2]), atoi(argv[3]), 0);
  if (strcmp(what, "orphans") == 0 && argc > 3) return bomb(counter(argv[2]), atoi(argv[3]), 1);
  if (strcmp(what, "hog") == 0 && argc > 3) return hog(atoi(argv[2]), strtoul(argv[3], NULL, 10));
  if (strcmp(what, "share") == 0 && argc > 3) return share(atoi(argv[2]), strtoul(argv[3], NULL, 10));
  if (strcmp(what, "daemon") == 0) return daemonize(0);
  if (strcmp(what, "daemon-stdout") == 0) return daemonize(1);
  if (strcmp(what, "headless") == 0 && argc > 2) return headless(strtoul(argv[2], NULL, 10));
  if (strcmp(what, "fill") == 0 && argc > 2) return fill(argv[2]);
  if (strcmp(what, "deaf") == 0) {
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    for (int i = 0; i < kLifeSeconds; ++i) sleep(1);
    return 0;
  }
  if (strcmp(what, "stopped") == 0) {
    if (fork() == 0) {
      raise(SIGSTOP);
      _exit(0);
    }
    raise(SIGSTOP);
    return 0;
  }
  if (strcmp(what, "spin") == 0) {
    alarm(60); /* a second of CPU time takes long on a busy host */
    for (;;) {
    }
  }
  return 2;
}
