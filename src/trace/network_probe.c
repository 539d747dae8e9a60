/* What runs inside the sandbox in the network's tests: one call, or one attack, a word. The exit status is 0
 * or the errno that the call met. Addresses are IPv4 or IPv6 on this host alone. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static struct sockaddr_storage target;
static socklen_t target_size;

static void parse(const char* address, const char* port) {
  memset(&target, 0, sizeof target);
  if (strchr(address, ':') != NULL) {
    struct sockaddr_in6* in6 = (struct sockaddr_in6*)&target;
    in6->sin6_family = AF_INET6;
    in6->sin6_port = htons((uint16_t)atoi(port));
    inet_pton(AF_INET6, address, &in6->sin6_addr);
    target_size = sizeof *in6;
  } else {
    struct sockaddr_in* in = (struct sockaddr_in*)&target;
    in->sin_family = AF_INET;
    in->sin_port = htons((uint16_t)atoi(port));
    inet_pton(AF_INET, address, &in->sin_addr);
    target_size = sizeof *in;
  }
}

static int status(long result) { return result < 0 ? errno : 0; }
static int make(int type) { return socket(target.ss_family, type | SOCK_CLOEXEC, 0); }
static struct sockaddr* at(void) { return (struct sockaddr*)&target; }

static int do_connect(int type) { return status(connect(make(type), at(), target_size)); }

static int do_bind(int type, int listens) {
  const int fd = make(type);
  if (bind(fd, at(), target_size) != 0) return errno;
  return listens ? status(listen(fd, 1)) : 0;
}

static int send_message(int fd, int many) {
  char byte = 'x';
  struct iovec part = {&byte, 1};
  struct mmsghdr head[2];
  memset(head, 0, sizeof head);
  for (int i = 0; i < 2; ++i) {
    head[i].msg_hdr.msg_name = &target;
    head[i].msg_hdr.msg_namelen = target_size;
    head[i].msg_hdr.msg_iov = &part;
    head[i].msg_hdr.msg_iovlen = 1;
  }
  if (!many) return status(sendmsg(fd, &head[0].msg_hdr, 0));
  const int n = sendmmsg(fd, head, 2, 0);
  if (n < 0) return errno;
  return n == 2 && head[0].msg_len == 1 && head[1].msg_len == 1 ? 0 : ERANGE;
}

static int do_send(const char* how) {
  const int fd = make(SOCK_DGRAM);
  if (fd < 0) return errno;
  if (strcmp(how, "sendto") == 0) return status(sendto(fd, "x", 1, 0, at(), target_size));
  return send_message(fd, strcmp(how, "sendmmsg") == 0);
}

/* Long enough for the other thread to have its turns, however busy the machine is. */
static int goes_on(void) {
  static struct timespec end;
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  if (end.tv_sec == 0) {
    end = now;
    end.tv_nsec += 400000000;
  }
  return (now.tv_sec - end.tv_sec) * 1000000000L + (now.tv_nsec - end.tv_nsec) < 0;
}

/* Rewrites the port, and dup2s another socket over the one that is used, as fast as it can. */
static atomic_int stop;
static in_port_t* port_of(void) {
  return target.ss_family == AF_INET6 ? &((struct sockaddr_in6*)&target)->sin6_port
                                      : &((struct sockaddr_in*)&target)->sin_port;
}
static in_port_t ports[2];
static void* rewrite(void* unused) {
  (void)unused;
  while (!stop) {
    for (int i = 0; i < 2; ++i) {
      *(volatile in_port_t*)port_of() = ports[1 - i];
      for (volatile int rest = 0; rest < 100;) rest = rest + 1; /* each is there for as long as the other */
    }
  }
  return NULL;
}

