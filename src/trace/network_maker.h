// Makes network calls in the place of their callers: what was looked at is what is done.
#ifndef GLOVEBOX_TRACE_NETWORK_MAKER_H_
#define GLOVEBOX_TRACE_NETWORK_MAKER_H_

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "policy/network_rules.h"
#include "policy/policy.h"
#include "trace/call_workers.h"
#include "trace/file_check.h"
#include "trace/network_call.h"
#include "trace/network_sender.h"
#include "trace/network_socket.h"
#include "trace/ruler.h"
#include "trace/rulers.h"

namespace glovebox::trace {

// One an action, in its supervisor's thread. Every call on a socket is read whole, judged by what was read
// and by the socket that was fetched, and made on that socket with the bytes that were read. What cannot be
// read, fetched or told is refused.
class NetworkMaker {
 public:
  // `files` is asked for the socket that a path has led to; null: nobody is.
  NetworkMaker(const RulerContext& context, std::vector<const policy::Policy*> chain, FileCheck* files);
  // connect, bind, listen, sendto, sendmsg, sendmmsg.
  Ruling Make(const RulerCall& call);

 private:
  struct Order {
    const RulerCall& call;
    NetworkCall words;
    std::shared_ptr<CallerSocket> socket;
    Credentials caller;
    bool other_ids = false;  // than ours: what goes by who makes a call is not made for it
  };

  Ruling MakeOn(Order* order);
  Ruling Connect(Order* order);
  Ruling Bind(Order* order);
  Ruling BindUnixPath(Order* order, const policy::NetworkTarget& target, const std::string& rule);
  Ruling Listen(Order* order);
  Ruling Send(Order* order);
  // Null where `message` can be sent, with *out; else why not.
  std::unique_ptr<Ruling> Prepare(Order* order, const NetworkMessage& message, OutMessage* out,
                                  std::string* rule);
  // Where the address leads, and whether it may: null if so, with the rule of a policy that only reports.
  std::unique_ptr<Ruling> Judge(Order* order, const std::string& address, policy::NetworkUse use,
                                policy::NetworkTarget* target, std::string* rule);
  std::unique_ptr<Ruling> JudgeUnix(Order* order, const policy::NetworkTarget& target,
                                    policy::NetworkUse use) const;
  std::unique_ptr<Ruling> Place(Order* order, const policy::NetworkTarget& target, policy::NetworkUse use,
                                std::string* address, UniqueFd* held, std::string* rule);
  Ruling Through(uint64_t id, std::string rule, CallWorkers::Work work);
  bool StillWaits(const Order& order) const;

  const RulerContext context_;
  const std::vector<const policy::Policy*> chain_;
  FileCheck* const files_;
  Credentials own_;
  bool scopes_names_ = false;    // a policy keeps abstract names outside of the action out of reach
  std::set<std::string> names_;  // abstract ones that were bound here
  CallWorkers workers_;
};

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_NETWORK_MAKER_H_
