/* Tries to change an append-only log in a way that is no append. Static, raw calls where the C library would
 * help, so that nothing but the kernel and a supervisor stands between.
 *   append_probe LOG KIND ACTION
 * KIND: how it comes to a descriptor, or "path" for what needs none. The working directory is the log's
 * parent's parent, writable, on the same file system. Always exits with 0: what has become of the log tells.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <unistd.h>

#ifndef FALLOC_FL_PUNCH_HOLE
#define FALLOC_FL_PUNCH_HOLE 2
#endif

static const char* log_path;
static char evil[] = "EVILEVIL";

static int open_kind(const char* kind, int flags) {
  char link_path[64];
  if (!strcmp(kind, "plain")) return (int)syscall(SYS_openat, AT_FDCWD, log_path, flags, 0);
  if (!strcmp(kind, "append")) return (int)syscall(SYS_openat, AT_FDCWD, log_path, flags | O_APPEND, 0);
  if (!strcmp(kind, "openat2")) {
    uint64_t how[3] = {(uint64_t)(unsigned)flags, 0, 0};
    return (int)syscall(SYS_openat2, AT_FDCWD, log_path, how, sizeof how);
  }
  if (!strcmp(kind, "reopen") || !strcmp(kind, "devfd") || !strcmp(kind, "opath")) {
    const int fd = open(log_path, kind[0] == 'o' ? O_PATH : O_RDONLY);
    snprintf(link_path, sizeof link_path, kind[0] == 'd' ? "/dev/fd/%d" : "/proc/self/fd/%d", fd);
    return open(link_path, flags);
  }
  if (!strcmp(kind, "symlink")) {
    if (symlink(log_path, "sneaky") != 0) return -1;
    return open("sneaky", flags);
  }
  if (!strcmp(kind, "hardlink")) {
    if (link(log_path, "sneaky") != 0) return -1;
    return open("sneaky", flags);
  }
  if (!strcmp(kind, "alias")) return open("alias", flags); /* a hard link that was there before */
  if (!strcmp(kind, "dirfd")) {
    char dir[4096];
    snprintf(dir, sizeof dir, "%s", log_path);
    *strrchr(dir, '/') = 0;
    return openat(open(dir, O_RDONLY | O_DIRECTORY), strrchr(log_path, '/') + 1, flags);
  }
  if (!strcmp(kind, "inherited")) return 9;
  return -1;
}

/* A file of ours, beside the log, with the same bytes at its beginning. */
static int source(void) {
  char path[4096];
  snprintf(path, sizeof path, "%s.source", log_path);
  const int fd = open(path, O_CREAT | O_RDWR, 0666);
  if (pwrite(fd, evil, 8, 0) < 0) return -1;
  return fd;
}

/* What the kernel copies without the bytes passing through us. False: it is another action. */
static int copies(int fd, const char* action) {
  off_t zero = 0, at = 0;
  if (!strcmp(action, "sendfile")) {
    lseek(fd, 0, SEEK_SET);
    return sendfile(fd, source(), &zero, 8) | 1;
  }
  if (!strcmp(action, "splice")) {
    int ends[2];
    if (pipe(ends) != 0 || write(ends[1], evil, 8) != 8) return 1;
    return (int)splice(ends[0], NULL, fd, &at, 8, 0) | 1;
  }
  if (!strcmp(action, "copyrange")) return (int)copy_file_range(source(), &zero, fd, &at, 8, 0) | 1;
  if (!strcmp(action, "ficlone")) return ioctl(fd, 0x40049409, source()) | 1;
  return 0;
}

