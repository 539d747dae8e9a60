// libglovebox-shim.so: answers realpath() inside the program, and tells the supervisor what it asked.
//
// A compiler asks readlink about each component of each header's name, through glibc's realpath: two thirds
// of the notifications of a compile. Here the same questions are asked, in the same order (shim_walk.h), but
// at the one instruction that the filter lets pass, and each is written into the ring before (shim_ring.h).
// Whatever is not certain to be glibc's answer is left to glibc's own function, whose calls are notified as
// ever: a name that is not plain, an error other than "no link" and "absent", a ring that is full or that
// nobody reads, another thread or a signal handler at the same time, a forked child (it shares the ring with
// its parent). Nothing is lost by it but time: what was asked until then is asked, and recorded, again.
//
// Where nobody answers for GLOVEBOX_SHIM_RING the library does nothing at all.
//
// It goes into programs that know nothing of it, so it brings nothing: no library that it needs, no version
// of a symbol, no thread-local storage, and of the C library malloc, errno and dlsym alone. None of the three
// is an indirect function (memcpy and strlen are): a library without a DT_NEEDED may be relocated before the
// C library is, and then its choice of memcpy would be made too early. For the same reason the constructor,
// which may run before the C library's, makes bare system calls and touches no errno.
#undef _FORTIFY_SOURCE  // would define realpath itself
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "child/shim_queue.h"
#include "child/shim_ring.h"
#include "child/shim_walk.h"

#define EXPORTED __attribute__((visibility("default")))
#define PATH_MAX_OF_GLIBC 4096

// Not from stdlib.h: its attributes would let the compiler drop the tests for a null name.
void* malloc(size_t size);
EXPORTED char* realpath(const char* name, char* resolved);
EXPORTED char* canonicalize_file_name(const char* name);
EXPORTED char* __realpath_chk(const char* name, char* resolved, size_t size);
// glibc before 2.34 has it in libdl, which a program need not have.
#pragma weak dlsym

static struct {
  struct glovebox_shim_ring* ring;  // null: inactive, and for good
  uint64_t gate;
  long process;  // the one that the ring was given to
  char busy;
} shim;

#if defined(__x86_64__)
static long Call(long number, long a, long b, long c, long d, long e, long f) {
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  long result;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "0"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory", "cc");
  return result;
}

// The compiler does not know that this calls, and may keep variables in the 128 bytes below the stack.
static long CallAtGate(const char* path, char* buffer, size_t size) {
  long result;
  __asm__ volatile(
      "lea -128(%%rsp), %%rsp\n\t"
      "call *%[gate]\n\t"
      "lea 128(%%rsp), %%rsp"
      : "=a"(result)
      : "0"((long)SYS_readlink), "D"(path), "S"(buffer), "d"(size), [gate] "r"(shim.gate)
      : "rcx", "r11", "memory", "cc");
  return result;
}
#elif defined(__aarch64__)
static long Call(long number, long a, long b, long c, long d, long e, long f) {
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;
  register long x5 __asm__("x5") = f;
  __asm__ volatile("svc #0"
                   : "+r"(x0)
                   : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                   : "memory", "cc");
  return x0;
}

static long CallAtGate(const char* path, char* buffer, size_t size) {
  register long x8 __asm__("x8") = SYS_readlinkat;
  register long x0 __asm__("x0") = AT_FDCWD;
  register const char* x1 __asm__("x1") = path;
  register char* x2 __asm__("x2") = buffer;
  register size_t x3 __asm__("x3") = size;
  __asm__ volatile("blr %[gate]"
                   : "+r"(x0)
                   : "r"(x8), "r"(x1), "r"(x2), "r"(x3), [gate] "r"(shim.gate)
                   : "x30", "memory", "cc");
  return x0;
}
#endif

static int IsError(long result) { return result < 0 && result >= -4095; }

// Maps the code where the ring says. 0: it could not be put exactly there.
static int MapGate(int fd, uint64_t gate) {
  if (gate < GLOVEBOX_SHIM_GATE_LOW || gate > GLOVEBOX_SHIM_GATE_HIGH) return 0;
  // A page at least, whatever size pages have here: the kernel rounds up.
  const long at =
      Call(SYS_mmap, (long)gate, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED_NOREPLACE, fd, 0);
  if (IsError(at)) return 0;
  if ((uint64_t)at == gate) return 1;
  Call(SYS_munmap, at, 4096, 0, 0, 0, 0);  // before Linux 4.17 the flag was not known
  return 0;
}

