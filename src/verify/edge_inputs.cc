#include "verify/edge_inputs.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/paths.h"
#include "verify/fix.h"

namespace glovebox::verify {
namespace {

class Judge {
 public:
  explicit Judge(GraphCase* at) : at_(*at), declared_(at->declared()), observed_(at->observed()) {
    for (const std::string& path : at_.input().facts->once_outputs) {
      if (const PathId id = at_.Find(path); id != kNoPath) once_.insert(id);
    }
  }

  std::vector<Finding> Findings() {
    for (EdgeId edge = 0; edge < declared_.size(); ++edge) {
      if (!at_.IsJudged(edge)) continue;
      for (const size_t i : observed_.edges()[edge].seen) {
        const Seen& seen = observed_.seen()[i];
        if (seen.read == kNoRecord && seen.updated != kNoRecord) LookAtUpdate(seen);
        if (seen.read == kNoRecord || seen.directory || at_.IsDirectory(seen.path) ||
            !at_.IsProjects(seen.path))
          continue;
        LookAtRead(seen);
      }
      LookAtNames(edge);
      if (observed_.edges()[edge].ran() && !observed_.edges()[edge].succeeded) LookAtFailure(edge);
    }
    for (const auto& [path, readers] : by_order_alone_) TellOrder(path, readers);
    for (const auto& [made, readers] : undeclared_) TellUndeclared(made.first, made.second, readers);
    return std::move(findings_);
  }

 private:
  void LookAtRead(const Seen& seen) {
    const EdgeId maker = declared_.MakerOf(seen.path);
    if (maker == seen.edge) return;
    if (maker == kNoEdge) return LookAtUnmade(seen);
    if (declared_.IsUtility(maker)) return;  // the manifest itself
    const bool by_depfile = declared_.DepfileNames(seen.edge, seen.path);
    if (declared_.Before(maker, seen.edge)) {
      if (by_depfile && !declared_.BeforeByInputs(maker, seen.edge) &&
          !declared_.IsOrderedByName(maker, seen.edge))
        by_order_alone_[seen.path].push_back(&seen);
      if (declared_.Names(seen.edge, seen.path) || by_depfile ||
          declared_.ChangeReaches(seen.path, seen.edge) || declared_.Dirties(maker, seen.edge) ||
          declared_.IsSymbolic(seen.edge) || IsModuleMap(maker, seen))
        return;
      return LookAtOrdered(seen, maker);
    }
    if (declared_.Before(seen.edge, maker)) {
      Finding finding = at_.Make("observed-cycle", seen.edge, maker, seen.path, seen.read);
      finding.what =
          absl::StrCat(at_.Short(seen.path), " is read by what must be made before it: ", at_.NameOf(maker),
                       " needs ", at_.NameOf(seen.edge));
      Add(std::move(finding));
      return;
    }
    Finding finding = at_.Make(by_depfile ? "latent-ordering" : "ordering-violation", seen.edge, maker,
                               seen.path, seen.read);
    finding.what = absl::StrCat(at_.NameOf(seen.edge), " reads ", at_.Short(seen.path),
                                ", and nothing says that it is made before");
    finding.repair = at_.Order(maker, seen.edge, seen.path);
    Add(std::move(finding));
  }

  // CMake orders the map of a source's modules and does not name it: it is another one only where the source
  // is, or a module's name.
  bool IsModuleMap(EdgeId maker, const Seen& seen) const {
    return absl::EndsWith(at_.paths().Path(seen.path), ".modmap") &&
           (IsModuleScan(declared_.Edge(maker)) || IsModuleDyndep(declared_.Edge(maker))) &&
           declared_.IsOrderedByName(maker, seen.edge);
  }

  // One finding a file: every object of a target reads what is generated for it.
  void TellOrder(PathId path, const std::vector<const Seen*>& readers) {
    const Seen& first = *readers.front();
    Finding finding = at_.Make("order-only", first.edge, declared_.MakerOf(path), path, first.read);
    finding.what = absl::StrCat(
        at_.Short(path), " is made before ",
        readers.size() == 1 ? "an edge that reads it" : absl::StrCat(readers.size(), " edges that read it"),
        " by order-only inputs alone: ", at_.NameOf(first.edge),
        readers.size() == 1 ? "" : absl::StrCat(" and ", readers.size() - 1, " more"));
    Add(std::move(finding));
  }

