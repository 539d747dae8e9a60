// The registers of a notified call as its ABI means them: for the decoder (intent.cc), and for who makes the
// call in its place (network_call.cc).
#ifndef GLOVEBOX_TRACE_INTENT_REGISTERS_H_
#define GLOVEBOX_TRACE_INTENT_REGISTERS_H_

#include <cstdint>

#include "trace/intent.h"

namespace glovebox::trace {

struct Registers {
  uint32_t arch = 0;
  int number = 0;
  pid_t tid = 0;
  bool compat = false;  // pointers in memory have 32 bits: i386 and x32
  uint64_t args[6] = {};
};

// i386's registers cut to 32 bits, and its 64-bit arguments joined to one.
Registers ReadRegisters(const seccomp_notif& notification);

// socketcall(number, u32 args[]): replaces the registers by those of the call that it carries and returns
// that call's row. Null when there is nothing more to decode; *intent then says why.
const kernel::SyscallRow* UnpackSocketcall(Registers* call, const kernel::MemoryReader& memory,
                                           Intent* intent);

// A call outside the table: notified in order to be refused, or a hole.
void DecodeUnlisted(const Registers& call, const kernel::MemoryReader& memory, Intent* intent);

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_INTENT_REGISTERS_H_