__attribute__((constructor)) static void Prepare(void) {
  const long fd = Call(SYS_openat, AT_FDCWD, (long)GLOVEBOX_SHIM_RING, O_RDWR | O_CLOEXEC, 0, 0, 0);
  if (fd < 0) return;
  const long at = Call(SYS_mmap, 0, GLOVEBOX_SHIM_RING_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
                       GLOVEBOX_SHIM_RING_AT);
  if (!IsError(at)) {
    struct glovebox_shim_ring* ring = (struct glovebox_shim_ring*)at;
    if (ring->version == GLOVEBOX_SHIM_VERSION && MapGate((int)fd, ring->gate)) {
      shim.gate = ring->gate;
      shim.process = Call(SYS_getpid, 0, 0, 0, 0, 0, 0);
      shim.ring = ring;
    } else {
      Call(SYS_munmap, at, GLOVEBOX_SHIM_RING_BYTES, 0, 0, 0, 0);
    }
  }
  Call(SYS_close, fd, 0, 0, 0, 0, 0);
}

// One question of the walk: recorded, asked, and the record completed.
static long Ask(void* context, const char* path, char* buffer, size_t size) {
  (void)context;
  struct glovebox_shim_entry* entry = glovebox_shim_publish(shim.ring, path);
  if (entry == NULL) return -ENOSPC;  // glibc asks it then
  const long got = CallAtGate(path, buffer, size);
  glovebox_shim_settle(entry, got < 0 ? (int)-got : 0);
  return got;
}

static enum glovebox_walk_end Walk(struct glovebox_walk* walk, const char* name) {
  if (shim.ring == NULL || name == NULL || name[0] != '/' ||
      __atomic_load_n(&shim.ring->closed, __ATOMIC_RELAXED) != 0 ||
      Call(SYS_getpid, 0, 0, 0, 0, 0, 0) != shim.process) {
    return GLOVEBOX_WALK_OTHER;
  }
  // Nobody waits: the holder may be what this signal handler interrupted.
  if (__atomic_exchange_n(&shim.busy, 1, __ATOMIC_ACQUIRE) != 0) return GLOVEBOX_WALK_OTHER;
  const enum glovebox_walk_end end = glovebox_walk_resolve(walk, name, Ask, NULL);
  __atomic_store_n(&shim.busy, 0, __ATOMIC_RELEASE);
  return end;
}

// 1: `*result` and errno are what glibc would give. Apart from its callers, so that glibc's own function is
// not called with a walk's buffers below it on the stack.
__attribute__((noinline)) static int Resolve(const char* name, char* resolved, char** result) {
  struct glovebox_walk walk;
  const enum glovebox_walk_end end = Walk(&walk, name);
  if (end == GLOVEBOX_WALK_OTHER) return 0;
  *result = NULL;
  if (resolved == NULL && end == GLOVEBOX_WALK_DONE) {
    resolved = malloc(walk.size + 1);
    if (resolved == NULL) return 1;  // with malloc's errno
  }
  if (resolved != NULL) {
    for (size_t i = 0; i <= walk.size; ++i) resolved[i] = walk.name[i];
  }
  if (end == GLOVEBOX_WALK_DONE) *result = resolved;
  errno = end == GLOVEBOX_WALK_DONE ? EINVAL : ENOENT;  // of the last question
  return 1;
}

// The function that the program would have without us. Looked up at its first use: before, the C library may
// not be ready for it.
static uintptr_t Real(uintptr_t* known, const char* name) {
  uintptr_t found = __atomic_load_n(known, __ATOMIC_RELAXED);
  if (found != 0) return found;
  const int error = errno;
  if (dlsym != NULL) found = (uintptr_t)dlsym(RTLD_NEXT, name);
  errno = found != 0 ? error : ENOSYS;
  __atomic_store_n(known, found, __ATOMIC_RELAXED);
  return found;
}

char* realpath(const char* name, char* resolved) {
  static uintptr_t real;
  char* result;
  if (Resolve(name, resolved, &result)) return result;
  char* (*const function)(const char*, char*) = (char* (*)(const char*, char*))Real(&real, "realpath");
  return function != NULL ? function(name, resolved) : NULL;
}

char* canonicalize_file_name(const char* name) {
  static uintptr_t real;
  char* result;
  if (Resolve(name, NULL, &result)) return result;
  char* (*const function)(const char*) = (char* (*)(const char*))Real(&real, "canonicalize_file_name");
  return function != NULL ? function(name) : NULL;
}

char* __realpath_chk(const char* name, char* resolved, size_t size) {
  static uintptr_t real;
  char* result;
  // Too small a buffer ends the program, in glibc.
  if (size >= PATH_MAX_OF_GLIBC && Resolve(name, resolved, &result)) return result;
  char* (*const function)(const char*, char*, size_t) =
      (char* (*)(const char*, char*, size_t))Real(&real, "__realpath_chk");
  return function != NULL ? function(name, resolved, size) : NULL;
}