  // A lock file or a cache is nobody's output; an archive that is worked on is.
  void LookAtUpdate(Seen seen) {
    if (declared_.MakerOf(seen.path) == kNoEdge || !at_.IsProjects(seen.path)) return;
    seen.read = seen.updated;
    LookAtRead(seen);
  }

  void LookAtOrdered(const Seen& seen, EdgeId maker) {
    const bool depfile = declared_.HasDepfile(seen.edge);
    Finding finding = at_.Make(depfile ? "depfile-under-report" : "ordered-undeclared", seen.edge, maker,
                               seen.path, seen.read);
    finding.what = depfile ? absl::StrCat(at_.NameOf(seen.edge), " reads ", at_.Short(seen.path),
                                          ", and its depfile does not name it")
                           : absl::StrCat(at_.NameOf(seen.edge), " reads ", at_.Short(seen.path),
                                          ", which is made before it but is no input of it");
    finding.repair = at_.DependOn(seen.edge, seen.path);
    Add(std::move(finding));
  }

  // The edge that made the file in this run before it was read; kNoEdge: it was there.
  EdgeId ObservedMaker(const Seen& seen) const {
    EdgeId maker = kNoEdge;
    for (const size_t i : observed_.MakersOf(seen.path)) {
      const Seen& other = observed_.seen()[i];
      if (other.edge != seen.edge && other.alive && other.leaves() < seen.read) maker = other.edge;
    }
    return maker;
  }

  void LookAtUnmade(const Seen& seen) {
    if (LookAtDead(seen) || declared_.Names(seen.edge, seen.path) || at_.IsResponseFile(seen.edge, seen.path))
      return;
    const bool by_depfile = declared_.DepfileNames(seen.edge, seen.path);
    if (const EdgeId maker = ObservedMaker(seen); maker != kNoEdge) return LookAtUndeclared(seen, maker);
    // What runs in each build is never stale.
    if (by_depfile || IsCMakesOwn(seen.path) || declared_.IsSymbolic(seen.edge)) return;
    // A build of its own inside of an edge has an order of its own, and decides by itself what is stale.
    if (observed_.edges()[seen.edge].sub_build) return;
    const bool transitive = declared_.ChangeReaches(seen.path, seen.edge);
    const bool depfile = declared_.HasDepfile(seen.edge);
    Finding finding =
        at_.Make(depfile ? "depfile-under-report" : "missing-input", seen.edge, seen.path, seen.read);
    finding.what = absl::StrCat(
        at_.NameOf(seen.edge), " is made from ", at_.Short(seen.path),
        depfile ? ", which its depfile does not name" : ", which the build does not know as an input of it");
    finding.repair = at_.DependOn(seen.edge, seen.path);
    if (transitive) {
      finding.severity = Severity::kNote;
      absl::StrAppend(&finding.what, "; an edge before it does, so that it is made again all the same");
    }
    Add(std::move(finding));
  }

  bool LookAtDead(const Seen& seen) {
    if (!once_.contains(seen.path) || ObservedMaker(seen) != kNoEdge) return false;
    Finding finding = at_.Make("dead-output-read", seen.edge, seen.path, seen.read);
    finding.what = absl::StrCat(at_.NameOf(seen.edge), " reads ", at_.Short(seen.path),
                                ", which an earlier build made and no edge makes any more");
    Add(std::move(finding));
    return true;
  }

  // A file that an edge made without saying so, and that another one needs. That a depfile names it makes no
  // difference: Ninja does not know how to make it again, and looks at it before the edge has run.
  void LookAtUndeclared(const Seen& seen, EdgeId maker) {
    if (!at_.IsJudged(maker)) return;
    if (declared_.Before(maker, seen.edge) &&
        (at_.IsCoarse(maker) || at_.IsModuleNote(maker, seen.path) || at_.IsMutation(seen.path)))
      return;
    undeclared_[{maker, seen.path}].push_back(&seen);
  }

