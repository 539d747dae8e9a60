/* Files: what lies outside of the directories that the policy grants. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "scenario.h"

static void try_open(struct outcome* outcome, const char* path, int flags) {
  const int fd = open(path, flags | O_CLOEXEC, 0644);
  tried(outcome, fd, path);
  if (fd >= 0) close(fd);
}
static void read_outside(struct outcome* outcome) { try_open(outcome, out_path("secret"), O_RDONLY); }
static void write_outside(struct outcome* outcome) { try_open(outcome, out_path("victim"), O_WRONLY); }
static void create_outside(struct outcome* outcome) {
  try_open(outcome, out_path("new"), O_WRONLY | O_CREAT);
}
static void list_outside(struct outcome* outcome) {
  try_open(outcome, out_path("."), O_RDONLY | O_DIRECTORY);
}
static void unnamed_outside(struct outcome* outcome) { try_open(outcome, out_path("."), O_TMPFILE | O_RDWR); }
static void truncate_by_open(struct outcome* outcome) {
  try_open(outcome, out_path("victim"), O_RDONLY | O_TRUNC);
}
static void truncate_outside(struct outcome* outcome) {
  tried(outcome, truncate(out_path("victim"), 0), "truncate");
}
static void remove_outside(struct outcome* outcome) { tried(outcome, unlink(out_path("victim")), "unlink"); }
static void mkdir_outside(struct outcome* outcome) { tried(outcome, mkdir(out_path("dir"), 0755), "mkdir"); }
static void fifo_outside(struct outcome* outcome) {
  tried(outcome, mkfifo(out_path("fifo"), 0644), "mkfifo");
}
static void symlink_outside(struct outcome* outcome) {
  tried(outcome, symlink("secret", out_path("link")), "symlink");
}
static void chmod_outside(struct outcome* outcome) {
  tried(outcome, chmod(out_path("victim"), 0600), "chmod");
}
static void utimes_outside(struct outcome* outcome) {
  tried(outcome, utimes(out_path("victim"), NULL), "utimes");
}
static void xattr_outside(struct outcome* outcome) {
  tried(outcome, setxattr(out_path("victim"), "user.glovebox", "x", 1, 0), "setxattr");
}
static void stat_outside(struct outcome* outcome) {
  struct stat info;
  tried(outcome, stat(out_path("secret"), &info), "stat");
}
static void device_node(struct outcome* outcome) {
  tried(outcome, mknod(in_path("mem"), S_IFCHR | 0600, (1 << 8) | 1 /* /dev/mem */), "mknod of a device");
}

int reads_secret(int fd) {
  char text[7];
  const int read_it =
      fd >= 0 && pread(fd, text, sizeof text, 0) == sizeof text && memcmp(text, "secret\n", 7) == 0;
  if (fd >= 0) close(fd);
  return read_it;
}

static volatile int racing;
static char raced[4096];

/* The compiler shall not think that nobody reads what is overwritten next. */
static void put_path(const char* path) {
  strcpy(raced, path);
  __asm__ volatile("" : : : "memory");
}

/* Rewrites the path in place, between the supervisor's look and the kernel's. */
static void* rewrite_path(void* unused) {
  (void)unused;
  const char* secret = strdup(out_path("secret"));
  const char* ok = strdup(in_path("ok"));
  while (racing) {
    put_path(ok);
    put_path(secret);
  }
  return NULL;
}
void race_path(struct outcome* outcome) {
  pthread_t thread;
  racing = 1;
  strcpy(raced, in_path("ok"));
  pthread_create(&thread, NULL, rewrite_path, NULL);
  int won = 0;
  while (still(700) && !won) won = reads_secret(open(raced, O_RDONLY | O_CLOEXEC));
  racing = 0;
  pthread_join(thread, NULL);
  fill(outcome, won, 0, "open of a path that a second thread rewrites");
}

