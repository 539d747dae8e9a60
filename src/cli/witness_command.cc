// `glovebox witness`: runs a finding's edges in the order that shows the harm, and puts all back.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "access/log.h"
#include "access/touch.h"
#include "base/bytes.h"
#include "base/files.h"
#include "base/paths.h"
#include "base/status.h"
#include "cli/commands.h"
#include "cli/deferred_signals.h"
#include "cli/print.h"
#include "cli/terms.h"
#include "graph/run_tool.h"
#include "project/held_files.h"
#include "report/findings.h"
#include "report/format.h"
#include "report/input.h"
#include "report/summary.h"
#include "verify/witness.h"

namespace glovebox::cli {
namespace {

constexpr size_t kToldLines = 6;  // of what a command that failed says

struct EdgeRan {
  int exit_status = 0;
  std::string said;
  access::Log log;
};

bool SameBytes(const std::string& a, const std::string& b) {
  const auto left = ReadFile(a), right = ReadFile(b);
  return left.ok() && right.ok() && *left == *right;
}

class Witness {
 public:
  Witness(const report::Input& input, verify::WitnessPlan plan, project::HeldFiles* held)
      : input_(input), plan_(std::move(plan)), held_(*held) {
    call_.build_dir = input.build.build_dir;
    call_.manifest = input.build.manifest;
  }

  // Tells each step. True: the harm was shown.
  absl::StatusOr<bool> Show() {
    switch (plan_.kind) {
      case verify::WitnessKind::kStale:
        return ShowStale();
      case verify::WitnessKind::kTooEarly:
        return ShowTooEarly();
      case verify::WitnessKind::kLastWriter:
        return ShowLastWriter();
      case verify::WitnessKind::kEitherWay:
        return ShowEitherWay();
    }
    return false;
  }

 private:
  absl::StatusOr<bool> ShowStale() {
    const std::string output = plan_.edge->outputs.front();
    ASSIGN_OR_RETURN(const std::string before, WorkFor(output));
    if (!before.empty()) {
      return absl::FailedPreconditionError(absl::StrCat(
          output, " is not up to date, so that nothing can be told from a change: build it first (", before,
          ")"));
    }
    Step(absl::StrCat(Name(*plan_.edge), " is up to date: Ninja has no work for it"));
    RETURN_IF_ERROR(held_.Touch(plan_.file));
    Step(absl::StrCat(File(), " changes (its time is now, until this is over)"));
    ASSIGN_OR_RETURN(const std::string after, WorkFor(output));
    if (after.empty()) {
      Step(absl::StrCat("ninja ", EscapeBytes(output), ": no work to do"));
    } else {
      // An edge before it with restat may have nothing new for it: only a run can tell.
      ASSIGN_OR_RETURN(const bool again, IsMadeAgain(output));
      Step(absl::StrCat("ninja ", EscapeBytes(output),
                        again ? ": makes it again" : ": runs something, and leaves it as it is"));
      if (again) {
        Conclude(
            absl::StrCat("not shown: by another way the build knows that ", Name(*plan_.edge), " needs it"));
        return false;
      }
    }
    Conclude(absl::StrCat("stale: ", Name(*plan_.edge), " was made from the old ", File(),
                          ", and Ninja does not make it again"));
    return true;
  }

  absl::StatusOr<bool> ShowTooEarly() {
    RETURN_IF_ERROR(HoldOutputs(*plan_.edge));
    RETURN_IF_ERROR(held_.Hold(plan_.file));
    const bool same = Name(*plan_.other) == File();
    Step(absl::StrCat("the edge of ", Name(*plan_.other), " is delayed: ", same ? "it" : File(),
                      " is not there yet"));
    Step(absl::StrCat(Name(*plan_.edge), " begins: in the graph no path leads from the one to the other"));
    ASSIGN_OR_RETURN(const EdgeRan ran, Run(*plan_.edge));
    const bool met = TellMeeting(ran.log);
    if (ran.exit_status != 0) {
      Step(absl::StrCat(Name(*plan_.edge), " fails: exit ", ran.exit_status));
      TellSaid(ran.said);
      if (met) {
        Conclude("the build breaks in this order");
      } else {
        Conclude(absl::StrCat("not shown: it fails, but it did not ask for ", File()));
      }
      return met;
    }
    const std::string differs = TellWhatIsMade();
    if (differs.empty()) {
      Conclude("not shown: in this order the same is made");
      return false;
    }
    Step(absl::StrCat(Name(*plan_.other), " makes ", File(), "; nothing makes ", EscapeBytes(differs),
                      " again"));
    Conclude("what is built depends on the order, and the build says that all is well");
    return true;
  }

