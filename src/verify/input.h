// What is judged: a log by its actions, where the build lives, what its tests say of themselves, and the
// terms of the policy file. Everything is looked at, nothing is asked for: who makes it asks Ninja and CTest.
#ifndef GLOVEBOX_VERIFY_INPUT_H_
#define GLOVEBOX_VERIFY_INPUT_H_

#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "access/action_table.h"
#include "access/log.h"
#include "graph/build_facts.h"
#include "graph/configure_facts.h"
#include "graph/ctest_info.h"
#include "policy/allowance.h"
#include "verify/places.h"

namespace glovebox::verify {

using policy::Terms;

struct ActionLabel {
  std::string name;                  // what a person calls it, escaped
  std::vector<std::string> outputs;  // as Ninja or the launcher spells them
};

// `log` and `table` must outlive it.
struct Input {
  const access::Log& log;
  const access::ActionTable& table;
  Places places;
  std::vector<ActionLabel> labels;  // beside table.actions
  std::vector<graph::CTestTest> tests;
  Terms terms;
  const graph::BuildFacts* facts = nullptr;  // null: what the graph declares is not looked at
  // The log is of a configure step (`glovebox cmake`); null: it is not.
  const graph::ConfigureFacts* configure_facts = nullptr;
  // The configure step that made the build which is judged; its findings count as the build's. Null: there is
  // no record of it.
  const Input* configure = nullptr;
  // A name in the log -> the graph's name of the same file, where the two differ; null: they never do.
  const absl::flat_hash_map<std::string, std::string>* other_names = nullptr;
};

}  // namespace glovebox::verify

#endif  // GLOVEBOX_VERIFY_INPUT_H_