static int race(const char* how, const char* bad) {
  ports[0] = *port_of();
  ports[1] = htons((uint16_t)atoi(bad));
  pthread_t thread;
  pthread_create(&thread, NULL, rewrite, NULL);
  const int fd = make(SOCK_DGRAM);
  while (goes_on()) {
    if (strcmp(how, "connect") == 0) {
      if (connect(fd, at(), target_size) == 0) (void)!send(fd, "x", 1, MSG_DONTWAIT);
    } else if (strcmp(how, "sendto") == 0) {
      sendto(fd, "x", 1, MSG_DONTWAIT, at(), target_size);
    } else {
      send_message(fd, strcmp(how, "sendmmsg") == 0);
    }
  }
  stop = 1;
  pthread_join(thread, NULL);
  return 0;
}

static int swapped[3]; /* the number that is used; a unix socket; a UDP socket */
static void* swap(void* unused) {
  (void)unused;
  while (!stop) {
    dup2(swapped[1], swapped[0]);
    dup2(swapped[2], swapped[0]);
  }
  return NULL;
}

static int dup_race(void) {
  swapped[0] = 100;
  swapped[1] = socket(AF_UNIX, SOCK_DGRAM, 0);
  swapped[2] = make(SOCK_DGRAM);
  dup2(swapped[1], swapped[0]);
  pthread_t thread;
  pthread_create(&thread, NULL, swap, NULL);
  while (goes_on()) sendto(swapped[0], "x", 1, MSG_DONTWAIT, at(), target_size);
  stop = 1;
  pthread_join(thread, NULL);
  return 0;
}

static int fast_open(void) {
  return status(sendto(make(SOCK_STREAM), "x", 1, MSG_FASTOPEN, at(), target_size));
}

static int fast_open_connect(void) {
  const int fd = make(SOCK_STREAM), on = 1;
  if (setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &on, sizeof on) != 0) return errno;
  if (connect(fd, at(), target_size) != 0) return errno;
  return status(send(fd, "x", 1, 0));
}

static int non_blocking(void) {
  const int fd = make(SOCK_STREAM | SOCK_NONBLOCK);
  if (connect(fd, at(), target_size) == 0) return 0;
  if (errno != EINPROGRESS) return errno;
  struct pollfd entry = {fd, POLLOUT, 0};
  poll(&entry, 1, 5000);
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error == 0 && connect(fd, at(), target_size) == 0) return 0;
  return error != 0 ? error : errno == EISCONN ? 0 : errno;
}

/* A descriptor goes through a pair, and what comes out is the same file. */
static int pass(void) {
  int pair[2], ends[2];
  char byte = 'x', room[CMSG_SPACE(sizeof(int))];
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0 || pipe(ends) != 0) return errno;
  struct iovec part = {&byte, 1};
  struct msghdr head = {NULL, 0, &part, 1, room, sizeof room, 0};
  memset(room, 0, sizeof room);
  struct cmsghdr* control = CMSG_FIRSTHDR(&head);
  control->cmsg_level = SOL_SOCKET;
  control->cmsg_type = SCM_RIGHTS;
  control->cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(control), &ends[1], sizeof(int));
  if (sendmsg(pair[0], &head, 0) != 1) return errno;
  head.msg_controllen = sizeof room;
  if (recvmsg(pair[1], &head, 0) != 1) return errno;
  int got;
  memcpy(&got, CMSG_DATA(CMSG_FIRSTHDR(&head)), sizeof got);
  if (write(got, "y", 1) != 1 || read(ends[0], &byte, 1) != 1 || byte != 'y') return EPROTO;
  const int closed = 99;
  memcpy(CMSG_DATA(control), &closed, sizeof closed);
  head.msg_controllen = sizeof room;
  control->cmsg_len = CMSG_LEN(sizeof(int));
  return sendmsg(pair[0], &head, 0) < 0 && errno == EBADF ? 0 : ERANGE;
}

static void* drain(void* end) {
  static char room[1 << 16];
  size_t total = 0;
  usleep(100000); /* the writer waits meanwhile, and others must not */
  for (ssize_t n; (n = read(*(int*)end, room, sizeof room)) > 0;) total += (size_t)n;
  return (void*)total;
}

