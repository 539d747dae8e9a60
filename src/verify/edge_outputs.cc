#include "verify/edge_outputs.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/paths.h"
#include "graph/depfile.h"

namespace glovebox::verify {
namespace {

class Judge {
 public:
  explicit Judge(GraphCase* at) : at_(*at), declared_(at->declared()), observed_(at->observed()) {}

  std::vector<Finding> Findings() {
    for (EdgeId edge = 0; edge < declared_.size(); ++edge) {
      if (at_.IsJudged(edge)) LookAtEdge(edge);
    }
    for (PathId path = 0; path < at_.paths().size(); ++path) LookAtPath(path);
    LookAtLists();
    return std::move(findings_);
  }

 private:
  void LookAtEdge(EdgeId edge) {
    LookAtOutputs(edge);
    for (const size_t i : observed_.edges()[edge].seen) {
      const Seen& seen = observed_.seen()[i];
      if (seen.removed != kNoRecord) LookAtRemoval(seen);
      if (seen.directory) LookAtDirectory(seen);
      if (seen.made != kNoRecord && seen.alive && !seen.directory && at_.IsProjects(seen.path))
        LookAtShadowsInDirectory(seen);
      const bool takes = seen.removed != kNoRecord && seen.wrote == kNoRecord;
      if ((seen.wrote == kNoRecord && !(takes && at_.PlaceOf(seen.path) != Place::kBuild)) ||
          seen.directory || IsKept(at_.paths().Path(seen.path)))
        continue;
      switch (at_.PlaceOf(seen.path)) {
        case Place::kSource:
          LookAtMutation(seen);
          break;
        case Place::kBuild:
          LookAtUndeclared(seen);
          break;
        default:
          LookAtOutside(seen);
      }
    }
  }

  void LookAtOutputs(EdgeId edge) {
    const EdgeRun& run = observed_.edges()[edge];
    if (!run.succeeded || !run.why_incomplete.empty() || declared_.IsSymbolic(edge)) return;
    absl::flat_hash_set<std::string> told;  // a name and its absolute spelling
    for (const std::string& output : declared_.Edge(edge).outputs) {
      const graph::NamedFile file = declared_.facts().FileOf(output);
      if (file.there || !told.insert(file.path).second) continue;
      const PathId path = at_.Find(file.path);
      const std::vector<size_t>& all = observed_.Of(path);
      // Who took it away, later, answers for it.
      if (std::any_of(all.begin(), all.end(), [this](size_t i) { return observed_.seen()[i].alive; }) ||
          std::any_of(all.begin(), all.end(), [this, edge](size_t i) {
            return observed_.seen()[i].edge != edge && observed_.seen()[i].removed != kNoRecord;
          }))
        continue;
      Finding finding = at_.Make("missing-output", edge, path, kNoRecord);
      finding.what = absl::StrCat(at_.NameOf(edge), " ends well and does not make ", output,
                                  ", which it is declared to");
      Add(std::move(finding));
    }
  }

  void LookAtRemoval(const Seen& seen) {
    const EdgeId maker = declared_.MakerOf(seen.path);
    if (maker == kNoEdge || maker == seen.edge || !at_.IsProjects(seen.path)) return;
    if (seen.alive) return;  // and made anew: a double write
    Finding finding = at_.Make("foreign-removal", seen.edge, maker, seen.path, seen.removed);
    finding.what = absl::StrCat(at_.NameOf(seen.edge), " takes away ", at_.Short(seen.path), ", which ",
                                at_.NameOf(maker), " makes");
    Add(std::move(finding));
  }

  void LookAtMutation(const Seen& seen) {
    if (at_.input().places.one_tree()) return LookAtUndeclared(seen);
    if (seen.told || (seen.made != kNoRecord && !seen.alive)) return;  // a temporary file, gone again
    Finding finding = at_.Make("source-mutation", seen.edge, seen.path, ChangeOf(seen));
    finding.what =
        absl::StrCat(at_.NameOf(seen.edge), ChangeWord(seen), at_.Short(seen.path), " in the source tree");
    Add(std::move(finding));
  }

  static size_t ChangeOf(const Seen& seen) { return seen.wrote != kNoRecord ? seen.wrote : seen.removed; }
  static absl::string_view ChangeWord(const Seen& seen) {
    if (seen.wrote == kNoRecord) return " takes away ";
    return seen.made != kNoRecord ? " makes " : " changes ";
  }