  absl::StatusOr<bool> ShowEitherWay() {
    RETURN_IF_ERROR(HoldOutputs(*plan_.edge));
    Step(absl::StrCat(Name(*plan_.edge), " begins when ", Name(*plan_.other), " has ended"));
    ASSIGN_OR_RETURN(bool shown, RunsOtherwise());
    if (!shown && plan_.made) {
      RETURN_IF_ERROR(held_.Hold(plan_.file));
      Step(absl::StrCat("the edge of ", Name(*plan_.other), " is delayed: ", File(), " is not there yet"));
      ASSIGN_OR_RETURN(shown, RunsOtherwise());
    }
    Conclude(shown        ? "what is built depends on the order, which nothing says"
             : plan_.made ? "not shown: in both orders the same is made"
                          : "not shown: in this order the same is made, and what was there before is gone");
    return shown;
  }

  // Whether the edge fails, or makes something else than it did in the build.
  absl::StatusOr<bool> RunsOtherwise() {
    ASSIGN_OR_RETURN(const EdgeRan ran, Run(*plan_.edge));
    if (ran.exit_status == 0) return !TellWhatIsMade().empty();
    Step(absl::StrCat(Name(*plan_.edge), " fails: exit ", ran.exit_status));
    TellSaid(ran.said);
    return true;
  }

  // Of a run that ended well; the output that is another one, empty: none.
  std::string TellWhatIsMade() {
    std::string differs = FirstThatDiffers(*plan_.edge);
    Step(absl::StrCat(Name(*plan_.edge), " ends well, and makes ",
                      differs.empty()
                          ? "what it made in the build"
                          : absl::StrCat("another ", EscapeBytes(differs), " than in the build")));
    return differs;
  }

  absl::StatusOr<bool> ShowLastWriter() {
    RETURN_IF_ERROR(HoldOutputs(*plan_.edge));
    RETURN_IF_ERROR(HoldOutputs(*plan_.other));
    RETURN_IF_ERROR(held_.Hold(plan_.file));
    std::array<std::string, 2> made;
    std::array<const graph::NinjaEdge*, 2> writers = {plan_.edge, plan_.other};
    for (size_t i = 0; i < writers.size(); ++i) {
      ASSIGN_OR_RETURN(const EdgeRan ran, Run(*writers[i]));
      const auto bytes = ReadFile(plan_.file);
      if (ran.exit_status != 0 || !bytes.ok()) {
        Step(absl::StrCat(Name(*writers[i]), " as the last one makes no ", File(), ": exit ",
                          ran.exit_status));
        TellSaid(ran.said);
        Conclude("not shown: alone it does not do what it did in the build");
        return false;
      }
      made[i] = *bytes;
      Step(absl::StrCat("with ", Name(*writers[i]), " as the last one ", File(), " has ",
                        report::Count(made[i].size(), "byte")));
      unlink(plan_.file.c_str());
    }
    if (made[0] == made[1]) {
      Conclude("not shown: both write the same");
      return false;
    }
    const auto differ = std::mismatch(made[0].begin(), made[0].end(), made[1].begin(), made[1].end());
    Conclude(absl::StrCat("what ", File(), " holds is decided by who comes last: the two differ from byte ",
                          differ.first - made[0].begin() + 1));
    return true;
  }

  // What Ninja would do for `output`; empty: nothing.
  absl::StatusOr<std::string> WorkFor(const std::string& output) {
    ASSIGN_OR_RETURN(const graph::ToolOutput said,
                     graph::RunTool({call_.ninja, "-f", call_.manifest, "-n", output}, call_.build_dir));
    if (said.exit_status != 0)
      return absl::FailedPreconditionError(absl::StrCat("ninja -n ", output, ": ", said.out, said.err));
    if (absl::StrContains(said.out, "no work to do")) return std::string();
    const std::vector<std::string> lines = absl::StrSplit(said.out, '\n', absl::SkipEmpty());
    return lines.empty() ? std::string("Ninja says nothing") : lines.back();
  }

