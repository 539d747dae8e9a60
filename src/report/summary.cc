#include "report/summary.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "access/log.h"
#include "access/record_time.h"
#include "base/bytes.h"
#include "base/paths.h"
#include "report/format.h"

namespace glovebox::report {
namespace {

using access::ActionId;

constexpr uint32_t kSeenThere = access::kRead | access::kExecuted | access::kListed | access::kLooked |
                                access::kChanged | access::kRemoved | access::kRenamedFrom;

// Values of one kind, most first, ties by `name`.
template <typename Map, typename Vector, typename Less>
void Drain(Map& from, Vector* to, Less less) {
  to->reserve(from.size());
  for (auto& entry : from) to->push_back(std::move(entry.second));
  from.clear();
  std::sort(to->begin(), to->end(), less);
}

Fate FateOf(bool there_before, bool there_now, bool by_rename) {
  if (!there_now) return there_before ? Fate::kRemoved : Fate::kTemporary;
  if (by_rename) return Fate::kRenamedOnto;
  return there_before ? Fate::kChanged : Fate::kCreated;
}

}  // namespace

absl::string_view FateName(Fate fate) {
  static constexpr const char* kNames[] = {"untouched", "created",      "changed",
                                           "removed",   "renamed-onto", "temporary"};
  return kNames[static_cast<size_t>(fate)];
}

EdgeIndex::EdgeIndex(const BuildInfo& build) {
  by_command_.reserve(build.edges.size());
  for (const EdgeInfo& edge : build.edges) {
    if (edge.command.empty()) continue;
    const auto [entry, fresh] = by_command_.try_emplace(edge.command, &edge);
    if (!fresh) entry->second = nullptr;
  }
}

const EdgeInfo* EdgeIndex::EdgeOf(const access::ActionBegin& begin) const {
  if (begin.role != access::Role::kEdge || begin.argv.size() != 3 || begin.argv[1] != "-c") return nullptr;
  const auto found = by_command_.find(begin.argv[2]);
  return found == by_command_.end() ? nullptr : found->second;
}

const std::vector<std::string>& EdgeIndex::OutputsOf(const access::ActionBegin& begin) const {
  if (!begin.outputs.empty()) return begin.outputs;
  const EdgeInfo* edge = EdgeOf(begin);
  return edge != nullptr ? edge->outputs : begin.outputs;
}

std::string ActionName(const access::ActionBegin& begin, const EdgeIndex& edges) {
  if (!begin.test.empty()) return Shorten(EscapeBytes(begin.test), 60);
  const std::vector<std::string>& outputs = edges.OutputsOf(begin);
  if (!outputs.empty()) {
    const std::string first = EscapeBytes(outputs.front());
    // CMake gives each custom output a second name, absolute: one file all the same.
    std::set<std::string> distinct;
    for (const std::string& output : outputs) distinct.insert(CleanPath(JoinPath(begin.cwd, output)));
    if (distinct.size() == 1) return Shorten(first, 60);
    return absl::StrCat(Shorten(first, 54), " (+", distinct.size() - 1, ")");
  }
  if (!begin.target.empty()) return Shorten(EscapeBytes(begin.target), 60);
  // Of "/bin/sh -c COMMAND" the command itself is the name.
  const size_t skip =
      begin.argv.size() >= 3 && begin.argv[1] == "-c" && Basename(begin.argv[0]) == "sh" ? 2 : 0;
  std::string words;
  for (size_t i = skip; i < begin.argv.size() && words.size() < 400; ++i) {
    absl::StrAppend(
        &words, words.empty() ? "" : " ",
        skip == 2 ? EscapeBytes(begin.argv[i].substr(0, 400)) : PasteWord(begin.argv[i].substr(0, 400)));
  }
  return words.empty() ? "(no description)" : Shorten(words, 60);
}

uint64_t Summary::complete_actions() const {
  return static_cast<uint64_t>(std::count_if(actions.begin(), actions.end(),
                                             [](const ActionFacts& action) { return action.complete(); }));
}

std::vector<std::string> Summary::SkippedSteps() const {
  std::vector<std::string> steps;
  for (const std::string& step : skipped) {
    if (!absl::StartsWith(step, access::kNoNewPrivileges)) steps.push_back(step);
  }
  return steps;
}

std::vector<std::string> Summary::LostPrivileges() const {
  std::vector<std::string> programs;
  for (absl::string_view program : skipped) {
    if (absl::ConsumePrefix(&program, access::kNoNewPrivileges)) programs.emplace_back(program);
  }
  return programs;
}

const ActionFacts* Summary::Find(ActionId id) const {
  const auto found =
      std::lower_bound(actions.begin(), actions.end(), id,
                       [](const ActionFacts& action, ActionId wanted) { return action.id < wanted; });
  return found != actions.end() && found->id == id ? &*found : nullptr;
}

const FileFacts* Summary::FindFile(absl::string_view path) const {
  const auto found =
      std::lower_bound(files.begin(), files.end(), path,
                       [](const FileFacts& file, absl::string_view wanted) { return file.path < wanted; });
  return found != files.end() && found->path == path ? &*found : nullptr;
}

std::vector<size_t> Summary::Slowest(size_t limit) const {
  std::set<ActionId> parents;
  for (const ActionFacts& action : actions) parents.insert(action.parent);
  std::vector<size_t> order;
  for (size_t i = 0; i < actions.size(); ++i) {
    if (actions[i].wall_ns() > 0 && parents.count(actions[i].id) == 0) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return actions[a].wall_ns() > actions[b].wall_ns(); });
  if (order.size() > limit) order.resize(limit);
  return order;
}

