// What the build graph says of an action's inputs. The graph is known to whoever runs the build
// (ninja-wrapper); this is all that the supervisor asks of it.
#ifndef GLOVEBOX_TRACE_INPUT_ORACLE_H_
#define GLOVEBOX_TRACE_INPUT_ORACLE_H_

#include <memory>
#include <string>
#include <vector>

#include "access/record.h"

namespace glovebox::trace {

// Of one action, used by its supervisor's thread alone.
class ActionInputs {
 public:
  enum class Kind {
    kNotOurs,     // neither of the source tree nor of the build tree
    kOrdered,     // made by the edge itself or by one that runs before it
    kUnordered,   // made by an edge that may run before, beside or after it
    kUndeclared,  // a file that no edge makes and that the edge does not name
    kDeclared,    // ... and that it does name
  };
  virtual ~ActionInputs() = default;
  virtual Kind Look(const std::string& resolved) = 0;
  // The edge's outputs, for people.
  virtual std::string Name() const = 0;
  // Of the files with kUndeclared that were read: those that are not in the fresh depfile either. Asked once,
  // when the action's processes have gone.
  virtual std::vector<std::string> Missing(const std::vector<std::string>& read) = 0;
};

class InputOracle {
 public:
  virtual ~InputOracle() = default;
  // Null: the graph knows no such edge. Thread-safe. The oracle outlives what it gives.
  virtual std::unique_ptr<ActionInputs> InputsOf(const access::ActionBegin& action) = 0;
};

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_INPUT_ORACLE_H_
