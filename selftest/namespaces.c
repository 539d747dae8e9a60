/* Namespaces, mounts, roots: what names mean. */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scenario.h"

static void unshare_user(struct outcome* outcome) {
  tried(outcome, unshare(CLONE_NEWUSER), "unshare(NEWUSER)");
}
static void unshare_mount(struct outcome* outcome) { tried(outcome, unshare(CLONE_NEWNS), "unshare(NEWNS)"); }
static void unshare_network(struct outcome* outcome) {
  tried(outcome, unshare(CLONE_NEWNET), "unshare(NEWNET)");
}
static void unshare_pid(struct outcome* outcome) { tried(outcome, unshare(CLONE_NEWPID), "unshare(NEWPID)"); }
static void reap(struct outcome* outcome, long pid, const char* what) {
  if (pid == 0) _exit(0);
  tried(outcome, pid, what);
  if (pid > 0) waitpid((pid_t)pid, NULL, 0);
}
static void clone_user(struct outcome* outcome) {
  reap(outcome, raw_clone(CLONE_NEWUSER | SIGCHLD), "clone(NEWUSER)");
}
static void clone_high(struct outcome* outcome) {
  reap(outcome, raw_clone(CLONE_NEWUSER | SIGCHLD | (1UL << 40)), "clone(NEWUSER), garbage above");
}
static void clone3_user(struct outcome* outcome) {
  struct clone_args arguments = {.flags = CLONE_NEWUSER, .exit_signal = SIGCHLD};
  reap(outcome, syscall(SYS_clone3, &arguments, sizeof arguments), "clone3(NEWUSER)");
}
static void enter_own(struct outcome* outcome) {
  const int fd = open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC);
  tried(outcome, setns(fd, CLONE_NEWUTS), "setns");
}

/* Mounts only where the mounts are its own: bare, that is asked first. Inside, all of it is refused. */
static int own_mounts(struct outcome* outcome, int flags) {
  tried(outcome, unshare(flags | CLONE_NEWNS), "unshare(NEWNS)");
  if (!outcome->effect) return 0;
  if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0) return 1;
  tried(outcome, -1, "make the mounts private");
  return 0;
}
static void mount_user(struct outcome* outcome) {
  if (own_mounts(outcome, CLONE_NEWUSER))
    tried(outcome, mount("none", in_path("."), "tmpfs", 0, NULL), "mount in a user namespace");
}
/* Without a namespace of its own: on a directory of the stage's, gone at once. */
static void mount_here(struct outcome* outcome) {
  if (own_mounts(outcome, 0) == 0 && outcome->error != EPERM) return;
  mkdir(in_path("mnt"), 0755);
  tried(outcome, mount("none", in_path("mnt"), "tmpfs", 0, NULL), "mount");
  if (outcome->effect) umount2(in_path("mnt"), MNT_DETACH);
}
static void bind_outside(struct outcome* outcome) {
  if (own_mounts(outcome, 0) == 0 && outcome->error != EPERM) return;
  mkdir(in_path("mnt"), 0755);
  tried(outcome, mount(out_path("."), in_path("mnt"), NULL, MS_BIND, NULL), "bind mount");
  if (outcome->effect) umount2(in_path("mnt"), MNT_DETACH);
}
static void new_mount_api(struct outcome* outcome) {
  tried(outcome, syscall(SYS_fsopen, "tmpfs", 0), "fsopen");
}
static void clone_tree(struct outcome* outcome) {
  tried(outcome, syscall(SYS_open_tree, AT_FDCWD, in_path("."), 1 /* OPEN_TREE_CLONE */), "open_tree(CLONE)");
}
static void unmount(struct outcome* outcome) {
  errno = 0;
  syscall(SYS_umount2, "/nonexistent/mount", 0);
  fill(outcome, errno != EPERM, errno, "umount2 of nothing: EPERM is a rule or a missing privilege");
}
static void pivot(struct outcome* outcome) {
  if (own_mounts(outcome, 0) == 0 && outcome->error != EPERM) return;
  mkdir(in_path("new"), 0755);
  if (outcome->effect) mount("none", in_path("new"), "tmpfs", 0, NULL);
  mkdir(in_path("new/old"), 0755);
  tried(outcome, syscall(SYS_pivot_root, in_path("new"), in_path("new/old")), "pivot_root");
}
static void change_root(struct outcome* outcome) { tried(outcome, chroot(in_path(".")), "chroot"); }
/* The old way out of a chroot: a second one below the directory that one stands in. */
static void leave_root(struct outcome* outcome) {
  mkdir(in_path("jail"), 0755);
  const int top = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (chroot(in_path("jail")) != 0 || fchdir(top) != 0 || chroot(".") != 0) {
    tried(outcome, -1, "chroot and out");
    return;
  }
  tried(outcome, access(stage_text("OUT"), F_OK), "chroot and out");
}

