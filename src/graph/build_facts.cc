#include "graph/build_facts.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <future>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/files.h"
#include "base/paths.h"
#include "base/status.h"
#include "graph/configure_inputs.h"
#include "graph/depfile.h"
#include "graph/deps_log.h"
#include "graph/ninja_log.h"
#include "graph/run_tool.h"

namespace glovebox::graph {
namespace {

class Loader {
 public:
  Loader(const NinjaCall& call, std::shared_ptr<const NinjaGraph> ninja) : call_(call) {
    facts_.ninja = std::move(ninja);
  }

  BuildFacts Load() {
    // Ninja reads the whole manifest for each answer: they are awaited when there is nothing else to do.
    deps_ = std::async(std::launch::async, [this] { return LoadDepsLog(call_); });
    explained_ = std::async(std::launch::async, [this] {
      return RunTool({call_.ninja, "-f", call_.manifest, "-n", "-d", "explain"}, call_.build_dir);
    });
    ScanManifests();
    const std::vector<NinjaEdge>& edges = facts_.ninja->edges();
    facts_.places.resize(edges.size());
    facts_.targets.resize(edges.size());
    AskCMake();
    ReadNinjaLog();
    for (const NinjaEdge& edge : edges) {
      for (const auto* names : {&edge.outputs, &edge.inputs, &edge.order_only}) {
        for (const std::string& name : *names) Look(name);
      }
    }
    AskDeps();
    AskWhatIsDirty();
    for (const auto& [output, inputs] : facts_.depfile_inputs) {
      for (const std::string& name : inputs) Look(name);
    }
    return std::move(facts_);
  }

 private:
  void ScanManifests() {
    const auto read = [this](const std::string& name) {
      return ReadFile(JoinPath(facts_.ninja->build_dir(), name));
    };
    const auto text = read(call_.manifest);
    if (!text.ok()) return;
    facts_.flags = ScanManifest(*text, read);
    absl::flat_hash_map<std::string, DyndepEdge> found;
    absl::flat_hash_set<std::string> files;
    for (const auto& [output, flags] : facts_.flags) {
      if (flags.dyndep.empty() || !files.insert(flags.dyndep).second) continue;
      const auto dyndep = read(flags.dyndep);
      if (!dyndep.ok()) continue;
      auto edges = ParseDyndep(*dyndep);
      if (!edges.ok()) continue;
      for (DyndepEdge& edge : *edges) found[edge.output] = std::move(edge);
    }
    if (!found.empty()) AddDyndep(found);
  }

  void AddDyndep(const absl::flat_hash_map<std::string, DyndepEdge>& found) {
    std::vector<NinjaEdge> edges = facts_.ninja->edges();
    const auto add = [](const std::vector<std::string>& more, std::vector<std::string>* names) {
      for (const std::string& name : more) {
        if (std::find(names->begin(), names->end(), name) == names->end()) names->push_back(name);
      }
    };
    for (NinjaEdge& edge : edges) {
      const auto at = found.find(edge.outputs.front());
      if (at == found.end()) continue;
      add(at->second.outputs, &edge.outputs);
      add(at->second.inputs, &edge.inputs);
      if (at->second.restat) facts_.flags[edge.outputs.front()].restat = true;
    }
    facts_.ninja = std::make_shared<const NinjaGraph>(std::move(edges), facts_.ninja->build_dir(),
                                                      facts_.ninja->phony());
  }

  // A build that is not CMake's has no such places.
  void AskCMake() {
    if (const auto inputs = ConfigureInputs(*facts_.ninja, call_.manifest); inputs.ok()) {
      facts_.configure_inputs = *inputs;
      for (const std::string& input : *inputs) Look(input);
    }
    auto places = LoadCMakePlaces(facts_.ninja->build_dir(), call_.ninja);
    if (!places.ok()) return;
    for (size_t i = 0; i < facts_.places.size(); ++i) {
      const NinjaEdge& edge = facts_.ninja->edges()[i];
      if (const auto place = places->OfEdge(edge); place.has_value())
        facts_.places[i] = absl::StrCat(place->file, ":", place->line, " ", place->command);
      facts_.targets[i] = places->TargetOfEdge(edge).value_or("");
    }
    facts_.cmake = *std::move(places);
  }

