/* Random file calls in the working directory, for file_maker_test.cc: says what each gave, and in the end
 * what is left. Two runs with one seed must say the same, whoever made the calls. No name leads out of the
 * working directory: no "..", but behind a directory below it; and no absolute one but its own. file_probe
 * SEED COUNT */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

static uint64_t state;
static char cwd[PATH_MAX];
static unsigned pick(unsigned n) {
  state = state * 6364136223846793005ull + 1442695040888963407ull;
  return (unsigned)(state >> 33) % n;
}
#define ONE(list) list[pick(sizeof list / sizeof list[0])]

static int below; /* in d/e: a magic link to it is found by name, which needs leave to search d */
static const char* name(char* out) {
  static const char* const fronts[] = {
      "",   "",    "",    "",    "d/",    "d/../",           "ld/",     "d/e/", "./", "@/",
      "@/", "lf/", "ro/", "no/", "loop/", "/proc/self/cwd/", "d//e/../"};
  static const char* const lasts[] = {"f",  "g",    "h",    "i",    "d",    "e",    "ld",
                                      "lf", "dang", "loop", "fifo", "s",    "t",    "zero",
                                      "ro", "no",   "deny", ".",    "new1", "new2", "new3"};
  static const char* const ends[] = {"", "", "", "", "", "", "", "", "/", "/."};
  const char* front = ONE(fronts);
  if (below && front[0] == '/') front = "";
  if (pick(40) == 0) return strcpy(out, "");
  snprintf(out, PATH_MAX, "%s%s%s%s", front[0] == '@' ? cwd : "", front[0] == '@' ? "/" : front, ONE(lasts),
           ONE(ends));
  return out;
}

static void say(const char* what, long got) {
  printf("%s %ld %d\n", what, got, got < 0 ? errno : 0);
  fflush(stdout);
}

static int held[4] = {-1, -1, -1, -1};

static int base(void) {
  if (pick(3) != 0) return AT_FDCWD;
  if (pick(20) == 0) return 77;
  const int fd = held[pick(4)];
  return fd < 0 ? AT_FDCWD : fd;
}

