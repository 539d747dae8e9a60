#include "verify/configure_observed.h"

#include <fcntl.h>

#include <algorithm>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/paths.h"

namespace glovebox::verify {
namespace {

using access::Access;
using access::Touch;

const std::string& FirstPath(const Access& access) {
  return access.resolved.empty() ? access.path : access.resolved;
}

bool IsPython(absl::string_view program) { return absl::StartsWith(Basename(program), "python"); }

}  // namespace

bool IsVersionControl(absl::string_view program) {
  const absl::string_view name = Basename(program);
  return name == "git" || absl::StartsWith(name, "git-") || name == "hg" || name == "svn" ||
         name == "svnversion" || name == "fossil" || name == "bzr";
}

bool IsCompilerPart(absl::string_view program) {
  static constexpr absl::string_view kNames[] = {"cc1",  "cc1plus", "as",   "ld",  "collect2",    "lto1",
                                                 "f951", "lld",     "mold", "ar",  "lto-wrapper", "ranlib",
                                                 "nm",   "cc",      "c++",  "gold"};
  static constexpr absl::string_view kParts[] = {"gcc", "g++", "clang", "gfortran", "ccache", "-ld."};
  static constexpr absl::string_view kEndings[] = {"-ld", "-as", "-ar", "-nm", "-ranlib"};
  const absl::string_view name = Basename(program);
  const auto contains = [name](absl::string_view part) { return absl::StrContains(name, part); };
  const auto ends = [name](absl::string_view ending) { return absl::EndsWith(name, ending); };
  return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames) ||
         absl::StartsWith(name, "ld.") || std::any_of(std::begin(kParts), std::end(kParts), contains) ||
         std::any_of(std::begin(kEndings), std::end(kEndings), ends);
}

ConfigureObserved::ConfigureObserved(const Input& input) : input_(input) {
  if (input.table.run.has_value()) cache_ = JoinPath(input.table.run->build_dir, "CMakeCache.txt");
  for (size_t i = 0; i < input.log.records.size(); ++i) {
    if (const auto* access = std::get_if<Access>(&input.log.records[i])) Add(*access, i);
  }
  FindDirectories();
}

void ConfigureObserved::Add(const Access& access, size_t record) {
  const access::Touches touches = access::TouchesOf(access);
  for (const Touch& touch : touches.span()) {
    if (!absl::StartsWith(touch.path, "/")) continue;
    if (!met_cache_ && touch.path == cache_) {
      met_cache_ = true;
      fresh_ = (touch.what & access::kProbed) != 0 || access.result == access::Result::kCreated;
    }
    const uint32_t what = touch.what;
    if ((what & (access::kReads | access::kListed | access::kWrites)) == 0) continue;
    ConfigureSeen& seen = seen_[std::string(touch.path)];
    seen.told = seen.told || !access.rule.empty();
    // Open for reading and writing: either, or neither, as lock files are.
    const bool updated =
        (what & access::kRead) != 0 && (what & access::kChanged) != 0 && (access.flags & O_TRUNC) == 0;
    if (updated) continue;
    if ((what & (access::kReads | access::kListed)) != 0) AddRead(access, touch, record, &seen);
    if ((what & access::kWrites) != 0) AddWrite(access, touch, record, &seen);
  }
  if (access.op == Op::kRename && touches.size == 2) {
    const bool done = (touches.items[0].what & access::kRenamedFrom) != 0;
    if (done) Move(std::string(touches.items[0].path), std::string(touches.items[1].path));
  }
  if (access.op == Op::kExec && access.result == access::Result::kThere) {
    AddProgram(FirstPath(access));
    if (absl::StartsWith(access.path, "/")) AddProgram(access.path);
  }
}

