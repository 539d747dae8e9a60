// Two builds held against each other: what differs, where that begins, and what it comes from.
//
//   ASSIGN_OR_RETURN(const compare::Comparison comparison, compare::Compare(SideOf(a), SideOf(b)));
//   for (const compare::Cause& cause : comparison.causes) ...
#ifndef GLOVEBOX_COMPARE_COMPARE_H_
#define GLOVEBOX_COMPARE_COMPARE_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "compare/file_difference.h"
#include "compare/side.h"

namespace glovebox::compare {

struct OutputDifference {
  std::string name;      // portable
  bool declared = true;  // by its edge
  FileDifference difference;
};

enum class InputHow : uint8_t {
  kOnlyA,    // only the first build read it
  kOnlyB,    // ...
  kContent,  // both read it, and what is there now differs
  kChanged,  // one file for both, and it was changed after the first build began
};
absl::string_view InputHowName(InputHow how);

inline constexpr size_t kNoNode = static_cast<size_t>(-1);

struct InputDifference {
  std::string name;  // portable
  InputHow how = InputHow::kContent;
  size_t node = kNoNode;  // of kContent: what made it
};

// What differs of an edge, or a file that no edge makes (a configured header, a source of another tree).
struct Node {
  bool is_edge = true;
  std::string name;
  std::string where;
  std::vector<OutputDifference> outputs;
  std::vector<InputDifference> inputs;
  std::string command_a, command_b;  // portable; empty where they are one
  std::vector<std::string> touched;  // files that say another thing each time, of either build
  std::vector<size_t> from;          // nodes whose difference it reads
  // What begins here: all that tells its outputs apart where `from` is empty, else what those do not have.
  std::vector<std::pair<Source, std::string>> begins;
  bool outputs_differ() const { return !outputs.empty(); }
};

// Why outputs differ: where it begins, and where it comes through.
struct Cause {
  Source source = Source::kUnknown;
  std::string detail;           // of kEnvironment: the variable
  std::vector<size_t> origins;  // nodes
  std::vector<size_t> reached;  // nodes, without the origins
};

struct VariableDifference {
  std::string name;
  bool in_a = false;
  bool in_b = false;  // both: with another value each
};

struct Comparison {
  size_t pairs = 0;                         // edges that both builds have
  std::vector<std::string> only_a, only_b;  // edges that were built in one alone
  size_t outputs = 0;                       // that both have, or one
  size_t different = 0;                     // of these
  size_t unread = 0;                // edges whose inputs cannot be compared: one build did not run them
  size_t partial = 0;               // edges that were not seen in full: more may have been read
  size_t newer_a = 0, newer_b = 0;  // outputs that were written again after their run
  bool one_directory = false;       // both are runs of one build directory: there is one set of outputs
  bool environment_known = false;
  std::vector<VariableDifference> environment;
  std::vector<Cause> causes;  // those that explain most first
  std::vector<Node> nodes;
  bool differs() const { return different > 0 || !only_a.empty() || !only_b.empty(); }
};

// Reads the files of both builds as they are now. Errors: a file that cannot be read.
absl::StatusOr<Comparison> Compare(const Side& a, const Side& b);

// Of the same places of both: edges by their outputs, then by their commands, those of one command by turns.
// kNoNode in `second`: the other side has none. Each edge of `b` once at most.
std::vector<size_t> PairEdges(const Side& a, const Side& b);

}  // namespace glovebox::compare

#endif  // GLOVEBOX_COMPARE_COMPARE_H_
