/* Kernel interfaces: rings, keys, programs for the kernel, its modules, its clock. */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/io_uring.h>
#include <linux/perf_event.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "scenario.h"

struct ring {
  int fd;
  struct io_uring_params params;
  char *sq, *cq;
  struct io_uring_sqe* sqes;
};

static int make_ring(struct ring* ring) {
  memset(ring, 0, sizeof *ring);
  ring->fd = (int)syscall(SYS_io_uring_setup, 4, &ring->params);
  if (ring->fd < 0) return -1;
  const int way = MAP_SHARED | MAP_POPULATE, both = PROT_READ | PROT_WRITE;
  const struct io_uring_params* p = &ring->params;
  ring->sq = mmap(NULL, p->sq_off.array + p->sq_entries * 4, both, way, ring->fd, IORING_OFF_SQ_RING);
  ring->cq = mmap(NULL, p->cq_off.cqes + p->cq_entries * sizeof(struct io_uring_cqe), both, way, ring->fd,
                  IORING_OFF_CQ_RING);
  ring->sqes = mmap(NULL, p->sq_entries * sizeof(struct io_uring_sqe), both, way, ring->fd, IORING_OFF_SQES);
  return ring->sq == MAP_FAILED || ring->cq == MAP_FAILED || ring->sqes == MAP_FAILED ? -1 : 0;
}