  // Of a build that keeps no deps log the depfiles themselves are still there.
  void AskDeps() {
    absl::StatusOr<DepsLog> log = deps_.get();
    for (const NinjaEdge& edge : facts_.ninja->edges()) {
      const std::string& output = edge.outputs.front();
      if (log.ok()) {
        if (const auto entry = log->find(output); entry != log->end()) {
          facts_.depfile_inputs[output] = std::move(entry->second.deps);
          continue;
        }
      }
      std::string name = DepfileOf(edge.command);
      if (const auto flags = facts_.flags.find(output);
          flags != facts_.flags.end() && !flags->second.depfile.empty())
        name = flags->second.depfile;
      if (name.empty()) continue;
      const auto text = ReadFile(JoinPath(facts_.ninja->build_dir(), name));
      if (!text.ok()) continue;
      auto depfile = ParseDepfile(*text);
      if (depfile.ok()) facts_.depfile_inputs[output] = std::move(depfile->inputs);
    }
  }

  void ReadNinjaLog() {
    const auto manifest = ReadFile(JoinPath(call_.build_dir, call_.manifest));
    const BuildDirVariable kept = FindBuildDirVariable(manifest.ok() ? *manifest : "");
    const auto text = ReadFile(JoinPath(JoinPath(call_.build_dir, kept.value), ".ninja_log"));
    if (!text.ok()) return;
    const auto log = ParseNinjaLog(*text);
    if (!log.ok()) return;
    absl::flat_hash_set<std::string> told;
    for (const NinjaLogEntry& entry : log->entries) {
      const std::string path = JoinPath(facts_.ninja->build_dir(), entry.output);
      if (facts_.ninja->ByOutput(path) != nullptr || !told.insert(entry.output).second) continue;
      facts_.once_outputs.push_back(Look(entry.output).path);
    }
  }

  // A dry run: it changes nothing, and brings no manifest up to date either.
  void AskWhatIsDirty() {
    const auto output = explained_.get();
    if (output.ok()) facts_.dirty = ParseExplain(absl::StrCat(output->err, "\n", output->out));
    for (DirtyEdge& edge : facts_.dirty) {
      struct stat there = {};
      const std::string path = JoinPath(facts_.ninja->build_dir(), edge.because);
      if (edge.because.empty() || stat(path.c_str(), &there) != 0) continue;
      edge.because_mtime_ns = int64_t{there.st_mtim.tv_sec} * 1'000'000'000 + there.st_mtim.tv_nsec;
      Look(edge.because);
    }
  }

  const NamedFile& Look(const std::string& name) {
    const auto [at, made] = facts_.files.try_emplace(name);
    NamedFile& file = at->second;
    if (!made) return file;
    const std::string clean = CleanPath(JoinPath(facts_.ninja->build_dir(), name));
    file.path = clean == "/" ? clean : JoinPath(RealDirectory(std::string(Dirname(clean))), Basename(clean));
    struct stat there = {};
    file.there = lstat(file.path.c_str(), &there) == 0;
    if (file.there && S_ISREG(there.st_mode)) {
      file.device = there.st_dev;
      file.inode = there.st_ino;
      file.links = there.st_nlink;
    }
    if (file.there && S_ISLNK(there.st_mode)) {
      file.target = RealPath(file.path);
      if (file.target == file.path) file.target.clear();
    }
    return file;
  }

  const std::string& RealDirectory(const std::string& directory) {
    const auto [at, made] = real_.try_emplace(directory);
    if (made) at->second = RealPath(directory);
    return at->second;
  }

