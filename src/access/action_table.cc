#include "access/action_table.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"

namespace glovebox::access {
namespace {

class Maker {
 public:
  explicit Maker(const Log& log) : log_(log) {}

  ActionTable Make() {
    // The begins first: records are in order of time, and a record of another writer, or one whose time was
    // taken before its begin was written, must still find its action.
    for (size_t i = 0; i < log_.records.size(); ++i) {
      segment_ = log_.segment_of[i];
      if (const auto* begin = std::get_if<ActionBegin>(&log_.records[i])) Begin(*begin);
    }
    for (size_t i = 0; i < log_.records.size(); ++i) {
      segment_ = log_.segment_of[i];
      index_ = i;
      std::visit([this](const auto& record) { Take(record); }, log_.records[i]);
    }
    for (ActionRecord& action : table_.actions) Judge(action);
    return std::move(table_);
  }

 private:
  using Key = std::pair<uint32_t, ActionId>;

  ActionRecord* Find(ActionId id) {
    const auto found = place_.find(Key(segment_, id));
    return found == place_.end() ? nullptr : &table_.actions[found->second];
  }

  void Take(const RunInfo& info) {
    if (!table_.run.has_value()) table_.run = info;
  }
  void Take(const RunEnd& end) { table_.run_end = end; }
  void Take(const ActionBegin&) {}
  void Take(const ProcessBegin&) { table_.processes.push_back(index_); }
  void Begin(const ActionBegin& begin) {
    const auto [found, fresh] = place_.emplace(Key(segment_, begin.action), table_.actions.size());
    twice_.push_back(!fresh);
    if (!fresh) twice_[found->second] = true;
    by_number_[begin.action].push_back(table_.actions.size());
    segments_.push_back(segment_);
    table_.actions.emplace_back();
    table_.actions.back().begin = begin;
  }
  void Take(const ActionEnd& end) {
    if (ActionRecord* action = Find(end.action)) action->end = end;
  }
  void Take(const Hole& hole) {
    if (ActionRecord* action = Find(hole.action)) {
      action->holes.push_back(hole);
      return;
    }
    // From another writer. Where the number does not tell which action is meant (a loose run) it taints all.
    const auto found = by_number_.find(hole.action);
    if (hole.action == 0 || found == by_number_.end()) {
      table_.holes.push_back(hole);
    } else {
      for (const size_t place : found->second) table_.actions[place].holes.push_back(hole);
    }
  }
  void Take(const Access& access) {
    if (ActionRecord* action = Find(access.action)) {
      action->accesses.push_back(index_);
    } else {
      ++table_.stray;
    }
  }

  void Judge(ActionRecord& action) {
    const auto place = static_cast<size_t>(&action - table_.actions.data());
    action.why_incomplete = Why(action, log_.segments[segments_[place]]);
    if (action.why_incomplete.empty() && twice_[place]) {
      action.why_incomplete =
          absl::StrCat("its number, ", action.begin.action, ", began twice in one segment");
    }
    action.complete = action.why_incomplete.empty();
  }

  std::string Why(const ActionRecord& action, const std::string& segment) const {
    if (!action.end.has_value()) {
      for (const Tear& tear : log_.tears) {
        if (tear.segment != segment) continue;
        const bool unsealed = tear.reason.rfind(kNotSealed, 0) == 0;
        return absl::StrCat(unsealed ? "its log is " : "its log is torn: ", tear.reason);
      }
      return "its end was not recorded";
    }
    if (action.end->kind == ActionEnd::Kind::kSandboxFailed)
      return absl::StrCat("it was not set up: ", action.end->step);
    if (!action.holes.empty()) return absl::StrCat(action.holes[0].kind, ": ", action.holes[0].detail);
    for (const Tear& tear : log_.tears) {
      if (tear.whole_run) return absl::StrCat("the log is not whole: ", tear.segment, ": ", tear.reason);
      // Not by a kill: somebody changed the file, and what he may have taken out of this action nobody can
      // tell.
      if (tear.segment == segment && tear.reason.rfind(kNotSealed, 0) != 0 &&
          tear.reason.rfind("torn record", 0) != 0) {
        return absl::StrCat("its log is damaged: ", tear.reason);
      }
    }
    return "";
  }

  const Log& log_;
  ActionTable table_;
  absl::flat_hash_map<Key, size_t> place_;
  absl::flat_hash_map<ActionId, std::vector<size_t>> by_number_;
  std::vector<bool> twice_;         // beside table_.actions: another action of its segment has its number
  std::vector<uint32_t> segments_;  // beside table_.actions
  uint32_t segment_ = 0;
  size_t index_ = 0;
};

}  // namespace

ActionTable MakeActionTable(const Log& log) { return Maker(log).Make(); }

bool HasTests(const ActionTable& table) {
  return std::any_of(table.actions.begin(), table.actions.end(),
                     [](const ActionRecord& action) { return action.begin.role == Role::kTest; });
}

bool IsBuild(const ActionTable& table) {
  const bool made = std::any_of(table.actions.begin(), table.actions.end(), [](const ActionRecord& action) {
    const Role role = action.begin.role;
    return role == Role::kCompile || role == Role::kLink || role == Role::kCustom || role == Role::kEdge;
  });
  return made && !HasTests(table);
}

}  // namespace glovebox::access
