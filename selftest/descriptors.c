/* Descriptors: what one stands for, and what else it can be made to stand for. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "scenario.h"

static void reopen(struct outcome* outcome, const char* place, int fd, const char* what) {
  char path[64];
  snprintf(path, sizeof path, "%s/%d", place, fd);
  tried(outcome, fd < 0 ? -1 : open(path, O_WRONLY | O_CLOEXEC), what);
}
static void by_dev_fd(struct outcome* outcome) {
  reopen(outcome, "/dev/fd", open(out_path("victim"), O_RDONLY | O_CLOEXEC), "/dev/fd/N for writing");
}
static void by_proc_fd(struct outcome* outcome) {
  reopen(outcome, "/proc/self/fd", open(out_path("victim"), O_RDONLY | O_CLOEXEC),
         "/proc/self/fd/N for writing");
}
static void by_path_descriptor(struct outcome* outcome) {
  reopen(outcome, "/proc/self/fd", open(out_path("victim"), O_PATH | O_CLOEXEC),
         "an O_PATH descriptor for writing");
}
static void read_path_descriptor(struct outcome* outcome) {
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fd/%d", open(out_path("secret"), O_PATH | O_CLOEXEC));
  tried(outcome, open(path, O_RDONLY | O_CLOEXEC), "an O_PATH descriptor for reading");
}
static void by_directory(struct outcome* outcome) {
  const int dir = open(out_path("."), O_PATH | O_DIRECTORY | O_CLOEXEC);
  tried(outcome, openat(dir, "secret", O_RDONLY | O_CLOEXEC), "openat below an O_PATH directory");
}
static void by_fchdir(struct outcome* outcome) {
  const int dir = open(out_path("."), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (fchdir(dir) != 0) {
    tried(outcome, -1, "fchdir");
    return;
  }
  tried(outcome, open("secret", O_RDONLY | O_CLOEXEC), "fchdir to outside and open");
}
static void by_handle(struct outcome* outcome) {
  struct {
    struct file_handle head;
    unsigned char bytes[128];
  } handle = {.head = {.handle_bytes = 128}};
  int mount = 0;
  if (name_to_handle_at(AT_FDCWD, out_path("secret"), &handle.head, &mount, 0) != 0) {
    tried(outcome, -1, "name_to_handle_at");
    return;
  }
  const int dir = open(in_path("."), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  tried(outcome, open_by_handle_at(dir, &handle.head, O_RDONLY), "open_by_handle_at");
}
/* What runs then has no name that a policy could grant or refuse. */
static void run_memory(struct outcome* outcome) {
  const int source = open("/bin/true", O_RDONLY | O_CLOEXEC);
  const int memory = memfd_create("program", 0);
  char bytes[65536];
  for (ssize_t size; (size = read(source, bytes, sizeof bytes)) > 0;) {
    if (write(memory, bytes, (size_t)size) != size) return;
  }
  const pid_t pid = fork();
  if (pid == 0) {
    char* const words[] = {(char*)"true", NULL};
    char* const none[] = {NULL};
    syscall(SYS_execveat, memory, "", words, none, AT_EMPTY_PATH);
    _exit(1);
  }
  int status = 0;
  waitpid(pid, &status, 0);
  fill(outcome, status == 0, 0, "exec of a memfd");
}
/* What a descriptor that may only read is enough for: the rights on a file are its owner's, whatever the open
 * asked for, and Landlock looks at none of these calls. */
