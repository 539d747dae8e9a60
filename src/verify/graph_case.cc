#include "verify/graph_case.h"

#include <algorithm>
#include <filesystem>
#include <utility>
#include <variant>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/paths.h"

namespace glovebox::verify {
namespace {

// "1M6T09ZWTXNFV": clang spells hashes to the base of 36.
bool IsModuleHash(absl::string_view part) {
  return part.size() >= 8 && std::all_of(part.begin(), part.end(), [](unsigned char c) {
           return absl::ascii_isdigit(c) || absl::ascii_isupper(c);
         });
}

// clang's cache of what it has made of module maps (-fmodules-cache-path), wherever it is:
// HASH/NAME-HASH.pcm, its locks and temporary files, HASH/modules.idx. A module that a build names (a .pcm of
// -fmodule-output) is an output as others are.
bool IsInModuleCache(absl::string_view path) {
  const absl::string_view name = Basename(path);
  if (name == "modules.timestamp") return true;
  if (!IsModuleHash(Basename(Dirname(path)))) return false;
  if (absl::StartsWith(name, "modules.idx")) return true;
  const absl::string_view stem = name.substr(0, name.find(".pcm"));
  const size_t dash = stem.rfind('-');
  return stem.size() < name.size() && dash != absl::string_view::npos && IsModuleHash(stem.substr(dash + 1));
}

}  // namespace

bool IsKept(absl::string_view path) {
  static constexpr absl::string_view kDirectories[] = {"/__pycache__/",
                                                       "/.git/",
                                                       "/.hg/",
                                                       "/.svn/",
                                                       "/.ccache/",
                                                       "/.cache/",
                                                       "/CMakeFiles/CMakeTmp/",
                                                       "/CMakeFiles/CMakeScratch/",
                                                       "/.mypy_cache/"};
  static constexpr absl::string_view kEndings[] = {
      ".pyc",         ".pyo",     ".gcda", ".gcno", "/.ninja_log",     "/.ninja_deps",
      "/.ninja_lock", ".profraw", ".dwo",  ".su",   "/CMakeCache.txt", "/CTestTestfile.cmake"};
  const auto contains = [path](absl::string_view part) { return absl::StrContains(path, part); };
  const auto ends = [path](absl::string_view ending) { return absl::EndsWith(path, ending); };
  return std::any_of(std::begin(kDirectories), std::end(kDirectories), contains) ||
         std::any_of(std::begin(kEndings), std::end(kEndings), ends) || IsInModuleCache(path);
}

namespace {

PathTable NamesOf(const Input& input) {
  PathTable paths;
  if (input.other_names == nullptr) return paths;
  for (const auto& [other, path] : *input.other_names) paths.AddName(other, path);
  return paths;
}

}  // namespace

GraphCase::GraphCase(const Input& input, const Actions& actions)
    : input_(input),
      actions_(actions),
      paths_(NamesOf(input)),
      declared_(*input.facts, &paths_),
      observed_(input, actions, &paths_) {
  places_.reserve(paths_.size());
  ours_.reserve(paths_.size());
  for (PathId path = 0; path < paths_.size(); ++path) {
    const std::string& name = paths_.Path(path);
    places_.push_back(input.places.Of(name));
    ours_.push_back((places_.back() == Place::kSource || places_.back() == Place::kBuild) && !IsKept(name));
  }
  FindDirectories();
}

// Each name of a path above another one is a directory's.
void GraphCase::FindDirectories() {
  directories_.resize(paths_.size());
  for (PathId path = 0; path < paths_.size(); ++path) {
    absl::string_view above = Dirname(paths_.Path(path));
    for (PathId at = paths_.Find(above); at != kNoPath && !directories_[at]; at = paths_.Find(above)) {
      directories_[at] = true;
      above = Dirname(above);
    }
  }
}

bool GraphCase::IsJudged(EdgeId edge) const {
  return observed_.edges()[edge].ran() && !declared_.IsUtility(edge);
}

bool GraphCase::IsResponseFile(EdgeId edge, PathId path) const {
  const auto flags = declared_.facts().flags.find(NameOf(edge));
  return flags != declared_.facts().flags.end() && !flags->second.rspfile.empty() &&
         declared_.facts().FileOf(flags->second.rspfile).path == paths_.Path(path);
}

bool GraphCase::IsCoarse(EdgeId edge) const {
  return observed_.edges()[edge].sub_build || declared_.IsStep(edge) || IsAutogen(declared_.Edge(edge));
}

// "CXXModules.json", which says to the targets behind this one where its modules are; the map of a source's
// modules; what a scan has preprocessed ("m.cc.o.ddi.i").
bool GraphCase::IsModuleNote(EdgeId maker, PathId path) const {
  const graph::NinjaEdge& edge = declared_.Edge(maker);
  const std::string& name = paths_.Path(path);
  const std::vector<PathId>& outputs = declared_.Outputs(maker);
  if (IsModuleDyndep(edge))
    return absl::EndsWith(name, ".modmap") ||
           (absl::EndsWith(name, "Modules.json") && Dirname(name) == Dirname(paths_.Path(outputs.front())));
  return IsModuleScan(edge) && std::any_of(outputs.begin(), outputs.end(), [&name, this](PathId output) {
           return absl::StartsWith(name, absl::StrCat(paths_.Path(output), "."));
         });
}

std::string GraphCase::Short(PathId path) const {
  const std::string& name = paths_.Path(path);
  const Place place = places_[path];
  if (place != Place::kSource && place != Place::kBuild) return name;
  std::string below = input_.places.BelowRoot(name);
  return below.empty() ? name : below;
}

std::string GraphCase::NameOf(EdgeId edge) const { return declared_.Edge(edge).outputs.front(); }

bool GraphCase::ReadsNamesake(EdgeId edge, PathId path) const {
  return FindRead(edge, absl::StrCat("/", Basename(paths_.Path(path)))) != nullptr;
}

const Seen* GraphCase::FindRead(EdgeId edge, absl::string_view end) const {
  for (const size_t i : observed_.edges()[edge].seen) {
    const Seen& one = observed_.seen()[i];
    if (one.read != kNoRecord && absl::EndsWith(paths_.Path(one.path), end)) return &one;
  }
  return nullptr;
}

bool GraphCase::IsAloneAtItsPlace(EdgeId edge) const {
  const std::vector<std::string>& places = input_.facts->places;
  return !places[edge].empty() && std::count(places.begin(), places.end(), places[edge]) == 1;
}

Finding GraphCase::Make(absl::string_view rule, EdgeId edge, PathId path, size_t record) const {
  return Make(rule, edge, paths_.Path(path), record);
}

Finding GraphCase::Make(absl::string_view rule, EdgeId edge, const std::string& object, size_t record) const {
  const std::vector<size_t>& own = observed_.edges()[edge].actions;
  // What is called by its outputs is the edge's shell, not the launcher inside of it.
  const size_t action = own.empty() ? kNoAction : own.front();
  Finding finding = actions_.Make(rule, action, object);
  finding.id = StableId(rule, absl::StrCat("edge ", NameOf(edge)), input_.places.Portable(object));
  finding.edges = {edge};
  finding.where = input_.facts->places[edge];
  if (record != kNoRecord) {
    finding.evidence = EvidenceOf(std::get<access::Access>(input_.log.records[record]));
    finding.calls = 1;
  }
  return finding;
}

Finding GraphCase::Make(absl::string_view rule, EdgeId edge, EdgeId other, PathId path, size_t record) const {
  Finding finding = Make(rule, edge, path, record);
  finding.edges.push_back(other);
  const std::vector<size_t>& actions = observed_.edges()[other].actions;
  if (!actions.empty()) finding.others.push_back(actions.front());
  return finding;
}

std::string GraphCase::InCMake(PathId path) const {
  const std::string& name = paths_.Path(path);
  if (places_[path] == Place::kSource) return absl::StrCat("${CMAKE_SOURCE_DIR}/", Short(path));
  if (places_[path] == Place::kBuild) return absl::StrCat("${CMAKE_BINARY_DIR}/", Short(path));
  return name;
}

std::string GraphCase::InNinja(PathId path) const {
  if (places_[path] != Place::kSource && places_[path] != Place::kBuild) return paths_.Path(path);
  return std::filesystem::path(paths_.Path(path))
      .lexically_relative(input_.facts->ninja->build_dir())
      .string();
}

std::string GraphCase::DependOn(EdgeId edge, PathId path) const {
  const graph::NinjaEdge& at = declared_.Edge(edge);
  const std::string& target = input_.facts->targets[edge];
  if (IsCustomCommand(at)) return absl::StrCat("DEPENDS ", InCMake(path));
  if (IsLink(at) && !target.empty())
    return absl::StrCat("set_property(TARGET ", target, " APPEND PROPERTY LINK_DEPENDS ", InCMake(path), ")");
  if (IsCompile(at) && !at.inputs.empty()) {
    return absl::StrCat("set_property(SOURCE ", Basename(at.inputs.front()),
                        " APPEND PROPERTY OBJECT_DEPENDS ", InCMake(path), ")");
  }
  return absl::StrCat("build ", NameOf(edge), ": ", at.rule, " ... | ", InNinja(path));
}

std::string GraphCase::Declare(EdgeId edge, PathId path) const {
  const graph::NinjaEdge& at = declared_.Edge(edge);
  if (IsCustomCommand(at)) return absl::StrCat("BYPRODUCTS ", InCMake(path));
  if (IsCompile(at) || IsLink(at))
    return absl::StrCat("do not let ", NameOf(edge),
                        "'s command make it, or give it a custom command of its own");
  return absl::StrCat("build ", NameOf(edge), " | ", InNinja(path), ": ", at.rule, " ...");
}

std::string GraphCase::Order(EdgeId first, EdgeId second, PathId path) const {
  const graph::NinjaEdge& at = declared_.Edge(second);
  const std::string& target = input_.facts->targets[second];
  if ((IsCompile(at) || IsLink(at)) && !target.empty()) {
    const std::string& maker = input_.facts->targets[first];
    if (!maker.empty() && maker != target) return absl::StrCat("add_dependencies(", target, " ", maker, ")");
    return absl::StrCat("target_sources(", target, " PRIVATE ", InCMake(path), ")");
  }
  // Ninja refuses a manifest that names what only a dyndep file makes.
  const auto makes = input_.facts->flags.find(NameOf(first)),
             reads = input_.facts->flags.find(NameOf(second));
  if (makes != input_.facts->flags.end() && reads != input_.facts->flags.end() &&
      !makes->second.dyndep.empty() && !reads->second.dyndep.empty())
    return absl::StrCat("let ", reads->second.dyndep, " say: build ", NameOf(second), ": dyndep | ",
                        InNinja(path));
  return DependOn(second, path);
}

}  // namespace glovebox::verify
