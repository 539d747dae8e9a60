#include "trace/ruler.h"

#include <utility>

namespace glovebox::trace {

Ruling AskRulers(const Rulers& rulers, const RulerCall& call) {
  Ruling said;
  for (const auto& ruler : rulers) {
    Ruling ruling = ruler->Rule(call);
    if (ruling.kind == Ruling::Kind::kNone) continue;
    if (ruling.kind != Ruling::Kind::kGoOn) {
      if (ruling.rule.empty()) ruling.rule = std::move(said.rule);  // made all the same
      return ruling;
    }
    if (said.kind == Ruling::Kind::kNone) said = std::move(ruling);
  }
  return said;
}

void PutRuling(const Ruling& ruling, access::Access* access) {
  access->rule = ruling.rule;
  switch (ruling.kind) {
    case Ruling::Kind::kNone:
    case Ruling::Kind::kTaken:
      return;
    case Ruling::Kind::kGoOn:
      if (!ruling.kernel_denies) return;
      access->decision = access::Decision::kKernelDenied;
      access->result = access::Result::kRefused;
      access->error = ruling.error;
      return;
    case Ruling::Kind::kRefuse:
      access->decision = access::Decision::kDenied;
      access->result = access::Result::kRefused;
      access->error = ruling.error;
      access->sight = access::Sight::kObserved;
      return;
    case Ruling::Kind::kMade:
      access->decision = access::Decision::kEmulated;
      access->sight = access::Sight::kObserved;
      if (ruling.error != 0 || access->result != access::Result::kCreated) {
        const Prediction outcome = Outcome(ruling.error);
        access->result = outcome.result;
        access->error = outcome.error;
      }
      return;
  }
}

}  // namespace glovebox::trace
