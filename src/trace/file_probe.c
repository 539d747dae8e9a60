/* What a hostile program tries on files that its policy does not give it: one way a word.
 *   file_probe WORD OUTSIDE INSIDE
 * OUTSIDE holds secret (which begins with "secret"), victim, tool (a program), dir, stream.out and dgram.out
 * (sockets), and is open on descriptor 9; INSIDE holds ok and dgram.in (a socket). Exit status 0: it took
 * effect, else the errno that met it (255: no effect, and no errno). */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/random.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 4000 };

static char secret[4096], victim[4096], planted[4096], tool[4096], ok[4096], mine[4096], base[4096];

static int result(long value) { return value >= 0 ? 0 : errno; }

static int holds_secret(int fd) {
  char text[6];
  if (fd < 0) return errno;
  const ssize_t size = read(fd, text, sizeof text);
  close(fd);
  return size == sizeof text && memcmp(text, "secret", sizeof text) == 0 ? 0 : 255;
}

static int reads(const char* path) { return holds_secret(open(path, O_RDONLY)); }

static int writes(const char* path, int flags) {
  const int fd = open(path, flags, 0600);
  if (fd < 0) return errno;
  return result(write(fd, "x", 1));
}

static const char* number(const char* where, int fd) {
  static char path[128];
  snprintf(path, sizeof path, "%s/%d", where, fd);
  return path;
}

/* At least ROUNDS times, and then until it has worked once or two seconds are over: on a busy machine the
 * other side may not have run before. */
static int again(int round, int met) {
  static struct timespec begin;
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  if (round == 0) begin = now;
  return round < ROUNDS || (met != 0 && now.tv_sec - begin.tv_sec < 2);
}

/* Rewrites the name that another thread is about to hand to the kernel. */
static char racing[4096];
static volatile int racing_on = 1;
static void* rewrite(void* unused) {
  (void)unused;
  while (racing_on) {
    memcpy(racing, secret, strlen(secret) + 1);
    __asm__ volatile("" ::: "memory"); /* else the compiler leaves out the first */
    memcpy(racing, ok, strlen(ok) + 1);
    __asm__ volatile("" ::: "memory");
  }
  return NULL;
}
static int race(void) {
  pthread_t thread;
  int met = 255;
  strcpy(racing, ok);
  pthread_create(&thread, NULL, rewrite, NULL);
  for (int i = 0; again(i, met); ++i)
    if (reads(racing) == 0) met = 0;
  racing_on = 0;
  pthread_join(thread, NULL);
  return met;
}

/* Another process lets a symlink lead now here, now there. */
static int swap(void) {
  char link[4200], next[4200];
  snprintf(link, sizeof link, "%s.link", mine);
  snprintf(next, sizeof next, "%s.next", mine);
  if (symlink(ok, link) != 0) return errno;
  const pid_t child = fork();
  if (child == 0) {
    for (int i = 0;; ++i) {
      if (symlink(i % 2 == 0 ? secret : ok, next) != 0 || rename(next, link) != 0) _exit(1);
    }
  }
  int met = 255;
  for (int i = 0; again(i, met); ++i)
    if (reads(link) == 0) met = 0;
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
  return met;
}

static int bind_at(const char* path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  /* A long path does not fit: its directory is open. */
  snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/9/%s", path);
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  return result(bind(fd, (struct sockaddr*)&address, sizeof address));
}

static struct sockaddr_un outer(const char* name) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/9/%s", name);
  return address;
}
static int connects(void) {
  const struct sockaddr_un address = outer("stream.out");
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  return result(connect(fd, (const struct sockaddr*)&address, sizeof address));
}
static int sends(void) {
  struct sockaddr_un address = outer("dgram.out");
  const int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
  return result(sendto(fd, "x", 1, MSG_DONTWAIT, (struct sockaddr*)&address, sizeof address));
}
static int sends_message(void) {
  struct sockaddr_un address = outer("dgram.out");
  struct iovec part = {"x", 1};
  const struct msghdr message = {
      .msg_name = &address, .msg_namelen = sizeof address, .msg_iov = &part, .msg_iovlen = 1};
  return result(sendmsg(socket(AF_UNIX, SOCK_DGRAM, 0), &message, MSG_DONTWAIT));
}

