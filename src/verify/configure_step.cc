#include "verify/configure_step.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "access/touch.h"
#include "base/paths.h"
#include "verify/configure_observed.h"
#include "verify/graph_case.h"
#include "verify/policy_findings.h"

namespace glovebox::verify {
namespace {

using Paths = std::vector<std::string>;

constexpr char kAction[] = "configure";
constexpr size_t kNamedInRepair = 12;

// What is told as one.
struct Group {
  std::string where;  // the line of the project that did it
  Paths paths;
  size_t record = kNoRecord;  // of the first path
};

// What they have in common: "/src/data" of "/src/data/a" and "/src/data/b/c".
std::string CommonDirectory(const Paths& paths) {
  std::string common(Dirname(paths.front()));
  for (const std::string& path : paths) {
    while (!IsUnder(path, common)) common = std::string(Dirname(common));
  }
  return common;
}

bool IsPreset(absl::string_view path) { return absl::EndsWith(path, "Presets.json"); }

// The shared libraries of somebody's own programs.
bool IsLibrary(absl::string_view path) {
  return absl::EndsWith(path, ".so") || absl::StrContains(Basename(path), ".so.");
}

class Judge {
 public:
  Judge(const Input& input, const Actions& actions)
      : input_(input), actions_(actions), facts_(*input.configure_facts), observed_(input) {
    if (!input.table.run.has_value()) return;
    build_dir_ = input.table.run->build_dir;
    FindInitialCaches(input.table.run->command);
  }

  std::vector<Finding> Findings() {
    LookAtReads();
    LookAtLists();
    LookAtWrites();
    LookAtNetwork();
    LookAtHoles();
    return std::move(findings_);
  }

 private:
  // "-C FILE": it fills the cache once, and a change of it is meant to do nothing.
  void FindInitialCaches(const std::vector<std::string>& words) {
    const std::string& cwd = input_.table.actions.empty() ? build_dir_ : input_.table.actions[0].begin.cwd;
    for (size_t i = 1; i < words.size(); ++i) {
      if (!absl::StartsWith(words[i], "-C")) continue;
      const std::string name = words[i].size() > 2    ? words[i].substr(2)
                               : i + 1 < words.size() ? words[i + 1]
                                                      : "";
      initial_caches_.insert(CleanPath(JoinPath(cwd, name)));
    }
  }

  const access::Access& AccessOf(size_t record) const {
    return std::get<access::Access>(input_.log.records[record]);
  }

  std::string Short(const std::string& path) const {
    const Place place = input_.places.Of(path);
    if (place != Place::kSource && place != Place::kBuild) return path;
    std::string below = input_.places.BelowRoot(path);
    return below.empty() ? path : below;
  }
  std::string InCMake(const std::string& path) const {
    const Place place = input_.places.Of(path);
    if (place == Place::kSource) return absl::StrCat("${CMAKE_SOURCE_DIR}/", Short(path));
    if (place == Place::kBuild) return absl::StrCat("${CMAKE_BINARY_DIR}/", Short(path));
    if (place == Place::kHome) return absl::StrCat("$ENV{HOME}/", input_.places.BelowRoot(path));
    return path;
  }

  bool IsListed(const std::string& path) const {
    return std::binary_search(facts_.inputs.begin(), facts_.inputs.end(), path);
  }

  Finding Make(absl::string_view rule, const std::string& object, size_t record) const {
    const size_t action = record == kNoRecord ? kNoAction : actions_.Of(record);
    Finding finding = actions_.Make(rule, action, object);
    finding.action_name = kAction;
    // The same as of CMake that runs within a build, whose edge this is.
    const bool edge = rule == "generator-escape";
    finding.id = StableId(rule, edge ? "edge build.ninja" : kAction, input_.places.Portable(object));
    if (record != kNoRecord) {
      finding.evidence = EvidenceOf(AccessOf(record));
      finding.calls = 1;
    }
    return finding;
  }

  std::string WhereOf(const std::string& path, bool listed) const {
    if (!facts_.places.has_value()) return "";
    const auto place = facts_.places->OfRead(path, listed);
    return place.has_value() ? absl::StrCat(place->file, ":", place->line, " ", place->command) : "";
  }