#define ENFORCE "--mode enforce --read / --write /"

const struct scenario kNamespaces[] = {
    {"unshare-user", "namespaces", "a user namespace by unshare", HOLDS_OPTION, ENFORCE, NEEDS_USERNS, NULL,
     "(unshare ", unshare_user, NULL},
    {"unshare-mount", "namespaces", "a mount namespace by unshare", HOLDS_OPTION, ENFORCE, NEEDS_BARE_ROOT,
     NULL, "(unshare ", unshare_mount, NULL},
    {"unshare-network", "namespaces", "a network namespace by unshare", HOLDS_OPTION, ENFORCE,
     NEEDS_BARE_ROOT, NULL, "(unshare ", unshare_network, NULL},
    {"unshare-pid", "namespaces", "a pid namespace by unshare", HOLDS_OPTION, ENFORCE, NEEDS_BARE_ROOT, NULL,
     "(unshare ", unshare_pid, NULL},
    {"clone-user", "namespaces", "a user namespace by clone", HOLDS_OPTION, ENFORCE, NEEDS_USERNS, NULL,
     "(clone ", clone_user, NULL},
    {"clone-high-bits", "namespaces", "the same with bits above the 32 that the kernel looks at",
     HOLDS_OPTION, ENFORCE, NEEDS_USERNS, NULL, "(clone ", clone_high, NULL},
    {"clone3-user", "namespaces", "a user namespace by clone3", HOLDS_OPTION, ENFORCE, NEEDS_USERNS, NULL,
     NULL, clone3_user, NULL},
    {"setns", "namespaces", "enter a namespace", HOLDS_OPTION, ENFORCE, NEEDS_BARE_ROOT, NULL, "(setns ",
     enter_own, NULL},
    {"mount-user", "namespaces", "mount in a user namespace", HOLDS_OPTION, ENFORCE, NEEDS_USERNS, NULL,
     "(unshare ", mount_user, NULL},
    {"mount", "namespaces", "mount a file system", HOLDS_OPTION, ENFORCE, NEEDS_BARE_ROOT, NULL, "(mount ",
     mount_here, NULL},
    {"mount-bind", "namespaces", "bind a directory outside to one inside", HOLDS_OPTION, ENFORCE,
     NEEDS_BARE_ROOT, NULL, "(mount ", bind_outside, NULL},
    {"fsopen", "namespaces", "the newer mount calls", HOLDS_OPTION, ENFORCE, NEEDS_BARE_ROOT, NULL,
     "(fsopen ", new_mount_api, NULL},
    {"open-tree", "namespaces", "a detached copy of a tree of mounts", HOLDS_OPTION, ENFORCE, NEEDS_BARE_ROOT,
     NULL, "(open_tree ", clone_tree, NULL},
    {"umount", "namespaces", "unmount", HOLDS_OPTION, ENFORCE, 0, "it would take a mount from the machine",
     "(umount2 ", unmount, NULL},
    {"pivot-root", "namespaces", "another root by pivot_root", HOLDS_OPTION, ENFORCE, NEEDS_BARE_ROOT, NULL,
     "(pivot_root ", pivot, NULL},
    {"chroot", "namespaces", "another root by chroot", HOLDS_OPTION, ENFORCE, NEEDS_BARE_ROOT, NULL,
     "(chroot ", change_root, NULL},
    {"chroot-escape", "namespaces", "leave a chroot by a second one", HOLDS_OPTION, ENFORCE, NEEDS_BARE_ROOT,
     NULL, "(chroot ", leave_root, NULL},
};
const size_t kNamespacesSize = sizeof kNamespaces / sizeof kNamespaces[0];