/* Rewrites the address that another thread is about to hand to the kernel; the peer's own name tells where
 * that led. */
static struct sockaddr_un reached;
static void* readdress(void* inside) {
  const struct sockaddr_un there = outer("dgram.out");
  struct sockaddr_un here = {.sun_family = AF_UNIX};
  snprintf(here.sun_path, sizeof here.sun_path, "/proc/self/fd/%d/dgram.in", *(int*)inside);
  while (racing_on) {
    memcpy(&reached, &there, sizeof there);
    __asm__ volatile("" ::: "memory"); /* else the compiler leaves out the first */
    memcpy(&reached, &here, sizeof here);
    __asm__ volatile("" ::: "memory");
  }
  return NULL;
}
static int leads_outside(int fd) {
  struct sockaddr_un peer = {0};
  socklen_t size = sizeof peer;
  return getpeername(fd, (struct sockaddr*)&peer, &size) == 0 && strstr(peer.sun_path, "dgram.out") != NULL;
}
static int race_connect(const char* inside) {
  pthread_t thread;
  int met = 255, directory = open(inside, O_RDONLY | O_DIRECTORY);
  pthread_create(&thread, NULL, readdress, &directory);
  for (int i = 0; again(i, met); ++i) {
    const int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    if (connect(fd, (const struct sockaddr*)&reached, sizeof reached) == 0 && leads_outside(fd)) met = 0;
    close(fd);
  }
  racing_on = 0;
  pthread_join(thread, NULL);
  return met;
}
/* Another process lets a symlink lead now to the one socket, now to the other. */
static int swap_connect(const char* outside, const char* inside) {
  char here[4200], there[4200];
  const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "way.socket"};
  snprintf(here, sizeof here, "%s/dgram.in", inside);
  snprintf(there, sizeof there, "%s/dgram.out", outside);
  if (chdir(inside) != 0 || symlink(here, "way.socket") != 0) return errno;
  const pid_t child = fork();
  if (child == 0) {
    for (int i = 0;; ++i) {
      if (symlink(i % 2 == 0 ? there : here, "next.socket") != 0 || rename("next.socket", "way.socket") != 0)
        _exit(1);
    }
  }
  int met = 255;
  for (int i = 0; again(i, met); ++i) {
    const int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    if (connect(fd, (const struct sockaddr*)&address, sizeof address) == 0 && leads_outside(fd)) met = 0;
    close(fd);
  }
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
  return met;
}

/* Another process lets the directory of a socket to come lead now here, now there. */
static int race_bind(const char* outside) {
  char here[4096];
  struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "way/planted"};
  snprintf(here, sizeof here, "%.*s", (int)(strrchr(ok, '/') - ok), ok);
  if (chdir(here) != 0 || symlink(here, "way") != 0) return errno;
  const pid_t child = fork();
  if (child == 0) {
    for (int i = 0;; ++i) {
      if (symlink(i % 2 == 0 ? outside : here, "next") != 0 || rename("next", "way") != 0) _exit(1);
    }
  }
  int met = 255;
  for (int i = 0; again(i, met); ++i) {
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (bind(fd, (struct sockaddr*)&address, sizeof address) == 0 && unlink("planted") != 0) met = 0;
    close(fd);
    if (met == 0) break;
  }
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
  return met;
}