ActionId Summary::NumberOf(uint32_t segment, ActionId logged) const {
  const auto found = numbers.find({segment, logged});
  return found == numbers.end() ? 0 : found->second;
}

SummaryBuilder::SummaryBuilder(const BuildInfo& build, Depth depth)
    : build_(build), depth_(depth), classifier_(build) {}

ActionId SummaryBuilder::ActionOf(uint32_t segment, ActionId logged) {
  if (logged == 0) return 0;
  const auto [entry, fresh] = places_.try_emplace(Key(segment, logged), summary_.actions.size() + 1);
  if (fresh) {
    ActionFacts& action = summary_.actions.emplace_back();
    action.id = logged;
    action.segment = segment;
  }
  return entry->second;
}

void SummaryBuilder::AddTouch(const access::Touch& touch, const access::Access& access, ActionId action) {
  if (ActionFacts* counts = At(action)) {
    if ((touch.what & access::kReads) != 0) ++counts->reads;
    if ((touch.what & access::kProbed) != 0) ++counts->probes;
    if ((touch.what & access::kWrites) != 0) ++counts->writes;
  }
  Mark(touch, access.result, action);
}

void SummaryBuilder::Mark(const access::Touch& touch, access::Result result, ActionId action) {
  const auto [entry, fresh] = files_.try_emplace(std::string(touch.path));
  FileState& state = entry->second;
  FileFacts& facts = state.facts;
  if (fresh) {
    facts.path_class = classifier_.Classify(touch.path);
    facts.first_action = action;
    for (absl::string_view up = Dirname(touch.path); up.size() > 1; up = Dirname(up)) {
      if (!directories_.emplace(up).second) break;
    }
  }
  facts.several_actions = facts.several_actions || facts.first_action != action;
  facts.what |= touch.what;
  ++facts.accesses;
  if ((touch.what & access::kWrites) == 0) return;
  if (facts.first_writer == 0) facts.first_writer = action;
  // A rename says "renamed onto" whether or not its target was there: its result tells, or what was read
  // before.
  const bool gone = (touch.what & (access::kRemoved | access::kRenamedFrom)) != 0;
  if (!state.written) {
    state.there_before = (touch.what & access::kMade) == 0 &&
                         ((touch.what & access::kRenamedOnto) == 0
                              ? true
                              : (facts.what & kSeenThere) != 0 || result == access::Result::kThere);
    state.written = true;
  }
  state.there_now = !gone;
  state.by_rename = (touch.what & access::kRenamedOnto) != 0 ||
                    (state.by_rename && !gone && (touch.what & access::kMade) == 0);
}

