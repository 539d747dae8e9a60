#include "graph/cmake_places.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/paths.h"
#include "graph/cmake_variables.h"

namespace glovebox::graph {
namespace {

using Declared = std::vector<const CMakeDeclaration*>;

// Letters and digits that a pattern must share with a name before it may stand for it.
constexpr int kEnoughText = 4;

int KnownLetters(absl::string_view text) {
  return static_cast<int>(std::count_if(
      text.begin(), text.end(), [](char c) { return absl::ascii_isalnum(static_cast<unsigned char>(c)); }));
}

absl::string_view LastPart(absl::string_view path) { return path.substr(path.rfind('/') + 1); }

bool SameCall(const Declared& list) {
  return std::all_of(list.begin(), list.end(),
                     [&list](const CMakeDeclaration* at) { return at->call == list.front()->call; });
}

// The one line that all of them are; null: none, or several.
const CMakeDeclaration* Only(const Declared& list) {
  return !list.empty() && SameCall(list) ? list.front() : nullptr;
}

// "libx.so" + ".1.2", ".18.0.git": a name of the same library.
bool IsVersionOf(absl::string_view path, absl::string_view artifact) {
  if (!absl::ConsumePrefix(&path, artifact) || !absl::ConsumePrefix(&path, ".") || path.empty()) return false;
  return absl::ascii_isdigit(static_cast<unsigned char>(path[0])) && !absl::StrContains(path, "/");
}

// A target's name within CMake's names of rules: what Ninja does not take there is ".xx".
std::string InRuleName(absl::string_view target) {
  std::string name;
  for (const char c : target) {
    if (absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-') {
      name.push_back(c);
    } else {
      absl::StrAppend(&name, ".", absl::Hex(static_cast<unsigned char>(c), absl::kZeroPad2));
    }
  }
  return name;
}

bool IsLibraryName(absl::string_view name, absl::string_view target) {
  if (!absl::ConsumePrefix(&name, "lib") || !absl::ConsumePrefix(&name, target)) return false;
  return name == ".a" || name == ".so" || IsVersionOf(name, ".so");
}

}  // namespace

struct CMakePlaces::Index {
  CMakePlaceFacts facts;
  absl::flat_hash_map<std::string, const FileApiTarget*> api;                        // by name
  absl::flat_hash_map<std::string, std::string> artifacts;                           // path -> target
  absl::flat_hash_map<std::string, absl::flat_hash_set<std::string>> custom_owners;  // output -> targets
  absl::flat_hash_map<std::string, std::string> object_dirs;  // ".../CMakeFiles/x.dir" -> x
  absl::flat_hash_map<std::string, absl::flat_hash_set<std::string>> binary_dirs;  // target -> directories
  absl::flat_hash_map<std::string, std::string> in_rules;                          // InRuleName() -> target

  absl::flat_hash_map<std::string, Declared> targets;  // by a name that is known
  Declared open_targets;
  absl::flat_hash_map<std::string, Declared> outputs;  // by a path that is known
  absl::flat_hash_map<std::string, Declared> by_last;  // by a last part that is known
  Declared by_letters;                                 // some of the last part is known
  Declared open_outputs;                               // may be anything

  explicit Index(CMakePlaceFacts all) : facts(std::move(all)) {
    for (const FileApiTarget& target : facts.targets) AddApiTarget(target);
    for (const CMakeTargetDir& target : facts.target_dirs) {
      object_dirs[absl::StrCat(target.binary_dir, "/CMakeFiles/", target.name, ".dir")] = target.name;
      binary_dirs[target.name].insert(target.binary_dir);
      in_rules[InRuleName(target.name)] = target.name;
    }
    for (const CMakeDeclaration& declaration : facts.script.declarations) AddDeclaration(declaration);
  }

  void AddApiTarget(const FileApiTarget& target) {
    api.try_emplace(target.name, &target);
    for (const std::string& artifact : target.artifacts) artifacts.try_emplace(artifact, target.name);
    for (const std::string& output : target.custom_outputs) custom_owners[output].insert(target.name);
  }

