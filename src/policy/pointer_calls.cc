#include "policy/pointer_calls.h"

namespace glovebox::policy {
namespace {

constexpr unsigned R0 = 1, R1 = 2, R2 = 4, R3 = 8, R4 = 16, R5 = 32;

// Calls whose registers hold pointers into the caller's memory and that a program makes all the time or that
// copy much: what an attack on the kernel by a pointer would go through. Registers that may hold a number
// instead (ioctl, fcntl, prctl, futex's val2) are left out: a sign-extended -1 there is honest.
constexpr PointerCall kPointerCalls[] = {
    {"read", R1},
    {"write", R1},
    {"pread64", R1},
    {"pwrite64", R1},
    {"readv", R1},
    {"writev", R1},
    {"preadv", R1},
    {"pwritev", R1},
    {"preadv2", R1},
    {"pwritev2", R1},
    {"recvfrom", R1 | R4 | R5},
    {"recvmsg", R1},
    {"recvmmsg", R1 | R4},
    {"getsockopt", R3 | R4},
    {"setsockopt", R3},
    {"getsockname", R1 | R2},
    {"getpeername", R1 | R2},
    {"accept", R1 | R2},
    {"accept4", R1 | R2},
    {"socketpair", R3},
    {"sendto", R1},
    {"fstat", R1},
    {"fstatfs", R1},
    {"getcwd", R0},
    {"pipe2", R0},
    {"poll", R0},
    {"ppoll", R0 | R2 | R3},
    {"epoll_ctl", R3},
    {"epoll_wait", R1},
    {"epoll_pwait", R1 | R4},
    {"getrandom", R0},
    {"uname", R0},
    {"sysinfo", R0},
    {"times", R0},
    {"getrusage", R1},
    {"gettimeofday", R0 | R1},
    {"clock_gettime", R1},
    {"clock_nanosleep", R2 | R3},
    {"nanosleep", R0 | R1},
    {"wait4", R1 | R3},
    {"waitid", R2 | R4},
    {"rt_sigaction", R1 | R2},
    {"rt_sigprocmask", R1 | R2},
    {"sigaltstack", R0 | R1},
    {"sched_setaffinity", R2},
    {"sched_getaffinity", R2},
    {"getrlimit", R1},
    {"setrlimit", R1},
    {"prlimit64", R2 | R3},
    {"capget", R0 | R1},
    {"capset", R0 | R1},
    {"process_vm_readv", R1 | R3},
    {"process_vm_writev", R1 | R3},
};

}  // namespace

absl::Span<const PointerCall> PointerCalls() { return kPointerCalls; }

}  // namespace glovebox::policy