static int runs(const char* path) {
  const pid_t child = fork();
  if (child == 0) {
    execl(path, path, (char*)NULL);
    _exit(errno);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WEXITSTATUS(status);
}

static int through_link(int write_it) {
  if (symlink(write_it ? victim : secret, mine) != 0) return errno;
  return write_it ? writes(mine, O_WRONLY) : reads(mine);
}

static int linked(void) {
  if (link(secret, mine) != 0) return errno;
  return reads(mine);
}

static int device(void) {
  int count = 0;
  const int fd = open("/dev/urandom", O_RDONLY);
  if (fd < 0) return errno;
  return result(ioctl(fd, RNDGETENTCNT, &count));
}

static int by_path_only(const char* where) {
  const int fd = open(secret, O_PATH);
  return fd < 0 ? errno : reads(number(where, fd));
}

static int by_directory(void) {
  if (fchdir(9) != 0) return errno;
  return reads("secret");
}

static int unnamed(const char* outside) {
  const int fd = open(outside, O_TMPFILE | O_RDWR, 0600);
  return fd >= 0 ? 0 : errno;
}

static int try(const char* word, const char* outside, const char* inside) {
  char path[8300];
#define IS(text) (strcmp(word, text) == 0)
  if (IS("read")) return reads(secret);
  if (IS("write")) return writes(victim, O_WRONLY);
  if (IS("append")) return writes(victim, O_WRONLY | O_APPEND);
  if (IS("empty")) return result(open(victim, O_RDONLY | O_TRUNC));
  if (IS("create")) return writes(planted, O_WRONLY | O_CREAT);
  if (IS("unnamed")) return unnamed(outside);
  if (IS("symlink-read")) return through_link(0);
  if (IS("symlink-write")) return through_link(1);
  if (IS("dotdot")) {
    snprintf(path, sizeof path, "%s/../%s/secret", ok, base);
    char* const last = strstr(path, "/ok/");
    memmove(last, last + 3, strlen(last + 3) + 1);
    return reads(path);
  }
  if (IS("proc-root")) {
    snprintf(path, sizeof path, "/proc/self/root%s", secret);
    return reads(path);
  }
  if (IS("proc-cwd")) return fchdir(9) != 0 ? errno : reads("/proc/self/cwd/secret");
  if (IS("path-fd")) return by_path_only("/proc/self/fd");
  if (IS("dev-fd")) return by_path_only("/dev/fd");
  if (IS("fchdir")) return by_directory();
  if (IS("openat")) return holds_secret(openat(9, "secret", O_RDONLY));
  if (IS("list")) return result(openat(9, ".", O_RDONLY | O_DIRECTORY));
  if (IS("link-out")) return linked();
  if (IS("link-in")) return result(link(ok, planted));
  if (IS("rename-out")) return result(rename(victim, mine));
  if (IS("rename-in")) return result(rename(ok, planted));
  if (IS("exchange")) return result(syscall(SYS_renameat2, AT_FDCWD, ok, AT_FDCWD, victim, 2u));
  if (IS("unlink")) return result(unlink(victim));
  if (IS("rmdir")) return result(unlinkat(9, "dir", AT_REMOVEDIR));
  if (IS("mkdir")) return result(mkdir(planted, 0700));
  if (IS("symlink")) return result(symlink("x", planted));
  if (IS("mknod")) return result(mknod(planted, S_IFIFO | 0600, 0));
  if (IS("bind")) return bind_at("planted");
  if (IS("truncate")) return result(truncate(victim, 0));
  if (IS("chmod")) return result(chmod(victim, 0));
  if (IS("fchmod")) return result(fchmod(9, 0711));
  if (IS("futimens")) return result(futimens(9, NULL));
  if (IS("utimes")) return result(utimensat(AT_FDCWD, victim, NULL, 0));
  if (IS("exec")) return runs(tool);
  if (IS("ioctl")) return device();
  if (IS("race")) return race();
  if (IS("swap")) return swap();
  if (IS("race-bind")) return race_bind(outside);
  if (IS("connect")) return connects();
  if (IS("send")) return sends();
  if (IS("sendmsg")) return sends_message();
  if (IS("connect-race")) return race_connect(inside);
  if (IS("connect-swap")) return swap_connect(outside, inside);
  return 254;
}

int main(int argc, char** argv) {
  if (argc != 4) return 253;
  const char* outside = argv[2];
  const char* inside = argv[3];
  snprintf(secret, sizeof secret, "%s/secret", outside);
  snprintf(victim, sizeof victim, "%s/victim", outside);
  snprintf(planted, sizeof planted, "%s/planted", outside);
  snprintf(tool, sizeof tool, "%s/tool", outside);
  snprintf(base, sizeof base, "%s", strrchr(outside, '/') + 1);
  snprintf(ok, sizeof ok, "%s/ok", inside);
  snprintf(mine, sizeof mine, "%s/mine", inside);
  return try(argv[1], outside, inside);
}