  bool IsDepfile(const Seen& seen) const {
    const std::string& path = at_.paths().Path(seen.path);
    const std::string named = graph::DepfileOf(declared_.Edge(seen.edge).command);
    if (!named.empty() && CleanPath(JoinPath(at_.input().facts->ninja->build_dir(), named)) == path)
      return true;
    if (const auto flags = declared_.facts().flags.find(at_.NameOf(seen.edge));
        flags != declared_.facts().flags.end() && !flags->second.depfile.empty() &&
        declared_.facts().FileOf(flags->second.depfile).path == path)
      return true;
    // CMake makes Ninja's depfile of the one that the command writes, which it names.
    const std::string& command = declared_.Edge(seen.edge).command;
    if (absl::StrContains(command, "cmake_transform_depfile") &&
        absl::StrContains(command, at_.Short(seen.path)) && declared_.HasDepfile(seen.edge) &&
        NamesAsDepfile(command, seen.path))
      return true;
    return absl::EndsWith(path, ".d") && declared_.HasDepfile(seen.edge);
  }

  // A word behind cmake_transform_depfile.
  bool NamesAsDepfile(absl::string_view command, PathId path) const {
    const absl::string_view words = command.substr(command.find("cmake_transform_depfile"));
    for (const absl::string_view word : absl::StrSplit(words, ' ')) {
      if (CleanPath(JoinPath(at_.input().facts->ninja->build_dir(), word)) == at_.paths().Path(path))
        return true;
    }
    return false;
  }

  // Made, and still there when the edge has ended. What another edge reads afterwards is told with that edge
  // (edge_inputs.h).
  void LookAtUndeclared(const Seen& seen) {
    const size_t made = seen.leaves();
    if (made == kNoRecord || !seen.alive || declared_.MakerOf(seen.path) != kNoEdge) return;
    if (seen.told && seen.made == kNoRecord) return;  // emptied against the policy, which says so
    if (IsDepfile(seen) || at_.IsResponseFile(seen.edge, seen.path) || at_.IsModuleNote(seen.edge, seen.path))
      return;
    if (at_.IsCoarse(seen.edge) || declared_.IsSymbolic(seen.edge)) return;
    for (const size_t i : observed_.Of(seen.path)) {
      const Seen& other = observed_.seen()[i];
      if (other.edge == seen.edge) continue;
      // Taken away again, or another one's too: told of as that.
      if (other.removed != kNoRecord || other.wrote != kNoRecord) return;
      if ((other.read != kNoRecord && other.read > made) || other.updated != kNoRecord) return;
    }
    Finding finding = at_.Make("undeclared-output", seen.edge, seen.path, made);
    finding.what = absl::StrCat(at_.NameOf(seen.edge), " makes ", at_.Short(seen.path), " without saying so");
    finding.repair = at_.Declare(seen.edge, seen.path);
    Add(std::move(finding));
  }

  // A directory that is left outside of the build. Of a tree the uppermost is told, and none where a file in
  // it is.
  void LookAtDirectory(const Seen& seen) {
    const std::string below = absl::StrCat(at_.paths().Path(seen.path), "/");
    const Place place = at_.PlaceOf(seen.path);
    if (!seen.alive || place == Place::kSource || place == Place::kBuild || IsKept(below)) return;
    const absl::string_view above = Dirname(at_.paths().Path(seen.path));
    for (const size_t i : observed_.edges()[seen.edge].seen) {
      const Seen& other = observed_.seen()[i];
      if (!other.alive) continue;
      const std::string& path = at_.paths().Path(other.path);
      if (other.directory ? path == above : absl::StartsWith(path, below)) return;
    }
    LookAtOutside(seen);
  }

  void LookAtOutside(const Seen& seen) {
    if (seen.told) return;
    const std::string& path = at_.paths().Path(seen.path);
    const Place place = at_.PlaceOf(seen.path);
    if (place == Place::kTmp && !seen.alive) return;  // a temporary file, gone again
    for (const absl::string_view root : {"/dev", "/proc", "/sys", "/run", "/var/cache"}) {
      if (IsUnder(path, root)) return;
    }
    if (declared_.MakerOf(seen.path) == seen.edge) return;
    Finding finding = at_.Make("outside-write", seen.edge, seen.path, ChangeOf(seen));
    finding.what = absl::StrCat(at_.NameOf(seen.edge), ChangeWord(seen), path, ", outside of the build");
    Add(std::move(finding));
  }