static int big(void) {
  enum { kSize = 5 << 20 };
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) return errno;
  char* data = calloc(kSize, 1);
  struct iovec part = {data, kSize};
  struct msghdr head = {NULL, 0, &part, 1, NULL, 0, 0};
  pthread_t thread;
  pthread_create(&thread, NULL, drain, &pair[1]);
  const ssize_t n = sendmsg(pair[0], &head, 0);
  close(pair[0]);
  void* total;
  pthread_join(thread, &total);
  return n == kSize && (size_t)total == kSize ? 0 : ERANGE;
}

static int broken(int flags) {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) return errno;
  close(pair[1]);
  char byte = 'x';
  struct iovec part = {&byte, 1};
  struct msghdr head = {NULL, 0, &part, 1, NULL, 0, 0};
  return status(sendmsg(pair[0], &head, flags));
}

/* A server and its client on one unix address, a path or an abstract name ("@name"). */
static int unix_pair(const char* name, int type) {
  struct sockaddr_un address;
  memset(&address, 0, sizeof address);
  address.sun_family = AF_UNIX;
  strncpy(address.sun_path, name, sizeof address.sun_path - 1);
  socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
  if (name[0] == '@')
    address.sun_path[0] = '\0';
  else
    ++size;
  const int server = socket(AF_UNIX, type, 0), client = socket(AF_UNIX, type, 0);
  if (server < 0) return errno;
  if (bind(server, (struct sockaddr*)&address, size) != 0) return errno;
  struct sockaddr_un named;
  socklen_t named_size = sizeof named;
  getsockname(server, (struct sockaddr*)&named, &named_size);
  if (named_size != size || memcmp(&named, &address, size) != 0) return EPROTO;
  if (type == SOCK_DGRAM) return status(sendto(client, "x", 1, 0, (struct sockaddr*)&address, size));
  if (listen(server, 1) != 0 || connect(client, (struct sockaddr*)&address, size) != 0) return errno;
  return status(accept(server, NULL, NULL));
}

static int unix_connect(const char* name) {
  struct sockaddr_un address;
  memset(&address, 0, sizeof address);
  address.sun_family = AF_UNIX;
  strncpy(address.sun_path, name, sizeof address.sun_path - 1);
  socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
  if (name[0] == '@') address.sun_path[0] = '\0';
  return status(connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr*)&address, size));
}

/* connect() to a listener whose queue is full waits; another thread's calls must not wait with it. */
static void* connect_once(void* unused) {
  (void)unused;
  connect(make(SOCK_STREAM), at(), target_size);
  return NULL;
}
static int full(void) {
  struct sockaddr_un* name = (struct sockaddr_un*)&target;
  memset(&target, 0, sizeof target);
  name->sun_family = AF_UNIX;
  snprintf(name->sun_path + 1, 64, "glovebox-full-%d", getpid());
  target_size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name->sun_path + 1));
  const int server = make(SOCK_STREAM);
  if (bind(server, at(), target_size) != 0 || listen(server, 0) != 0) return errno;
  pthread_t threads[3];
  for (int i = 0; i < 3; ++i) pthread_create(&threads[i], NULL, connect_once, NULL);
  usleep(200000);
  if (unix_pair("@glovebox-beside", SOCK_STREAM) != 0) return EPROTO;
  for (int i = 0; i < 3; ++i) accept(server, NULL, NULL);
  for (int i = 0; i < 3; ++i) pthread_join(threads[i], NULL);
  return 0;
}

static int call32(long number, long a, long b, long c) {
#if defined(__x86_64__)
  long result;
  __asm__ volatile("int $0x80"
                   : "=a"(result)
                   : "0"(number), "b"(a), "c"(b), "d"(c)
                   : "memory", "r8", "r9", "r10", "r11");
  return result < 0 ? (int)-result : 0;
#else
  (void)number, (void)a, (void)b, (void)c;
  return ENOSYS;
#endif
}

static int socketcall32(long number, uint32_t a, uint32_t b, uint32_t c) {
#if defined(__x86_64__)
  uint32_t* args = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
  args[0] = a, args[1] = b, args[2] = c;
  return call32(102, number, (long)args, 0);
#else
  (void)number, (void)a, (void)b, (void)c;
  return ENOSYS;
#endif
}

