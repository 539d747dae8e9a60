/* What the preloaded library (shim.c) and the supervisor share: names, memory, and who writes what. C and
 * C++.
 *
 * A program that imports realpath() gets the library from its supervisor, which answers the dynamic linker's
 * own question for /etc/ld.so.preload (trace/shim_host.h): no environment variable, no file that anybody else
 * sees. The library asks for its ring by opening GLOVEBOX_SHIM_RING, and gets a sealed memory file:
 *
 *   offset 0                       machine code, GLOVEBOX_SHIM_CODE bytes at most: one system call, a return
 *   offset GLOVEBOX_SHIM_RING_AT   struct glovebox_shim_ring, GLOVEBOX_SHIM_RING_BYTES in all
 *
 * The code is mapped at `gate`. The listener's filter lets readlink() (aarch64: readlinkat()) pass at that
 * one instruction and notifies it everywhere else, so that whatever the library does not see is seen by the
 * supervisor. Mapping the code again is each program's own business: exec ends it.
 *
 * The ring is a queue of entries in `data`, written by the program, read by the supervisor at its next call
 * and at its end. `head` and `tail` count bytes since the beginning, modulo 2^32; their place is the
 * remainder by GLOVEBOX_SHIM_DATA. An entry lies in one piece, 8-byte aligned; where it would reach over the
 * end, a filler (error == GLOVEBOX_SHIM_FILLER) goes before it. An entry is published (head, release) before
 * the system call is made, with error == GLOVEBOX_SHIM_PENDING, and gets its result afterwards: a program
 * that is killed in between has said what it was about to ask. */
#ifndef GLOVEBOX_CHILD_SHIM_RING_H_
#define GLOVEBOX_CHILD_SHIM_RING_H_

#include <stdint.h>

/* Names that no file can have, since /dev/null is no directory: as the announcement's in wire.h. */
#define GLOVEBOX_SHIM_LIBRARY "/dev/null/glovebox/shim.so"
#define GLOVEBOX_SHIM_RING "/dev/null/glovebox/ring/1"

#define GLOVEBOX_SHIM_VERSION 1u
#define GLOVEBOX_SHIM_CODE 16         /* bytes of code at most */
#define GLOVEBOX_SHIM_RING_AT 0x10000 /* aligned to the largest page of aarch64 */
#define GLOVEBOX_SHIM_RING_BYTES 16384
/* Bytes of `data`, a power of two. The longest name that the library asks about has 1023 (shim_walk.h). */
#define GLOVEBOX_SHIM_DATA 8192u

#define GLOVEBOX_SHIM_PENDING (-1)
#define GLOVEBOX_SHIM_FILLER (-2)

/* Where the gate can lie: one page at a random place, free of what sanitizers reserve. */
#define GLOVEBOX_SHIM_GATE_LOW 0x7e8000000000ull
#define GLOVEBOX_SHIM_GATE_HIGH 0x7ebfffff0000ull

/* The code, and how far behind its beginning the instruction pointer stands that seccomp shows: behind the
 * call itself. The number of the call is in its register as ever (x86-64: readlink, aarch64: readlinkat). */
#if defined(__x86_64__)
#define GLOVEBOX_SHIM_GATE_IP_OFFSET 2
static const unsigned char glovebox_shim_gate_code[] = {0x0f, 0x05, 0xc3}; /* syscall; ret */
#elif defined(__aarch64__)
#define GLOVEBOX_SHIM_GATE_IP_OFFSET 4
static const unsigned char glovebox_shim_gate_code[] = {0x01, 0x00, 0x00, 0xd4,  /* svc #0 */
                                                        0xc0, 0x03, 0x5f, 0xd6}; /* ret */
#else
#error "the gate is written for x86-64 and aarch64"
#endif

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic" /* ISO C++ has no member like `path` */
struct glovebox_shim_entry {
  uint32_t size; /* of the whole entry, a multiple of 8 */
  int32_t error; /* errno, 0: it is a link; or one of the two above. __atomic, relaxed */
  char path[];   /* absolute, NUL-terminated */
};
#pragma GCC diagnostic pop

struct glovebox_shim_ring {
  uint32_t version;  /* GLOVEBOX_SHIM_VERSION */
  uint32_t closed;   /* by the supervisor: nobody reads any more. __atomic, relaxed */
  uint64_t gate;     /* where the code is to be mapped */
  uint32_t head;     /* by the program: __atomic, release */
  uint32_t pad0[15]; /* two writers, two cache lines */
  uint32_t tail;     /* by the supervisor: __atomic, release */
  uint32_t pad1[15];
  char data[GLOVEBOX_SHIM_DATA];
};

#endif /* GLOVEBOX_CHILD_SHIM_RING_H_ */