// The names below `directory`, with the slash in front, of what is there as far as the log tells.
std::vector<std::string> SummaryBuilder::ThereBelow(absl::string_view directory) const {
  std::vector<std::string> names;
  // Nearly all renames are of plain files: only for the others is it worth to look at every name.
  if (!directories_.contains(directory)) return names;
  for (const auto& [path, state] : files_) {
    if (path.size() <= directory.size() || !IsUnder(path, directory)) continue;
    if (state.written ? state.there_now : (state.facts.what & kSeenThere) != 0)
      names.push_back(path.substr(directory.size()));
  }
  std::sort(names.begin(), names.end());
  return names;
}

void SummaryBuilder::MoveBelow(const access::Touches& touches, ActionId action) {
  const access::Touch& from = touches.items[0];
  const access::Touch& to = touches.items[1];
  const bool exchange = (from.what & access::kRenamedOnto) != 0;
  const std::vector<std::string> moved = ThereBelow(from.path);
  const std::vector<std::string> back = exchange ? ThereBelow(to.path) : std::vector<std::string>();
  const auto move = [&](const std::vector<std::string>& names, const std::vector<std::string>& others,
                        const access::Touch& old_top, const access::Touch& new_top) {
    const uint32_t unclear = old_top.what & access::kUnclear;
    for (const std::string& name : names) {
      const std::string old_name = absl::StrCat(old_top.path, name);
      const std::string new_name = absl::StrCat(new_top.path, name);
      if (!std::binary_search(others.begin(), others.end(), name))
        Mark({old_name, access::kRenamedFrom | unclear}, access::Result::kThere, action);
      Mark({new_name, access::kRenamedOnto | unclear}, access::Result::kCreated, action);
    }
  };
  move(moved, back, from, to);
  move(back, moved, to, from);
}

void SummaryBuilder::AddEndpoint(const access::Access& access, ActionId action) {
  int column = access.op == Op::kConnect ? 0 : access.op == Op::kBind ? 1 : access.op == Op::kSend ? 2 : -1;
  if (column < 0 || access.path.empty()) return;
  EndpointFacts& facts = endpoints_[access.path];
  if (facts.address.empty()) {
    facts.address = access.path;
    facts.first_action = action;
    facts.internet = access::IsInternet(access.path);
  }
  ++facts.calls[static_cast<size_t>(column)];
  ++facts.programs[access.exe];
  if (access.decision == access::Decision::kDenied || access.result == access::Result::kRefused)
    ++facts.refused;
}

void SummaryBuilder::AddDenied(const access::Access& access, ActionId action) {
  DeniedFacts& facts = denied_[absl::StrCat(access.syscall, absl::string_view("\0", 1), access.error,
                                            absl::string_view("\0", 1), access.path)];
  if (facts.calls++ == 0) {
    facts.syscall = access.syscall;
    facts.path = access.path;
    facts.error = access.error;
    facts.exe = access.exe;
    facts.first_action = action;
  }
}

void SummaryBuilder::AddAccess(const access::Access& access, ActionId action) {
  ++summary_.accesses;
  const auto op = static_cast<size_t>(access.op);
  if (op < summary_.by_op.size()) ++summary_.by_op[op];
  if (ActionFacts* counts = At(action)) ++counts->accesses;
  if (depth_ == Depth::kActions) return;
  AddEndpoint(access, action);
  if (access.decision == access::Decision::kDenied) AddDenied(access, action);
  const access::Touches touches = access::TouchesOf(access);
  const bool renamed = access.op == Op::kRename && touches.size == 2 &&
                       touches.items[0].path != touches.items[1].path &&
                       (touches.items[1].what & access::kRenamedOnto) != 0;
  if (renamed) MoveBelow(touches, action);
  for (const access::Touch& touch : touches.span()) AddTouch(touch, access, action);
}

void SummaryBuilder::AddHole(const access::Hole& hole, ActionId action) {
  HoleFacts& facts = holes_[hole.kind];
  if (facts.count++ == 0) {
    facts.kind = hole.kind;
    facts.detail = hole.detail;
    facts.first_action = action;
  }
  if (action == 0) return;
  ++At(action)->holes;
  std::vector<std::string>& kinds = hole_kinds_[action];
  if (std::find(kinds.begin(), kinds.end(), hole.kind) == kinds.end()) kinds.push_back(hole.kind);
}