  absl::StatusOr<bool> IsMadeAgain(const std::string& output) {
    const std::string path = JoinPath(call_.build_dir, output);
    struct stat before = {}, after = {};
    if (stat(path.c_str(), &before) != 0) return ErrnoStatus("look at", path, errno);
    ASSIGN_OR_RETURN(const graph::ToolOutput said,
                     graph::RunTool({call_.ninja, "-f", call_.manifest, output}, call_.build_dir));
    if (said.exit_status != 0)
      return absl::FailedPreconditionError(absl::StrCat("ninja ", output, ": ", said.out, said.err));
    if (stat(path.c_str(), &after) != 0) return true;
    return before.st_ino != after.st_ino || before.st_mtim.tv_sec != after.st_mtim.tv_sec ||
           before.st_mtim.tv_nsec != after.st_mtim.tv_nsec;
  }

  absl::Status HoldOutputs(const graph::NinjaEdge& edge) {
    std::vector<std::string> paths = edge.outputs;
    if (const auto flags = input_.facts->flags.find(edge.outputs.front());
        flags != input_.facts->flags.end()) {
      if (!flags->second.depfile.empty()) paths.push_back(flags->second.depfile);
    }
    for (const std::string& output : paths) {
      const std::string path = CleanPath(JoinPath(call_.build_dir, output));
      // CMake gives an output two names; and both writers may declare the file in question.
      if (!FileExists(project::HeldFiles::HeldName(path)) && path != plan_.file)
        RETURN_IF_ERROR(held_.Hold(path));
    }
    return absl::OkStatus();
  }

  // Of an edge with a response file, which Ninja alone could make, the command with its words in their place.
  absl::StatusOr<std::string> CommandOf(const graph::NinjaEdge& edge) {
    const auto flags = input_.facts->flags.find(edge.outputs.front());
    if (flags == input_.facts->flags.end() || flags->second.rspfile.empty()) return edge.command;
    ASSIGN_OR_RETURN(const std::string text, graph::AskNinja(call_, {"compdb", "-x", edge.rule}));
    ASSIGN_OR_RETURN(const std::vector<graph::CompdbEntry> entries, graph::ParseCompdb(text));
    for (const graph::CompdbEntry& entry : entries) {
      if (entry.output == edge.outputs.front()) return entry.command;
    }
    return edge.command;
  }

  // As Ninja would, but recorded, and in mode observe: what is to be seen is the build's own doing.
  absl::StatusOr<EdgeRan> Run(const graph::NinjaEdge& edge) {
    ASSIGN_OR_RETURN(const std::string command, CommandOf(edge));
    ASSIGN_OR_RETURN(const TempDir scratch, TempDir::Create("glovebox-witness"));
    const std::string log = scratch.path() + "/log";
    ASSIGN_OR_RETURN(const graph::ToolOutput ran,
                     graph::RunTool({OwnDirectory() + "/glovebox", "run", "--quiet", "--mode", "observe",
                                     "--log", log, "--", "/bin/sh", "-c", command},
                                    call_.build_dir, DeferredSignals::Running()));
    EdgeRan result;
    result.exit_status = ran.exit_status;
    result.said = absl::StrCat(ran.out, ran.err);
    ASSIGN_OR_RETURN(result.log, access::ReadLog(log));
    RemoveMade(result.log);
    if (DeferredSignals::Came()) return absl::CancelledError("interrupted; all is as it was");
    return result;
  }

  // Depfiles and what else the command makes beside its outputs: Ninja takes them away, or knows nothing of
  // them.
  void RemoveMade(const access::Log& log) {
    for (const access::Record& record : log.records) {
      const auto* access = std::get_if<access::Access>(&record);
      if (access == nullptr) continue;
      const access::Touches touches = access::TouchesOf(*access);
      for (const access::Touch& touch : touches.span()) {
        const std::string path(touch.path);
        if ((touch.what & access::kMade) == 0 || !IsUnder(path, call_.build_dir)) continue;
        if (path != plan_.file && !FileExists(project::HeldFiles::HeldName(path)) && !IsOutput(path))
          unlink(path.c_str());
      }
    }
  }

  bool IsOutput(const std::string& path) const { return input_.facts->ninja->ByOutput(path) != nullptr; }