  // What several edges do to one path.
  void LookAtPath(PathId path) {
    std::vector<const Seen*> all;
    for (const size_t i : observed_.Of(path)) {
      if (at_.IsJudged(observed_.seen()[i].edge)) all.push_back(&observed_.seen()[i]);
    }
    if (all.size() < 2 || IsKept(at_.paths().Path(path))) return;
    std::sort(all.begin(), all.end(), [](const Seen* a, const Seen* b) { return a->edge < b->edge; });
    const bool ours = at_.IsProjects(path);
    if (ours || at_.PlaceOf(path) == Place::kTmp) LookAtWriters(path, all);
    if (!ours) return;
    LookAtLateWrites(path, all);
    LookAtShadows(path, all);
  }

  void LookAtWriters(PathId path, const std::vector<const Seen*>& all) {
    std::vector<const Seen*> writers;
    for (const Seen* seen : all) {
      if (seen->wrote != kNoRecord && !seen->directory) writers.push_back(seen);
    }
    if (writers.size() < 2) return;
    const bool temporary =
        at_.PlaceOf(path) == Place::kTmp ||
        std::none_of(writers.begin(), writers.end(), [](const Seen* seen) { return seen->alive; });
    // Who is declared to make it does not make it twice.
    const EdgeId maker = declared_.MakerOf(path);
    const Seen* first = writers.front();
    for (const Seen* seen : writers) {
      if (seen->edge == maker) first = seen;
    }
    for (const Seen* seen : writers) {
      if (seen == first) continue;
      const bool ordered = declared_.Ordered(first->edge, seen->edge);
      if (temporary && ordered) continue;
      Finding finding =
          at_.Make(temporary ? "temp-collision" : "double-write", seen->edge, first->edge, path, seen->wrote);
      finding.what = absl::StrCat(at_.NameOf(seen->edge), " and ", at_.NameOf(first->edge), " both write ",
                                  at_.Short(path), ordered ? "" : ", and may do so at once");
      Add(std::move(finding));
    }
  }

  // The reader has got what the writer has made: an undeclared output, which is told as that.
  bool IsMadeFor(const Seen& writer, const Seen& reader) const {
    if (writer.leaves() == kNoRecord || writer.removed != kNoRecord || writer.leaves() > reader.read)
      return false;
    return writer.made != kNoRecord || !declared_.Names(reader.edge, reader.path);
  }

  // Read by one, changed by another that is not declared to make it. What changes the source tree, or is
  // written by several, is told as that.
  void LookAtLateWrites(PathId path, const std::vector<const Seen*>& all) {
    if (declared_.MakerOf(path) != kNoEdge) return;
    std::vector<const Seen*> writers;
    for (const Seen* seen : all) {
      if (seen->wrote != kNoRecord || seen->removed != kNoRecord) writers.push_back(seen);
    }
    if (writers.size() != 1) return;
    const Seen* writer = writers.front();
    for (const Seen* seen : all) {
      if (seen == writer || seen->read == kNoRecord || declared_.Ordered(seen->edge, writer->edge)) continue;
      const size_t write = writer->wrote != kNoRecord ? writer->wrote : writer->removed;
      if (IsMadeFor(*writer, *seen)) continue;
      Finding finding = at_.Make("write-after-read", writer->edge, seen->edge, path, write);
      finding.what =
          absl::StrCat(at_.NameOf(writer->edge), writer->removed != kNoRecord ? " takes away " : " changes ",
                       at_.Short(path), ", which ", at_.NameOf(seen->edge), " reads, before or after it");
      Add(std::move(finding));
      return;
    }
  }

  // Looked for and absent by one, made by another that may come before as well.
  void LookAtShadows(PathId path, const std::vector<const Seen*>& all) {
    for (const Seen* maker : all) {
      if (maker->made == kNoRecord || !maker->alive || maker->directory) continue;
      for (const Seen* seen : all) {
        if (seen == maker || seen->probed == kNoRecord || seen->read != kNoRecord ||
            seen->wrote != kNoRecord || declared_.Ordered(seen->edge, maker->edge) ||
            FailedFor(*seen, *maker))
          continue;
        return TellShadow(path, *seen, *maker);
      }
    }
  }

  // Compilers look for a directory of their search path, and for nothing in one that is not there: what an
  // edge makes in it is looked for in vain all the same, by each that took a file of that name from
  // elsewhere.
  void LookAtShadowsInDirectory(const Seen& maker) {
    const std::string& file = at_.paths().Path(maker.path);
    for (absl::string_view above = Dirname(file); above.size() > 1; above = Dirname(above)) {
      const PathId directory = at_.Find(above);
      if (directory == kNoPath || !at_.IsProjects(directory)) continue;
      for (const size_t i : observed_.Of(directory)) {
        const Seen& seen = observed_.seen()[i];
        if (seen.probed == kNoRecord || IsInOrder(seen.edge, maker) ||
            !TookFromSearchPath(seen.edge, absl::string_view(file).substr(above.size())))
          continue;
        TellShadow(maker.path, seen, maker);
        return;
      }
    }
  }