static int victim_to_read(void) { return open(out_path("victim"), O_RDONLY | O_CLOEXEC); }
static void change_mode(struct outcome* outcome) { tried(outcome, fchmod(victim_to_read(), 0600), "fchmod"); }
static void change_mode_by_empty_path(struct outcome* outcome) {
  tried(outcome, syscall(452 /* fchmodat2 */, victim_to_read(), "", 0600, AT_EMPTY_PATH),
        "fchmodat2 with an empty path");
}
static void change_mode_by_proc(struct outcome* outcome) {
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fd/%d", victim_to_read());
  tried(outcome, chmod(path, 0600), "chmod of /proc/self/fd/N");
}
static void change_owner(struct outcome* outcome) {
  tried(outcome, fchown(victim_to_read(), getuid(), getgid()), "fchown to the owner");
}
static void change_times(struct outcome* outcome) {
  tried(outcome, futimens(victim_to_read(), NULL), "futimens");
}
static void change_attribute(struct outcome* outcome) {
  tried(outcome, fsetxattr(victim_to_read(), "user.glovebox", "x", 1, 0), "fsetxattr");
}
static void change_flags(struct outcome* outcome) {
  int flags = 0;
  const int fd = victim_to_read();
  const int looked = ioctl(fd, FS_IOC_GETFLAGS, &flags);
  tried(outcome, looked != 0 ? looked : ioctl(fd, FS_IOC_SETFLAGS, &flags), "FS_IOC_SETFLAGS");
}
static void change_generation(struct outcome* outcome) {
  int generation = 7;
  tried(outcome, ioctl(victim_to_read(), FS_IOC_SETVERSION, &generation), "FS_IOC_SETVERSION");
}

/* Puts another file behind the number, between the supervisor's look and the call. */
static volatile int racing;
static int raced = -1;
static void* swap_descriptor(void* unused) {
  (void)unused;
  const int victim = victim_to_read(), own = open(in_path("ok"), O_RDONLY | O_CLOEXEC);
  while (racing) {
    dup2(own, raced);
    dup2(victim, raced);
  }
  return NULL;
}
static void race_descriptor(struct outcome* outcome) {
  pthread_t thread;
  struct stat info = {0};
  raced = open(in_path("ok"), O_RDONLY | O_CLOEXEC);
  racing = 1;
  pthread_create(&thread, NULL, swap_descriptor, NULL);
  while (still(700) && (info.st_mode & 0777) != 0604) {
    fchmod(raced, 0604);
    stat(out_path("victim"), &info);
  }
  racing = 0;
  pthread_join(thread, NULL);
  fill(outcome, (info.st_mode & 0777) == 0604, 0, "fchmod of a descriptor that a second thread replaces");
}

/* What the one who started the sandbox left open. */
static void inherited(struct outcome* outcome) {
  char text[8] = "";
  tried(outcome, pread(77, text, sizeof text, 0), "read an inherited descriptor");
  if (strncmp(text, "secret", 6) != 0) outcome->effect = 0;
}
/* Of the sandbox's own: its log, its listener, its sockets. */
static void of_supervisor(struct outcome* outcome) {
  DIR* dir = opendir("/proc/self/fd");
  fill(outcome, 0, 0, "none of the supervisor's");
  for (struct dirent* entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
    const int fd = atoi(entry->d_name);
    char path[64], target[256] = "", text[400];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (fd <= 2 || fd == 77 || fd == dirfd(dir) || readlink(path, target, sizeof target - 1) < 0) continue;
    snprintf(text, sizeof text, "%d -> %s", fd, target);
    fill(outcome, 1, 0, text);
  }
  if (dir != NULL) closedir(dir);
}
extern char** environ;
static void environment(struct outcome* outcome) {
  fill(outcome, 0, 0, "no variable of ours");
  for (char** at = environ; *at != NULL; ++at) {
    if (strncmp(*at, "GLOVEBOX_", 9) == 0 && strncmp(*at, "GLOVEBOX_TEST_", 14) != 0)
      fill(outcome, 1, 0, *at);
  }
}