  bool TellMeeting(const access::Log& log) {
    for (const access::Record& record : log.records) {
      const auto* access = std::get_if<access::Access>(&record);
      if (access == nullptr || access->resolved != plan_.file ||
          (access::TouchesOf(*access).items[0].what & access::kProbed) == 0)
        continue;
      Step(absl::StrCat(EscapeBytes(access->exe), " asks for ", File(), ": ", access->syscall, ", ",
                        ErrnoName(access->error)));
      return true;
    }
    return false;
  }

  // The first output of the run that is not what is held, or is missing on one side.
  std::string FirstThatDiffers(const graph::NinjaEdge& edge) const {
    for (const std::string& output : edge.outputs) {
      const std::string path = CleanPath(JoinPath(call_.build_dir, output));
      if (!SameBytes(path, project::HeldFiles::HeldName(path))) return output;
    }
    return "";
  }

  void TellSaid(const std::string& said) {
    size_t told = 0;
    for (const absl::string_view line : absl::StrSplit(said, '\n', absl::SkipEmpty())) {
      if (++told > kToldLines) break;
      std::cout << "       " << EscapeBytes(line) << "\n";
    }
  }

  void Step(const std::string& text) { std::cout << "  " << ++steps_ << "  " << text << "\n" << std::flush; }
  void Conclude(const std::string& text) { std::cout << "  =  " << text << "\n"; }
  static std::string Name(const graph::NinjaEdge& edge) { return EscapeBytes(edge.outputs.front()); }
  std::string File() const {
    for (const std::string& root : {input_.build.build_dir, input_.build.source_dir}) {
      if (!root.empty() && IsUnder(plan_.file, root)) return EscapeBytes(plan_.file.substr(root.size() + 1));
    }
    return EscapeBytes(plan_.file);
  }

  const report::Input& input_;
  const verify::WitnessPlan plan_;
  project::HeldFiles& held_;
  graph::NinjaCall call_;
  int steps_ = 0;
};

struct Options {
  std::string build_dir = ".";
  std::string log;
  std::string id;
};

absl::StatusOr<bool> ShowWitness(const Options& o) {
  ASSIGN_OR_RETURN(const report::Input input,
                   report::Load({o.build_dir, o.log, /*ask_ninja=*/true, /*verify=*/true}));
  const report::Summary summary = Judged(input, report::Depth::kActions);
  const report::FindingFacts* const facts = report::FindFinding(summary, o.id);
  if (facts == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("no finding has the id ", o.id, " in this build: glovebox verify tells them"));
  }
  ASSIGN_OR_RETURN(verify::WitnessPlan plan, verify::PlanWitness(facts->finding, *input.facts));
  std::cout << "witness " << EscapeBytes(o.id) << " " << facts->finding.rule << ": "
            << EscapeBytes(facts->finding.what) << "\n"
            << std::flush;
  const DeferredSignals deferred;
  ASSIGN_OR_RETURN(project::HeldFiles held, project::HeldFiles::Begin(input.build.build_dir));
  absl::StatusOr<bool> shown = Witness(input, std::move(plan), &held).Show();
  const absl::Status restored = held.Restore();
  if (!restored.ok()) {
    return absl::InternalError(absl::StrCat(restored.message(), "; ", input.build.build_dir,
                                            "/.glovebox-held says what is still to be put back, and the next "
                                            "glovebox witness tries it again"));
  }
  return shown;
}

}  // namespace

void AddWitness(CLI::App& app, Action* action) {
  auto o = std::make_shared<Options>();
  CLI::App* witness = app.add_subcommand(
      "witness",
      "show that a finding does harm: run its edges in the order in which the build breaks or goes stale");
  witness->add_option("-C", o->build_dir, "the build directory (default: this one)")
      ->type_name("BUILD")
      ->check(NotEmpty());
  witness->add_option("--log", o->log, "the directory of one run's log, instead of the latest run")
      ->type_name("DIR")
      ->check(NotEmpty());
  witness->add_option("FINDING", o->id, "the id of a finding")->required();
  witness->callback([o, action] {
    *action = [o] {
      const absl::StatusOr<bool> shown = ShowWitness(*o);
      if (!shown.ok()) return std::max(Report(shown.status()), kUsage);
      return *shown ? kOk : kFailed;
    };
  });
}

}  // namespace glovebox::cli