  // Outside of the project: of a person, or of nobody known. A compiler's reads there are no part of this
  // (ConfigureObserved).
  bool IsForeign(const std::string& path, Place place) const {
    if (observed_.IsInstalled(path) || IsLibrary(path)) return false;
    if (place == Place::kHome) {
      const std::string below = input_.places.BelowRoot(path);
      return !IsSettings(below) && !absl::StartsWith(below, ".cmake/");
    }
    return !IsSystem(path);
  }

  bool Escapes(const std::string& path, const ConfigureSeen& seen) const {
    if (seen.read == kNoRecord || seen.directory || seen.told || IsKept(path) || IsPreset(path) ||
        absl::EndsWith(path, "/.git") || IsListed(path) || initial_caches_.count(path) > 0 ||
        initial_caches_.count(AccessOf(seen.read).path) > 0)
      return false;
    const Place place = input_.places.Of(path);
    switch (place) {
      case Place::kSource:
        return true;
      case Place::kBuild:
        // What an earlier configure step, or a build, has left there is CMake's own.
        return observed_.fresh() && !IsUnder(path, absl::StrCat(build_dir_, "/CMakeFiles")) &&
               !IsUnder(path, absl::StrCat(build_dir_, "/.cmake"));
      default:
        return !seen.run && IsForeign(path, place);
    }
  }

  void LookAtReads() {
    if (!facts_.generated) return;
    // By the line that reads them, else by directory and program.
    std::map<std::string, Group> groups;
    for (const auto& [path, seen] : observed_.seen()) {
      if (!Escapes(path, seen)) continue;
      const std::string where = WhereOf(path, false);
      const std::string key =
          where.empty() ? absl::StrCat(Dirname(path), "\n", AccessOf(seen.read).exe) : where;
      Group& group = groups[key];
      if (group.paths.empty()) group.record = seen.read;
      group.where = where;
      group.paths.push_back(path);
    }
    for (const auto& [key, group] : groups) {
      if (group.paths.size() >= kFoldFrom) {
        AddReads(group);
      } else {
        for (const std::string& path : group.paths)
          AddReads({group.where, {path}, observed_.seen().at(path).read});
      }
    }
  }

  void AddReads(const Group& group) {
    const bool one = group.paths.size() == 1;
    const std::string directory = CommonDirectory(group.paths);
    const std::string object = one ? group.paths.front() : absl::StrCat(directory, "/");
    Finding finding = Make("generator-escape", object, group.record);
    finding.where = group.where;
    finding.what = one ? absl::StrCat("the configure step reads ", Short(object),
                                      ", and does not run again when that changes")
                       : absl::StrCat("the configure step reads ", group.paths.size(), " files of ",
                                      Short(directory), ", and does not run again when one of them changes");
    if (!one) finding.objects = group.paths;
    Paths names;
    for (const std::string& path : group.paths) names.push_back(InCMake(path));
    finding.repair = names.size() <= kNamedInRepair
                         ? absl::StrCat("set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ",
                                        absl::StrJoin(names, " "), ")")
                         : "name each of them in the directory's property CMAKE_CONFIGURE_DEPENDS";
    findings_.push_back(std::move(finding));
  }

  bool IsWatched(const std::string& path) const {
    if (IsListed(path)) return true;
    return std::any_of(facts_.watched.begin(), facts_.watched.end(),
                       [&path](const graph::WatchedDirectory& at) {
                         return at.path == path || (at.below && IsUnder(path, at.path));
                       });
  }

  // CMake itself lists directories for more than file(GLOB): where libraries are looked for.
  bool IsAskedFor(const std::string& path, size_t record) const {
    if (Basename(AccessOf(record).exe) != "cmake" || !facts_.places.has_value()) return true;
    return facts_.places->MayList(path);
  }

