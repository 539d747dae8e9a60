/* What stands around a scenario: a directory that may be written and one that may not, a victim that waits to
 * be hurt and counts what reaches it, and, for some, a network namespace with nothing but loopback. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "scenario.h"

enum { kSeconds = 25, kInherited = 77 };

static char root[3000];
static struct victim_state* shared;

static int fail(const char* what) {
  fprintf(stderr, "glovebox-scenario: %s: %s\n", what, strerror(errno));
  return -1;
}

static void name_number(const char* name, long value) {
  char variable[64], text[32];
  snprintf(variable, sizeof variable, "GLOVEBOX_TEST_%s", name);
  snprintf(text, sizeof text, "%ld", value);
  setenv(variable, text, 1);
}

static int write_file(const char* path, const char* text) {
  const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return fail(path);
  const ssize_t size = write(fd, text, strlen(text));
  close(fd);
  return size == (ssize_t)strlen(text) ? 0 : fail(path);
}

static int copy_program(const char* from, const char* to) {
  const int in = open(from, O_RDONLY | O_CLOEXEC), out = open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
  char bytes[65536];
  ssize_t size = -1;
  while (in >= 0 && out >= 0 && (size = read(in, bytes, sizeof bytes)) > 0) {
    if (write(out, bytes, (size_t)size) != size) return fail(to);
  }
  close(in);
  close(out);
  return size == 0 ? 0 : fail(from);
}

static int make_places(void) {
  const char* tmp = getenv("TMPDIR");
  snprintf(root, sizeof root, "%s/glovebox-stage.XXXXXX", tmp != NULL && tmp[0] != '\0' ? tmp : "/tmp");
  if (mkdtemp(root) == NULL) return fail(root);
  chmod(root, 0755);
  static const char* const kPlaces[][2] = {{"IN", "in"}, {"OUT", "out"}, {"STATE", "state"}};
  for (size_t i = 0; i < 3; ++i) {
    char path[4000], variable[32];
    snprintf(path, sizeof path, "%s/%s", root, kPlaces[i][1]);
    snprintf(variable, sizeof variable, "GLOVEBOX_TEST_%s", kPlaces[i][0]);
    if (mkdir(path, 0755) != 0) return fail(path);
    setenv(variable, path, 1);
  }
  if (write_file(out_path("secret"), "secret\n") != 0 || write_file(out_path("victim"), "victim\n") != 0 ||
      write_file(in_path("ok"), "ok\n") != 0 || copy_program("/bin/true", out_path("program")) != 0)
    return -1;
  char path[4000];
  snprintf(path, sizeof path, "%s/state/victim", root);
  const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0 || ftruncate(fd, sizeof *shared) != 0) return fail(path);
  shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  return shared != MAP_FAILED ? 0 : fail(path);
}

static int write_text(const char* path, const char* text) {
  const int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  const ssize_t size = write(fd, text, strlen(text));
  close(fd);
  return size > 0 ? 0 : -1;
}

/* A network namespace whose loopback also has 10.99.0.1: an address that is not 127.0.0.0/8, and goes
 * nowhere. */
static int enter_network(void) {
  const uid_t uid = getuid();
  const gid_t gid = getgid();
  if (unshare(CLONE_NEWNET) != 0) {
    char map[64];
    if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) return fail("a network namespace");
    write_text("/proc/self/setgroups", "deny");
    snprintf(map, sizeof map, "%u %u 1", uid, uid);
    write_text("/proc/self/uid_map", map);
    snprintf(map, sizeof map, "%u %u 1", gid, gid);
    write_text("/proc/self/gid_map", map);
  }
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  struct ifreq request = {0};
  strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) != 0) return fail("loopback up");
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x0a630001)};
  strcpy(request.ifr_name, "lo:1");
  memcpy(&request.ifr_addr, &address, sizeof address);
  if (ioctl(fd, SIOCSIFADDR, &request) != 0) return fail("a second address");
  close(fd);
  return 0;
}

static volatile long victim_word = 1;

static void count_signal(int number) {
  (void)number;
  ++shared->signals;
}

