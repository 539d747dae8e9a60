/* What one notification costs at least: a supervisor that only receives each call and lets it go on.
 *
 * usage: notification loop N       opens a file that is not there N times
 *        notification floor N      the same below a listener, which this program serves
 *        notification write N FILE opens FILE for writing N times, and says how many us one took
 *
 * `glovebox run --level full -- notification loop N` is what is compared with it. */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS /* Linux 6.6 */
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, unsigned long long)
#endif
#define SYNC_WAKE_UP 1ul

static int loop(long count) {
  for (long i = 0; i < count; ++i) {
    if (open("/usr/include/x86_64-linux-gnu/bits/no-such-header.h", O_RDONLY | O_CLOEXEC) >= 0) return 1;
  }
  return 0;
}

static int write_opens(long count, const char* path) {
  struct timespec begin, end;
  clock_gettime(CLOCK_MONOTONIC, &begin);
  for (long i = 0; i < count; ++i) {
    const int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) return 1;
    close(fd);
  }
  clock_gettime(CLOCK_MONOTONIC, &end);
  const double us = (double)(end.tv_sec - begin.tv_sec) * 1e6 + (double)(end.tv_nsec - begin.tv_nsec) / 1e3;
  printf("%.2f\n", us / (double)count);
  return 0;
}

static int send_fd(int socket, int fd) {
  char control[CMSG_SPACE(sizeof(int))] = {0};
  char byte = 0;
  struct iovec data = {&byte, 1};
  struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  struct cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(header), &fd, sizeof fd);
  return sendmsg(socket, &message, 0) == 1 ? 0 : errno;
}

static int receive_fd(int socket) {
  char control[CMSG_SPACE(sizeof(int))];
  char byte;
  int fd = -1;
  struct iovec data = {&byte, 1};
  struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  if (recvmsg(socket, &message, MSG_CMSG_CLOEXEC) != 1) return -1;
  struct cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header != NULL && header->cmsg_type == SCM_RIGHTS) memcpy(&fd, CMSG_DATA(header), sizeof fd);
  return fd;
}

static void watched(int socket, long count) {
  struct sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  int listener = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
  if (listener < 0 || send_fd(socket, listener) != 0) _exit(1);
  close(listener);
  _exit(loop(count));
}

static int supervise(long count) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return errno;
  pid_t child = fork();
  if (child == 0) watched(ends[1], count);
  close(ends[1]);
  int listener = receive_fd(ends[0]);
  if (child < 0 || listener < 0) return 1;
  ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SYNC_WAKE_UP); /* where it is known */
  for (;;) {
    struct seccomp_notif call;
    memset(&call, 0, sizeof call);
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call) != 0) {
      if (errno == EINTR) continue;
      break; /* ENOENT: the last task is gone */
    }
    struct seccomp_notif_resp answer = {.id = call.id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
    ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
  }
  int status = 1;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int main(int argc, char** argv) {
  if (argc == 3 && strcmp(argv[1], "loop") == 0) return loop(atol(argv[2]));
  if (argc == 3 && strcmp(argv[1], "floor") == 0) return supervise(atol(argv[2]));
  if (argc == 4 && strcmp(argv[1], "write") == 0) return write_opens(atol(argv[2]), argv[3]);
  fprintf(stderr, "usage: notification loop|floor N, or write N FILE\n");
  return 2;
}
