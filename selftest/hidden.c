/* What a policy hides: by the supervisor, by a mount namespace, by both. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scenario.h"

/* Reads what the hidden file holds: a cover can be opened, and holds nothing. */
static void read_by(struct outcome* outcome, const char* path, const char* what) {
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  const int error = fd < 0 ? errno : 0;
  fill(outcome, reads_secret(fd), error, what);
}
static void read_hidden(struct outcome* outcome) { read_by(outcome, out_path("secret"), "open"); }
static void read_dotdot(struct outcome* outcome) { read_by(outcome, in_path("../out/secret"), "through .."); }
static void read_o_path(struct outcome* outcome) {
  const int dir = open(out_path("."), O_PATH | O_DIRECTORY | O_CLOEXEC);
  const int fd = dir < 0 ? -1 : openat(dir, "secret", O_RDONLY | O_CLOEXEC);
  fill(outcome, reads_secret(fd), dir < 0 ? errno : 0, "from an O_PATH descriptor of the directory");
}
static void read_root_of(struct outcome* outcome, long pid) {
  char path[4200];
  if (pid == 0)
    snprintf(path, sizeof path, "/proc/self/root%s", out_path("secret"));
  else
    snprintf(path, sizeof path, "/proc/%ld/root%s", pid, out_path("secret"));
  read_by(outcome, path, pid == 0 ? "through /proc/self/root" : "through the root of a process outside");
}
static void own_root(struct outcome* outcome) { read_root_of(outcome, 0); }
static void outer_root(struct outcome* outcome) {
  read_root_of(outcome, stage_number("VICTIM"));
  if (!outcome->effect) read_root_of(outcome, getppid());
}
static void stat_hidden(struct outcome* outcome) {
  struct stat info;
  tried(outcome, stat(out_path("secret"), &info), "stat");
  if (outcome->effect) outcome->effect = S_ISREG(info.st_mode) && info.st_size == 7;
}
static void list_hidden(struct outcome* outcome) {
  DIR* dir = opendir(out_path("."));
  tried(outcome, dir != NULL ? 0 : -1, "list");
  if (dir == NULL) return;
  int found = 0;
  for (const struct dirent* entry; (entry = readdir(dir)) != NULL;)
    found |= strcmp(entry->d_name, "secret") == 0;
  closedir(dir);
  fill(outcome, found, 0, "list");
}
static void bind_hidden(struct outcome* outcome) {
  tried(outcome, mount(out_path("."), in_path("."), NULL, MS_BIND, NULL), "bind mount");
  if (outcome->effect) {
    read_by(outcome, in_path("secret"), "bind mount");
    umount2(in_path("."), MNT_DETACH);
  }
}
/* Bare there is no cover: then the file is simply there. */
static void uncover(struct outcome* outcome) {
  umount2(out_path("."), MNT_DETACH);
  read_by(outcome, out_path("secret"), "umount of the cover");
}

static void honest(struct outcome* outcome) {
  const int fd = open(in_path("new"), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  tried(outcome, fd < 0 || rename(in_path("new"), in_path("newer")) != 0 ? -1 : 0,
        "create and rename beside it");
  if (fd >= 0) close(fd);
}

#define FILES "files"
#define HIDE "--mode enforce --read / --write @IN@ --hide @OUT@"
#define HIDE_FILE "--mode enforce --read / --write @IN@ --hide @OUT@/secret"
#define HIDE_PATTERN "--mode enforce --read / --write @IN@ --hide @OUT@/s*t"
#define COVER " --hide-by-namespace"
/* Nobody but the namespace. */
#define ALONE COVER " --level off --network unix"

const struct scenario kHidden[] = {
    {"hidden-open", FILES, "read what is hidden", HOLDS_OPTION, HIDE, 0, NULL, "hidden: ", read_hidden, NULL},
    {"hidden-stat", FILES, "look at it", HOLDS_OPTION, HIDE, 0, NULL, "hidden: ", stat_hidden, NULL},
    {"hidden-list", FILES, "list the directory", HOLDS_OPTION, HIDE, 0, NULL, "hidden: ", list_hidden, NULL},
    {"hidden-dotdot", FILES, "read it through ..", HOLDS_OPTION, HIDE_FILE, 0, NULL, "hidden: ", read_dotdot,
     NULL},
    {"hidden-o-path", FILES, "read it from an O_PATH descriptor", HOLDS_OPTION, HIDE, 0, NULL, NULL,
     read_o_path, NULL},
    {"hidden-proc-root", FILES, "read it through /proc/self/root", HOLDS_OPTION, HIDE, 0, NULL,
     "hidden: ", own_root, NULL},
    {"hidden-pattern", FILES, "read what fits a hidden pattern", HOLDS_OPTION, HIDE_PATTERN COVER, 0, NULL,
     "hidden: ", read_hidden, NULL},
    {"race-hidden", FILES, "rewrite a path to what is hidden between check and use", HOLDS_OPTION, HIDE_FILE,
     0, NULL, NULL, race_path, NULL},
    {"race-covered", FILES, "the same where a mount namespace covers it", HOLDS_OPTION, HIDE_FILE COVER, 0,
     NULL, NULL, race_path, NULL},
    {"covered-open", FILES, "read what a mount namespace alone hides", HOLDS_OPTION, HIDE ALONE, 0, NULL,
     NULL, read_hidden, NULL},
    {"covered-file", FILES, "the same where it is a file", HOLDS_OPTION, HIDE_FILE ALONE, 0, NULL, NULL,
     read_hidden, NULL},
    {"covered-stat", FILES, "look at it", HOLDS_OPTION, HIDE ALONE, 0, NULL, NULL, stat_hidden, NULL},
    {"covered-list", FILES, "list the directory", HOLDS_OPTION, HIDE ALONE, 0, NULL, NULL, list_hidden, NULL},
    {"covered-dotdot", FILES, "read it through ..", HOLDS_OPTION, HIDE ALONE, 0, NULL, NULL, read_dotdot,
     NULL},
    {"covered-o-path", FILES, "read it from an O_PATH descriptor", HOLDS_OPTION, HIDE ALONE, 0, NULL, NULL,
     read_o_path, NULL},
    {"covered-proc-root", FILES, "read it through /proc/self/root", HOLDS_OPTION, HIDE ALONE, 0, NULL, NULL,
     own_root, NULL},
    {"covered-outer-root", FILES, "read it through the root of a process outside", HOLDS_OPTION, HIDE ALONE,
     0, NULL, NULL, outer_root, NULL},
    {"covered-umount", FILES, "take the cover off", HOLDS_OPTION, HIDE ALONE, 0, NULL, NULL, uncover, NULL},
    {"covered-bind", FILES, "mount the directory elsewhere", HOLDS_OPTION, HIDE ALONE, NEEDS_BARE_ROOT, NULL,
     NULL, bind_hidden, NULL},
    {"covered-works", FILES, "work beside what is covered", HOLDS_WORKS, HIDE COVER, 0, NULL, NULL, honest,
     NULL},
};
const size_t kHiddenSize = sizeof kHidden / sizeof kHidden[0];
