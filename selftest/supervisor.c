/* The supervisor itself: its process, its listener, its patience, its log. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scenario.h"

static void signal_it(struct outcome* outcome) {
  tried(outcome, kill(getppid(), SIGCONT), "SIGCONT to the parent");
}
static void kill_it(struct outcome* outcome) {
  tried(outcome, kill(getppid(), SIGKILL), "SIGKILL to the parent");
}

/* Whatever descriptor it has: the request itself is refused, before the descriptor is looked at. */
static void answer_itself(struct outcome* outcome) {
  struct seccomp_notif_resp answer = {.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
  ioctl(0, SECCOMP_IOCTL_NOTIF_SEND, &answer);
  fill(outcome, errno != EPERM, errno, "SECCOMP_IOCTL_NOTIF_SEND: EPERM is a rule, ENOTTY the descriptor");
}
static void receive_itself(struct outcome* outcome) {
  struct seccomp_notif call;
  memset(&call, 0, sizeof call);
  ioctl(0, SECCOMP_IOCTL_NOTIF_RECV, &call);
  fill(outcome, errno != EPERM, errno, "SECCOMP_IOCTL_NOTIF_RECV: EPERM is a rule, ENOTTY the descriptor");
}

static void still_seen(struct outcome* outcome, const char* what) {
  tried(outcome, open(out_path("secret"), O_RDONLY | O_CLOEXEC), what);
}
static void close_everything(struct outcome* outcome) {
  syscall(SYS_close_range, 3, ~0U, 0);
  still_seen(outcome, "open after all descriptors were closed");
}

static void* open_for_a_while(void* unused) {
  (void)unused;
  for (int i = 0; i < 3000; ++i) close(open("/nonexistent/file", O_RDONLY | O_CLOEXEC));
  return NULL;
}
static void flood(struct outcome* outcome) {
  pthread_t threads[4];
  for (int i = 0; i < 4; ++i) pthread_create(&threads[i], NULL, open_for_a_while, NULL);
  for (int i = 0; i < 4; ++i) pthread_join(threads[i], NULL);
  still_seen(outcome, "open after 12000 others by four threads");
}
/* The word that a launcher asks for its supervisor by: sockets that nobody speaks on. */
static void flood_announcements(struct outcome* outcome) {
  for (int i = 0; i < 300; ++i) close(open("/dev/null/glovebox/announce/1", O_RDWR | O_CLOEXEC));
  for (int i = 0; i < 4; ++i) open("/dev/null/glovebox/announce/1", O_RDWR | O_CLOEXEC);
  still_seen(outcome, "open after 300 announcements");
}
static void forge_announcement(struct outcome* outcome) {
  const int fd = open("/dev/null/glovebox/announce/1", O_RDWR | O_CLOEXEC);
  char bytes[4096];
  memset(bytes, 0xff, sizeof bytes);
  if (fd >= 0) (void)!write(fd, bytes, sizeof bytes);
  if (fd >= 0) close(fd);
  still_seen(outcome, "open after an announcement of nonsense");
}
/* Killed in the middle of a call, again and again. */
static void die_in_calls(struct outcome* outcome) {
  for (int i = 0; i < 30; ++i) {
    const pid_t pid = fork();
    if (pid == 0) {
      for (;;) close(open("/nonexistent/file", O_RDONLY | O_CLOEXEC));
    }
    usleep(2000);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
  }
  still_seen(outcome, "open after 30 processes were killed in theirs");
}
static void run_inside(struct outcome* outcome) {
  char* const words[] = {(char*)"cat", (char*)out_path("secret"), NULL};
  const pid_t pid = fork();
  if (pid == 0) {
    const int null = open("/dev/null", O_WRONLY);
    dup2(null, 1);
    execv("/bin/cat", words);
    _exit(127);
  }
  int status = 0;
  waitpid(pid, &status, 0);
  fill(outcome, status == 0, 0, "exec, and an open by the program");
}
static int share_and_open(void* unused) {
  (void)unused;
  close(open(out_path("secret"), O_RDONLY | O_CLOEXEC));
  return 0;
}
static void share_descriptors(struct outcome* outcome) {
  const pid_t pid = (pid_t)raw_clone(0x400 /* CLONE_FILES */ | SIGCHLD);
  if (pid == 0) _exit(share_and_open(NULL));
  int status = 1;
  waitpid(pid, &status, 0);
  fill(outcome, status == 0, 0, "open by a task that shares descriptors");
}
static void by_vfork(struct outcome* outcome) {
  const char* path = out_path("secret");
  const pid_t pid = vfork();
  if (pid == 0) _exit(syscall(SYS_openat, AT_FDCWD, path, O_RDONLY) >= 0 ? 0 : 1);
  int status = 1;
  waitpid(pid, &status, 0);
  fill(outcome, status == 0, 0, "open by a vfork child");
}

/* The log's directory, as whoever started us named it. */
static void each_segment(struct outcome* outcome, long (*change)(const char* path), const char* what) {
  const char* log = stage_text("LOG");
  DIR* dir = opendir(log);
  if (dir == NULL) {
    tried(outcome, -1, "open the log's directory");
    return;
  }
  fill(outcome, 0, 0, "the log is empty");
  for (struct dirent* entry; (entry = readdir(dir)) != NULL;) {
    char path[4096];
    if (entry->d_name[0] == '.') continue;
    snprintf(path, sizeof path, "%s/%s", log, entry->d_name);
    tried(outcome, change(path), what);
    if (!outcome->effect) break;
  }
  closedir(dir);
}
static long cut(const char* path) { return truncate(path, 0); }
static long drop(const char* path) { return unlink(path); }
static long overwrite(const char* path) {
  const int fd = open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0) return -1;
  const long size = pwrite(fd, "XXXXXXXXXXXXXXXX", 16, 64);
  close(fd);
  return size;
}
static void cut_log(struct outcome* outcome) { each_segment(outcome, cut, "truncate the log"); }
static void drop_log(struct outcome* outcome) { each_segment(outcome, drop, "remove the log"); }
static void change_log(struct outcome* outcome) { each_segment(outcome, overwrite, "overwrite the log"); }