  void LookAtLists() {
    if (!facts_.generated) return;
    std::vector<std::pair<std::string, Group>> groups;  // the topmost directory, with those below it
    for (const auto& [path, seen] : observed_.seen()) {
      if (seen.listed == kNoRecord || seen.told || input_.places.Of(path) != Place::kSource || IsKept(path) ||
          absl::EndsWith(path, "/.git") || IsWatched(path) || !IsAskedFor(path, seen.listed))
        continue;
      const std::string where = WhereOf(path, true);
      const std::string& name = path;
      const auto above = std::find_if(groups.begin(), groups.end(), [&](const auto& group) {
        return IsUnder(name, group.first) && group.second.where == where;
      });
      if (above == groups.end()) {
        groups.push_back({path, {where, {path}, seen.listed}});
      } else {
        above->second.paths.push_back(path);
      }
    }
    for (const auto& [top, group] : groups) AddList(top, group);
  }

  void AddList(const std::string& top, const Group& group) {
    Finding finding = Make("generator-escape", absl::StrCat(top, "/"), group.record);
    finding.where = group.where;
    finding.objects = group.paths;
    const size_t more = group.paths.size() - 1;
    finding.what = absl::StrCat("the configure step lists ", Short(top),
                                more == 0   ? ""
                                : more == 1 ? " and a directory below it"
                                            : absl::StrCat(" and ", more, " directories below it"),
                                ", and does not run again when a file comes or goes there");
    const bool cmake = Basename(AccessOf(group.record).exe) == "cmake";
    finding.so = "what is added there is left out of the build, and what is removed fails it";
    finding.repair = cmake ? "name the files one by one, or file(GLOB ... CONFIGURE_DEPENDS ...)"
                           : absl::StrCat("set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ",
                                          InCMake(top), ")");
    findings_.push_back(std::move(finding));
  }

  static size_t ChangeOf(const ConfigureSeen& seen) {
    return seen.wrote != kNoRecord ? seen.wrote : seen.removed;
  }
  static absl::string_view ChangeWord(const ConfigureSeen& seen) {
    if (seen.wrote == kNoRecord) return "takes away ";
    return seen.made ? "makes " : "changes ";
  }

  // Made and left outside, without a file in it, which would be told. Of a tree the uppermost is.
  bool IsLeftEmpty(const std::string& path, const ConfigureSeen& seen) const {
    const auto is_left = [](const ConfigureSeen& at) { return at.directory && at.made && at.alive; };
    const Place place = input_.places.Of(path);
    if (!is_left(seen) || place == Place::kBuild || place == Place::kSource) return false;
    const auto above = observed_.seen().find(std::string(Dirname(path)));
    if (above != observed_.seen().end() && is_left(above->second)) return false;
    const std::string below = absl::StrCat(path, "/");
    for (auto at = observed_.seen().upper_bound(below); at != observed_.seen().end(); ++at) {
      if (!absl::StartsWith(at->first, below)) break;
      if (at->second.alive && !at->second.directory) return false;
    }
    return true;
  }

  // The rule that it breaks; empty: none.
  absl::string_view FaultOf(const std::string& path, const ConfigureSeen& seen) const {
    const bool takes = seen.removed != kNoRecord && seen.wrote == kNoRecord;
    if ((seen.wrote == kNoRecord && !takes) || seen.told || IsKept(path)) return "";
    if (seen.directory && !IsLeftEmpty(path, seen)) return "";
    const bool temporary = seen.made && !seen.alive;
    switch (input_.places.Of(path)) {
      case Place::kBuild:
        return "";
      case Place::kSource:
        return temporary ? "" : "source-mutation";
      case Place::kTmp:
        return temporary || takes ? "" : "outside-write";
      default:
        break;
    }
    for (const absl::string_view root : {"/dev", "/proc", "/sys", "/run", "/var/cache"}) {
      if (IsUnder(path, root)) return "";
    }
    return temporary ? "" : "outside-write";
  }

  void LookAtWrites() {
    std::map<std::pair<std::string, std::string>, Paths> groups;  // rule, directory
    for (const auto& [path, seen] : observed_.seen()) {
      const absl::string_view rule = FaultOf(path, seen);
      if (!rule.empty()) groups[{std::string(rule), std::string(Dirname(path))}].push_back(path);
    }
    for (const auto& [key, paths] : groups) {
      if (paths.size() >= kFoldFrom && key.second != "/") {
        AddWrites(key.first, paths);
      } else {
        for (const std::string& path : paths) AddWrites(key.first, {path});
      }
    }
  }