  // With the maker of the file. Or the edge has failed, or is judged by what it did to that very file.
  bool IsInOrder(EdgeId edge, const Seen& maker) const {
    const std::vector<size_t>& all = observed_.Of(maker.path);
    return edge == maker.edge || !observed_.edges()[edge].succeeded || declared_.Ordered(edge, maker.edge) ||
           std::any_of(all.begin(), all.end(), [&](size_t i) { return observed_.seen()[i].edge == edge; });
  }

  // That it was found beside the file that includes it is not ruled out where one of its directory was read
  // before: no search path is asked then.
  bool TookFromSearchPath(EdgeId edge, absl::string_view end) const {
    const Seen* const found = at_.FindRead(edge, end);
    if (found == nullptr) return false;
    const absl::string_view directory = Dirname(at_.paths().Path(found->path));
    const std::vector<size_t>& seen = observed_.edges()[edge].seen;
    return std::none_of(seen.begin(), seen.end(), [&](size_t i) {
      const Seen& other = observed_.seen()[i];
      return other.read < found->read && Dirname(at_.paths().Path(other.path)) == directory;
    });
  }

  void TellShadow(PathId path, const Seen& seen, const Seen& maker) {
    Finding finding = at_.Make("shadowing-write", seen.edge, maker.edge, path, seen.probed);
    finding.what = absl::StrCat(at_.NameOf(seen.edge), " looks for ", at_.Short(path), " in vain, and ",
                                at_.NameOf(maker.edge), " makes it, before or after");
    finding.repair = at_.Order(maker.edge, seen.edge, path);
    Add(std::move(finding));
  }

  // Told as what made the edge fail (edge_inputs.cc).
  bool FailedFor(const Seen& seen, const Seen& maker) const {
    return !observed_.edges()[seen.edge].succeeded && declared_.MakerOf(seen.path) == maker.edge &&
           !at_.ReadsNamesake(seen.edge, seen.path);
  }

  // Python lists each directory in which it looks for modules.
  bool CanBeImported(absl::string_view path) const {
    return absl::EndsWith(path, ".py") || absl::EndsWith(path, ".so") || absl::EndsWith(path, ".pyc");
  }

  // Who lists a directory depends on what stands in it; a name that an unordered edge makes there or takes
  // away may be on the list or not.
  void LookAtLists() {
    absl::flat_hash_map<PathId, std::vector<const Seen*>> lists;
    for (const Seen& seen : observed_.seen()) {
      if (seen.listed != kNoRecord && at_.IsJudged(seen.edge) && at_.IsProjects(seen.path))
        lists[seen.path].push_back(&seen);
    }
    if (lists.empty()) return;
    absl::flat_hash_set<std::pair<EdgeId, PathId>> told;
    for (const Seen& made : observed_.seen()) {
      const bool changes = (made.made != kNoRecord && made.alive) || made.removed != kNoRecord;
      if (!changes || !at_.IsJudged(made.edge) || !at_.IsProjects(made.path)) continue;
      const PathId directory = at_.Find(Dirname(at_.paths().Path(made.path)));
      const auto found = lists.find(directory);
      if (found == lists.end()) continue;
      for (const Seen* seen : found->second) {
        if (seen->imported && !CanBeImported(at_.paths().Path(made.path))) continue;
        if (declared_.Ordered(seen->edge, made.edge) || !told.insert({seen->edge, directory}).second)
          continue;
        Finding finding = at_.Make("enumeration", seen->edge, made.edge, directory, seen->listed);
        finding.what = absl::StrCat(at_.NameOf(seen->edge), " lists ", at_.Short(directory), ", in which ",
                                    at_.NameOf(made.edge), " makes ", Basename(at_.paths().Path(made.path)),
                                    ", before or after");
        finding.repair = at_.Order(made.edge, seen->edge, made.path);
        Add(std::move(finding));
      }
    }
  }

  void Add(Finding finding) { findings_.push_back(std::move(finding)); }

  GraphCase& at_;
  Declared& declared_;
  const Observed& observed_;
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> EdgeOutputFindings(GraphCase* at) { return Judge(at).Findings(); }

}  // namespace glovebox::verify