static void act(int fd, const char* action) {
  if (copies(fd, action)) return;
  struct iovec piece = {evil, 8};
  struct stat is;
  if (!strcmp(action, "write")) {
    lseek(fd, 0, SEEK_SET);
    if (write(fd, evil, 8) < 0) return;
  } else if (!strcmp(action, "pwrite")) {
    if (pwrite(fd, evil, 8, 0) < 0) return;
  } else if (!strcmp(action, "setfl")) {
    syscall(SYS_fcntl, fd, F_SETFL, 0);
    lseek(fd, 0, SEEK_SET);
    if (write(fd, evil, 8) < 0) return;
  } else if (!strcmp(action, "setflhigh")) { /* the kernel looks at 32 bits of the command */
    syscall(SYS_fcntl, fd, 0x100000000ull | F_SETFL, 0);
    lseek(fd, 0, SEEK_SET);
    if (write(fd, evil, 8) < 0) return;
  } else if (!strcmp(action, "noappend")) {
    syscall(SYS_pwritev2, fd, &piece, 1, 0, 0, 0x20);
  } else if (!strcmp(action, "iosubmit")) {
    aio_context_t context = 0;
    struct iocb block = {.aio_fildes = (uint32_t)fd,
                         .aio_lio_opcode = IOCB_CMD_PWRITE,
                         .aio_buf = (uint64_t)(uintptr_t)evil,
                         .aio_nbytes = 8,
                         .aio_rw_flags = 0x20};
    struct iocb* blocks = &block;
    syscall(SYS_io_setup, 1, &context);
    syscall(SYS_io_submit, context, 1, &blocks);
    struct io_event event;
    struct timespec wait = {0, 100000000};
    syscall(SYS_io_getevents, context, 1, 1, &event, &wait);
  } else if (!strcmp(action, "ftruncate")) {
    syscall(SYS_ftruncate, fd, 0);
  } else if (!strcmp(action, "punch")) {
    syscall(SYS_fallocate, fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096);
  } else if (!strcmp(action, "zero")) {
    syscall(SYS_fallocate, fd, 0x10 | FALLOC_FL_KEEP_SIZE, 0, 4096);
  } else if (!strcmp(action, "collapse")) {
    syscall(SYS_fallocate, fd, 0x08, 0, 4096);
  } else if (!strcmp(action, "insert")) {
    syscall(SYS_fallocate, fd, 0x20, 0, 4096);
  } else if (!strcmp(action, "unresvsp")) {
    struct {
      int16_t type, whence;
      int64_t start, len;
      int32_t sysid;
      uint32_t pid;
      int32_t pad[4];
    } space = {0, 0, 0, 4096, 0, 0, {0}};
    ioctl(fd, 0x4030582b, &space);
  } else if (!strcmp(action, "mmap")) {
    char* at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (at != MAP_FAILED) memcpy(at, evil, 8);
  } else if (!strcmp(action, "mprotect")) {
    char* at = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
    if (at != MAP_FAILED && mprotect(at, 4096, PROT_READ | PROT_WRITE) == 0) memcpy(at, evil, 8);
  } else if (!strcmp(action, "fchmod")) {
    syscall(SYS_fchmod, fd, 0);
  } else if (!strcmp(action, "fsetxattr")) {
    syscall(SYS_fsetxattr, fd, "user.evil", "1", 1, 0);
  } else if (!strcmp(action, "futimens")) {
    const struct timespec times[2] = {{1, 0}, {1, 0}};
    syscall(SYS_utimensat, fd, NULL, times, 0);
  } else if (!strcmp(action, "reopen") && fstat(fd, &is) == 0) {
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    const int again = open(path, O_WRONLY);
    if (pwrite(again, evil, 8, 0) < 0) return;
  }
}

/* What a second thread changes while the kernel, or a supervisor, reads. */
static char racing[4096];
static char harmless[4096];
static volatile uint64_t racing_how[3];
static int racing_fd = -1, log_fd = -1, own_fd = -1;
static volatile int go = 1;

static void* race_path(void* unused) {
  (void)unused;
  const size_t size = strlen(log_path) + 1;
  while (go) {
    memcpy(racing, log_path, size);
    __asm__ volatile("" ::: "memory");
    memcpy(racing, harmless, size);
    __asm__ volatile("" ::: "memory");
  }
  return NULL;
}
static void* race_how(void* unused) {
  (void)unused;
  while (go) {
    racing_how[0] = O_RDWR | O_TRUNC;
    racing_how[0] = O_RDONLY;
  }
  return NULL;
}
static void* race_fd(void* unused) {
  (void)unused;
  while (go) {
    syscall(SYS_dup2, log_fd, racing_fd);
    syscall(SYS_dup2, own_fd, racing_fd);
  }
  return NULL;
}

static int is_log(int fd) {
  struct stat a, b;
  return fd >= 0 && fstat(fd, &a) == 0 && stat(log_path, &b) == 0 && a.st_ino == b.st_ino &&
         a.st_dev == b.st_dev;
}

/* For RACE_MS, or until it has had an effect. */
static struct timespec begun;
static off_t whole;
static int goes_on(void) {
  const char* const ms = getenv("RACE_MS");
  struct timespec now;
  struct stat is;
  clock_gettime(CLOCK_MONOTONIC, &now);
  const long passed = (now.tv_sec - begun.tv_sec) * 1000 + (now.tv_nsec - begun.tv_nsec) / 1000000;
  return passed < (ms != NULL ? atoi(ms) : 300) && stat(log_path, &is) == 0 && is.st_size >= whole;
}