  const NinjaCall& call_;
  std::future<absl::StatusOr<DepsLog>> deps_;
  std::future<absl::StatusOr<ToolOutput>> explained_;
  BuildFacts facts_;
  absl::flat_hash_map<std::string, std::string> real_;
};

}  // namespace

NamedFile BuildFacts::FileOf(absl::string_view name) const {
  const auto found = files.find(name);
  if (found != files.end()) return found->second;
  return {CleanPath(JoinPath(ninja->build_dir(), name)), "", false};
}

absl::StatusOr<BuildFacts> LoadBuildFacts(const NinjaCall& call, std::shared_ptr<const NinjaGraph> ninja) {
  if (ninja == nullptr) return absl::InvalidArgumentError("no graph");
  return Loader(call, std::move(ninja)).Load();
}

std::string SourceDirOf(const BuildFacts& facts) {
  std::string common;
  bool first = true;
  for (const NinjaEdge& edge : facts.ninja->edges()) {
    for (const std::string& input : edge.inputs) {
      const NamedFile file = facts.FileOf(input);
      if (!file.there || facts.ninja->ByOutput(input) != nullptr || facts.ninja->PhonyOf(input) != nullptr)
        continue;
      bool system = false;
      for (const absl::string_view root : {"/usr", "/lib", "/lib64", "/bin", "/etc", "/opt", "/nix", "/gnu"})
        system = system || IsUnder(file.path, root);
      if (system) continue;
      const std::string directory(Dirname(file.path));
      if (first) common = directory;
      first = false;
      while (!IsUnder(directory, common)) common = std::string(Dirname(common));
    }
  }
  return common == "/" || IsUnder(common, facts.ninja->build_dir()) ? "" : common;
}

std::vector<DirtyEdge> ParseExplain(absl::string_view text) {
  std::vector<DirtyEdge> dirty;
  absl::flat_hash_set<std::string> told;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    if (!absl::ConsumePrefix(&line, "ninja explain: ")) continue;
    absl::string_view rest = line;
    DirtyEdge edge;
    // "output X older than most recent input Y (1 vs 2)", of restat edges "recorded mtime of X older than
    // ..."
    const auto older = [&](absl::string_view prefix, absl::string_view middle) {
      absl::string_view words = rest;
      if (!absl::ConsumePrefix(&words, prefix)) return false;
      const size_t at = words.find(middle);
      const size_t end = words.rfind(" (");
      if (at == absl::string_view::npos || end == absl::string_view::npos || end < at) return false;
      edge.output = std::string(words.substr(0, at));
      edge.because = std::string(words.substr(at + middle.size(), end - at - middle.size()));
      edge.reason = "is older than its input";
      return true;
    };
    constexpr absl::string_view kOlder = " older than most recent input ";
    if (older("output ", kOlder) || older("recorded mtime of ", kOlder) ||
        older("restat of output ", kOlder)) {
    } else if (absl::ConsumeSuffix(&rest, " has no in-edge and is missing")) {
      edge = {std::string(rest), "needs what is not there", "", 0};
    } else if (absl::StartsWith(rest, "output ") &&
               absl::ConsumeSuffix(&rest, " of phony edge with no inputs doesn't exist")) {
      edge = {std::string(rest.substr(7)), "needs a phony name that stands for nothing", "", 0};
    } else if (absl::ConsumePrefix(&rest, "output ") && absl::ConsumeSuffix(&rest, " doesn't exist")) {
      edge = {std::string(rest), "is not there", "", 0};
    } else if (absl::ConsumePrefix(&rest, "command line changed for ")) {
      edge = {std::string(rest), "has another command than it was made with", "", 0};
    } else if (absl::ConsumePrefix(&rest, "command line not found in log for ")) {
      edge = {std::string(rest), "is not in Ninja's log", "", 0};
    } else if (absl::ConsumePrefix(&rest, "deps for '") && absl::ConsumeSuffix(&rest, "' are missing")) {
      edge = {std::string(rest), "has no depfile's names", "", 0};
    } else if (absl::ConsumePrefix(&rest, "stored deps info out of date for ")) {
      edge = {std::string(rest.substr(0, rest.find(" ("))), "is newer than its depfile's names", "", 0};
    } else {
      continue;  // what follows from another one, or what a newer Ninja says
    }
    if (told.insert(edge.output).second) dirty.push_back(std::move(edge));
  }
  return dirty;
}

}  // namespace glovebox::graph