const struct scenario kDescriptors[] = {
    {"fchmod-outside", "descriptors", "change a mode through a descriptor that may only read", HOLDS_OPTION,
     READ_ALL, 0, NULL, NULL, change_mode, NULL},
    {"fchmodat2-outside", "descriptors", "the same by fchmodat2 without a path", HOLDS_OPTION, READ_ALL,
     NEEDS_KERNEL, NULL, NULL, change_mode_by_empty_path, NULL},
    {"proc-fd-chmod", "descriptors", "the same by its name in /proc/self/fd", HOLDS_OPTION, READ_ALL, 0, NULL,
     NULL, change_mode_by_proc, NULL},
    {"fchown-outside", "descriptors", "the same with the owner", HOLDS_OPTION, READ_ALL, 0, NULL, NULL,
     change_owner, NULL},
    {"futimens-outside", "descriptors", "the same with the times", HOLDS_OPTION, READ_ALL, 0, NULL, NULL,
     change_times, NULL},
    {"fsetxattr-outside", "descriptors", "the same with an attribute", HOLDS_OPTION, READ_ALL, NEEDS_KERNEL,
     NULL, NULL, change_attribute, NULL},
    {"setflags-outside", "descriptors", "the same with the flags of chattr(1)", HOLDS_ALWAYS, "",
     NEEDS_KERNEL, NULL, NULL, change_flags, NULL},
    {"setversion-outside", "descriptors", "the same with the generation", HOLDS_OPTION, READ_ALL,
     NEEDS_KERNEL, NULL, NULL, change_generation, NULL},
    {"race-fchmod", "descriptors", "replace a descriptor between check and use", HOLDS_OPTION, READ_ALL, 0,
     NULL, NULL, race_descriptor, NULL},
    {"dev-fd", "descriptors", "reopen a descriptor for writing by /dev/fd", HOLDS_OPTION, READ_ALL, 0, NULL,
     NULL, by_dev_fd, NULL},
    {"proc-self-fd", "descriptors", "the same by /proc/self/fd", HOLDS_OPTION, READ_ALL, 0, NULL, NULL,
     by_proc_fd, NULL},
    {"o-path-write", "descriptors", "open an O_PATH descriptor for writing", HOLDS_OPTION, READ_ALL, 0, NULL,
     NULL, by_path_descriptor, NULL},
    {"o-path-read", "descriptors", "open an O_PATH descriptor of a hidden file", HOLDS_OPTION, READ_SYSTEM, 0,
     NULL, NULL, read_path_descriptor, NULL},
    {"o-path-directory", "descriptors", "open below an O_PATH directory outside", HOLDS_OPTION, READ_SYSTEM,
     0, NULL, NULL, by_directory, NULL},
    {"fchdir", "descriptors", "fchdir to outside and open from there", HOLDS_OPTION, READ_SYSTEM, 0, NULL,
     NULL, by_fchdir, NULL},
    {"open-by-handle", "descriptors", "open a file by its handle, past every path", HOLDS_OPTION,
     "--mode enforce --read / --write /", NEEDS_BARE_ROOT | NEEDS_KERNEL, NULL, "(open_by_handle_at ",
     by_handle, NULL},
    {"memfd-exec", "descriptors", "run a program that is in no file", HOLDS_RECORDED, "", 0, NULL, "execveat",
     run_memory, NULL},
    {"inherited-descriptor", "descriptors", "read a descriptor that was left open", HOLDS_OPTION,
     "--mode enforce --read / --write /", 0, NULL, NULL, inherited, NULL},
    {"kept-descriptor", "descriptors", "read one that it is given", HOLDS_WORKS,
     "--mode enforce --read / --write / --keep-fd 77", 0, NULL, NULL, inherited, NULL},
    {"supervisor-descriptors", "descriptors", "find a descriptor of the sandbox itself", HOLDS_ALWAYS, "", 0,
     "there is no sandbox to leak one", NULL, of_supervisor, NULL},
    {"supervisor-environment", "descriptors", "find a variable of the sandbox itself", HOLDS_ALWAYS, "", 0,
     NULL, NULL, environment, NULL},
};
const size_t kDescriptorsSize = sizeof kDescriptors / sizeof kDescriptors[0];