void SummaryBuilder::AddBegin(const access::ActionBegin& begin, uint32_t segment) {
  ActionId place = ActionOf(segment, begin.action);
  if (place != 0 && At(place)->has_begin) {
    // A second action of that number in one segment (no writer of ours makes it): its own action from here
    // on.
    places_.erase(Key(segment, begin.action));
    place = ActionOf(segment, begin.action);
  }
  begun_.push_back(place);
  ActionFacts* action = At(place);
  if (action == nullptr) return;
  action->begin = begin;
  action->has_begin = true;
  action->parent = begin.parent == 0 ? 0 : ActionOf(segment, begin.parent);
  TakeSkipped(begin.shape);
}

// Of "notify; skipped landlock scope: no Landlock; skipped ...": notes each of them once, gives "notify".
std::string SummaryBuilder::TakeSkipped(absl::string_view text) {
  const std::vector<std::string> parts = absl::StrSplit(text, access::kSkippedMark);
  for (size_t i = 1; i < parts.size(); ++i) {
    if (std::find(summary_.skipped.begin(), summary_.skipped.end(), parts[i]) == summary_.skipped.end()) {
      summary_.skipped.push_back(parts[i]);
    }
  }
  return parts[0];
}

void SummaryBuilder::AddEnd(const access::ActionEnd& end, uint32_t segment) {
  const ActionId place = ActionOf(segment, end.action);
  for (const std::string& process : end.left_over) summary_.left_over.push_back({place, process});
  std::string step = TakeSkipped(end.step);
  ActionFacts* action = At(place);
  if (action == nullptr) return;
  action->end = end;
  action->end.step = std::move(step);
  action->has_end = true;
}

void SummaryBuilder::Add(const access::Record& record, uint32_t segment) {
  ++summary_.records;
  const uint64_t time = access::TimeOf(record);
  if (time != 0) {
    if (summary_.first_ns == 0 || time < summary_.first_ns) summary_.first_ns = time;
    summary_.last_ns = std::max(summary_.last_ns, time);
  }
  if (const auto* access = std::get_if<access::Access>(&record)) {
    const ActionId action = ActionOf(segment, access->action);
    const auto exec = depth_ == Depth::kFiles ? implied_.See(segment, *access) : std::nullopt;
    if (exec.has_value()) AddTouch(TouchOf(*exec), *access, action);
    AddAccess(*access, action);
  } else if (const auto* begin = std::get_if<access::ActionBegin>(&record)) {
    AddBegin(*begin, segment);
  } else if (const auto* end = std::get_if<access::ActionEnd>(&record)) {
    AddEnd(*end, segment);
  } else if (const auto* hole = std::get_if<access::Hole>(&record)) {
    AddHole(*hole, ActionOf(segment, hole->action));
  } else if (const auto* run = std::get_if<access::RunInfo>(&record)) {
    // A later one (a loose run has one a segment) does not replace the first.
    if (!summary_.has_run) summary_.run = *run;
    summary_.has_run = true;
  } else if (const auto* run_end = std::get_if<access::RunEnd>(&record)) {
    summary_.ended = true;
    summary_.exit_status = run_end->exit_status;
  }
}

void SummaryBuilder::Judge(const std::vector<std::string>& why_incomplete) {
  const EdgeIndex edges(build_);
  for (size_t i = 0; i < begun_.size() && i < why_incomplete.size(); ++i) {
    ActionFacts* action = At(begun_[i]);
    if (action != nullptr && !why_incomplete[i].empty()) action->why_incomplete.push_back(why_incomplete[i]);
  }
  for (size_t i = 0; i < summary_.actions.size(); ++i) {
    ActionFacts& action = summary_.actions[i];
    std::vector<std::string>& why = action.why_incomplete;
    if (!action.has_begin) why.push_back("its start was not recorded");
    // The table names the first hole; the kinds of all of them are wanted here.
    const auto kinds = hole_kinds_.find(i + 1);
    if (kinds != hole_kinds_.end()) {
      for (const std::string& kind : kinds->second) {
        if (why.empty() || !absl::StartsWith(why.front(), kind)) why.push_back(kind);
      }
    }
    action.name = action.has_begin ? ActionName(action.begin, edges) : "(unknown)";
  }
}