/* The calls that Landlock does not look at, with a path that a second thread rewrites. */
static void race_change(struct outcome* outcome, int (*change)(const char* path), int (*is_changed)(void),
                        const char* what) {
  pthread_t thread;
  racing = 1;
  strcpy(raced, in_path("ok"));
  pthread_create(&thread, NULL, rewrite_path, NULL);
  while (still(700) && !is_changed()) change(raced);
  racing = 0;
  pthread_join(thread, NULL);
  fill(outcome, is_changed(), 0, what);
}
static struct stat secret_info(void) {
  struct stat info;
  memset(&info, 0, sizeof info);
  stat(out_path("secret"), &info);
  return info;
}
static int change_mode(const char* path) { return chmod(path, 0604); }
static int mode_is_changed(void) { return (secret_info().st_mode & 0777) == 0604; }
static void race_chmod(struct outcome* outcome) {
  race_change(outcome, change_mode, mode_is_changed, "chmod of a path that a second thread rewrites");
}
static int change_times(const char* path) {
  const struct timeval times[2] = {{1000, 0}, {1000, 0}};
  return utimes(path, times);
}
static int times_are_changed(void) { return secret_info().st_mtime == 1000; }
static void race_utimes(struct outcome* outcome) {
  race_change(outcome, change_times, times_are_changed, "utimes of a path that a second thread rewrites");
}
static int change_attribute(const char* path) { return setxattr(path, "user.glovebox", "x", 1, 0); }
static int attribute_is_changed(void) { return getxattr(out_path("secret"), "user.glovebox", NULL, 0) > 0; }
static void race_xattr(struct outcome* outcome) {
  race_change(outcome, change_attribute, attribute_is_changed,
              "setxattr of a path that a second thread rewrites");
}
static int change_truncate(const char* path) { return truncate(path, 1); }
static int is_truncated(void) { return secret_info().st_size == 1; }
static void race_truncate(struct outcome* outcome) {
  race_change(outcome, change_truncate, is_truncated, "truncate of a path that a second thread rewrites");
}

static void run_program(struct outcome* outcome, const char* path) {
  const pid_t pid = fork();
  if (pid == 0) {
    char* const words[] = {(char*)"program", NULL};
    execv(path, words);
    _exit(errno != 0 ? errno : 255);
  }
  int status = 0;
  waitpid(pid, &status, 0);
  fill(outcome, status == 0, WIFEXITED(status) ? WEXITSTATUS(status) : 0, "exec");
}
static void execute_outside(struct outcome* outcome) { run_program(outcome, out_path("program")); }
static void* rewrite_program(void* unused) {
  (void)unused;
  const char* outside = strdup(out_path("program"));
  while (racing) {
    put_path("/bin/false");
    put_path(outside);
  }
  return NULL;
}
/* /bin/false ends with 1, what lies outside is a copy of /bin/true. */
static void race_exec(struct outcome* outcome) {
  pthread_t thread;
  racing = 1;
  strcpy(raced, "/bin/false");
  pthread_create(&thread, NULL, rewrite_program, NULL);
  while (still(1000) && !outcome->effect) {
    const pid_t pid = vfork();
    if (pid == 0) {
      char* const words[] = {(char*)"program", NULL};
      execv(raced, words);
      _exit(2);
    }
    int status = 1;
    waitpid(pid, &status, 0);
    outcome->effect = status == 0;
  }
  racing = 0;
  pthread_join(thread, NULL);
  fill(outcome, outcome->effect, 0, "exec of a path that a second thread rewrites");
}

/* Swaps a symlink of its own between what it may read and what not. */
static void* swap_link(void* unused) {
  (void)unused;
  const char *secret = strdup(out_path("secret")), *ok = strdup(in_path("ok")),
             *link = strdup(in_path("link"));
  const char* next = strdup(in_path("link.new"));
  for (int i = 0; racing; ++i) {
    unlink(next);
    if (symlink(i % 2 != 0 ? secret : ok, next) == 0) rename(next, link);
  }
  return NULL;
}
static void race_link(struct outcome* outcome) {
  pthread_t thread;
  racing = 1;
  if (symlink(in_path("ok"), in_path("link")) != 0) {
    tried(outcome, -1, "symlink");
    return;
  }
  pthread_create(&thread, NULL, swap_link, NULL);
  int won = 0;
  const char* link = strdup(in_path("link"));
  while (still(700) && !won) won = reads_secret(open(link, O_RDONLY | O_CLOEXEC));
  racing = 0;
  pthread_join(thread, NULL);
  fill(outcome, won, 0, "open of a symlink that is swapped");
}