  void AddDeclaration(const CMakeDeclaration& declaration) {
    const std::string& pattern = declaration.pattern;
    if (declaration.kind == CMakeDeclaration::Kind::kTarget) {
      if (IsKnown(pattern)) {
        targets[pattern].push_back(&declaration);
      } else {
        open_targets.push_back(&declaration);
      }
      return;
    }
    const std::string last(LastPart(pattern));
    if (IsKnown(pattern)) {
      outputs[pattern].push_back(&declaration);
    } else if (IsKnown(last) && KnownLetters(last) > 0) {
      by_last[last].push_back(&declaration);
    } else if (KnownLetters(last) >= kEnoughText) {
      by_letters.push_back(&declaration);
    } else {
      open_outputs.push_back(&declaration);
    }
  }

  // As CMake spells it, absolute.
  std::string Normal(absl::string_view path) const {
    std::string clean = CleanPath(JoinPath(facts.build_dir, path));
    const std::string asked = CleanPath(facts.asked_dir);
    if (asked != facts.build_dir && IsUnder(clean, asked) && asked != "/") {
      clean = CleanPath(absl::StrCat(facts.build_dir, "/", clean.substr(asked.size())));
    }
    return clean;
  }

  CMakePlace PlaceOf(const CMakeCall& call, const char* how) const {
    std::string file = call.file;
    if (IsUnder(file, facts.source_dir) && file != facts.source_dir && facts.source_dir != "/") {
      file.erase(0, facts.source_dir.size() + 1);
    }
    return {file, call.line, absl::AsciiStrToLower(call.command), how};
  }

  std::optional<CMakePlace> PlaceOfCalls(const CMakeCalls& calls) const {
    const CMakeCall* outside = nullptr;
    for (const CMakeCall& call : calls) {
      if (!facts.cmake_root.empty() && IsUnder(call.file, facts.cmake_root)) continue;
      if (IsUnder(call.file, facts.source_dir) || IsUnder(call.file, facts.build_dir)) {
        return PlaceOf(call, "file-api");
      }
      if (outside == nullptr) outside = &call;
    }
    if (outside == nullptr) return std::nullopt;
    return PlaceOf(*outside, "file-api");
  }

  // The line that makes the target, by the project's text.
  const CMakeDeclaration* DeclaredTarget(const std::string& name) const {
    const auto dirs = binary_dirs.find(name);
    const auto fits = [&](const CMakeDeclaration& at) {
      return dirs == binary_dirs.end() || at.binary_dir.empty() || dirs->second.contains(at.binary_dir);
    };
    Declared found;
    if (const auto known = targets.find(name); known != targets.end()) {
      for (const CMakeDeclaration* at : known->second) {
        if (fits(*at)) found.push_back(at);
      }
      return Only(found);
    }
    if (!facts.script.complete) return nullptr;
    for (const CMakeDeclaration* at : open_targets) {
      if (fits(*at) && MatchesAnyText(at->pattern, name)) found.push_back(at);
    }
    const CMakeDeclaration* only = Only(found);
    return only != nullptr && KnownLetters(only->pattern) >= kEnoughText ? only : nullptr;
  }

  std::optional<CMakePlace> OfTarget(const std::string& name) const {
    if (const auto found = api.find(name); found != api.end()) return PlaceOfCalls(found->second->calls);
    const CMakeDeclaration* declared = DeclaredTarget(name);
    if (declared == nullptr) return std::nullopt;
    return PlaceOf(declared->call, "text");
  }

  // As CMake spells what the kernel finds.
  std::string Spelled(absl::string_view path) const {
    if (facts.real_source_dir.empty() || !IsUnder(path, facts.real_source_dir)) return std::string(path);
    return absl::StrCat(facts.source_dir, path.substr(facts.real_source_dir.size()));
  }

  // The one call of these; null: none, or several.
  static const CMakeCall* OnlyCall(const std::vector<const CMakeRead*>& reads) {
    const bool same = std::all_of(reads.begin(), reads.end(),
                                  [&reads](const CMakeRead* at) { return at->call == reads[0]->call; });
    return reads.empty() || !same ? nullptr : &reads[0]->call;
  }

  using Reads = std::vector<const CMakeRead*>;

