#include "trace/ruler.h"

#include <cerrno>
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
  if (!ruling.target.empty()) access->path2 = ruling.target;
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

void AnswerAs(const Ruling& ruling, uint64_t id, kernel::NotifyListener* listener) {
  switch (ruling.kind) {
    case Ruling::Kind::kNone:
    case Ruling::Kind::kGoOn:
      listener->Continue(id);
      return;
    case Ruling::Kind::kTaken:
      return;
    case Ruling::Kind::kRefuse:
      listener->Answer(id, 0, ruling.error);
      return;
    case Ruling::Kind::kMade:
      break;
  }
  if (!ruling.fd.valid()) {
    listener->Answer(id, ruling.value, ruling.error);
  } else if (const int error = listener->AnswerWithFd(id, ruling.fd.get(), ruling.cloexec);
             error != 0 && error != ENOENT) {
    listener->Answer(id, 0, error);  // its table of descriptors is full (EMFILE)
  }
}

}  // namespace glovebox::trace