  // One finding a file, with all of its readers; one that may come before it is named.
  void TellUndeclared(EdgeId maker, PathId path, const std::vector<const Seen*>& readers) {
    const auto early = std::find_if(readers.begin(), readers.end(), [maker, this](const Seen* seen) {
      return !declared_.Before(maker, seen->edge);
    });
    const Seen& reader = early == readers.end() ? *readers.front() : **early;
    size_t record = kNoRecord;
    for (const size_t i : observed_.MakersOf(path)) {
      if (observed_.seen()[i].edge == maker) record = observed_.seen()[i].leaves();
    }
    Finding finding = at_.Make("undeclared-output", maker, reader.edge, path, record);
    for (const Seen* seen : readers) {
      if (seen != &reader) finding.edges.push_back(seen->edge);
    }
    finding.severity = Severity::kError;
    finding.what = absl::StrCat(
        at_.NameOf(maker), " makes ", at_.Short(path), " without saying so, and ", at_.NameOf(reader.edge),
        readers.size() == 1 ? " reads it" : absl::StrCat(" and ", readers.size() - 1, " more read it"),
        early == readers.end() ? "" : ", which nothing says comes after it");
    finding.repair = at_.Declare(maker, path);
    for (const Seen* seen : readers) AppendDependence(maker, *seen, &finding.repair);
    Add(std::move(finding));
  }

  // Declared alone, the file would be one that its readers do not depend on. A line that makes several edges
  // is a person's to mend: what is right for one of them may be wrong for the others.
  void AppendDependence(EdgeId maker, const Seen& reader, std::string* repair) const {
    if (declared_.DepfileNames(reader.edge, reader.path) && declared_.Before(maker, reader.edge)) return;
    if (!at_.IsAloneAtItsPlace(maker) || !at_.IsAloneAtItsPlace(reader.edge)) return;
    const std::string words = at_.DependOn(reader.edge, reader.path);
    if (IsInCMakesWords(words)) absl::StrAppend(repair, kAndAt, at_.PlaceNameOf(reader.edge), ": ", words);
  }

  // What a failed edge looked for in vain, and an edge makes that nothing puts before it. A directory is a
  // guess: compilers look for the directories of their search path alone, and for nothing in one that is not
  // there. The edge may have failed for another reason, hence the warning.
  void LookAtFailure(EdgeId edge) {
    const Seen* directory = nullptr;
    EdgeId maker_below = kNoEdge;
    for (const size_t i : observed_.edges()[edge].seen) {
      const Seen& seen = observed_.seen()[i];
      if (seen.probed == kNoRecord || seen.read != kNoRecord || seen.wrote != kNoRecord ||
          !at_.IsProjects(seen.path))
        continue;
      const EdgeId maker = declared_.MakerOf(seen.path);
      if (maker != kNoEdge) {
        if (!declared_.Ordered(edge, maker) && !at_.ReadsNamesake(edge, seen.path))
          return TellFailure(seen, maker);
      } else if (maker_below == kNoEdge) {
        directory = &seen;
        maker_below = MakerBelow(seen);
      }
    }
    if (maker_below != kNoEdge) TellFailure(*directory, maker_below);
  }

  void TellFailure(const Seen& seen, EdgeId maker) {
    Finding finding = at_.Make("ordering-violation", seen.edge, maker, seen.path, seen.probed);
    const bool file = declared_.MakerOf(seen.path) == maker;
    if (!file) finding.severity = Severity::kWarning;
    finding.what =
        absl::StrCat(at_.NameOf(seen.edge), " failed, and had looked in vain for ", at_.Short(seen.path),
                     file ? "" : absl::StrCat(", where ", at_.NameOf(maker), " is made"),
                     "; nothing says that it is made before");
    finding.repair = at_.Order(maker, seen.edge, file ? seen.path : declared_.Outputs(maker).front());
    Add(std::move(finding));
  }

  // The first edge with an output in that directory that nothing puts before or after the one that looked.
  EdgeId MakerBelow(const Seen& seen) {
    if (makers_in_.empty()) FindMakersIn();
    const auto found = makers_in_.find(seen.path);
    if (found == makers_in_.end()) return kNoEdge;
    const auto maker = std::find_if(found->second.begin(), found->second.end(), [&](EdgeId edge) {
      return edge != seen.edge && !declared_.Ordered(seen.edge, edge);
    });
    return maker == found->second.end() ? kNoEdge : *maker;
  }