/* connect() of a 32-bit program, by its own number and by socketcall. */
static int connect32(int carried) {
  const int fd = make(SOCK_DGRAM);
  if (fd < 0) return errno;
#if defined(__x86_64__)
  void* low = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
  memcpy(low, &target, target_size);
  if (carried) return socketcall32(3, (uint32_t)fd, (uint32_t)(uintptr_t)low, target_size);
  return call32(362, fd, (long)low, (long)target_size);
#else
  (void)carried;
  return ENOSYS;
#endif
}

static int source_route(void) {
  const int fd = socket(AF_INET, SOCK_DGRAM, 0);
  const unsigned char route[] = {131, 7, 4, 127, 0, 0, 2, 0}; /* LSRR by 127.0.0.2 */
  return status(setsockopt(fd, IPPROTO_IP, IP_OPTIONS, route, sizeof route));
}

static int inherited(int fd) { return status(sendto(fd, "x", 1, 0, at(), target_size)); }

int main(int argc, char** argv) {
  const char* word = argc > 1 ? argv[1] : "";
  if (strcmp(word, "socket") == 0)
    return status(socket(atoi(argv[2]), atoi(argv[3]), argc > 4 ? atoi(argv[4]) : 0));
  if (strcmp(word, "socketpair") == 0) {
    int pair[2];
    return status(socketpair(atoi(argv[2]), SOCK_STREAM, 0, pair));
  }
  if (strcmp(word, "pass") == 0) return pass();
  if (strcmp(word, "big") == 0) return big();
  if (strcmp(word, "sigpipe") == 0) return broken(0);
  if (strcmp(word, "epipe") == 0) return broken(MSG_NOSIGNAL);
  if (strcmp(word, "full") == 0) return full();
  if (strcmp(word, "source-route") == 0) return source_route();
  if (strcmp(word, "unix") == 0) return unix_pair(argv[2], SOCK_STREAM);
  if (strcmp(word, "unix-dgram") == 0) return unix_pair(argv[2], SOCK_DGRAM);
  if (strcmp(word, "unix-connect") == 0) return unix_connect(argv[2]);
  if (strcmp(word, "socketcall") == 0) return socketcall32(1, (uint32_t)atoi(argv[2]), SOCK_STREAM, 0);
  if (strcmp(word, "option32") == 0)
    return call32(366, socket(AF_INET, SOCK_DGRAM, 0), IPPROTO_IP, IP_OPTIONS);
  if (strcmp(word, "socketcall-option") == 0) return socketcall32(14, 0, IPPROTO_IP, IP_OPTIONS);
  if (strcmp(word, "socket32") == 0) return call32(359, atoi(argv[2]), SOCK_STREAM, 0);
  if (argc < 4) return 255;
  parse(argv[2], argv[3]);
  if (strcmp(word, "tcp") == 0) return do_connect(SOCK_STREAM);
  if (strcmp(word, "udp") == 0) return do_connect(SOCK_DGRAM);
  if (strcmp(word, "bind") == 0) return do_bind(SOCK_STREAM, 0);
  if (strcmp(word, "bind-udp") == 0) return do_bind(SOCK_DGRAM, 0);
  if (strcmp(word, "listen") == 0) return do_bind(SOCK_STREAM, 1);
  if (strcmp(word, "listen-unbound") == 0) return status(listen(make(SOCK_STREAM), 1));
  if (strncmp(word, "send", 4) == 0) return do_send(word);
  if (strcmp(word, "dup-race") == 0) return dup_race();
  if (strcmp(word, "fast-open") == 0) return fast_open();
  if (strcmp(word, "fast-open-connect") == 0) return fast_open_connect();
  if (strcmp(word, "non-blocking") == 0) return non_blocking();
  if (strcmp(word, "connect32") == 0) return connect32(0);
  if (strcmp(word, "connect-socketcall") == 0) return connect32(1);
  if (strcmp(word, "inherited") == 0) return inherited(atoi(argv[4]));
  if (strncmp(word, "race-", 5) == 0 && argc > 4) return race(word + 5, argv[4]);
  return 255;
}