#define SUPERVISOR "supervisor"
#define NO_SANDBOX "there is no supervisor then"
#define NO_LOG "there is no log then"

const struct scenario kSupervisor[] = {
    {"signal-supervisor", SUPERVISOR, "signal the supervisor", HOLDS_ALWAYS, "", NEEDS_SCOPE, NULL, "(kill ",
     signal_it, NULL},
    {"kill-supervisor", SUPERVISOR, "kill the supervisor", HOLDS_ALWAYS, "", NEEDS_SCOPE,
     "it would end what started it", "(kill ", kill_it, NULL},
    {"answer-itself", SUPERVISOR, "answer its own notification", HOLDS_ALWAYS, "", 0, NO_SANDBOX,
     "ioctl 0xc0182101", answer_itself, NULL},
    {"receive-itself", SUPERVISOR, "take its own notification", HOLDS_ALWAYS, "", 0, NO_SANDBOX,
     "ioctl 0xc0502100", receive_itself, NULL},
    {"close-everything", SUPERVISOR, "close every descriptor, the supervisor's too", HOLDS_RECORDED, "", 0,
     NULL, "/out/secret", close_everything, NULL},
    {"flood", SUPERVISOR, "flood the supervisor with calls", HOLDS_RECORDED, "", 0, NULL, "/out/secret",
     flood, NULL},
    {"flood-announcements", SUPERVISOR, "take the supervisor's descriptors by announcements", HOLDS_RECORDED,
     "", 0, NULL, "/out/secret", flood_announcements, NULL},
    {"forge-announcement", SUPERVISOR, "announce nonsense", HOLDS_RECORDED, "", 0, NULL, "/out/secret",
     forge_announcement, NULL},
    {"die-in-calls", SUPERVISOR, "be killed in the middle of a call", HOLDS_RECORDED, "", 0, NULL,
     "/out/secret", die_in_calls, NULL},
    {"exec-inside", SUPERVISOR, "become another program", HOLDS_RECORDED, "", 0, NULL, "/out/secret",
     run_inside, NULL},
    {"clone-files", SUPERVISOR, "hide behind a task that shares descriptors", HOLDS_RECORDED, "", 0, NULL,
     "/out/secret", share_descriptors, NULL},
    {"vfork", SUPERVISOR, "hide behind a vfork child", HOLDS_RECORDED, "", 0, NULL, "/out/secret", by_vfork,
     NULL},
    {"log-truncate", SUPERVISOR, "truncate the access log", HOLDS_OPTION, READ_ALL, 0, NO_LOG,
     "outside-write: ", cut_log, NULL},
    {"log-remove", SUPERVISOR, "remove the access log", HOLDS_OPTION, READ_ALL, 0, NO_LOG,
     "outside-write: ", drop_log, NULL},
    {"log-overwrite", SUPERVISOR, "overwrite the access log", HOLDS_OPTION, READ_ALL, 0, NO_LOG,
     "outside-write: ", change_log, NULL},
    {"log-truncate-detected", SUPERVISOR, "truncate the access log in mode report", HOLDS_RECORDED, "", 0,
     NO_LOG, "@LOG-LOST@", cut_log, NULL},
    {"log-remove-detected", SUPERVISOR, "remove the access log in mode report", HOLDS_RECORDED, "", 0, NO_LOG,
     "@LOG-LOST@", drop_log, NULL},
    {"log-overwrite-detected", SUPERVISOR, "overwrite the access log in mode report", HOLDS_RECORDED, "", 0,
     NO_LOG, "@LOG-LOST@", change_log, NULL},
};
const size_t kSupervisorSize = sizeof kSupervisor / sizeof kSupervisor[0];