  // Those that name the very path, and those that may mean it.
  std::pair<Reads, Reads> ReadsOf(const std::string& path, CMakeRead::Kind kind) const {
    Reads known, open;
    for (const CMakeRead& read : facts.script.reads) {
      if (read.kind != kind) continue;
      if (IsKnown(read.pattern)) {
        if (read.pattern == path || (read.below && IsUnder(path, read.pattern))) known.push_back(&read);
      } else if (MatchesAnyText(read.pattern, path) ||
                 (read.below &&
                  MatchesAnyText(absl::StrCat(read.pattern, "/", std::string(1, kAnyText)), path))) {
        open.push_back(&read);
      }
    }
    return {std::move(known), std::move(open)};
  }

  // A line that names the very file goes before one that may mean any.
  const CMakeCall* ReadCall(const std::string& path, bool listed) const {
    const auto [known, open] = ReadsOf(path, listed ? CMakeRead::Kind::kList : CMakeRead::Kind::kFile);
    if (!known.empty()) return OnlyCall(known);
    const bool enough = std::any_of(open.begin(), open.end(), [](const CMakeRead* at) {
      return KnownLetters(LastPart(at->pattern)) >= kEnoughText;
    });
    return facts.script.complete && enough ? OnlyCall(open) : nullptr;
  }

  Declared Matching(const Declared& list, const std::string& path) const {
    Declared found;
    for (const CMakeDeclaration* at : list) {
      if (MatchesAnyText(at->pattern, path)) found.push_back(at);
    }
    return found;
  }

  // Of lines for several directories those of the one that holds the file, the innermost.
  static Declared OfInnermost(const Declared& list, const std::string& path) {
    Declared best;
    for (const CMakeDeclaration* at : list) {
      if (at->binary_dir.empty() || !IsUnder(path, at->binary_dir)) continue;
      if (!best.empty() && best.front()->binary_dir.size() < at->binary_dir.size()) best.clear();
      if (best.empty() || best.front()->binary_dir == at->binary_dir) best.push_back(at);
    }
    return best;
  }

  // A line whose output is known in part.
  const CMakeDeclaration* OpenOutput(const std::string& path) const {
    if (!facts.script.complete) return nullptr;
    const bool may_be_any = !Matching(open_outputs, path).empty();
    if (const auto last = by_last.find(LastPart(path)); last != by_last.end()) {
      const Declared found = Matching(last->second, path);
      if (!found.empty()) {
        if (!may_be_any && SameCall(found)) return found.front();
        return Only(OfInnermost(found, path));
      }
    }
    return may_be_any ? nullptr : Only(Matching(by_letters, path));
  }

  // The file of a target by the place where CMake puts it: its objects, the stamp of a custom target.
  std::optional<std::string> TargetByDirectory(const std::string& path) const {
    for (size_t at = path.find("/CMakeFiles/"); at != std::string::npos;
         at = path.find("/CMakeFiles/", at + 1)) {
      const size_t name = at + sizeof "/CMakeFiles/" - 1;
      // A target's name may hold slashes: the longest that there is.
      for (size_t end = path.find(".dir/", name); end != std::string::npos;
           end = path.find(".dir/", end + 1)) {
        const auto found = object_dirs.find(path.substr(0, end + 4));
        if (found != object_dirs.end()) return found->second;
      }
      const auto is_stamp = [&](const std::string& target) {
        const auto dirs = binary_dirs.find(target);
        return dirs != binary_dirs.end() && dirs->second.contains(path.substr(0, at));
      };
      const std::string stamp = path.substr(name);
      if (is_stamp(stamp)) return stamp;
      for (const std::string& configuration : facts.configurations) {  // "CMakeFiles/x-Debug"
        absl::string_view target = stamp;
        if (absl::ConsumeSuffix(&target, "-" + configuration) && is_stamp(std::string(target))) {
          return std::string(target);
        }
      }
    }
    return std::nullopt;
  }

  // "CXX_STATIC_LIBRARY_LINKER__x_Debug", "C_COMPILER__x_": LANGUAGE_KIND__TARGET_CONFIGURATION.
  std::optional<std::string> TargetByRule(absl::string_view rule) const {
    for (const absl::string_view kind : {"_LINKER__", "_COMPILER__"}) {
      const size_t at = rule.find(kind);
      if (at == absl::string_view::npos) continue;
      absl::string_view target = rule.substr(at + kind.size());
      target = target.substr(0, target.rfind('_'));
      const auto found = in_rules.find(target);
      if (found != in_rules.end()) return found->second;
    }
    return std::nullopt;
  }