void ConfigureObserved::AddRead(const Access& access, const Touch& touch, size_t record,
                                ConfigureSeen* seen) {
  if (seen->own || IsVersionControl(access.exe)) return;
  const Place place = input_.places.Of(touch.path);
  const bool ours = place == Place::kSource || place == Place::kBuild;
  if ((touch.what & access::kListed) != 0 && seen->listed == kNoRecord && ours) {
    // Python lists each directory in which it looks for modules.
    const auto behind = seen_.lower_bound(absl::StrCat(touch.path, "/"));
    bool modules = false;
    for (auto at = behind; IsPython(access.exe) && at != seen_.end() && IsUnder(at->first, touch.path); ++at)
      modules = modules || absl::EndsWith(at->first, ".py") || absl::EndsWith(at->first, ".pyc");
    if (!modules) seen->listed = record;
  }
  if ((touch.what & access::kReads) == 0) return;
  // Of a program of somebody's own nothing is read but the program.
  const bool read = (touch.what & access::kRead) != 0;
  if (!ours && (!read || IsCompilerPart(access.exe))) return;
  if (seen->read == kNoRecord) {
    seen->read = record;
    seen->run = !read;
  } else if (seen->run && read) {
    seen->run = false;
  }
}

void ConfigureObserved::AddWrite(const Access& access, const Touch& touch, size_t record,
                                 ConfigureSeen* seen) {
  const uint32_t what = touch.what;
  if ((access.flags & O_TMPFILE) == O_TMPFILE && access.op == Op::kOpen) return;  // the directory stays
  if ((what & (access::kRemoved | access::kRenamedFrom)) != 0) {
    if (!seen->made && seen->removed == kNoRecord) seen->removed = record;
    seen->alive = false;
    if ((what & access::kRenamedOnto) == 0) return;
  }
  if (seen->wrote == kNoRecord) seen->wrote = record;
  const bool made = (what & (access::kMade | access::kRenamedOnto)) != 0;
  // A file that was there before, and whose content stays: chmod, utimes.
  const bool attributes = !made && access.op != Op::kOpen && access.op != Op::kTruncate;
  if (!attributes) seen->own = true;
  // A name that is put on a file which was there does not make it.
  const bool anew = (what & access::kMade) != 0 || access.result == access::Result::kCreated;
  seen->made = seen->made || (made && anew && seen->removed == kNoRecord);
  seen->alive = seen->alive || made;
  seen->directory = seen->directory || access.op == Op::kMkdir;
}

// A directory that gets another name takes what lies in it along.
void ConfigureObserved::Move(const std::string& from, const std::string& to) {
  std::vector<std::pair<std::string, ConfigureSeen>> moved;
  const std::string below = absl::StrCat(from, "/");
  for (auto at = seen_.lower_bound(below); at != seen_.end() && absl::StartsWith(at->first, below); ++at) {
    if (!at->second.alive) continue;
    moved.emplace_back(absl::StrCat(to, at->first.substr(from.size())), at->second);
    at->second.alive = false;
  }
  for (auto& [path, seen] : moved) {
    const bool unread = seen_.find(path) == seen_.end();
    if (unread) seen_.emplace(std::move(path), seen);
  }
  ConfigureSeen& whole = seen_[to];
  const auto source = seen_.find(from);
  if (source != seen_.end()) whole.directory = whole.directory || source->second.directory;
}

void ConfigureObserved::AddProgram(absl::string_view path) {
  const absl::string_view directory = Dirname(path);
  absl::string_view prefix = directory;
  const absl::string_view name = Basename(directory);
  if (name == "bin" || name == "sbin" || name == "libexec") prefix = Dirname(directory);
  const auto holds_the_project = [this](absl::string_view root) {
    if (!input_.table.run.has_value()) return false;
    const access::RunInfo& run = *input_.table.run;
    return root == "/" || IsUnder(run.home, root) || IsUnder(run.build_dir, root) ||
           IsUnder(run.source_dir, root);
  };
  if (holds_the_project(prefix)) prefix = directory;
  if (!holds_the_project(prefix)) prefixes_.insert(std::string(prefix));
}

bool ConfigureObserved::IsInstalled(absl::string_view path) const {
  return std::any_of(prefixes_.begin(), prefixes_.end(),
                     [path](const std::string& prefix) { return IsUnder(path, prefix); });
}

// Each name of a path above another one is a directory's. Where names are sorted, what lies in a directory
// need not come right behind it ("a", "a-b", "a/c"): each name marks what is above it.
void ConfigureObserved::FindDirectories() {
  for (const auto& [path, seen] : seen_) {
    absl::string_view above = Dirname(path);
    for (auto at = seen_.find(std::string(above)); at != seen_.end() && !at->second.directory;
         at = seen_.find(std::string(above))) {
      at->second.directory = true;
      above = Dirname(above);
    }
  }
}

}  // namespace glovebox::verify