static int unix_socket(int type, const char* name, int abstract) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strncpy(address.sun_path + abstract, name, sizeof address.sun_path - 2);
  const socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)abstract +
                                     strlen(name) + (abstract ? 0 : 1));
  const int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
  if (fd < 0 || bind(fd, (struct sockaddr*)&address, size) != 0) return -1;
  if (type == SOCK_STREAM) listen(fd, 16);
  return fd;
}

static int inet_socket(int type, const char* name) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_ANY)};
  socklen_t size = sizeof address;
  const int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
  /* All of 127.0.0.0/8, and nobody from outside: to the loopback device (an ordinary user may from 5.7 on).
   */
  if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3) != 0)
    address.sin_addr.s_addr = htonl(0x7f000001);
  if (fd < 0 || bind(fd, (struct sockaddr*)&address, size) != 0) return -1;
  if (type == SOCK_STREAM) listen(fd, 16);
  if (getsockname(fd, (struct sockaddr*)&address, &size) != 0) return -1;
  name_number(name, ntohs(address.sin_port));
  return fd;
}

/* Where a datagram was sent to tells whether a race was won. */
static void take_datagram(int fd) {
  char data[64], control[256];
  struct iovec vector = {data, sizeof data};
  struct msghdr message = {
      .msg_iov = &vector, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  if (recvmsg(fd, &message, 0) < 0) return;
  for (struct cmsghdr* c = CMSG_FIRSTHDR(&message); c != NULL; c = CMSG_NXTHDR(&message, c)) {
    struct in_pktinfo info;
    if (c->cmsg_level != IPPROTO_IP || c->cmsg_type != IP_PKTINFO) continue;
    memcpy(&info, CMSG_DATA(c), sizeof info);
    const uint32_t host = ntohl(info.ipi_addr.s_addr);
    if (host >> 24 != 127 || host >> 8 == 0x7f0002) {
      ++shared->elsewhere;
      return;
    }
  }
  ++shared->datagrams;
}

/* Ends with the stage's end of the pipe. */
static void be_victim(int pipe_end, const int* streams, const int* datagrams) {
  prctl(PR_SET_NAME, "victim");
  signal(SIGUSR1, count_signal);
  signal(SIGIO, count_signal);
  signal(SIGCONT, count_signal);
  shared->ready = 1;
  struct pollfd fds[5] = {{pipe_end, POLLIN, 0}};
  for (int i = 0; i < 2; ++i) fds[1 + i] = (struct pollfd){streams[i], POLLIN, 0};
  for (int i = 0; i < 2; ++i) fds[3 + i] = (struct pollfd){datagrams[i], POLLIN, 0};
  for (;;) {
    if (poll(fds, 5, -1) < 0) continue;
    if (fds[0].revents != 0) _exit(0);
    for (int i = 1; i <= 2; ++i) {
      if (fds[i].revents == 0) continue;
      const int peer = accept4(fds[i].fd, NULL, NULL, SOCK_CLOEXEC);
      if (peer < 0) continue;
      ++shared->connections;
      close(peer);
    }
    for (int i = 3; i <= 4; ++i) {
      if (fds[i].revents != 0) take_datagram(fds[i].fd);
    }
  }
}

static pid_t start_victim(int* pipe_end) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return -1;
  char name[64];
  snprintf(name, sizeof name, "glovebox-victim-%d", getpid());
  setenv("GLOVEBOX_TEST_ABSTRACT", name, 1);
  const int streams[2] = {inet_socket(SOCK_STREAM, "TCP"), unix_socket(SOCK_STREAM, out_path("sock"), 0)};
  const int datagrams[2] = {inet_socket(SOCK_DGRAM, "UDP"), unix_socket(SOCK_DGRAM, name, 1)};
  const int on = 1;
  setsockopt(datagrams[0], IPPROTO_IP, IP_PKTINFO, &on, sizeof on);
  const pid_t pid = fork();
  if (pid == 0) {
    close(ends[1]);
    /* A group of its own: what is sent to it bare reaches no victim of a suite that runs beside this one. */
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY); /* yama shall not be what holds */
    be_victim(ends[0], streams, datagrams);
  }
  close(ends[0]);
  for (int i = 0; i < 2; ++i) {
    close(streams[i]);
    close(datagrams[i]);
  }
  *pipe_end = ends[1];
  changed(&shared->ready, 0);
  name_number("VICTIM", pid);
  name_number("GROUP", pid);
  name_number("WORD", (long)(size_t)&victim_word);
  return pid;
}

