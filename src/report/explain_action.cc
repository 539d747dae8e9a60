#include <algorithm>
#include <map>
#include <set>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "access/names.h"
#include "base/bytes.h"
#include "base/paths.h"
#include "report/explain.h"
#include "report/implied_exec.h"
#include "report/text.h"

namespace glovebox::report {
namespace {

using access::ActionId;

struct Process {
  std::vector<std::string> programs;  // in order of exec, repeats left out
  uint64_t accesses = 0;
  ActionId action = 0;
};

// A file as this action met it; `what` holds the bits of all its calls.
struct Met {
  uint32_t what = 0;
  uint32_t last_write = 0;
  bool there_before = false;
};

class ActionTeller {
 public:
  ActionTeller(const Input& input, const Summary& summary, size_t action, const ExplainOptions& options)
      : input_(input), summary_(summary), top_(summary.actions[action]), options_(options) {
    Family();
  }
  std::string Tell();

 private:
  void Family();
  void Collect();
  void Take(const access::Access& access, ActionId action);
  void Head();
  void Processes();
  void Files();
  void FileList(const char* title, const std::vector<const std::string*>& paths, bool fate);
  void Probes();
  void Network();
  void Gaps();
  void Line(absl::string_view text) { absl::StrAppend(&out_, Shorten(text, options_.style.width), "\n"); }
  void Heading(absl::string_view text) {
    absl::StrAppend(&out_, "\n", Paint(options_.style, Ink::kBold, text), "\n");
  }
  size_t Limit(size_t usual, size_t size) const { return options_.all || size <= usual + 1 ? size : usual; }
  void More(size_t shown, size_t size) {
    if (shown < size) Line(absl::StrCat("    ... and ", Thousands(size - shown), " more (--all)"));
  }
  static absl::string_view FateOf(const Met& met);

