#include "verify/observed.h"

#include <fcntl.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "access/touch.h"
#include "base/paths.h"

namespace glovebox::verify {
namespace {

using access::Access;

// What builds by itself, with an order of its own that is not Ninja's.
bool IsBuildTool(absl::string_view program) {
  static constexpr absl::string_view kNames[] = {"ninja", "make",  "gmake", "samu",  "cargo",
                                                 "go",    "bazel", "meson", "scons", "waf"};
  return std::find(std::begin(kNames), std::end(kNames), Basename(program)) != std::end(kNames);
}

bool IsCompilerCache(absl::string_view program) {
  const absl::string_view name = Basename(program);
  return name == "ccache" || name == "sccache" || name == "cachepot" || name == "buildcache";
}

// Content or names; modes, owners and times are no content. An open for reading and writing may be either,
// and of a file that was there it counts as a look: lock files and archives that are only asked are opened
// so.
bool ChangesContent(const Access& access, uint32_t what) {
  if ((what & (access::kMade | access::kRenamedOnto)) != 0) return true;
  if ((what & access::kChanged) == 0) return false;
  if (access.op == Op::kTruncate) return true;
  if (access.op != Op::kOpen || (access.flags & O_TMPFILE) == O_TMPFILE) return false;
  return (access.flags & O_TRUNC) != 0 || (access.flags & O_ACCMODE) == O_WRONLY;
}

// Who would make the file if it were not there does not come for what stands in it.
bool IsLockOpen(const Access& access) {
  return access.op == Op::kOpen && (access.flags & O_ACCMODE) == O_RDONLY && (access.flags & O_CREAT) != 0;
}

// Nothing of what was there before is left.
bool ReplacesContent(const Access& access, uint32_t what) {
  if ((what & (access::kMade | access::kRenamedOnto)) != 0) return true;
  return access.op == Op::kOpen && (access.flags & O_TRUNC) != 0 && (what & access::kChanged) != 0;
}

// Ninja reaps its children: how one ended is not always told to us. A build that ended well has no edge that
// did not.
bool EndedWell(const Input& input, const access::ActionRecord& action) {
  if (!action.end.has_value()) return false;
  if (action.end->kind == access::ActionEnd::Kind::kUnknown)
    return input.table.run_end.has_value() && input.table.run_end->exit_status == 0;
  return action.end->kind == access::ActionEnd::Kind::kExited && action.end->status == 0;
}

void First(RecordNumber record, RecordNumber* kept) {
  if (*kept == kNoRecord) *kept = record;
}

}  // namespace

Observed::Observed(const Input& input, const Actions& actions, PathTable* paths) : paths_(paths) {
  FindEdges(input, actions);
  for (size_t i = 0; i < input.log.records.size(); ++i) {
    const auto* access = std::get_if<Access>(&input.log.records[i]);
    const size_t action = access == nullptr ? kNoAction : actions.Of(i);
    if (action == kNoAction || edge_of_[action] == kNoEdge) continue;
    Add(*access, static_cast<RecordNumber>(i), edge_of_[action]);
  }
  by_path_.resize(paths_->size());
  for (size_t i = 0; i < seen_.size(); ++i) by_path_[seen_[i].path].push_back(i);
  for (size_t i = 0; i < seen_.size(); ++i) {
    if (seen_[i].leaves() != kNoRecord) makers_[seen_[i].path].push_back(i);
  }
}

// An edge's shell is known by its command; what CMake's module wraps by its first output; what runs inside of
// them belongs to the edge that holds it. A test is nobody's edge. Of edges with one command nobody can tell
// which of them is which, nor need: they do the same.
void Observed::FindEdges(const Input& input, const Actions& actions) {
  const graph::NinjaGraph& ninja = *input.facts->ninja;
  edges_.resize(ninja.edges().size());
  of_edge_.resize(ninja.edges().size());
  edge_of_.assign(input.table.actions.size(), kNoEdge);
  absl::flat_hash_map<std::string, size_t> turns;
  for (size_t a = 0; a < input.table.actions.size(); ++a) {
    const access::ActionRecord& action = input.table.actions[a];
    const access::ActionBegin& begin = action.begin;
    if (begin.role == access::Role::kTest) continue;
    const size_t parent = actions.Parent(a);
    if (parent != kNoAction) {
      edge_of_[a] = actions.TestOf(parent) == kNoAction ? edge_of_[parent] : kNoEdge;
    } else if (begin.role == access::Role::kEdge && !begin.argv.empty()) {
      const std::vector<const graph::NinjaEdge*> same = ninja.ByCommand(begin.argv.back());
      size_t& turn = turns[begin.argv.back()];
      if (turn < same.size()) edge_of_[a] = static_cast<EdgeId>(ninja.NumberOf(*same[turn++]));
    } else if (!begin.outputs.empty()) {
      const graph::NinjaEdge* edge = ninja.ByOutput(JoinPath(begin.cwd, begin.outputs.front()));
      if (edge != nullptr) edge_of_[a] = static_cast<EdgeId>(ninja.NumberOf(*edge));
    }
    if (edge_of_[a] == kNoEdge) continue;
    EdgeRun& run = edges_[edge_of_[a]];
    run.actions.push_back(a);
    if (!action.complete && run.why_incomplete.empty()) run.why_incomplete = action.why_incomplete;
    if (begin.level == 0 && !begin.shape.empty() && run.why_incomplete.empty())
      run.why_incomplete = "its policy has level off: nothing of it is on record";
    const bool shell = parent == kNoAction && begin.role == access::Role::kEdge;
    if (shell) run.succeeded = EndedWell(input, action);
  }
  for (EdgeRun& run : edges_) {
    if (!run.ran() || !run.why_incomplete.empty()) continue;
    // What a launcher does not wrap, the shell's own redirections too, was not seen without the shell.
    if (input.table.actions[run.actions.front()].begin.role != access::Role::kEdge)
      run.why_incomplete = "only what its launchers wrap was seen: build with glovebox-ninja";
  }
}

Seen* Observed::At(EdgeId edge, PathId path) {
  const auto [at, made] = of_edge_[edge].try_emplace(path, static_cast<uint32_t>(seen_.size()));
  if (made) {
    edges_[edge].seen.push_back(seen_.size());
    seen_.emplace_back();
    seen_.back().path = path;
    seen_.back().edge = edge;
  }
  return &seen_[at->second];
}

void Observed::Add(const Access& access, RecordNumber record, EdgeId edge) {
  const access::Touches touches = access::TouchesOf(access);
  for (const access::Touch& touch : touches.span()) {
    const uint32_t what = touch.what;
    // What was refused, failed or could not be told shows nothing that a finding could rest on.
    if ((what & (access::kRefused | access::kFailed | access::kUnclear)) != 0) continue;
    if (!absl::StartsWith(touch.path, "/")) continue;
    const PathId seen_path = paths_->Intern(touch.path);
    Seen* seen = At(edge, seen_path);
    seen->told = seen->told || !access.rule.empty();
    if ((what & access::kProbed) != 0) {
      if (!seen->own) First(record, &seen->probed);
      continue;
    }
    if ((what & access::kListed) != 0) {
      First(record, &seen->listed);
      seen->imported = absl::StartsWith(Basename(access.exe), "python");
    }
    if ((what & (access::kLooked | access::kChanged)) != 0) seen->touched = true;
    if ((what & (access::kReads | access::kRenamedFrom)) != 0 && !seen->own) {
      const bool updates = access.op == Op::kOpen && (what & access::kChanged) != 0;
      First(record, updates || IsLockOpen(access) ? &seen->updated : &seen->read);
    }
    if ((what & access::kExecuted) != 0) {
      edges_[edge].sub_build = edges_[edge].sub_build || IsBuildTool(touch.path);
      edges_[edge].cached = edges_[edge].cached || IsCompilerCache(touch.path);
    }
    if (ChangesContent(access, what)) {
      First(record, &seen->wrote);
      if ((what & (access::kMade | access::kRenamedOnto)) != 0) First(record, &seen->made);
      seen->directory = access.op == Op::kMkdir;
      seen->own = seen->own || ReplacesContent(access, what);
      seen->alive = true;
      // A file has as many names as it has links; what is put onto a name leaves the others alone.
      if ((what & (access::kMade | access::kRenamedOnto)) != 0) {
        hard_links_.erase(seen->path);
      } else if (const auto link = hard_links_.find(seen->path); link != hard_links_.end()) {
        First(record, &At(edge, link->second)->wrote);
        seen = At(edge, seen_path);  // which moved, where the other name is new
      }
    }
    if ((what & (access::kRemoved | access::kRenamedFrom)) != 0) {
      if (!seen->own) First(record, &seen->removed);
      seen->alive = false;
      seen->own = true;  // what is there next is not what was there before
    }
  }
  if (access.op == Op::kLink) LinkTo(touches);
  if (access.op == Op::kRename && touches.size == 2 && (touches.items[1].what & access::kRenamedOnto) != 0)
    Move(touches.items[0].path, touches.items[1].path, record, edge);
}

void Observed::LinkTo(const access::Touches& touches) {
  if (touches.size != 2 || (touches.items[1].what & access::kMade) == 0) return;
  hard_links_[paths_->Intern(touches.items[1].path)] = paths_->Intern(touches.items[0].path);
}

// A directory with a new name takes along what the edge made in it.
void Observed::Move(absl::string_view from, absl::string_view to, RecordNumber record, EdgeId edge) {
  const PathId source = paths_->Find(from);
  absl::flat_hash_map<PathId, uint32_t>& of_edge = of_edge_[edge];
  const auto at = of_edge.find(source);
  if (at == of_edge.end() || !seen_[at->second].directory) return;
  seen_[of_edge[paths_->Intern(to)]].directory = true;
  const std::string below = absl::StrCat(from, "/");
  const std::vector<size_t> known = edges_[edge].seen;  // grows meanwhile
  for (const size_t i : known) {
    const std::string& path = paths_->Path(seen_[i].path);
    if (!seen_[i].alive || !absl::StartsWith(path, below)) continue;
    Seen* moved = At(edge, paths_->Intern(absl::StrCat(to, "/", path.substr(below.size()))));
    First(record, &moved->wrote);
    First(record, &moved->made);
    moved->own = moved->alive = true;
    moved->directory = seen_[i].directory;
    seen_[i].alive = false;
  }
}

const std::vector<size_t>& Observed::MakersOf(PathId path) const {
  static const std::vector<size_t> kNone;
  const auto found = makers_.find(path);
  return found == makers_.end() ? kNone : found->second;
}

const std::vector<size_t>& Observed::Of(PathId path) const {
  static const std::vector<size_t> kNone;
  return path < by_path_.size() ? by_path_[path] : kNone;
}

}  // namespace glovebox::verify