/* "10.0.0.0/8:TCP-PORT": with the victim's port. */
static char* with_port(const char* word) {
  static const char* const kPorts[] = {"TCP", "UDP"};
  for (size_t i = 0; i < 2; ++i) {
    char name[12], text[4200];
    snprintf(name, sizeof name, ":%s-PORT", kPorts[i]);
    const char* found = strstr(word, name);
    if (found == NULL) continue;
    snprintf(text, sizeof text, "%.*s:%s", (int)(found - word), word, stage_text(kPorts[i]));
    return strdup(text);
  }
  return strdup(word);
}

static char* replaced(const char* word) {
  static const char* const kPlaces[][2] = {
      {"@IN@", "IN"}, {"@OUT@", "OUT"}, {"@STATE@", "STATE"}, {"@BIN@", "BIN"}};
  for (size_t i = 0; i < sizeof kPlaces / sizeof kPlaces[0]; ++i) {
    const size_t length = strlen(kPlaces[i][0]);
    if (strncmp(word, kPlaces[i][0], length) != 0) continue;
    char path[4200];
    snprintf(path, sizeof path, "%s%s", stage_text(kPlaces[i][1]), word + length);
    return strdup(path);
  }
  return with_port(word);
}

static int await(pid_t pid) {
  const struct timespec slice = {0, 5000000};
  int status = 0;
  for (int i = 0; i < kSeconds * 200; ++i) {
    if (waitpid(pid, &status, WNOHANG) == pid)
      return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    nanosleep(&slice, NULL);
  }
  kill(-pid, SIGKILL);
  kill(pid, SIGKILL);
  waitpid(pid, &status, 0);
  fprintf(stderr, "glovebox-scenario: no end after %d s: killed\n", kSeconds);
  return 124;
}

static int run_command(char** command) {
  const pid_t pid = fork();
  if (pid == 0) {
    setpgid(0, 0);
    signal(SIGPIPE, SIG_DFL);
    if (chdir(stage_text("IN")) != 0) _exit(126);
    execvp(command[0], command);
    fprintf(stderr, "glovebox-scenario: %s: %s\n", command[0], strerror(errno));
    _exit(127);
  }
  if (pid < 0) return fail("fork");
  const int status = await(pid);
  kill(-pid, SIGKILL); /* what it forgot */
  return status;
}

static int remove_one(const char* path, const struct stat* info, int kind, struct FTW* walk) {
  (void)info, (void)kind, (void)walk;
  return remove(path), 0;
}

static void name_program(void) {
  char path[4000];
  const ssize_t size = readlink("/proc/self/exe", path, sizeof path - 1);
  if (size <= 0) return;
  path[size] = '\0';
  setenv("GLOVEBOX_TEST_SELF", path, 1);
  char* slash = strrchr(path, '/');
  if (slash != NULL) *slash = '\0';
  setenv("GLOVEBOX_TEST_BIN", path, 1);
}

int stage_main(const char* name, char** command) {
  const struct scenario* row = find_scenario(name);
  signal(SIGPIPE, SIG_IGN);
  syscall(SYS_close_range, 3, ~0U, 0); /* what others left open is not the sandbox's */
  name_program();
  if ((row->needs & NEEDS_NET) != 0 && enter_network() != 0) return -1;
  if (make_places() != 0) return -1;
  int pipe_end = -1;
  const pid_t victim = start_victim(&pipe_end);
  if (victim < 0) return fail("the victim");
  /* A descriptor that whoever started us left open; a variable that is ours alone. */
  const int secret = open(out_path("secret"), O_RDONLY | O_CLOEXEC);
  dup2(secret, kInherited);
  close(secret);
  for (char** word = command; *word != NULL; ++word) *word = replaced(*word);
  const int status = run_command(command);
  close(pipe_end);
  while (waitpid(victim, NULL, 0) < 0 && errno == EINTR) {
  }
  return status;
}

void stage_end(void) { nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS); }
