/* Descriptors: what one stands for, and what else it can be made to stand for. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
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
     "--mode enforce --read / --write /", NEEDS_BARE_ROOT | NEEDS_KERNEL, NULL, "open_by_handle_at",
     by_handle, NULL},
    {"memfd-exec", "descriptors", "run a program that is in no file", HOLDS_RECORDED, "", 0, NULL, "execveat",
     run_memory, NULL},
    {"inherited-descriptor", "descriptors", "read a descriptor that was left open", HOLDS_NOT,
     "--mode enforce --read / --write /", 0, NULL, NULL, inherited, NULL},
    {"supervisor-descriptors", "descriptors", "find a descriptor of the sandbox itself", HOLDS_ALWAYS, "", 0,
     "there is no sandbox to leak one", NULL, of_supervisor, NULL},
    {"supervisor-environment", "descriptors", "find a variable of the sandbox itself", HOLDS_ALWAYS, "", 0,
     NULL, NULL, environment, NULL},
};
const size_t kDescriptorsSize = sizeof kDescriptors / sizeof kDescriptors[0];
