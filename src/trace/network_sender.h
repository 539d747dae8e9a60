// Messages that were read out of their caller, sent on its own socket. First without waiting; what would wait
// goes on in a thread.
#ifndef GLOVEBOX_TRACE_NETWORK_SENDER_H_
#define GLOVEBOX_TRACE_NETWORK_SENDER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "trace/call_workers.h"
#include "trace/network_call.h"
#include "trace/network_socket.h"

namespace glovebox::trace {

// A message with everything of it in this process.
struct OutMessage {
  std::string address;  // as we give it
  UniqueFd place;       // what `address` leads through
  std::string data;
  std::string control;           // in the layout of this ABI
  std::vector<UniqueFd> passed;  // the descriptors of `control`
  uint64_t length_at = 0;        // where the caller is told how much of it was sent
};

// Whether control messages can be handed on: the kinds that lead nowhere else and ask for no privilege.
bool IsPassable(const NetworkMessage::Control& control);

// Fetches the descriptors of SCM_RIGHTS and tells credentials as the caller may: 0 or an errno; EPERM where
// they cannot be fetched, or are not the caller's own. `sign`: on a unix socket the caller's ids are named,
// since ours are others.
int PutControl(const NetworkMessage& message, const CallerSocket& socket, const Credentials& caller,
               bool sign, OutMessage* out);

class NetworkSender {
 public:
  // `many`: sendmmsg, whose result is a number of messages. `error`: what the message behind the last one
  // meets. `memory`: of the caller, to be written to; -1 where nothing is told to it.
  NetworkSender(std::shared_ptr<CallerSocket> socket, int flags, bool many, std::vector<OutMessage> messages,
                int error, UniqueFd memory);

  // Sends on as far as that goes without waiting; false: it would wait, and the caller wants to.
  bool Step();
  // With waiting, in a thread.
  CallResult Finish(const CallWorkers::Wanted& wanted);
  CallResult result() const;

 private:
  enum class Sent { kAll, kBlocked, kFailed };
  Sent SendOne(OutMessage* message);
  bool End(int error);
  void Signal() const;

  const std::shared_ptr<CallerSocket> socket_;
  const int flags_;
  const bool many_;
  const int last_error_;
  const UniqueFd memory_;
  bool waits_;      // the caller lets it wait
  bool dont_wait_;  // this process must not: false in a thread, for what cannot be asked to be quick
  std::vector<OutMessage> messages_;
  size_t next_ = 0;  // message
  size_t part_ = 0;  // of it were sent so many bytes
  int error_ = 0;
  uint64_t deadline_ns_ = 0;
};

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_NETWORK_SENDER_H_
