#include <algorithm>
#include <map>
#include <set>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/bytes.h"
#include "base/paths.h"
#include "base/status.h"
#include "report/explain.h"
#include "report/implied_exec.h"

namespace glovebox::report {
namespace {

using access::ActionId;

// Calls of one kind by one program: one line.
struct Group {
  uint64_t first_ns = 0;
  uint64_t calls = 0;
  std::string what;
  std::string exe;
  std::string other;              // the other path of a rename or link
  bool moved = false;             // away
  std::vector<ActionId> actions;  // in order, each once
  absl::flat_hash_set<ActionId> seen;
};

// One file of those that the query may mean.
struct Section {
  std::string path;
  std::vector<Group> groups;
  absl::flat_hash_map<std::string, size_t> by_key;
  std::set<std::string> spelled;
  std::set<ActionId> readers;
  std::set<ActionId> writers;
  std::set<ActionId> users;  // in whatever way
};

class PathTeller {
 public:
  PathTeller(const Input& input, const Summary& summary, const PathQuery& query,
             const ExplainOptions& options)
      : input_(input),
        summary_(summary),
        query_(query),
        options_(options),
        wanted_(query.candidates.begin(), query.candidates.end()) {}
  std::string Tell();

 private:
  bool Matches(const std::string& resolved, const std::string& spelled) const {
    return wanted_.contains(resolved) ||
           (!spelled.empty() && (spelled == query_.spelled || wanted_.contains(spelled)));
  }
  void Take(const access::Access& access, ActionId action);
  void TakeImplied(const ImpliedExec& exec, const access::Access& access, ActionId action);
  void TakeMove(const access::Access& access, ActionId action);
  Section& SectionOf(absl::string_view path);
  std::string SectionText(const Section& section, const Classifier& classifier) const;
  std::string GroupLine(const Group& group) const;
  std::string Program(const std::string& exe) const;
  std::string InText(const std::vector<ActionId>& actions) const;