static void race(const char* what) {
  pthread_t thread;
  struct stat first;
  stat(log_path, &first);
  whole = first.st_size;
  clock_gettime(CLOCK_MONOTONIC, &begun);
  if (!strcmp(what, "race-open") || !strcmp(what, "race-truncate") || !strcmp(what, "race-unlink")) {
    /* of the log's own length, so that any mixture of both is a name */
    snprintf(harmless, sizeof harmless, "%s", log_path);
    memset(strrchr(harmless, '/') + 1, 'h', strlen(strrchr(harmless, '/') + 1));
    close(open(harmless, O_CREAT | O_RDWR, 0666));
    memcpy(racing, harmless, sizeof racing);
    pthread_create(&thread, NULL, race_path, NULL);
    while (goes_on()) {
      if (!strcmp(what, "race-truncate")) {
        syscall(SYS_truncate, racing, 0);
      } else if (!strcmp(what, "race-unlink")) {
        syscall(SYS_unlink, racing);
      } else {
        const int fd = (int)syscall(SYS_openat, AT_FDCWD, racing, O_RDWR, 0);
        if (is_log(fd)) act(fd, "mmap");
        if (is_log(fd)) act(fd, "ftruncate");
        if (fd >= 0) close(fd);
      }
    }
  } else if (!strcmp(what, "race-how")) {
    pthread_create(&thread, NULL, race_how, NULL);
    while (goes_on()) {
      const int fd = (int)syscall(SYS_openat2, AT_FDCWD, log_path, racing_how, sizeof racing_how);
      if (fd >= 0) close(fd);
    }
  } else {
    log_fd = open(log_path, O_WRONLY | O_APPEND);
    own_fd = open("own", O_CREAT | O_RDWR, 0666);
    racing_fd = dup(own_fd);
    pthread_create(&thread, NULL, race_fd, NULL);
    while (goes_on()) {
      if (!strcmp(what, "race-setfl")) {
        syscall(SYS_fcntl, racing_fd, F_SETFL, 0);
        if ((syscall(SYS_fcntl, log_fd, F_GETFL) & O_APPEND) == 0) break;
      } else {
        syscall(SYS_ftruncate, racing_fd, 0);
      }
    }
    if (!strcmp(what, "race-setfl")) act(log_fd, "pwrite");
  }
  go = 0;
  pthread_join(thread, NULL);
}

static void by_path(const char* action) {
  char dir[4096];
  snprintf(dir, sizeof dir, "%s", log_path);
  *strrchr(dir, '/') = 0;
  if (!strncmp(action, "race-", 5)) {
    race(action);
  } else if (!strcmp(action, "trunc")) {
    close(open(log_path, O_WRONLY | O_TRUNC));
  } else if (!strcmp(action, "rdtrunc")) {
    close(open(log_path, O_RDONLY | O_TRUNC));
  } else if (!strcmp(action, "creat")) {
    close((int)syscall(SYS_creat, log_path, 0666));
  } else if (!strcmp(action, "truncate")) {
    syscall(SYS_truncate, log_path, 0);
  } else if (!strcmp(action, "truncate-alias")) {
    syscall(SYS_truncate, "alias", 0);
  } else if (!strcmp(action, "rename")) {
    syscall(SYS_rename, log_path, "away");
  } else if (!strcmp(action, "over")) {
    close(open("new", O_CREAT | O_RDWR, 0666));
    syscall(SYS_rename, "new", log_path);
  } else if (!strcmp(action, "exchange")) {
    close(open("new", O_CREAT | O_RDWR, 0666));
    syscall(SYS_renameat2, AT_FDCWD, "new", AT_FDCWD, log_path, 2);
  } else if (!strcmp(action, "dir")) {
    syscall(SYS_rename, dir, "away");
  } else if (!strcmp(action, "dir-exchange")) {
    mkdir("newdir", 0777);
    syscall(SYS_renameat2, AT_FDCWD, "newdir", AT_FDCWD, dir, 2);
  } else if (!strcmp(action, "unlink")) {
    syscall(SYS_unlink, log_path);
  } else if (!strcmp(action, "unlinkat")) {
    syscall(SYS_unlinkat, open(dir, O_RDONLY), strrchr(log_path, '/') + 1, 0);
  } else if (!strcmp(action, "chmod")) {
    syscall(SYS_chmod, log_path, 0);
  } else if (!strcmp(action, "fchmodat2")) {
    if (syscall(452, AT_FDCWD, log_path, 0, 0) != 0) chmod(log_path, 0);
  } else if (!strcmp(action, "setxattr")) {
    syscall(SYS_setxattr, log_path, "user.evil", "1", 1, 0);
  } else if (!strcmp(action, "utimes")) {
    const struct timespec times[2] = {{1, 0}, {1, 0}};
    syscall(SYS_utimensat, AT_FDCWD, log_path, times, 0);
  } else if (!strcmp(action, "link-out")) {
    syscall(SYS_link, log_path, "away");
  }
}

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  log_path = argv[1];
  if (!strcmp(argv[2], "path")) {
    by_path(argv[3]);
    return 0;
  }
  static const int modes[] = {O_WRONLY, O_RDWR};
  for (int i = 0; i < 2; ++i) {
    const int fd = open_kind(argv[2], modes[i]);
    if (fd >= 0) act(fd, argv[3]);
    unlink("sneaky");
  }
  return 0;
}