/* A directory that is moved away while a path goes through it upwards. */
static void* move_directory(void* unused) {
  (void)unused;
  const char *deep = strdup(in_path("a/b")), *top = strdup(in_path("b"));
  while (racing) {
    rename(deep, top);
    rename(top, deep);
  }
  return NULL;
}
static void race_dotdot(struct outcome* outcome) {
  pthread_t thread;
  mkdir(in_path("a"), 0755);
  mkdir(in_path("a/b"), 0755);
  mkdir(in_path("a/b/c"), 0755);
  racing = 1;
  pthread_create(&thread, NULL, move_directory, NULL);
  int won = 0;
  const char* path = strdup(in_path("a/b/c/../../../../out/secret"));
  while (still(700) && !won) won = reads_secret(open(path, O_RDONLY | O_CLOEXEC));
  racing = 0;
  pthread_join(thread, NULL);
  fill(outcome, won, 0, "open through .. of a directory that moves");
}

static void link_out(struct outcome* outcome) {
  tried(outcome, link(out_path("victim"), in_path("hard")), "link");
  if (outcome->effect) try_open(outcome, in_path("hard"), O_WRONLY);
}
static void link_descriptor(struct outcome* outcome) {
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fd/%d", open(out_path("victim"), O_RDONLY | O_CLOEXEC));
  tried(outcome, linkat(AT_FDCWD, path, AT_FDCWD, in_path("hard"), AT_SYMLINK_FOLLOW),
        "linkat of a descriptor");
  if (outcome->effect) try_open(outcome, in_path("hard"), O_WRONLY);
}
static void rename_in(struct outcome* outcome) {
  tried(outcome, rename(out_path("victim"), in_path("taken")), "rename to inside");
}
static void rename_out(struct outcome* outcome) {
  tried(outcome, rename(in_path("ok"), out_path("victim")), "rename over a file outside");
}
static void exchange(struct outcome* outcome) {
  tried(outcome, syscall(SYS_renameat2, AT_FDCWD, in_path("ok"), AT_FDCWD, out_path("victim"), 2),
        "exchange");
}
static void by_proc_root(struct outcome* outcome) {
  char path[4200];
  snprintf(path, sizeof path, "/proc/self/root%s", out_path("secret"));
  try_open(outcome, path, O_RDONLY);
}
static void by_proc_cwd(struct outcome* outcome) {
  if (chdir(out_path(".")) != 0) {
    tried(outcome, -1, "chdir");
    return;
  }
  try_open(outcome, "/proc/self/cwd/victim", O_WRONLY);
}
static void by_dotdot(struct outcome* outcome) { try_open(outcome, in_path("../out/secret"), O_RDONLY); }
static void by_mapping(struct outcome* outcome) {
  const int fd = open(out_path("victim"), O_RDWR | O_CLOEXEC);
  if (fd < 0) {
    tried(outcome, fd, "open for a mapping");
    return;
  }
  void* memory = mmap(NULL, 1, PROT_WRITE, MAP_SHARED, fd, 0);
  fill(outcome, memory != MAP_FAILED, errno, "shared mapping");
}
static void bind_outside(struct outcome* outcome) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strncpy(address.sun_path, out_path("mine"), sizeof address.sun_path - 1);
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  tried(outcome, fd < 0 ? -1 : bind(fd, (struct sockaddr*)&address, sizeof address), "bind to a path");
}
/* Where the network is held the supervisor binds, whose own rights would be enough for any place. */
static void* swap_directory(void* unused) {
  (void)unused;
  const char *out = strdup(out_path(".")), *in = strdup(in_path(".")), *next = strdup(in_path("way.new")),
             *way = strdup(in_path("way"));
  for (int i = 0; racing; ++i) {
    if (symlink(i % 2 != 0 ? out : in, next) == 0) rename(next, way);
  }
  return NULL;
}
static void race_bind(struct outcome* outcome) {
  struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "way/mine"};
  pthread_t thread;
  struct stat info;
  if (chdir(in_path(".")) != 0 || symlink(in_path("."), "way") != 0) {
    tried(outcome, -1, "chdir and symlink");
    return;
  }
  const char* outside = strdup(out_path("mine"));
  racing = 1;
  pthread_create(&thread, NULL, swap_directory, NULL);
  while (still(700) && lstat(outside, &info) != 0) {
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bind(fd, (struct sockaddr*)&address, sizeof address);
    close(fd);
    unlink("mine");
  }
  racing = 0;
  pthread_join(thread, NULL);
  fill(outcome, lstat(outside, &info) == 0, 0, "bind to a path whose directory is swapped");
}
/* The name of a socket leads now to one's own, now to one outside; the peer's name tells which it was. */
static void race_socket(struct outcome* outcome) {
  const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "way/sock"};
  struct sockaddr_un own = {.sun_family = AF_UNIX, .sun_path = "sock"};
  pthread_t thread;
  const char* outside = strdup(out_path("sock"));
  const int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (chdir(in_path(".")) != 0 || symlink(in_path("."), "way") != 0 ||
      bind(server, (struct sockaddr*)&own, sizeof own) != 0 || listen(server, 8) != 0) {
    tried(outcome, -1, "a socket of one's own");
    return;
  }
  int met = 0;
  racing = 1;
  pthread_create(&thread, NULL, swap_directory, NULL);
  while (still(700) && !met) {
    struct sockaddr_un peer = {0};
    socklen_t size = sizeof peer;
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (connect(fd, (const struct sockaddr*)&address, sizeof address) == 0 &&
        getpeername(fd, (struct sockaddr*)&peer, &size) == 0)
      met = strcmp(peer.sun_path, outside) == 0;
    close(fd);
    close(accept(server, NULL, NULL));
  }
  racing = 0;
  pthread_join(thread, NULL);
  fill(outcome, met, 0, "connect by a path that is swapped");
}
#define FILES "files"