  void FindMakersIn() {
    makers_in_.try_emplace(kNoPath);  // once, also where there are none
    for (EdgeId edge = 0; edge < declared_.size(); ++edge) {
      if (declared_.IsSymbolic(edge) || declared_.IsUtility(edge)) continue;
      const std::string& output = at_.paths().Path(declared_.Outputs(edge).front());
      for (absl::string_view at = Dirname(output); at.size() > 1; at = Dirname(at)) {
        const PathId directory = at_.Find(at);
        if (directory != kNoPath) makers_in_[directory].push_back(edge);
      }
    }
  }

  // Made by CMake for itself at configure time; its own edge brings it up to date.
  bool IsCMakesOwn(PathId path) const {
    const std::string& name = at_.paths().Path(path);
    if (at_.PlaceOf(path) != Place::kBuild) return false;
    return absl::StrContains(name, "/CMakeFiles/") || absl::EndsWith(name, "/cmake_install.cmake") ||
           absl::StrContains(name, "-prefix/tmp/") || absl::StrContains(name, "-stamp/");
  }

  // Names that nothing stands behind: notes, one an edge.
  void LookAtNames(EdgeId edge) {
    const EdgeRun& run = observed_.edges()[edge];
    if (!run.why_incomplete.empty() || !run.succeeded || run.cached || declared_.IsSymbolic(edge)) return;
    if (absl::StartsWith(declared_.Edge(edge).rule, "CMAKE_SYMLINK_")) return;  // made of the name alone

    absl::flat_hash_set<PathId> met;
    for (const size_t i : run.seen) {
      const Seen& seen = observed_.seen()[i];
      if (seen.read != kNoRecord || seen.touched || seen.probed != kNoRecord || seen.wrote != kNoRecord ||
          seen.listed != kNoRecord || seen.updated != kNoRecord)
        met.insert(seen.path);
    }
    const auto unread = [&](const std::vector<PathId>& names) {
      std::vector<PathId> left;
      for (const PathId path : names) {
        if (!met.contains(path) && at_.IsProjects(path) && !LeadsToMet(path, met)) left.push_back(path);
      }
      return left;
    };
    AddUnread("depfile-over-report", edge, unread(declared_.Depfile(edge)), "its depfile names");
    AddUnread("redundant-input", edge, unread(declared_.Inputs(edge)), "it is declared to need");
  }

  // A link is named, and what it leads to is read.
  bool LeadsToMet(PathId path, const absl::flat_hash_set<PathId>& met) {
    if (links_.empty()) {
      for (const auto& [name, file] : at_.input().facts->files) {
        if (!file.target.empty()) links_.emplace(at_.Find(file.path), at_.Find(file.target));
      }
      links_.emplace(kNoPath, kNoPath);
    }
    const auto link = links_.find(path);
    return link != links_.end() && met.contains(link->second);
  }

  void AddUnread(absl::string_view rule, EdgeId edge, const std::vector<PathId>& unread,
                 absl::string_view why) {
    if (unread.empty()) return;
    Finding finding = at_.Make(rule, edge, unread.front(), kNoRecord);
    finding.what = absl::StrCat(at_.NameOf(edge), " does not read ", at_.Short(unread.front()),
                                unread.size() > 1 ? absl::StrCat(" and ", unread.size() - 1, " more") : "",
                                ", which ", why);
    for (const PathId path : unread) finding.objects.push_back(at_.paths().Path(path));
    Add(std::move(finding));
  }

  void Add(Finding finding) { findings_.push_back(std::move(finding)); }

  GraphCase& at_;
  Declared& declared_;
  const Observed& observed_;
  absl::flat_hash_set<PathId> once_;
  absl::flat_hash_map<PathId, PathId> links_;
  absl::flat_hash_map<PathId, std::vector<EdgeId>> makers_in_;  // by directory, those above it too
  std::map<PathId, std::vector<const Seen*>> by_order_alone_;   // in the order of their edges
  std::map<std::pair<EdgeId, PathId>, std::vector<const Seen*>> undeclared_;  // by maker; likewise
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> EdgeInputFindings(GraphCase* at) { return Judge(at).Findings(); }

}  // namespace glovebox::verify
