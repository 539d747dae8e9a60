// What the families that judge a graph share: the edges as declared, as observed, and how a finding about one
// is made.
#ifndef GLOVEBOX_VERIFY_GRAPH_CASE_H_
#define GLOVEBOX_VERIFY_GRAPH_CASE_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "verify/actions.h"
#include "verify/declared.h"
#include "verify/finding.h"
#include "verify/input.h"
#include "verify/observed.h"

namespace glovebox::verify {

// `input` and `actions` must outlive it. Not thread-safe.
class GraphCase {
 public:
  GraphCase(const Input& input, const Actions& actions);

  const Input& input() const { return input_; }
  const Observed& observed() const { return observed_; }
  Declared& declared() { return declared_; }
  const PathTable& paths() const { return paths_; }
  // As Actions::Of().
  size_t ActionOf(size_t record) const { return actions_.Of(record); }
  PathId Find(absl::string_view path) const { return paths_.Find(path); }

  Place PlaceOf(PathId path) const { return places_[path]; }
  // The project's own tree or the build's, and nothing that tools keep there for themselves (IsKept).
  bool IsProjects(PathId path) const { return ours_[path]; }
  // Something lies in it, by the records or the graph.
  bool IsDirectory(PathId path) const { return directories_[path]; }
  // An edge that is judged: it ran, and is part of the build.
  bool IsJudged(EdgeId edge) const;
  // Ninja makes it before the command and removes it afterwards.
  bool IsResponseFile(EdgeId edge, PathId path) const;
  // A change of it is one of the source tree. Where that is the build directory as well nobody can tell.
  bool IsMutation(PathId path) const { return places_[path] == Place::kSource && !input_.places.one_tree(); }
  // What it makes is not declared one by one, on purpose: a build of its own, a step of an ExternalProject or
  // of CMake's AUTOGEN.
  bool IsCoarse(EdgeId edge) const;
  // The edge reads a file of that name elsewhere: a header in a later directory of its search path.
  bool ReadsNamesake(EdgeId edge, PathId path) const;
  // ... whose path ends so, "/sub/config.h"; null: none.
  const Seen* FindRead(EdgeId edge, absl::string_view end) const;
  // What CMake's own edges leave beside their outputs when they look for modules: no project can declare it.
  bool IsModuleNote(EdgeId maker, PathId path) const;

  // "gen/config.h": below the source or build directory, else absolute. Raw.
  std::string Short(PathId path) const;
  std::string NameOf(EdgeId edge) const;
  // "CMakeLists.txt:14 add_custom_command": empty where that is not known.
  const std::string& PlaceNameOf(EdgeId edge) const { return input_.facts->places[edge]; }
  // That line of the project is known, and makes no other edge.
  bool IsAloneAtItsPlace(EdgeId edge) const;
  // A finding about an edge and a path, shown by a record (kNoRecord: by none).
  Finding Make(absl::string_view rule, EdgeId edge, PathId path, size_t record) const;
  // ... and an object that is no path.
  Finding Make(absl::string_view rule, EdgeId edge, const std::string& object, size_t record) const;
  // ... of an edge that is at odds with another one.
  Finding Make(absl::string_view rule, EdgeId edge, EdgeId other, PathId path, size_t record) const;

  // The repair in CMake's words, where CMake made the edge and its target is known; else in Ninja's.
  std::string DependOn(EdgeId edge, PathId path) const;
  std::string Declare(EdgeId edge, PathId path) const;
  std::string Order(EdgeId first, EdgeId second, PathId path) const;

 private:
  void FindDirectories();
  // "${CMAKE_CURRENT_SOURCE_DIR}/x" is not known here: from the top.
  std::string InCMake(PathId path) const;
  // As a manifest spells it: relative to the build directory, where that is near.
  std::string InNinja(PathId path) const;

  const Input& input_;
  const Actions& actions_;
  PathTable paths_;
  Declared declared_;
  Observed observed_;
  std::vector<Place> places_;  // by PathId
  std::vector<bool> ours_;
  std::vector<bool> directories_;
};

// What tools keep for themselves wherever they work, and which is no part of a build: Python's byte code,
// coverage counts, git's own files, caches (clang's of modules too), Ninja's logs, what CMake writes for
// itself.
bool IsKept(absl::string_view path);

}  // namespace glovebox::verify

#endif  // GLOVEBOX_VERIFY_GRAPH_CASE_H_