static void open_one(void) {
  static const int modes[] = {O_RDONLY, O_RDONLY, O_WRONLY, O_RDWR};
  static const int more[] = {0,
                             0,
                             0,
                             O_CREAT,
                             O_CREAT,
                             O_CREAT | O_EXCL,
                             O_TRUNC,
                             O_CREAT | O_TRUNC,
                             O_DIRECTORY,
                             O_TMPFILE,
                             O_CREAT | O_DIRECTORY,
                             O_PATH};
  static const int bits[] = {0, 0, O_NOFOLLOW, O_APPEND, O_CLOEXEC, O_SYNC, O_NOATIME, O_NOCTTY};
  static const mode_t rights[] = {0666, 0600, 0444, 0, 0777, 04755};
  char path[PATH_MAX];
  name(path);
  const int flags = ONE(modes) | ONE(more) | ONE(bits) | ONE(bits) | O_NONBLOCK;
  const mode_t mode = ONE(rights);
  const int from = base();
  int fd;
  const unsigned way = pick(5);
  if (way == 0) {
    struct {
      uint64_t flags, mode, resolve;
    } how = {(uint64_t)(unsigned)flags, 0, 0};
    static const uint64_t resolves[] = {0, 1, 2, 4, 8, 16};
    if ((flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE) how.mode = mode & 0777;
    how.resolve = ONE(resolves);
    fd = (int)syscall(SYS_openat2, from, path, &how, sizeof how);
  } else if (way == 1) {
    fd = (int)syscall(SYS_open, path, flags, mode);
  } else {
    fd = (int)syscall(SYS_openat, from, path, flags, mode);
  }
  printf("open %d %s %o %o: ", from == AT_FDCWD ? -100 : from, path, flags, mode);
  if (fd < 0) {
    say("", -1);
    return;
  }
  struct stat is;
  fstat(fd, &is);
  const long status = syscall(SYS_fcntl, fd, F_GETFL) & ~O_NOFOLLOW;
  printf("%d fl %lo fd %d mode %o size %ld links %ld uid %u at %ld", fd, status, fcntl(fd, F_GETFD),
         is.st_mode, S_ISREG(is.st_mode) ? (long)is.st_size : 0, S_ISREG(is.st_mode) ? (long)is.st_nlink : 0,
         is.st_uid, S_ISREG(is.st_mode) ? (long)lseek(fd, 0, SEEK_CUR) : 0);
  if (S_ISREG(is.st_mode)) {
    char byte;
    printf(" w %ld", (long)write(fd, "xyz", pick(4)));
    printf(" r %ld", (long)pread(fd, &byte, 1, 0));
    if (pick(4) == 0) printf(" s %ld", syscall(SYS_fcntl, fd, F_SETFL, pick(2) ? O_APPEND : 0));
    if (pick(4) == 0) printf(" t %d", ftruncate(fd, pick(9)));
    if (pick(4) == 0) printf(" c %d", fchmod(fd, 0640));
    if (pick(4) == 0) {
      char link[64];
      snprintf(link, sizeof link, pick(2) ? "/proc/self/fd/%d" : "/dev/fd/%d", fd);
      const int again = open(link, pick(2) ? O_RDWR : O_RDONLY);
      printf(" again %d", again < 0 ? -errno : again);
      if (again >= 0) close(again);
      if (pick(3) == 0) printf(" link %d", linkat(AT_FDCWD, link, AT_FDCWD, "new2", AT_SYMLINK_FOLLOW));
    }
  }
  printf("\n");
  const unsigned slot = pick(4);
  if (S_ISDIR(is.st_mode) && pick(2) == 0) {
    if (held[slot] >= 0) close(held[slot]);
    held[slot] = fd;
  } else {
    close(fd);
  }
}

static void change(void) {
  char a[PATH_MAX], b[PATH_MAX];
  name(a);
  name(b);
  const int from = base(), to = base();
  const unsigned what = pick(16);
  printf("%u %d %s %d %s", what, from, a, to, b);
  switch (what) {
    case 0:
      say("rename", renameat(from, a, to, b));
      break;
    case 1:
      say("rename2", syscall(SYS_renameat2, from, a, to, b, pick(4)));
      break;
    case 2:
      say("link", linkat(from, a, to, b, pick(2) ? AT_SYMLINK_FOLLOW : 0));
      break;
    case 3:
      say("unlink", unlinkat(from, a, 0));
      break;
    case 4:
      say("rmdir", pick(4) ? unlinkat(from, a, AT_REMOVEDIR) : rmdir(a));
      break;
    case 5:
    case 6:
      say("mkdir", mkdirat(from, a, pick(2) ? 0777 : 0700));
      break;
    case 7:
      say("symlink", symlinkat(pick(2) ? "f" : "d/e", from, a));
      break;
    case 8:
      say("mknod", mknodat(from, a, (pick(2) ? S_IFREG : S_IFIFO) | 0666, 0));
      break;
    case 9:
      say("truncate", truncate(a, pick(8) == 0 ? -1 : (long)pick(30)));
      break;
    case 10:
      say("chmod", fchmodat(from, a, (mode_t[]){0644, 0600, 0755, 0}[pick(4)], 0));
      break;
    case 11:
      say("chown",
          fchownat(from, a, pick(2) ? getuid() : (uid_t)-1, (gid_t)-1, pick(2) ? AT_SYMLINK_NOFOLLOW : 0));
      break;
    case 12: {
      const struct timespec times[2] = {{1000, 5}, {2000, pick(9) == 0 ? 2000000000 : 7}};
      say("utimes", utimensat(from, a, pick(2) ? times : NULL, pick(2) ? AT_SYMLINK_NOFOLLOW : 0));
      break;
    }
    case 13:
      say("umask", umask((mode_t[]){022, 0, 077, 027}[pick(4)]));
      break;
    case 14:
      if (pick(3) != 0) {
        say("chdir", chdir(cwd));
        below = 0;
      } else {
        const int got = chdir("d/e");
        if (got == 0) below = 1;
        say("chdir", got);
      }
      break;
    default:
      say("symlink", symlinkat("", from, a));
      break;
  }
}

static int by_name(const struct dirent** a, const struct dirent** b) {
  return strcmp((*a)->d_name, (*b)->d_name);
}

static void tree(const char* dir) {
  struct dirent** entries;
  chmod(dir, 0700);
  const int n = scandir(dir, &entries, NULL, by_name);
  for (int i = 0; i < n; ++i) {
    char path[PATH_MAX + 300], text[256];
    struct stat is;
    if (entries[i]->d_name[0] == '.') continue;
    snprintf(path, sizeof path, "%s/%s", dir, entries[i]->d_name);
    lstat(path, &is);
    printf("%s %o %ld %ld %ld", path, is.st_mode, S_ISDIR(is.st_mode) ? 0 : (long)is.st_size,
           S_ISDIR(is.st_mode) ? 0 : (long)is.st_nlink, is.st_mtime < 10000 ? (long)is.st_mtime : -1);
    if (S_ISLNK(is.st_mode)) {
      const long size = readlink(path, text, sizeof text - 1);
      printf(" -> %.*s", (int)size, text);
    }
    printf("\n");
    if (S_ISDIR(is.st_mode)) tree(path);
  }
}

static void put(const char* path, const char* text, mode_t mode) {
  const int fd = open(path, O_CREAT | O_WRONLY, 0666);
  if (fd < 0 || write(fd, text, strlen(text)) < 0) exit(90);
  close(fd);
  chmod(path, mode);
}

int main(int argc, char** argv) {
  if (argc < 3 || getcwd(cwd, sizeof cwd) == NULL) return 91;
  state = strtoull(argv[1], NULL, 10) * 7919 + 17;
  umask(022);
  mkdir("d", 0755);
  mkdir("d/e", 0755);
  put("f", "hello", 0644);
  put("d/f", "below", 0644);
  put("d/e/g", "", 0600);
  put("zero", "", 0644);
  put("deny", "secret", 0);
  if (symlink("d", "ld") != 0 || symlink("f", "lf") != 0 || symlink("gone", "dang") != 0 ||
      symlink("loop", "loop") != 0)
    return 92;
  mkfifo("fifo", 0666);
  struct sockaddr_un name_of = {.sun_family = AF_UNIX, .sun_path = "s"};
  const int s = socket(AF_UNIX, SOCK_STREAM, 0);
  bind(s, (struct sockaddr*)&name_of, sizeof name_of);
  close(s);
  mkdir("ro", 0755);
  put("ro/f", "x", 0444);
  chmod("ro", 0555);
  mkdir("no", 0);
  for (int i = atoi(argv[2]); i > 0; --i) {
    printf("%d ", i);
    if (i % 50 == 0) chmod(cwd, 0777);
    pick(5) < 3 ? open_one() : change();
  }
  chmod(cwd, 0777);
  if (chdir(cwd) != 0) return 93;
  tree(".");
  return 0;
}