const struct scenario kFiles[] = {
    {"outside-read", FILES, "read a file outside", HOLDS_OPTION, READ_SYSTEM, 0, NULL, NULL, read_outside,
     NULL},
    {"list-outside", FILES, "list a directory outside", HOLDS_OPTION, READ_SYSTEM, 0, NULL, NULL,
     list_outside, NULL},
    {"read-recorded", FILES, "the same in mode report", HOLDS_RECORDED, "", 0, NULL, "/out/secret",
     read_outside, NULL},
    {"outside-write", FILES, "write a file outside", HOLDS_OPTION, READ_ALL, 0, NULL, NULL, write_outside,
     NULL},
    {"write-recorded", FILES, "the same in mode report", HOLDS_RECORDED, "", 0, NULL, "/out/victim",
     write_outside, NULL},
    {"create-outside", FILES, "create a file outside", HOLDS_OPTION, READ_ALL, 0, NULL, NULL, create_outside,
     NULL},
    {"tmpfile-outside", FILES, "make an unnamed file outside", HOLDS_OPTION, READ_ALL, NEEDS_KERNEL, NULL,
     NULL, unnamed_outside, NULL},
    {"truncate-open", FILES, "truncate by an open for reading", HOLDS_OPTION, READ_ALL, 0, NULL, NULL,
     truncate_by_open, NULL},
    {"truncate-outside", FILES, "truncate a file outside", HOLDS_OPTION, READ_ALL, 0, NULL, NULL,
     truncate_outside, NULL},
    {"remove-outside", FILES, "remove a file outside", HOLDS_OPTION, READ_ALL, 0, NULL, NULL, remove_outside,
     NULL},
    {"mkdir-outside", FILES, "make a directory outside", HOLDS_OPTION, READ_ALL, 0, NULL, NULL, mkdir_outside,
     NULL},
    {"fifo-outside", FILES, "make a FIFO outside", HOLDS_OPTION, READ_ALL, 0, NULL, NULL, fifo_outside, NULL},
    {"symlink-outside", FILES, "make a symlink outside", HOLDS_OPTION, READ_ALL, 0, NULL, NULL,
     symlink_outside, NULL},
    {"chmod-outside", FILES, "change the mode of a file outside", HOLDS_OPTION, READ_ALL, 0, NULL, NULL,
     chmod_outside, NULL},
    {"utimes-outside", FILES, "change the times of a file outside", HOLDS_OPTION, READ_ALL, 0, NULL, NULL,
     utimes_outside, NULL},
    {"xattr-outside", FILES, "set an attribute of a file outside", HOLDS_OPTION, READ_ALL, NEEDS_KERNEL, NULL,
     NULL, xattr_outside, NULL},
    {"stat-outside", FILES, "look whether a file outside is there", HOLDS_NOT, READ_SYSTEM, 0, NULL, NULL,
     stat_outside, NULL},
    {"device-node", FILES, "make a device of its own", HOLDS_OPTION, READ_ALL, NEEDS_BARE_ROOT, NULL, NULL,
     device_node, NULL},
    {"race-path", FILES, "rewrite a path between check and use", HOLDS_OPTION, READ_SYSTEM, 0, NULL, NULL,
     race_path, NULL},
    {"race-chmod", FILES, "the same with chmod, which Landlock does not look at", HOLDS_OPTION, READ_ALL, 0,
     NULL, NULL, race_chmod, NULL},
    {"race-utimes", FILES, "the same with utimes", HOLDS_OPTION, READ_ALL, 0, NULL, NULL, race_utimes, NULL},
    {"race-xattr", FILES, "the same with setxattr", HOLDS_OPTION, READ_ALL, NEEDS_KERNEL, NULL, NULL,
     race_xattr, NULL},
    {"race-truncate", FILES, "the same with truncate", HOLDS_OPTION, READ_ALL, 0, NULL, NULL, race_truncate,
     NULL},
    {"outside-exec", FILES, "run a program outside", HOLDS_OPTION, READ_SYSTEM, 0, NULL, NULL,
     execute_outside, NULL},
    {"race-exec", FILES, "rewrite a program's path between check and use", HOLDS_OPTION, READ_SYSTEM, 0, NULL,
     NULL, race_exec, NULL},
    {"race-symlink", FILES, "swap a symlink between check and use", HOLDS_OPTION, READ_SYSTEM, 0, NULL, NULL,
     race_link, NULL},
    {"race-dotdot", FILES, "move a directory while a path leaves it upwards", HOLDS_OPTION, READ_SYSTEM, 0,
     NULL, NULL, race_dotdot, NULL},
    {"hard-link-out", FILES, "hard-link a file outside to inside and write it", HOLDS_OPTION, READ_ALL, 0,
     NULL, NULL, link_out, NULL},
    {"hard-link-descriptor", FILES, "the same from a descriptor that may only read", HOLDS_OPTION, READ_ALL,
     0, NULL, NULL, link_descriptor, NULL},
    {"rename-in", FILES, "take a file from outside by rename", HOLDS_OPTION, READ_ALL, 0, NULL, NULL,
     rename_in, NULL},
    {"rename-out", FILES, "replace a file outside by rename", HOLDS_OPTION, READ_ALL, 0, NULL, NULL,
     rename_out, NULL},
    {"rename-exchange", FILES, "exchange a file with one outside", HOLDS_OPTION, READ_ALL, NEEDS_KERNEL, NULL,
     NULL, exchange, NULL},
    {"proc-self-root", FILES, "go through /proc/self/root", HOLDS_OPTION, READ_SYSTEM, 0, NULL, NULL,
     by_proc_root, NULL},
    {"proc-self-cwd", FILES, "go through /proc/self/cwd", HOLDS_OPTION, READ_ALL, 0, NULL, NULL, by_proc_cwd,
     NULL},
    {"dotdot", FILES, "go up by ..", HOLDS_OPTION, READ_SYSTEM, 0, NULL, NULL, by_dotdot, NULL},
    {"shared-mapping", FILES, "write a file outside through a mapping", HOLDS_OPTION, READ_ALL, 0, NULL, NULL,
     by_mapping, NULL},
    {"bind-path", FILES, "make a socket outside", HOLDS_OPTION, READ_ALL, 0, NULL, NULL, bind_outside, NULL},
    {"race-bind", FILES, "swap a socket's directory between check and use", HOLDS_OPTION,
     READ_ALL " --network unix", 0, NULL, NULL, race_bind, NULL},
    {"race-socket", FILES, "swap the directory of a socket to connect to", HOLDS_OPTION,
     READ_ALL " --network any", 0, NULL, NULL, race_socket, NULL},
};
const size_t kFilesSize = sizeof kFiles / sizeof kFiles[0];