// From places to numbers for people.
void SummaryBuilder::Renumber() {
  std::set<ActionId> logged;
  for (const ActionFacts& action : summary_.actions) logged.insert(action.id);
  const bool unique = logged.size() == summary_.actions.size();
  std::vector<ActionId> number(summary_.actions.size() + 1, 0);
  for (size_t i = 0; i < summary_.actions.size(); ++i) {
    number[i + 1] = unique ? summary_.actions[i].id : i + 1;
  }
  for (const auto& [key, place] : places_) summary_.numbers[key] = number[place];
  for (const ActionId place : begun_) summary_.begun.push_back(number[place]);
  for (size_t i = 0; i < summary_.actions.size(); ++i) {
    summary_.actions[i].id = number[i + 1];
    summary_.actions[i].parent = number[summary_.actions[i].parent];
  }
  for (FileFacts& file : summary_.files) {
    file.first_action = number[file.first_action];
    file.first_writer = number[file.first_writer];
  }
  for (EndpointFacts& endpoint : summary_.endpoints) endpoint.first_action = number[endpoint.first_action];
  for (DeniedFacts& denied : summary_.denied) denied.first_action = number[denied.first_action];
  for (HoleFacts& hole : summary_.holes) hole.first_action = number[hole.first_action];
  for (LeftOver& left_over : summary_.left_over) left_over.action = number[left_over.action];
  std::sort(summary_.actions.begin(), summary_.actions.end(),
            [](const ActionFacts& a, const ActionFacts& b) { return a.id < b.id; });
}

Summary SummaryBuilder::Finish(const std::vector<std::string>& why_incomplete) {
  Judge(why_incomplete);
  // As of the build's own tools: a command may run in the build directory of a project whose source is
  // elsewhere.
  summary_.one_tree =
      !build_.build_dir.empty() && CleanPath(build_.source_dir) == CleanPath(build_.build_dir);
  summary_.files.reserve(files_.size());
  for (auto& [path, state] : files_) {
    FileFacts& facts = state.facts;
    facts.path = path;
    if (state.written) facts.fate = FateOf(state.there_before, state.there_now, state.by_rename);
    summary_.files.push_back(std::move(facts));
  }
  files_ = {};
  std::sort(summary_.files.begin(), summary_.files.end(),
            [](const FileFacts& a, const FileFacts& b) { return a.path < b.path; });
  Drain(endpoints_, &summary_.endpoints, [](const EndpointFacts& a, const EndpointFacts& b) {
    return a.internet != b.internet ? a.internet : a.address < b.address;
  });
  Drain(denied_, &summary_.denied, [](const DeniedFacts& a, const DeniedFacts& b) {
    return a.calls != b.calls ? a.calls > b.calls : std::tie(a.syscall, a.path) < std::tie(b.syscall, b.path);
  });
  Drain(holes_, &summary_.holes, [](const HoleFacts& a, const HoleFacts& b) {
    return a.count != b.count ? a.count > b.count : a.kind < b.kind;
  });
  Renumber();
  return std::move(summary_);
}

Summary Summarize(const Input& input, Depth depth) {
  const access::Log& log = input.log;
  std::vector<std::string> why;
  why.reserve(input.table.actions.size());
  for (const access::ActionRecord& action : input.table.actions) why.push_back(action.why_incomplete);
  SummaryBuilder builder(input.build, depth);
  for (size_t i = 0; i < log.records.size(); ++i) builder.Add(log.records[i], log.segment_of[i]);
  Summary summary = builder.Finish(why);
  summary.tears = log.tears;
  summary.being_written = log.being_written;
  summary.log_bytes = log.bytes;
  summary.run_dir = log.run_dir;
  summary.unwrapped = input.build.unwrapped;
  summary.loose = access::IsLooseRun(log.run_dir);
  return summary;
}

}  // namespace glovebox::report
