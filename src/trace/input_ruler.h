// Per-edge strictness: an edge sees of the build's products only what Ninja makes before it, and names every
// source that it reads, by itself or in its depfile.
#ifndef GLOVEBOX_TRACE_INPUT_RULER_H_
#define GLOVEBOX_TRACE_INPUT_RULER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "trace/file_check.h"
#include "trace/input_oracle.h"
#include "trace/ruler.h"

namespace glovebox::trace {

// Rule ids: "unordered-input" at the read of a product that is not ordered before the edge (enforce: refused
// with EACCES; a first build then fails at once, where a lucky order would have hidden it),
// "undeclared-input" at the end for a source that is in neither the inputs nor the fresh depfile (so that a
// first build works, and so does a new #include).
class InputRuler final : public CheckingRuler {
 public:
  InputRuler(std::unique_ptr<ActionInputs> inputs, policy::Mode mode);
  Ruling Rule(const RulerCall& call) override;
  Ruling Check(const RulerCall& call, FileTarget* target) override;
  std::vector<access::Access> AtEnd() override;

 private:
  Ruling Unordered() const;
  std::unique_ptr<ActionInputs> inputs_;
  policy::Mode mode_;
  absl::flat_hash_set<std::string> made_;                        // by the action itself: its temporaries
  absl::flat_hash_map<std::string, access::Access> undeclared_;  // the first read of each
};

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_INPUT_RULER_H_