  std::optional<std::string> TargetByArtifact(const std::string& path) const {
    if (const auto found = artifacts.find(path); found != artifacts.end()) return found->second;
    const size_t so = path.rfind(".so.");
    if (so != std::string::npos) {
      const auto found = artifacts.find(path.substr(0, so + 3));
      if (found != artifacts.end() && IsVersionOf(path, found->first)) return found->second;
    }
    return std::nullopt;
  }

  // ".../x-stamp/x-build", "CMakeFiles/x-complete": what ExternalProject_Add(x) itself adds. Steps of other
  // names have lines of their own.
  std::optional<std::string> TargetByStep(const std::string& path) const {
    static constexpr absl::string_view kSteps[] = {"mkdir", "download", "update", "patch",    "configure",
                                                   "build", "install",  "test",   "complete", "done"};
    const std::string name(LastPart(path));
    for (const absl::string_view step : kSteps) {
      absl::string_view target = name;
      if (!absl::ConsumeSuffix(&target, absl::StrCat("-", step)) || target.empty()) continue;
      const bool there = absl::StrContains(path, absl::StrCat("/", target, "-stamp/")) ||
                         absl::StrContains(path, "/CMakeFiles/");
      const std::optional<CMakePlace> place = OfTarget(std::string(target));
      if (there && place.has_value() && place->command == "externalproject_add") return std::string(target);
    }
    return std::nullopt;
  }