  const Input& input_;
  const Summary& summary_;
  const ActionFacts& top_;
  const ExplainOptions& options_;
  std::string out_;
  std::set<ActionId> family_;  // the action and all inside of it
  std::map<int32_t, Process> processes_;
  std::vector<int32_t> process_order_;
  std::map<std::string, Met> files_;
  std::map<std::string, std::set<std::string>> endpoints_;  // address -> "connect by /usr/bin/curl"
  std::vector<std::string> holes_;
};

void ActionTeller::Family() {
  family_.insert(top_.id);
  // A parent begins before what runs inside of it, but numbers need not say so: until nothing is added.
  for (bool grown = true; grown;) {
    grown = false;
    for (const ActionFacts& action : summary_.actions) {
      if (family_.count(action.parent) != 0 && family_.insert(action.id).second) grown = true;
    }
  }
}

void ActionTeller::Take(const access::Access& access, ActionId action) {
  const auto [entry, fresh] = processes_.try_emplace(access.pid);
  Process& process = entry->second;
  if (fresh) {
    process_order_.push_back(access.pid);
    process.action = action;
  }
  ++process.accesses;
  if (!access.exe.empty() && (process.programs.empty() || process.programs.back() != access.exe)) {
    process.programs.push_back(access.exe);
  }
  if ((access.op == Op::kConnect || access.op == Op::kBind || access.op == Op::kSend) &&
      !access.path.empty()) {
    endpoints_[access.path].insert(absl::StrCat(OpName(access.op), " ", access::ResultName(access.result),
                                                " by ", EscapeBytes(access.exe.empty() ? "?" : access.exe)));
  }
  const access::Touches touches = access::TouchesOf(access);
  for (const access::Touch& touch : touches.span()) {
    Met& met = files_[std::string(touch.path)];
    if ((touch.what & access::kWrites) != 0) {
      const bool made = (touch.what & access::kMade) != 0 || ((touch.what & access::kRenamedOnto) != 0 &&
                                                              access.result == access::Result::kCreated);
      if (met.last_write == 0) met.there_before = !made;
      met.last_write = touch.what & access::kWrites;
    }
    met.what |= touch.what;
  }
}

void ActionTeller::Collect() {
  const access::RecordList& records = input_.log.records;
  ImpliedExecs implied;
  for (size_t i = 0; i < records.size(); ++i) {
    const uint32_t segment = input_.log.segment_of[i];
    if (const auto* access = std::get_if<access::Access>(&records[i])) {
      const ActionId action = summary_.NumberOf(segment, access->action);
      if (family_.count(action) == 0) continue;
      if (const auto exec = implied.See(segment, *access)) files_[exec->program].what |= access::kExecuted;
      Take(*access, action);
    } else if (const auto* hole = std::get_if<access::Hole>(&records[i])) {
      if (hole->action != 0 && family_.count(summary_.NumberOf(segment, hole->action)) != 0) {
        holes_.push_back(absl::StrCat(EscapeBytes(hole->kind), ": ", EscapeBytes(hole->detail)));
      }
    }
  }
}

std::string EndText(const ActionFacts& action) {
  using Kind = access::ActionEnd::Kind;
  if (!action.has_end) return "its end was not recorded";
  switch (action.end.kind) {
    case Kind::kExited:
      return absl::StrCat("exit status ", action.end.status);
    case Kind::kSignaled:
      return absl::StrCat("killed by signal ", action.end.status);
    case Kind::kSandboxFailed:
      return absl::StrCat("the sandbox could not be set up: ", EscapeBytes(action.end.step));
    case Kind::kUnknown:
      break;
  }
  return "how it ended is not known";
}

void ActionTeller::Head() {
  const access::ActionBegin& begin = top_.begin;
  std::vector<std::string> about = {std::string(access::RoleName(begin.role))};
  if (!begin.language.empty()) about.push_back(EscapeBytes(begin.language));
  if (!begin.target.empty()) about.push_back(absl::StrCat("target ", EscapeBytes(begin.target)));
  absl::StrAppend(&out_, Paint(options_.style, Ink::kBold, absl::StrCat("#", top_.id, " ", top_.name)), "  (",
                  absl::StrJoin(about, ", "), ")\n");
  if (!begin.argv.empty()) {
    std::string command;
    for (const std::string& word : begin.argv)
      absl::StrAppend(&command, command.empty() ? "" : " ", PasteWord(word));
    if (!options_.all) command = Shorten(command, 400);
    Line(absl::StrCat("  command   ", command));
  }
  if (!begin.cwd.empty()) Line(absl::StrCat("  in        ", EscapeBytes(begin.cwd)));
  std::string took = top_.wall_ns() == 0 ? "" : absl::StrCat(Duration(top_.wall_ns()), ", ");
  if (top_.end.cpu_ns != 0) absl::StrAppend(&took, "cpu ", Duration(top_.end.cpu_ns), ", ");
  if (top_.end.peak_bytes != 0) absl::StrAppend(&took, "peak ", PeakText(top_.end), ", ");
  Line(absl::StrCat("  took      ", took, EndText(top_)));
  if (!top_.end.limit.empty()) Line(absl::StrCat("  limit     ", EscapeBytes(top_.end.limit)));
  Line(absl::StrCat(
      "  seen      ",
      top_.complete() ? "in full"
                      : absl::StrCat("INCOMPLETE: ", EscapeBytes(absl::StrJoin(top_.why_incomplete, "; ")))));
  if (top_.parent != 0) Line(absl::StrCat("  inside of ", ActionLabel(summary_, top_.parent)));
  for (const ActionId id : family_) {
    if (id == top_.id) continue;
    const ActionFacts* inner = summary_.Find(id);
    Line(absl::StrCat("  holds     ", ActionLabel(summary_, id), "  (", access::RoleName(inner->begin.role),
                      inner->complete() ? "" : ", incomplete", ")"));
  }
}

void ActionTeller::Processes() {
  Heading(Count(processes_.size(), "process", "processes"));
  const size_t shown = Limit(12, process_order_.size());
  for (size_t i = 0; i < shown; ++i) {
    const Process& process = processes_[process_order_[i]];
    std::vector<std::string> programs;
    for (const std::string& program : process.programs) programs.push_back(EscapeBytes(program));
    Line(absl::StrCat("  ", PadLeft(absl::StrCat(process_order_[i]), 8), "  ",
                      programs.empty() ? "?" : absl::StrJoin(programs, " > "), "  (",
                      Count(process.accesses, "access", "accesses"),
                      process.action != top_.id ? absl::StrCat(", in #", process.action) : "", ")"));
  }
  More(shown, process_order_.size());
}

absl::string_view ActionTeller::FateOf(const Met& met) {
  if ((met.last_write & (access::kRemoved | access::kRenamedFrom)) != 0)
    return met.there_before ? "removed" : "temporary";
  if ((met.last_write & access::kRenamedOnto) != 0) return "renamed onto";
  return met.there_before ? "changed" : "created";
}

void ActionTeller::FileList(const char* title, const std::vector<const std::string*>& paths, bool fate) {
  if (paths.empty()) return;
  Line(absl::StrCat("  ", title, "  ", Thousands(paths.size())));
  const size_t shown = Limit(fate ? 20 : 15, paths.size());
  for (size_t i = 0; i < shown; ++i) {
    Line(absl::StrCat("    ", fate ? PadRight(FateOf(files_[*paths[i]]), 14) : "",
                      ShownPath(*paths[i], summary_.run)));
  }
  More(shown, paths.size());
}

void ActionTeller::Files() {
  const Classifier classifier(input_.build);
  std::array<std::vector<const std::string*>, kPathClasses> read;
  std::vector<const std::string*> written;
  uint64_t reads = 0;
  for (const auto& [path, met] : files_) {
    if ((met.what & access::kWrites) != 0) written.push_back(&path);
    // What it made itself is no input.
    if ((met.what & access::kReads) == 0 || ((met.what & access::kWrites) != 0 && !met.there_before))
      continue;
    read[static_cast<size_t>(classifier.Classify(path))].push_back(&path);
    ++reads;
  }
  Heading(absl::StrCat("Read: ", Count(reads, "file")));
  for (size_t i = 0; i < read.size(); ++i) {
    const auto path_class = static_cast<PathClass>(i);
    const bool folded = path_class == PathClass::kSystem || path_class == PathClass::kToolchain;
    const std::string name(ClassName(path_class));
    if (folded && !options_.all && !read[i].empty()) {
      Line(absl::StrCat("  ", name, "  ", Thousands(read[i].size()), " (--all lists them)"));
    } else {
      FileList(name.c_str(), read[i], false);
    }
  }
  Heading(absl::StrCat("Written: ", Count(written.size(), "file")));
  const size_t shown = Limit(20, written.size());
  for (size_t i = 0; i < shown; ++i) {
    Line(absl::StrCat("  ", PadRight(FateOf(files_[*written[i]]), 14), ShownPath(*written[i], summary_.run)));
  }
  More(shown, written.size());
}

// Compilers look for each header in each directory: by directory, most first.
void ActionTeller::Probes() {
  std::map<std::string, std::vector<const std::string*>> directories;
  uint64_t total = 0;
  for (const auto& [path, met] : files_) {
    if ((met.what & access::kProbed) == 0) continue;
    directories[std::string(Dirname(path))].push_back(&path);
    ++total;
  }
  if (total == 0) return;
  Heading(absl::StrCat("Looked for and not there: ", Count(total, "name")));
  std::vector<const std::pair<const std::string, std::vector<const std::string*>>*> order;
  order.reserve(directories.size());
  for (const auto& entry : directories) order.push_back(&entry);
  std::stable_sort(order.begin(), order.end(),
                   [](const auto* a, const auto* b) { return a->second.size() > b->second.size(); });
  const size_t shown = Limit(10, order.size());
  for (size_t i = 0; i < shown; ++i) {
    const auto& [directory, paths] = *order[i];
    if (paths.size() == 1 || options_.all) {
      for (const std::string* path : paths) Line(absl::StrCat("  ", ShownPath(*path, summary_.run)));
    } else {
      Line(absl::StrCat("  ", ShownPath(directory, summary_.run), "/  ", Count(paths.size(), "name"), ": ",
                        EscapeBytes(Basename(*paths[0])), ", ", EscapeBytes(Basename(*paths[1])),
                        paths.size() > 2 ? ", ..." : ""));
    }
  }
  if (shown < order.size())
    Line(absl::StrCat("  ... and ", Count(order.size() - shown, "more directory", "more directories"),
                      " (--all)"));
}

void ActionTeller::Network() {
  Heading(endpoints_.empty() ? "Network: none"
                             : absl::StrCat("Network: ", Count(endpoints_.size(), "endpoint")));
  for (const auto& [address, who] : endpoints_) {
    Line(absl::StrCat("  ", EscapeBytes(address), "  ", absl::StrJoin(who, ", ")));
  }
}

void ActionTeller::Gaps() {
  if (!holes_.empty()) {
    Heading(absl::StrCat("Not seen: ", Count(holes_.size(), "hole")));
    const size_t shown = Limit(10, holes_.size());
    for (size_t i = 0; i < shown; ++i) Line(absl::StrCat("  ", holes_[i]));
    More(shown, holes_.size());
  }
  std::vector<std::string> left;
  for (const LeftOver& entry : summary_.left_over) {
    if (family_.count(entry.action) != 0) left.push_back(EscapeBytes(entry.process));
  }
  if (left.empty()) return;
  Heading("Outlived the command (ended by Glovebox where still there at the end)");
  for (const std::string& process : left) Line(absl::StrCat("  ", process));
}

std::string ActionTeller::Tell() {
  Collect();
  Head();
  Gaps();
  Processes();
  Files();
  Probes();
  Network();
  return std::move(out_);
}

bool NamesOutput(const ActionFacts& action, const EdgeIndex& edges, const std::string& what,
                 const PathQuery& query) {
  for (const std::string& output : edges.OutputsOf(action.begin)) {
    if (output == what) return true;
    const std::string path = CleanPath(JoinPath(action.begin.cwd, output));
    if (std::find(query.candidates.begin(), query.candidates.end(), path) != query.candidates.end())
      return true;
  }
  return false;
}

// Without those that run inside of another one that was found.
std::vector<size_t> Outermost(const Summary& summary, const std::vector<size_t>& found) {
  std::set<ActionId> ids;
  for (const size_t index : found) ids.insert(summary.actions[index].id);
  std::vector<size_t> outer;
  for (const size_t index : found) {
    bool inside = false;
    const ActionFacts* up = summary.Find(summary.actions[index].parent);
    for (int depth = 0; up != nullptr && depth < 64 && !inside; ++depth, up = summary.Find(up->parent)) {
      inside = ids.count(up->id) != 0;
    }
    if (!inside) outer.push_back(index);
  }
  return outer;
}

}  // namespace

std::vector<size_t> FindActions(const Input& input, const Summary& summary, const std::string& what,
                                const std::vector<std::string>& directories) {
  uint64_t number = 0;
  const bool hash = !what.empty() && what[0] == '#';
  if (absl::SimpleAtoi(absl::string_view(what).substr(hash ? 1 : 0), &number)) {
    if (const ActionFacts* action = summary.Find(number)) {
      return {static_cast<size_t>(action - summary.actions.data())};
    }
    if (hash) return {};
  }
  const EdgeIndex edges(input.build);
  const PathQuery query = MakePathQuery(what, directories);
  std::vector<size_t> found;
  for (size_t i = 0; i < summary.actions.size(); ++i) {
    if (NamesOutput(summary.actions[i], edges, what, query)) found.push_back(i);
  }
  if (found.empty() && !what.empty()) {
    for (size_t i = 0; i < summary.actions.size(); ++i) {
      if (summary.actions[i].begin.target == what) found.push_back(i);
    }
  }
  return Outermost(summary, found);
}

std::vector<size_t> FindMakers(const Input& input, const Summary& summary,
                               const std::vector<std::string>& outputs) {
  std::set<std::string> paths;
  for (const std::string& output : outputs) paths.insert(CleanPath(JoinPath(input.build.build_dir, output)));
  const EdgeIndex edges(input.build);
  std::vector<size_t> found;
  for (size_t i = 0; i < summary.actions.size(); ++i) {
    // Told by Ninja or by CMake's launch line: relative to the build directory, wherever the command runs.
    const std::vector<std::string>& made = edges.OutputsOf(summary.actions[i].begin);
    if (std::any_of(made.begin(), made.end(), [&](const std::string& output) {
          return paths.count(CleanPath(JoinPath(input.build.build_dir, output))) != 0;
        }))
      found.push_back(i);
  }
  return Outermost(summary, found);
}

std::string ExplainAction(const Input& input, const Summary& summary, size_t action,
                          const ExplainOptions& options) {
  return ActionTeller(input, summary, action, options).Tell();
}

}  // namespace glovebox::report