  void AddWrites(const std::string& rule, const Paths& paths) {
    const std::string directory(Dirname(paths.front()));
    // What is put there has another name in each build directory.
    const bool registry = absl::StrContains(directory, "/.cmake/packages/");
    const bool one = paths.size() == 1 && !registry;
    const ConfigureSeen& first = observed_.seen().at(paths.front());
    Finding finding = Make(rule, one ? paths.front() : absl::StrCat(directory, "/"), ChangeOf(first));
    if (!one) finding.objects = paths;
    finding.what = absl::StrCat(
        "the configure step ", ChangeWord(first),
        paths.size() == 1 ? Short(paths.front()) : absl::StrCat(paths.size(), " files of ", Short(directory)),
        rule == "source-mutation" ? " in the source tree" : ", outside of the build");
    if (rule == "outside-write") finding.repair = "write below the build directory (CMAKE_BINARY_DIR)";
    if (registry) {
      // What export(PACKAGE) is for; other projects on this machine find it.
      finding.severity = Severity::kWarning;
      finding.repair = "leave export(PACKAGE) out, or set CMAKE_EXPORT_NO_PACKAGE_REGISTRY to ON";
    }
    findings_.push_back(std::move(finding));
  }

  // Where no policy file says who may reach what.
  void LookAtNetwork() {
    if (input_.terms.tells_networks) return;
    std::set<std::pair<absl::string_view, std::string>> told;
    std::string where;
    if (const auto place = facts_.places.has_value() ? facts_.places->OfNetwork() : std::nullopt)
      where = absl::StrCat(place->file, ":", place->line, " ", place->command);
    for (size_t i = 0; i < input_.log.records.size(); ++i) {
      const auto* access = std::get_if<access::Access>(&input_.log.records[i]);
      if (access == nullptr || !access::IsInternet(access->path) || !access->rule.empty()) continue;
      const auto [rule, does] = NetworkUseOf(*access);
      // What is sent to an address that was connected to is no second fault.
      const absl::string_view use = access->op == Op::kBind ? rule : absl::string_view();
      if (rule.empty() || !told.insert({use, access->path}).second) continue;
      Finding finding = Make(rule, access->path, i);
      finding.where = where;
      finding.what = absl::StrCat("the configure step ", does, " ", access->path,
                                  access::IsLoopback(access->path) ? ", on this machine" : "");
      findings_.push_back(std::move(finding));
    }
  }

  void AddHole(const std::string& object, const std::string& what) {
    Finding finding = Make("trace-incomplete", object, kNoRecord);
    finding.what = what;
    findings_.push_back(std::move(finding));
  }

  void LookAtHoles() {
    std::set<std::string> told;
    if (!facts_.why_unknown.empty())
      AddHole("inputs", absl::StrCat("what makes CMake run again is not known: ", facts_.why_unknown));
    for (const access::ActionRecord& action : input_.table.actions) {
      if (action.begin.level == 0 && !action.begin.shape.empty() && action.holes.empty() &&
          told.insert("level off").second)
        AddHole("level off",
                "nothing of what the configure step does is on record: its policy has level off");
      for (const access::Hole& hole : action.holes) {
        if (told.insert(hole.kind).second)
          AddHole(hole.kind, absl::StrCat("not all of what the configure step does was seen: ", hole.detail));
      }
      if (action.holes.empty() && !action.complete && told.insert("log").second)
        AddHole("log",
                absl::StrCat("not all of what the configure step does was seen: ", action.why_incomplete));
    }
  }

  const Input& input_;
  const Actions& actions_;
  const graph::ConfigureFacts& facts_;
  const ConfigureObserved observed_;
  std::string build_dir_;
  std::set<std::string> initial_caches_;
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> ConfigureFindings(const Input& input, const Actions& actions) {
  return Judge(input, actions).Findings();
}

}  // namespace glovebox::verify