  // Without the file API: by the name that a target's file has where nothing else was said, in the directory
  // that it is put in where nothing else was said. Elsewhere only where no custom command can have made it.
  std::optional<std::string> TargetByFileName(const std::string& path) const {
    if (!facts.targets.empty()) return std::nullopt;
    const std::string name(LastPart(path));
    const std::string directory(Dirname(path));
    absl::flat_hash_set<std::string> near, far;
    for (const auto& [target, declared] : targets) {
      const std::string& command = declared.front()->call.command;
      const bool fits = (command == "add_executable" && name == target) ||
                        (command == "add_library" && IsLibraryName(name, target));
      const auto dirs = binary_dirs.find(target);
      if (!fits || dirs == binary_dirs.end()) continue;
      const bool here = dirs->second.contains(directory) ||
                        (std::find(facts.configurations.begin(), facts.configurations.end(),
                                   LastPart(directory)) != facts.configurations.end() &&
                         dirs->second.contains(std::string(Dirname(directory))));
      (here ? near : far).insert(target);
    }
    if (near.size() == 1) return *near.begin();
    if (near.empty() && far.size() == 1 && facts.script.complete && Matching(open_outputs, path).empty() &&
        Matching(by_letters, path).empty()) {
      return *far.begin();
    }
    return std::nullopt;
  }
};

CMakePlaces::CMakePlaces(CMakePlaceFacts facts) : index_(std::make_shared<const Index>(std::move(facts))) {}

std::optional<CMakePlace> CMakePlaces::OfTarget(absl::string_view target) const {
  return index_->OfTarget(std::string(target));
}

std::optional<CMakePlace> CMakePlaces::OfOutput(absl::string_view path_or_output) const {
  const std::string path = index_->Normal(path_or_output);
  if (const auto target = index_->TargetByArtifact(path)) return index_->OfTarget(*target);
  if (const auto known = index_->outputs.find(path); known != index_->outputs.end()) {
    const CMakeDeclaration* only = Only(known->second);
    if (only == nullptr) return std::nullopt;
    return index_->PlaceOf(only->call, "text");
  }
  if (const auto target = index_->TargetByDirectory(path)) return index_->OfTarget(*target);
  if (const auto target = index_->TargetByStep(path)) return index_->OfTarget(*target);
  if (const CMakeDeclaration* only = index_->OpenOutput(path)) return index_->PlaceOf(only->call, "text");
  if (const auto target = index_->TargetByFileName(path)) return index_->OfTarget(*target);
  return std::nullopt;
}

std::optional<CMakePlace> CMakePlaces::OfRead(absl::string_view path, bool listed) const {
  const CMakeCall* call = index_->ReadCall(index_->Spelled(path), listed);
  if (call == nullptr) return std::nullopt;
  return index_->PlaceOf(*call, "text");
}

bool CMakePlaces::MayList(absl::string_view path) const {
  const auto [known, open] = index_->ReadsOf(index_->Spelled(path), CMakeRead::Kind::kList);
  const auto is_file = [](const CMakeRead* read) { return read->call.command == "file"; };
  return std::any_of(known.begin(), known.end(), is_file) || std::any_of(open.begin(), open.end(), is_file) ||
         !index_->facts.script.complete;
}

std::optional<CMakePlace> CMakePlaces::OfNetwork() const {
  std::vector<const CMakeRead*> reads;
  for (const CMakeRead& read : index_->facts.script.reads) {
    if (read.kind == CMakeRead::Kind::kNetwork) reads.push_back(&read);
  }
  const CMakeCall* call = Index::OnlyCall(reads);
  if (call == nullptr) return std::nullopt;
  return index_->PlaceOf(*call, "text");
}

std::optional<CMakePlace> CMakePlaces::OfEdge(const NinjaEdge& edge) const {
  if (const auto target = index_->TargetByRule(edge.rule)) return index_->OfTarget(*target);
  for (const std::string& output : edge.outputs) {
    if (auto place = OfOutput(output)) return place;
  }
  return std::nullopt;
}

std::optional<std::string> CMakePlaces::TargetOfEdge(const NinjaEdge& edge) const {
  if (auto target = index_->TargetByRule(edge.rule)) return target;
  for (const std::string& output : edge.outputs) {
    if (auto target = TargetOfOutput(output)) return target;
  }
  return std::nullopt;
}

std::optional<std::string> CMakePlaces::TargetOfOutput(absl::string_view path_or_output) const {
  const std::string path = index_->Normal(path_or_output);
  if (auto target = index_->TargetByArtifact(path)) return target;
  const auto known = index_->outputs.find(path);
  if (known != index_->outputs.end()) {
    // One line may work for several targets.
    const Declared& list = known->second;
    const std::string& target = list.front()->target;
    const bool one = std::all_of(list.begin(), list.end(),
                                 [&target](const CMakeDeclaration* at) { return at->target == target; });
    if (one && !target.empty()) return target;
  }
  if (const auto owners = index_->custom_owners.find(path);
      owners != index_->custom_owners.end() && owners->second.size() == 1) {
    return *owners->second.begin();
  }
  if (known != index_->outputs.end()) return std::nullopt;
  if (auto target = index_->TargetByDirectory(path)) return target;
  if (auto target = index_->TargetByStep(path)) return target;
  if (const CMakeDeclaration* open = index_->OpenOutput(path); open != nullptr)
    return open->target.empty() ? std::nullopt : std::optional(open->target);
  return index_->TargetByFileName(path);
}

CMakeVariableValues CMakePlaces::VariablesOf(const NinjaEdge& edge) const {
  const std::optional<CMakePlace> place = OfEdge(edge);
  const auto of_line = [&](const CMakeDeclaration* declaration) {
    if (declaration == nullptr || !place.has_value()) return false;
    const CMakePlace own = index_->PlaceOf(declaration->call, "text");
    return own.file == place->file && own.line == place->line;
  };
  for (const std::string& output : edge.outputs) {
    const auto known = index_->outputs.find(index_->Normal(output));
    if (known != index_->outputs.end() && of_line(Only(known->second)))
      return known->second.front()->variables;
  }
  const std::string path = index_->Normal(edge.outputs.front());
  if (const CMakeDeclaration* open = index_->OpenOutput(path); of_line(open))
    return ValueBehind(open->written, path);
  const std::optional<std::string> target = TargetOfEdge(edge);
  if (!target.has_value()) return {};
  const CMakeDeclaration* const declared = index_->DeclaredTarget(*target);
  if (!of_line(declared)) return {};
  return IsKnown(declared->pattern) ? declared->variables : ValueBehind(declared->written, *target);
}

}  // namespace glovebox::graph
