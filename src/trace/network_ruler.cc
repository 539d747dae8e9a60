#include "trace/network_ruler.h"

#include <linux/audit.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "kernel/abi.h"
#include "policy/network_rules.h"
#include "trace/network_call.h"
#include "trace/network_maker.h"

namespace glovebox::trace {
namespace {

using policy::NetworkUse;

// The registers are the call's own: no thread can change them.
struct SocketArguments {
  int domain, type, protocol;
};
SocketArguments ArgumentsOf(const seccomp_notif& call) {
  const auto* args = call.data.args;
  return {static_cast<int>(args[0]), static_cast<int>(args[1]), static_cast<int>(args[2])};
}

class NetworkRuler final : public Ruler {
 public:
  NetworkRuler(const std::vector<const policy::Policy*>& chain, const RulerContext& context, FileCheck* files)
      : chain_(chain), context_(context) {
    if (policy::MakesNetworkCalls(chain)) maker_ = std::make_unique<NetworkMaker>(context, chain, files);
  }

  Ruling Rule(const RulerCall& call) override {
    switch (call.intent.op) {
      case Op::kSocket:
        return RuleSocket(call);
      case Op::kConnect:
      case Op::kBind:
      case Op::kListen:
      case Op::kSend:
        return maker_ != nullptr ? maker_->Make(call) : Report(call);
      default:
        return maker_ != nullptr ? RuleUntold(call) : Ruling();
    }
  }

 private:
  // A call that could not be decoded may be one of these all the same, once its memory can be read, or in an
  // ABI that has no table here (32-bit Arm).
  static Ruling RuleUntold(const RulerCall& call) {
    const uint32_t arch = call.call.data.arch;
    const bool known = arch == kernel::kNativeArch || arch == AUDIT_ARCH_I386;
    const bool carried = !call.intent.hole.empty() && absl::StrContains(call.intent.syscall, "socketcall");
    if (known && !carried) return {};
    Ruling ruling;
    ruling.kind = Ruling::Kind::kRefuse;
    ruling.error = known ? EFAULT : ENOSYS;
    ruling.rule = absl::StrCat(policy::NetworkRuleId(NetworkUse::kSocket), ": built in ",
                               known ? "socketcall: its memory cannot be read" : "an ABI without a table");
    return ruling;
  }

  static Ruling Say(const policy::NetworkWord& word) {
    Ruling ruling;
    if (word.rule.empty()) return ruling;
    ruling.kind = word.refuse ? Ruling::Kind::kRefuse : Ruling::Kind::kGoOn;
    ruling.error = word.refuse ? EACCES : 0;
    ruling.rule = word.rule;
    return ruling;
  }

  Ruling RuleSocket(const RulerCall& call) {
    const bool carried = absl::StrContains(call.intent.syscall, "socketcall");
    if (carried && policy::HoldsNetwork(chain_)) {
      return Say({true, absl::StrCat(policy::NetworkRuleId(NetworkUse::kSocket),
                                     ": built in socketcall: its arguments lie in memory")});
    }
    if (carried) return {};
    const SocketArguments is = ArgumentsOf(call.call);
    const bool pair = absl::EndsWith(call.intent.syscall, "socketpair");
    if (pair && is.domain == AF_UNIX) return {};
    return Say(policy::JudgeSocket(chain_, is.domain, is.type, is.protocol));
  }

  // Nothing is held by it, so one more look at the memory is good enough. listen() is not looked at: what it
  // was bound to has been told.
  Ruling Report(const RulerCall& call) {
    if (call.intent.op == Op::kListen) return {};
    const NetworkUse use = call.intent.op == Op::kConnect ? NetworkUse::kConnect
                           : call.intent.op == Op::kBind  ? NetworkUse::kBind
                                                          : NetworkUse::kSend;
    const NetworkCall words = ReadNetworkCall(call.call, call.intent.op, *context_.memory);
    std::vector<const std::string*> addresses = {&words.address};
    for (const NetworkMessage& message : words.messages) addresses.push_back(&message.address);
    for (const std::string* address : addresses) {
      const policy::NetworkTarget target = policy::TargetOf(address->data(), address->size(), AF_UNSPEC, use);
      Ruling ruling = Say(policy::JudgeTarget(chain_, target, use));
      if (ruling.kind != Ruling::Kind::kNone) return ruling;
    }
    return {};
  }

  const std::vector<const policy::Policy*> chain_;
  const RulerContext context_;
  std::unique_ptr<NetworkMaker> maker_;
};

}  // namespace

std::unique_ptr<Ruler> MakeNetworkRuler(const std::vector<const policy::Policy*>& chain,
                                        const RulerContext& context, FileCheck* files) {
  if (!policy::MakesNetworkCalls(chain) && !policy::ReportsNetwork(chain)) return nullptr;
  return std::make_unique<NetworkRuler>(chain, context, files);
}

}  // namespace glovebox::trace