static int submit(struct ring* ring, const struct io_uring_sqe* entry) {
  unsigned* tail = (unsigned*)(ring->sq + ring->params.sq_off.tail);
  const unsigned mask = *(unsigned*)(ring->sq + ring->params.sq_off.ring_mask);
  unsigned* array = (unsigned*)(ring->sq + ring->params.sq_off.array);
  ring->sqes[*tail & mask] = *entry;
  array[*tail & mask] = *tail & mask;
  __atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
  if (syscall(SYS_io_uring_enter, ring->fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0) return -1;
  unsigned* head = (unsigned*)(ring->cq + ring->params.cq_off.head);
  const unsigned cq_mask = *(unsigned*)(ring->cq + ring->params.cq_off.ring_mask);
  const struct io_uring_cqe* done =
      (struct io_uring_cqe*)(ring->cq + ring->params.cq_off.cqes) + (*head & cq_mask);
  const int result = done->res;
  __atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
  if (result < 0) errno = -result;
  return result < 0 ? -1 : result;
}

static int ring_open(struct ring* ring, const char* path, unsigned flags) {
  struct io_uring_sqe entry = {.opcode = IORING_OP_OPENAT, .fd = AT_FDCWD};
  entry.addr = (size_t)path;
  entry.open_flags = flags;
  entry.len = 0644;
  return submit(ring, &entry);
}

static void uring_open(struct outcome* outcome) {
  struct ring ring;
  tried(outcome, make_ring(&ring), "io_uring_setup");
  if (outcome->effect) tried(outcome, ring_open(&ring, out_path("secret"), O_RDONLY), "openat by the ring");
}
static void uring_write(struct outcome* outcome) {
  struct ring ring;
  tried(outcome, make_ring(&ring), "io_uring_setup");
  if (!outcome->effect) return;
  struct io_uring_sqe entry = {.opcode = IORING_OP_WRITE,
                               .fd = ring_open(&ring, out_path("victim"), O_WRONLY)};
  entry.addr = (size_t) "x";
  entry.len = 1;
  tried(outcome, entry.fd >= 0 ? submit(&ring, &entry) : -1, "write by the ring");
}

static void add_key(struct outcome* outcome) {
  const long key = syscall(SYS_add_key, "user", "glovebox-scenario", "x", 1, -2 /* the process's keyring */);
  tried(outcome, key, "add_key");
}
static void join_keyring(struct outcome* outcome) {
  tried(outcome, syscall(SYS_keyctl, 0 /* KEYCTL_GET_KEYRING_ID */, -2, 1), "keyctl");
}
static void make_map(struct outcome* outcome) {
  union bpf_attr attributes;
  memset(&attributes, 0, sizeof attributes);
  attributes.map_type = BPF_MAP_TYPE_ARRAY;
  attributes.key_size = 4;
  attributes.value_size = 4;
  attributes.max_entries = 1;
  tried(outcome, syscall(SYS_bpf, BPF_MAP_CREATE, &attributes, sizeof attributes), "bpf(BPF_MAP_CREATE)");
}
static void open_counter(struct outcome* outcome) {
  struct perf_event_attr attributes;
  memset(&attributes, 0, sizeof attributes);
  attributes.type = PERF_TYPE_SOFTWARE;
  attributes.size = sizeof attributes;
  attributes.config = PERF_COUNT_SW_TASK_CLOCK;
  attributes.exclude_kernel = attributes.exclude_hv = 1;
  tried(outcome, syscall(SYS_perf_event_open, &attributes, 0, -1, -1, 0), "perf_event_open");
}
static void fault_in_user(struct outcome* outcome) {
  tried(outcome, syscall(SYS_userfaultfd, O_CLOEXEC | 1 /* UFFD_USER_MODE_ONLY, 5.11 */), "userfaultfd");
}

/* What would trouble the machine is asked for with arguments that cannot succeed: to see is who refuses. */
static void refused_by_rule(struct outcome* outcome, long result, const char* what) {
  const int error = result < 0 ? errno : 0;
  fill(outcome, error != EPERM, error, what);
}
static void load_kernel(struct outcome* outcome) {
  refused_by_rule(outcome, syscall(SYS_kexec_load, 0, 0, NULL, 0xffff), "kexec_load, flags that none has");
}
static void load_module(struct outcome* outcome) {
  refused_by_rule(outcome, syscall(SYS_init_module, NULL, 0, ""), "init_module of nothing");
}
static void load_module_file(struct outcome* outcome) {
  refused_by_rule(outcome, syscall(SYS_finit_module, -1, "", 0), "finit_module of no descriptor");
}
static void swap_on(struct outcome* outcome) {
  refused_by_rule(outcome, syscall(SYS_swapon, "/nonexistent/swap", 0), "swapon of nothing");
}
static void set_clock(struct outcome* outcome) {
  const struct timeval never = {0, -1};
  refused_by_rule(outcome, syscall(SYS_settimeofday, &never, NULL), "settimeofday to no time");
}
static void restart(struct outcome* outcome) {
  refused_by_rule(outcome, syscall(SYS_reboot, 0, 0, 0, NULL), "reboot without its words");
}
static void set_host_name(struct outcome* outcome) {
  refused_by_rule(outcome, syscall(SYS_sethostname, NULL, -1), "sethostname of -1 bytes");
}
static void account(struct outcome* outcome) {
  refused_by_rule(outcome, syscall(SYS_acct, "/nonexistent/acct"), "acct to nothing");
}
static void own_ports(struct outcome* outcome) {
#ifdef SYS_iopl
  refused_by_rule(outcome, syscall(SYS_iopl, 99), "iopl(99)");
#else
  could_not_try(outcome, "this processor has no such call");
#endif
}

/* A second listener would hide what its program does from the first. */
static void own_listener(struct outcome* outcome) {
  struct sock_filter code[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  struct sock_fprog program = {1, code};
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  tried(outcome, syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program),
        "a listener of its own");
}
static void no_append(struct outcome* outcome) {
  const int fd = open(in_path("log"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  char text[] = "one\n";
  struct {
    void* base;
    size_t size;
  } vector = {text, 4};
  if (write(fd, text, 4) != 4) return;
  tried(outcome, syscall(SYS_pwritev2, fd, &vector, 1, 0, 0, 0x20 /* RWF_NOAPPEND */),
        "pwritev2(RWF_NOAPPEND)");
}
static void kernel_pointer(struct outcome* outcome) {
  const long result = syscall(SYS_write, 1, (void*)~0x7fffffffUL, 1);
  fill(outcome, result >= 0, result < 0 ? errno : 0, "write from the kernel's half");
}

#define KERNEL_STATE "it would change the machine's own state"

const struct scenario kInterfaces[] = {
    {"io-uring-open", "kernel", "open a file by io_uring, past every filter", HOLDS_ALWAYS, "", NEEDS_KERNEL,
     NULL, "(io_uring_setup ", uring_open, NULL},
    {"io-uring-write", "kernel", "write a file by io_uring", HOLDS_ALWAYS, "", NEEDS_KERNEL, NULL,
     "(io_uring_setup ", uring_write, NULL},
    {"own-listener", "kernel", "load a seccomp filter with a listener of its own", HOLDS_ALWAYS, "", 0, NULL,
     NULL, own_listener, NULL},
    {"rwf-noappend", "kernel", "overwrite a log that is open for appending (RWF_NOAPPEND)", HOLDS_OPTION,
     "--append-only", NEEDS_KERNEL, NULL, "RWF_NOAPPEND", no_append, NULL},
    {"kernel-pointer", "kernel", "hand the kernel a pointer into its own half", HOLDS_OPTION,
     "--restrict-kptr", 0, "the kernel refuses it itself, where it looks", "kernel pointer", kernel_pointer,
     NULL},
    {"add-key", "kernel", "put a key into the kernel's keyrings", HOLDS_OPTION,
     "--mode enforce --read / --write /", NEEDS_KERNEL, NULL, "(add_key ", add_key, NULL},
    {"keyctl", "kernel", "keyctl", HOLDS_OPTION, "--mode enforce --read / --write /", NEEDS_KERNEL, NULL,
     "(keyctl ", join_keyring, NULL},
    {"bpf", "kernel", "make a BPF map", HOLDS_OPTION, "--mode enforce --read / --write /", NEEDS_BARE_ROOT,
     NULL, "(bpf ", make_map, NULL},
    {"perf-event-open", "kernel", "open a performance counter", HOLDS_OPTION,
     "--mode enforce --read / --write /", NEEDS_KERNEL | NEEDS_BARE_ROOT, NULL, "(perf_event_open ",
     open_counter, NULL},
    {"userfaultfd", "kernel", "stop the kernel while it reads its memory", HOLDS_OPTION,
     "--mode enforce --read / --write /", NEEDS_KERNEL, NULL, "(userfaultfd ", fault_in_user, NULL},
    {"kexec", "kernel", "load another kernel", HOLDS_OPTION, "--mode enforce --read / --write /", 0,
     KERNEL_STATE, "(kexec_load ", load_kernel, NULL},
    {"init-module", "kernel", "load a kernel module", HOLDS_OPTION, "--mode enforce --read / --write /", 0,
     KERNEL_STATE, "(init_module ", load_module, NULL},
    {"finit-module", "kernel", "load a kernel module from a file", HOLDS_OPTION,
     "--mode enforce --read / --write /", 0, KERNEL_STATE, "(finit_module ", load_module_file, NULL},
    {"swapon", "kernel", "add swap space", HOLDS_OPTION, "--mode enforce --read / --write /", 0, KERNEL_STATE,
     "(swapon ", swap_on, NULL},
    {"settimeofday", "kernel", "set the clock", HOLDS_OPTION, "--mode enforce --read / --write /", 0,
     KERNEL_STATE, "(settimeofday ", set_clock, NULL},
    {"reboot", "kernel", "reboot", HOLDS_OPTION, "--mode enforce --read / --write /", 0, KERNEL_STATE,
     "(reboot ", restart, NULL},
    {"sethostname", "kernel", "name the host", HOLDS_OPTION, "--mode enforce --read / --write /", 0,
     KERNEL_STATE, "(sethostname ", set_host_name, NULL},
    {"acct", "kernel", "have the kernel write accounts of every process", HOLDS_OPTION,
     "--mode enforce --read / --write /", 0, KERNEL_STATE, "(acct ", account, NULL},
    {"iopl", "kernel", "reach the I/O ports", HOLDS_OPTION, "--mode enforce --read / --write /", NEEDS_X86,
     KERNEL_STATE, "(iopl ", own_ports, NULL},
};
const size_t kInterfacesSize = sizeof kInterfaces / sizeof kInterfaces[0];
