#include "trace/rulers.h"

#include <algorithm>
#include <utility>

#include "trace/input_ruler.h"

namespace glovebox::trace {
namespace {

// Strict where one of the chain asks for it: an action inside an edge is a part of that edge.
void AddInputRuler(const std::vector<const policy::Policy*>& chain, const access::ActionBegin& action,
                   const access::ActionBegin* outer, InputOracle* oracle, Rulers* rulers) {
  const auto strict = std::find_if(chain.begin(), chain.end(), [](const policy::Policy* policy) {
    return policy->strict_inputs && policy->mode != policy::Mode::kObserve;
  });
  if (oracle == nullptr || strict == chain.end()) return;
  std::unique_ptr<ActionInputs> inputs = oracle->InputsOf(action);
  if (inputs == nullptr && outer != nullptr) inputs = oracle->InputsOf(*outer);
  if (inputs != nullptr) rulers->push_back(std::make_unique<InputRuler>(std::move(inputs), (*strict)->mode));
}

}  // namespace

Rulers MakeRulers(const std::vector<const policy::Policy*>& chain, const access::ActionBegin& action,
                  const access::ActionBegin* outer, const RulerContext& context) {
  Rulers rulers;
  AddInputRuler(chain, action, outer, context.inputs, &rulers);
  return rulers;
}

}  // namespace glovebox::trace
