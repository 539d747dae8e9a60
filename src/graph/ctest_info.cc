#include "graph/ctest_info.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/paths.h"
#include "base/status.h"
#include "graph/run_tool.h"
#include "nlohmann/json.hpp"

namespace glovebox::graph {
namespace {

using Json = nlohmann::json;

const Json& At(const Json& object, const char* key) {
  static const Json kNone;
  if (!object.is_object()) return kNone;
  const auto at = object.find(key);
  return at == object.end() ? kNone : *at;
}

std::string TextOf(const Json& value) { return value.is_string() ? value.get<std::string>() : ""; }

std::vector<std::string> TextsOf(const Json& value) {
  std::vector<std::string> texts;
  if (value.is_string()) texts.push_back(value.get<std::string>());
  if (!value.is_array()) return texts;
  for (const Json& item : value) {
    if (item.is_string()) texts.push_back(item.get<std::string>());
  }
  return texts;
}

void TakeProperty(const Json& property, CTestTest* test) {
  const std::string name = TextOf(At(property, "name"));
  const Json& value = At(property, "value");
  if (name == "DEPENDS") test->depends = TextsOf(value);
  if (name == "FIXTURES_SETUP") test->fixtures_setup = TextsOf(value);
  if (name == "FIXTURES_CLEANUP") test->fixtures_cleanup = TextsOf(value);
  if (name == "FIXTURES_REQUIRED") test->fixtures_required = TextsOf(value);
  if (name == "RESOURCE_LOCK") test->resource_locks = TextsOf(value);
  if (name == "RUN_SERIAL") test->run_serial = value.is_boolean() && value.get<bool>();
}

// The index that `value` is, below `size`; -1 for anything else.
ptrdiff_t IndexOf(const Json& value, size_t size) {
  if (!value.is_number_unsigned() || value.get<uint64_t>() >= size) return -1;
  return static_cast<ptrdiff_t>(value.get<uint64_t>());
}

void TakeBacktrace(const Json& graph, const Json& node_index, CTestTest* test) {
  const Json& nodes = At(graph, "nodes");
  const Json& files = At(graph, "files");
  const Json& commands = At(graph, "commands");
  if (!nodes.is_array() || !files.is_array()) return;
  const ptrdiff_t at = IndexOf(node_index, nodes.size());
  if (at < 0) return;
  const Json& node = nodes[static_cast<size_t>(at)];
  const ptrdiff_t file = IndexOf(At(node, "file"), files.size());
  if (file < 0) return;
  test->file = TextOf(files[static_cast<size_t>(file)]);
  if (At(node, "line").is_number_integer()) test->line = At(node, "line").get<int>();
  const ptrdiff_t command = commands.is_array() ? IndexOf(At(node, "command"), commands.size()) : -1;
  if (command >= 0) test->command_name = TextOf(commands[static_cast<size_t>(command)]);
}

bool Share(const absl::flat_hash_set<std::string>& a, const absl::flat_hash_set<std::string>& b) {
  return std::any_of(a.begin(), a.end(), [&b](const std::string& one) { return b.contains(one); });
}

}  // namespace

absl::StatusOr<std::vector<CTestTest>> ParseCTestInfo(absl::string_view json) {
  const Json root = Json::parse(json.begin(), json.end(), nullptr, /*allow_exceptions=*/false);
  const Json& major = At(At(root, "version"), "major");
  if (TextOf(At(root, "kind")) != "ctestInfo" || !major.is_number_integer() || major.get<int>() != 1 ||
      !At(root, "tests").is_array()) {
    return absl::InvalidArgumentError("ctest --show-only=json-v1: not its answer in version 1");
  }
  std::vector<CTestTest> tests;
  for (const Json& item : At(root, "tests")) {
    CTestTest test;
    test.name = TextOf(At(item, "name"));
    if (test.name.empty()) continue;
    test.command = TextsOf(At(item, "command"));
    const Json& properties = At(item, "properties");
    if (properties.is_array()) {
      for (const Json& property : properties) TakeProperty(property, &test);
    }
    TakeBacktrace(At(root, "backtraceGraph"), At(item, "backtrace"), &test);
    tests.push_back(std::move(test));
  }
  return tests;
}

absl::StatusOr<std::vector<CTestTest>> LoadCTestInfo(const std::string& build_dir) {
  if (!FileExists(JoinPath(build_dir, "CTestTestfile.cmake"))) {
    return absl::NotFoundError(absl::StrCat(build_dir, "/CTestTestfile.cmake: not there"));
  }
  // In the build directory itself ctest would begin Testing/Temporary/LastTest.log anew, also when it only
  // shows: the log of the tests that are asked about.
  ASSIGN_OR_RETURN(const TempDir dir, TempDir::Create("glovebox-ctest"));
  RETURN_IF_ERROR(WriteFile(JoinPath(dir.path(), "CTestTestfile.cmake"),
                            absl::StrCat("subdirs([==[", CleanPath(build_dir), "]==])\n")));
  ASSIGN_OR_RETURN(const ToolOutput output, RunTool({"ctest", "--show-only=json-v1"}, dir.path()));
  if (output.exit_status != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("ctest --show-only=json-v1: ", build_dir, ": exit status ", output.exit_status));
  }
  return ParseCTestInfo(output.out);
}

TestOrder::TestOrder(const std::vector<CTestTest>& tests) {
  absl::flat_hash_map<std::string, std::vector<std::string>> setups;
  absl::flat_hash_map<std::string, std::vector<std::string>> users;  // set-up and required
  for (const CTestTest& test : tests) {
    for (const std::string& fixture : test.fixtures_setup) {
      setups[fixture].push_back(test.name);
      users[fixture].push_back(test.name);
    }
    for (const std::string& fixture : test.fixtures_required) users[fixture].push_back(test.name);
  }
  for (const CTestTest& test : tests) {
    Facts& facts = tests_[test.name];
    facts.after = test.depends;
    facts.locks.insert(test.resource_locks.begin(), test.resource_locks.end());
    facts.serial = test.run_serial;
    const auto add = [&facts](const std::vector<std::string>& names) {
      facts.after.insert(facts.after.end(), names.begin(), names.end());
    };
    for (const std::string& fixture : test.fixtures_required) add(setups[fixture]);
    for (const std::string& fixture : test.fixtures_cleanup) add(users[fixture]);
  }
}

bool TestOrder::IsBefore(const std::string& first, const std::string& then) const {
  std::vector<std::string> open = {then};
  absl::flat_hash_set<std::string> seen = {then};
  while (!open.empty()) {
    const auto facts = tests_.find(open.back());
    open.pop_back();
    if (facts == tests_.end()) continue;
    for (const std::string& name : facts->second.after) {
      if (name == first) return first != then;
      if (seen.insert(name).second) open.push_back(name);
    }
  }
  return false;
}

bool TestOrder::MayOverlap(const std::string& a, const std::string& b) const {
  if (a == b || IsBefore(a, b) || IsBefore(b, a)) return false;
  const auto one = tests_.find(a);
  const auto other = tests_.find(b);
  if (one == tests_.end() || other == tests_.end()) return true;
  return !one->second.serial && !other->second.serial && !Share(one->second.locks, other->second.locks);
}

bool TestOrder::ShareLock(const std::string& a, const std::string& b) const {
  const auto one = tests_.find(a);
  const auto other = tests_.find(b);
  return one != tests_.end() && other != tests_.end() && Share(one->second.locks, other->second.locks);
}

}  // namespace glovebox::graph
