#include "trace/rulers.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "trace/file_ruler.h"
#include "trace/input_ruler.h"
#include "trace/network_ruler.h"

namespace glovebox::trace {
namespace {

// Strict where one of the chain asks for it: an action inside an edge is a part of that edge.
std::unique_ptr<Ruler> MakeInputRuler(const std::vector<const policy::Policy*>& chain,
                                      const access::ActionBegin& action, const access::ActionBegin* outer,
                                      InputOracle* oracle) {
  const auto strict = std::find_if(chain.begin(), chain.end(), [](const policy::Policy* policy) {
    return policy->strict_inputs && policy->mode != policy::Mode::kObserve;
  });
  if (oracle == nullptr || strict == chain.end()) return nullptr;
  std::unique_ptr<ActionInputs> inputs = oracle->InputsOf(action);
  if (inputs == nullptr && outer != nullptr) inputs = oracle->InputsOf(*outer);
  if (inputs == nullptr) return nullptr;
  return std::make_unique<InputRuler>(std::move(inputs), (*strict)->mode);
}

}  // namespace

// In the order in which they are asked: who only refuses comes before who makes a call in the caller's place.
Rulers MakeRulers(const std::vector<const policy::Policy*>& chain, const access::ActionBegin& action,
                  const access::ActionBegin* outer, const RulerContext& context) {
  Rulers rulers;
  const auto add = [&rulers](std::unique_ptr<Ruler> ruler) {
    if (ruler != nullptr) rulers.push_back(std::move(ruler));
  };
  add(MakeInputRuler(chain, action, outer, context.inputs));
  // The rules for files are asked for the paths of unix sockets as well.
  add(MakeFileRuler(chain, context));
  add(MakeNetworkRuler(chain, context));
  return rulers;
}

}  // namespace glovebox::trace
