// How a finding about the graph can be shown to do harm: what to run, in which order.
#ifndef GLOVEBOX_VERIFY_WITNESS_H_
#define GLOVEBOX_VERIFY_WITNESS_H_

#include <string>

#include "absl/status/statusor.h"
#include "graph/build_facts.h"
#include "verify/finding.h"

namespace glovebox::verify {

enum class WitnessKind : uint8_t {
  kStale,       // the file changes, and Ninja does not run its reader
  kTooEarly,    // the reader runs while the producer is delayed: its file is not there yet
  kLastWriter,  // what the file holds at the end is by who came last
  kEitherWay,   // the reader runs after the other edge, and before it: it makes one thing and another
};

struct WitnessPlan {
  WitnessKind kind = WitnessKind::kStale;
  std::string file;                         // absolute
  const graph::NinjaEdge* edge = nullptr;   // the reader, or one of two writers
  const graph::NinjaEdge* other = nullptr;  // who makes the file, or the other writer; null: nobody does
  bool made = true;  // by `other`, so that it was not there before; else it was there, and is another now
};

// Errors: InvalidArgument for a rule of which no schedule tells more than the finding does. Points into
// `facts`.
absl::StatusOr<WitnessPlan> PlanWitness(const Finding& finding, const graph::BuildFacts& facts);

}  // namespace glovebox::verify

#endif  // GLOVEBOX_VERIFY_WITNESS_H_
