// The tests of a build as CTest knows them: what each is called, what orders them, and which line made them.
#ifndef GLOVEBOX_GRAPH_CTEST_INFO_H_
#define GLOVEBOX_GRAPH_CTEST_INFO_H_

#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace glovebox::graph {

struct CTestTest {
  std::string name;
  std::vector<std::string> command;
  std::vector<std::string> depends;         // names of tests
  std::vector<std::string> fixtures_setup;  // names of fixtures
  std::vector<std::string> fixtures_cleanup;
  std::vector<std::string> fixtures_required;
  std::vector<std::string> resource_locks;
  bool run_serial = false;
  // What made it, from the innermost frame of its back-trace; empty and 0: not told.
  std::string file;
  int line = 0;
  std::string command_name;  // "add_test"
  bool operator==(const CTestTest&) const = default;
};

// The answer of `ctest --show-only=json-v1` (its kind "ctestInfo", major version 1). InvalidArgument for what
// is none. What is of another type than expected is passed over: later versions add.
absl::StatusOr<std::vector<CTestTest>> ParseCTestInfo(absl::string_view json);

// Asks ctest about `build_dir` (absolute), where that changes nothing. NotFound: no ctest, or no
// CTestTestfile.cmake.
absl::StatusOr<std::vector<CTestTest>> LoadCTestInfo(const std::string& build_dir);

// Which tests may run at once, and which come after which. Made once; the tests may go afterwards.
class TestOrder {
 public:
  explicit TestOrder(const std::vector<CTestTest>& tests);
  // Nobody asked CTest, or it does not know one of the two.
  bool Knows(const std::string& name) const { return tests_.contains(name); }
  // Whether `first` is always over before `then` begins: by DEPENDS, or a fixture that it sets up for `then`
  // (or that `then` cleans up after it), also by others in between.
  bool IsBefore(const std::string& first, const std::string& then) const;
  // Neither is before the other, they have no resource lock in common, and neither runs alone.
  bool MayOverlap(const std::string& a, const std::string& b) const;
  bool ShareLock(const std::string& a, const std::string& b) const;

 private:
  struct Facts {
    std::vector<std::string> after;  // what it waits for
    absl::flat_hash_set<std::string> locks;
    bool serial = false;
  };
  absl::flat_hash_map<std::string, Facts> tests_;
};

}  // namespace glovebox::graph

#endif  // GLOVEBOX_GRAPH_CTEST_INFO_H_
