#include "trace/rulers.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "policy/logs.h"
#include "trace/append_ruler.h"
#include "trace/file_maker.h"
#include "trace/file_ruler.h"
#include "trace/input_ruler.h"
#include "trace/making_ruler.h"
#include "trace/network_ruler.h"
#include "trace/process_ruler.h"

namespace glovebox::trace {
namespace {

using Chain = std::vector<const policy::Policy*>;

// In the list with those that ask it, so that it lives as long as they do.
class MakerKeeper final : public Ruler {
 public:
  explicit MakerKeeper(const FileMakerOptions& options) : maker_(options) {}
  Ruling Rule(const RulerCall&) override { return {}; }
  FileMaker* maker() { return &maker_; }

 private:
  FileMaker maker_;
};

// Strict where one of the chain asks for it: an action inside an edge is a part of that edge.
std::unique_ptr<InputRuler> MakeInputRuler(const Chain& chain, const access::ActionBegin& action,
                                           const access::ActionBegin* outer, InputOracle* oracle) {
  const auto strict = std::find_if(chain.begin(), chain.end(), [](const policy::Policy* policy) {
    return policy->strict_inputs && policy->mode != policy::Mode::kObserve;
  });
  if (oracle == nullptr || strict == chain.end()) return nullptr;
  std::unique_ptr<ActionInputs> inputs = oracle->InputsOf(action);
  if (inputs == nullptr && outer != nullptr) inputs = oracle->InputsOf(*outer);
  if (inputs == nullptr) return nullptr;
  return std::make_unique<InputRuler>(std::move(inputs), (*strict)->mode);
}

// An action's rulers in the order in which they are asked: who only refuses comes before who makes a call in
// the caller's place.
class Builder {
 public:
  Builder(const Chain& chain, const RulerContext& context) : making_(MakingOf(chain)) {
    const bool logs = std::any_of(chain.begin(), chain.end(),
                                  [](const policy::Policy* policy) { return policy::HasLogs(*policy); });
    if (!logs && making_ == Making::kNothing) return;
    auto keeper = std::make_unique<MakerKeeper>(
        FileMakerOptions{context.listener, context.memory, context.resolver, context.ruleset});
    maker_ = keeper->maker();
    rulers_.push_back(std::move(keeper));
    if (logs) AddCheck(std::make_unique<AppendRuler>(chain, context.listener, maker_));
  }

  void Add(std::unique_ptr<Ruler> ruler) {
    if (ruler != nullptr) rulers_.push_back(std::move(ruler));
  }
  // One that has a word in the calls that are made here, too.
  void AddCheck(std::unique_ptr<CheckingRuler> ruler) {
    if (ruler == nullptr) return;
    checks_.push_back(ruler.get());
    rulers_.push_back(std::move(ruler));
  }

  Rulers Finish() {
    if (making_ != Making::kNothing)
      rulers_.push_back(std::make_unique<MakingRuler>(making_, maker_, std::move(checks_)));
    return std::move(rulers_);
  }

 private:
  Making making_;
  FileMaker* maker_ = nullptr;
  std::vector<FileCheck*> checks_;
  Rulers rulers_;
};

}  // namespace

Rulers MakeRulers(const std::vector<const policy::Policy*>& chain, const access::ActionBegin& action,
                  const access::ActionBegin* outer, const RulerContext& context) {
  Builder builder(chain, context);
  builder.AddCheck(MakeInputRuler(chain, action, outer, context.inputs));
  // The rules for files are asked for the paths of unix sockets as well.
  std::unique_ptr<CheckingRuler> files = MakeFileRuler(chain, context);
  FileCheck* const check = files.get();
  builder.AddCheck(std::move(files));
  builder.Add(MakeNetworkRuler(chain, context, check));
  builder.Add(MakeProcessRuler(chain, context.outside));
  return builder.Finish();
}

}  // namespace glovebox::trace
