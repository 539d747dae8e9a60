#include "verify/actions.h"

#include <utility>
#include <variant>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "access/touch.h"
#include "verify/rules.h"

namespace glovebox::verify {
namespace {

constexpr int kDeepest = 64;  // a log of nobody's making may hold a circle

// A rule's words with the object in them, as a policy spells it: an address without its family, a directory
// without the slash behind it. Raw bytes: a name that TOML would have to escape is a person's to write.
std::string RepairFor(absl::string_view words, absl::string_view object, const Places& places) {
  if (access::IsInternet(object)) object.remove_prefix(object.find(':') + 1);
  if (object.size() > 1) object = absl::StripSuffix(object, "/");
  return absl::StrReplaceAll(words, {{"\"OBJECT\"", absl::StrCat("\"", places.Portable(object), "\"")},
                                     {"mode = \"MODE\", ", ""}});  // who knows the policy says which
}

access::ActionId IdOf(const access::Record& record) {
  if (const auto* access = std::get_if<access::Access>(&record)) return access->action;
  if (const auto* end = std::get_if<access::ActionEnd>(&record)) return end->action;
  if (const auto* hole = std::get_if<access::Hole>(&record)) return hole->action;
  return 0;
}

}  // namespace

Actions::Actions(const Input& input) : input_(input), of_(input.log.records.size(), kNoAction) {
  // The begins first: a record whose time was taken before its begin was written must still find its action.
  // Of several writers, actions of one number are told apart by their segment.
  absl::flat_hash_map<std::pair<uint32_t, access::ActionId>, size_t> begun;
  for (size_t i = 0; i < input.log.records.size(); ++i) {
    const auto* begin = std::get_if<access::ActionBegin>(&input.log.records[i]);
    if (begin == nullptr) continue;
    const uint32_t segment = input.log.segment_of[i];
    const auto parent = begun.find({segment, begin->parent});
    of_[i] = parents_.size();
    parents_.push_back(begin->parent == 0 || parent == begun.end() ? kNoAction : parent->second);
    begun.emplace(std::pair(segment, begin->action), of_[i]);
  }
  for (size_t i = 0; i < input.log.records.size(); ++i) {
    const access::ActionId id = IdOf(input.log.records[i]);
    const auto found = id == 0 ? begun.end() : begun.find({input.log.segment_of[i], id});
    if (found != begun.end()) of_[i] = found->second;
  }
  for (const graph::CTestTest& test : input.tests) {
    if (test.file.empty()) continue;
    wheres_.try_emplace(test.name, absl::StrCat(test.file, ":", test.line,
                                                test.command_name.empty() ? "" : " ", test.command_name));
  }
}

size_t Actions::TestOf(size_t action) const {
  for (int depth = 0; action != kNoAction && depth < kDeepest; ++depth, action = parents_[action]) {
    if (Begin(action).role == access::Role::kTest) return action;
  }
  return kNoAction;
}

const std::string& Actions::TestName(size_t test) const {
  return Begin(test).test.empty() ? input_.labels[test].name : Begin(test).test;
}

std::string Actions::Key(size_t action) const {
  if (action == kNoAction) return "";
  const access::ActionBegin& begin = Begin(action);
  if (begin.role == access::Role::kTest) return absl::StrCat("test ", TestName(action));
  const std::vector<std::string>& outputs = input_.labels[action].outputs;
  if (!outputs.empty()) return absl::StrCat("edge ", input_.places.Portable(outputs.front()));
  if (!begin.target.empty()) return absl::StrCat("target ", begin.target);
  return absl::StrCat("command ", absl::StrJoin(begin.argv, " "));
}

Finding Actions::Make(absl::string_view rule, size_t action, const std::string& object) const {
  Finding finding;
  finding.rule = std::string(rule);
  finding.action = action;
  finding.object = object;
  if (action != kNoAction) {
    finding.action_name = input_.labels[action].name;
    const size_t test = TestOf(action);
    const auto where = test == kNoAction ? wheres_.end() : wheres_.find(TestName(test));
    if (where != wheres_.end()) finding.where = where->second;
  }
  if (const Rule* info = FindRule(rule)) {
    finding.severity = info->severity;
    finding.so = info->so;
    finding.repair = RepairFor(info->repair, object, input_.places);
  }
  finding.id = StableId(rule, Key(action), input_.places.Portable(object));
  return finding;
}

}  // namespace glovebox::verify
