// A network call read out of its caller once, whole: address, data, control messages. Whatever is decided and
// done afterwards goes by this copy, which no thread of the caller can change.
#ifndef GLOVEBOX_TRACE_NETWORK_CALL_H_
#define GLOVEBOX_TRACE_NETWORK_CALL_H_

#include <linux/seccomp.h>

#include <cstdint>
#include <string>
#include <vector>

#include "kernel/process.h"
#include "trace/intent.h"

namespace glovebox::trace {

struct NetworkMessage {
  std::string address;  // empty: none was given
  std::string data;
  struct Control {
    int level = 0;
    int type = 0;
    std::string data;
    bool operator==(const Control&) const = default;
  };
  std::vector<Control> control;
  bool cut = false;        // `data` is not all of it: of a stream the front may be sent alone
  uint64_t length_at = 0;  // sendmmsg: where the kernel puts how much was sent
};

struct NetworkCall {
  int fd = -1;
  int flags = 0;          // MSG_*
  int backlog = 0;        // listen
  std::string address;    // connect, bind
  bool many = false;      // sendmmsg: the result is a number of messages
  bool changing = false;  // its registers come from memory (socketcall): another look could see others
  std::vector<NetworkMessage> messages;  // sendto, sendmsg: one
  // What the kernel says to the arguments before it looks at the socket. Of sendmmsg: to the message behind
  // the last one that is here.
  int error = 0;
};

inline constexpr size_t kMostData = 8u << 20;  // of one call; more is cut

// `op`: kConnect, kBind, kListen or kSend. Reads by `memory`; a pointer that cannot be read is EFAULT, as it
// is to the kernel.
NetworkCall ReadNetworkCall(const seccomp_notif& call, Op op, const kernel::MemoryReader& memory);

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_NETWORK_CALL_H_
