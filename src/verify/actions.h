// The actions of a log and how they lie in each other.
#ifndef GLOVEBOX_VERIFY_ACTIONS_H_
#define GLOVEBOX_VERIFY_ACTIONS_H_

#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "verify/finding.h"
#include "verify/input.h"

namespace glovebox::verify {

// `input` must outlive it. Immutable once made.
class Actions {
 public:
  explicit Actions(const Input& input);

  // Index into ActionTable::actions of the action of Log::records[record]; kNoAction where its begin was
  // lost, and for records of no action.
  size_t Of(size_t record) const { return of_[record]; }
  // The action that holds it; kNoAction: none.
  size_t Parent(size_t action) const { return parents_[action]; }
  // The innermost test that it is, or that holds it; kNoAction: none.
  size_t TestOf(size_t action) const;
  // What a test is called: by CTest, else as its launcher would call it.
  const std::string& TestName(size_t test) const;
  // The same in the next build and on another machine: the test, the first output, the target, the command.
  std::string Key(size_t action) const;
  // A finding about an action, with all that follows from it and from the rule. `object` raw.
  Finding Make(absl::string_view rule, size_t action, const std::string& object) const;

  const access::ActionBegin& Begin(size_t action) const { return input_.table.actions[action].begin; }

 private:
  const Input& input_;
  std::vector<size_t> of_;
  std::vector<size_t> parents_;
  // "/src/CMakeLists.txt:14 add_test" of each test that CTest knows the place of: asked of each finding of a
  // test.
  absl::flat_hash_map<absl::string_view, std::string> wheres_;
};

}  // namespace glovebox::verify

#endif  // GLOVEBOX_VERIFY_ACTIONS_H_