  const Input& input_;
  const Summary& summary_;
  const PathQuery& query_;
  const ExplainOptions& options_;
  const absl::flat_hash_set<std::string> wanted_;
  std::vector<Section> sections_;  // in order of their first access
  absl::flat_hash_map<std::string, size_t> by_path_;
};

// What happened, in words; the operation where the words do not tell it.
std::string GroupWords(const access::Access& access, uint32_t what) {
  if (what == 0) return std::string(OpName(access.op));
  std::string words = access::WhatText(what);
  if ((what & (access::kRefused | access::kFailed)) != 0 && access.error != 0) {
    return absl::StrCat(words, " (", OpName(access.op), ", ", ErrnoName(access.error), ")");
  }
  const bool plain = access.op == Op::kOpen || access.op == Op::kExec || access.op == Op::kRename;
  return plain ? words : absl::StrCat(words, " (", OpName(access.op), ")");
}

void Add(const access::Access& access, ActionId action, uint32_t what, const std::string& other,
         Section* section) {
  std::string words = GroupWords(access, what);
  const absl::string_view nul("\0", 1);
  std::string key = absl::StrCat(words, nul, access.exe, nul, other);
  const auto [entry, fresh] = section->by_key.try_emplace(std::move(key), section->groups.size());
  if (fresh) {
    Group& group = section->groups.emplace_back();
    group.first_ns = access.time_ns;
    group.what = std::move(words);
    group.exe = access.exe;
    group.other = other;
    group.moved = (what & access::kRenamedFrom) != 0;
  }
  Group& group = section->groups[entry->second];
  ++group.calls;
  if (group.seen.insert(action).second) group.actions.push_back(action);
  section->users.insert(action);
  if ((what & access::kReads) != 0) section->readers.insert(action);
  if ((what & access::kWrites) != 0) section->writers.insert(action);
}

Section& PathTeller::SectionOf(absl::string_view path) {
  const auto [entry, fresh] = by_path_.try_emplace(std::string(path), sections_.size());
  if (fresh) sections_.emplace_back().path = std::string(path);
  return sections_[entry->second];
}

// The program that a script runs in; `access` is the first that its process made as it.
void PathTeller::TakeImplied(const ImpliedExec& exec, const access::Access& access, ActionId action) {
  if (!wanted_.contains(exec.program)) return;
  access::Access call;
  call.op = Op::kExec;
  call.time_ns = access.time_ns;
  call.exe = exec.by;
  Add(call, action, access::kExecuted, exec.named, &SectionOf(exec.program));
}

// A rename of a directory above what is wanted: it came from elsewhere, or went there.
void PathTeller::TakeMove(const access::Access& access, ActionId action) {
  if (access.op != Op::kRename) return;
  const access::Touches touches = access::TouchesOf(access);
  for (size_t i = 0; i < touches.size; ++i) {
    const access::Touch& touch = touches.items[i];
    if ((touch.what & (access::kRenamedFrom | access::kRenamedOnto)) == 0) continue;
    for (const std::string& path : query_.candidates) {
      if (path.size() <= touch.path.size() || !IsUnder(path, touch.path)) continue;
      const FileFacts* file = summary_.FindFile(path);
      if (file == nullptr || (file->what & touch.what) == 0) continue;
      const std::string other =
          absl::StrCat(touches.items[1 - i].path, absl::string_view(path).substr(touch.path.size()));
      Add(access, action, touch.what, other, &SectionOf(path));
    }
  }
}

void PathTeller::Take(const access::Access& access, ActionId action) {
  TakeMove(access, action);
  const bool first = Matches(access.resolved, access.path);
  const bool second = access.op != Op::kSymlink && Matches(access.resolved2, access.path2);
  if (!first && !second) return;
  const access::Touches touches = access::TouchesOf(access);
  for (size_t i = 0; i < touches.size; ++i) {
    if (!(i == 0 ? first : second)) continue;
    Section& section = SectionOf(touches.items[i].path);
    const std::string other = touches.size == 2 ? std::string(touches.items[1 - i].path) : "";
    Add(access, action, touches.items[i].what, other, &section);
    section.spelled.insert(i == 0 ? access.path : access.path2);
  }
  if (touches.size == 0) Add(access, action, 0, "", &SectionOf(access.path));  // an address
}

std::string PathTeller::InText(const std::vector<ActionId>& actions) const {
  std::vector<std::string> labels;
  const size_t shown = options_.all || actions.size() <= 4 ? actions.size() : 3;
  for (size_t i = 0; i < shown; ++i) labels.push_back(ActionLabel(summary_, actions[i]));
  if (shown < actions.size()) labels.push_back(absl::StrCat(Thousands(actions.size() - shown), " more"));
  return absl::StrJoin(labels, ", ");
}

// The name alone tells enough, and leaves room for the action.
std::string PathTeller::Program(const std::string& exe) const {
  if (exe.empty()) return "?";
  return EscapeBytes(options_.all ? absl::string_view(exe) : Basename(exe));
}

std::string PathTeller::GroupLine(const Group& group) const {
  const uint64_t start = summary_.first_ns;
  const uint64_t after = group.first_ns > start ? group.first_ns - start : 0;
  std::string what = group.what;
  if (!group.other.empty())
    absl::StrAppend(&what, group.moved ? " to " : ", with ", EscapeBytes(group.other));
  return absl::StrCat("  ", PadLeft(absl::StrCat("+", Duration(after)), 10), "  ", PadRight(what, 18), "  ",
                      PadLeft(absl::StrCat("x", Thousands(group.calls)), 4), "  by ", Program(group.exe),
                      " in ", InText(group.actions));
}

// Under the name: what it is, and how many had to do with it.
std::string HeadText(const Section& section, const Classifier& classifier) {
  if (access::IsAddress(section.path)) {
    return absl::StrCat("  (network)\n  used by ", Count(section.users.size(), "action"), "\n");
  }
  const auto who = [](const std::set<ActionId>& actions) {
    return actions.empty() ? "nobody" : Count(actions.size(), "action");
  };
  return absl::StrCat("  (", ClassName(classifier.Classify(section.path)), ")\n  read by ",
                      who(section.readers), ", written by ", who(section.writers), "\n");
}

std::string PathTeller::SectionText(const Section& section, const Classifier& classifier) const {
  const Style& style = options_.style;
  std::string out =
      absl::StrCat(Paint(style, Ink::kBold, EscapeBytes(section.path)), HeadText(section, classifier));
  std::vector<std::string> aliases;
  for (const std::string& spelled : section.spelled) {
    // A call that names its file by descriptor alone (futimens) spells nothing.
    if (!spelled.empty() && spelled != section.path) aliases.push_back(EscapeBytes(spelled));
  }
  if (!aliases.empty()) {
    const size_t total = aliases.size();
    if (!options_.all && total > 5) aliases.resize(4);
    const std::string more =
        aliases.size() < total ? absl::StrCat(", and ", total - aliases.size(), " more") : "";
    absl::StrAppend(
        &out, Shorten(absl::StrCat("  spelled ", absl::StrJoin(aliases, ", "), more), style.width), "\n");
  }
  const std::vector<Group>& groups = section.groups;
  const size_t shown = options_.all ? groups.size() : std::min<size_t>(groups.size(), 40);
  for (size_t i = 0; i < shown; ++i) absl::StrAppend(&out, Shorten(GroupLine(groups[i]), style.width), "\n");
  if (groups.size() > shown) {
    absl::StrAppend(&out, "  ... and ", Thousands(groups.size() - shown), " more kinds of access (--all)\n");
  }
  return out;
}

std::string PathTeller::Tell() {
  const access::RecordList& records = input_.log.records;
  ImpliedExecs implied;
  for (size_t i = 0; i < records.size(); ++i) {
    if (const auto* access = std::get_if<access::Access>(&records[i])) {
      const uint32_t segment = input_.log.segment_of[i];
      const ActionId action = summary_.NumberOf(segment, access->action);
      if (const auto exec = implied.See(segment, *access)) TakeImplied(*exec, *access, action);
      Take(*access, action);
    }
  }
  const Classifier classifier(input_.build);
  std::string out;
  for (const Section& section : sections_) {
    absl::StrAppend(&out, out.empty() ? "" : "\n", SectionText(section, classifier));
  }
  return out;
}

// Within two slips of the pen.
bool Close(absl::string_view a, absl::string_view b) {
  if (a.size() > b.size() + 2 || b.size() > a.size() + 2 || a.size() > 64 || a.size() < 4) return false;
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t up = row[j];
      row[j] = std::min({up + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = up;
    }
  }
  return row[b.size()] <= 2;
}

}  // namespace

PathQuery MakePathQuery(const std::string& spelled, const std::vector<std::string>& directories) {
  PathQuery query;
  query.spelled = spelled;
  if (spelled.empty()) return query;
  for (const std::string& text : {spelled, UnescapeBytes(spelled)}) {
    for (const std::string& directory : directories) {
      if (directory.empty()) continue;
      std::string path = CleanPath(JoinPath(directory, text));
      if (std::find(query.candidates.begin(), query.candidates.end(), path) == query.candidates.end()) {
        query.candidates.push_back(std::move(path));
      }
    }
  }
  return query;
}

std::string ExplainPath(const Input& input, const Summary& summary, const PathQuery& query,
                        const ExplainOptions& options) {
  return PathTeller(input, summary, query, options).Tell();
}

std::vector<std::string> NearNames(const Summary& summary, const std::string& spelled) {
  constexpr size_t kWanted = 5;
  const std::string base(Basename(spelled));
  std::array<std::vector<std::string>, 3> near;
  if (base.empty()) return {};
  for (const FileFacts& file : summary.files) {
    const absl::string_view name = Basename(file.path);
    const bool contains = base.size() >= 3 && name.find(base) != absl::string_view::npos;
    const size_t kind = name == base ? 0 : contains ? 1 : 2;
    if (near[kind].size() >= kWanted || (kind == 2 && !Close(base, name))) continue;
    near[kind].push_back(file.path);
  }
  std::vector<std::string> best;
  for (const std::vector<std::string>& group : near) {
    for (const std::string& path : group) {
      if (best.size() < kWanted) best.push_back(path);
    }
  }
  return best;
}

}  // namespace glovebox::report
