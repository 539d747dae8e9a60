// `glovebox policy init`: a policy file from what one or several runs did.
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "access/touch.h"
#include "base/files.h"
#include "base/paths.h"
#include "base/status.h"
#include "cli/commands.h"
#include "cli/print.h"
#include "graph/cmake_info.h"
#include "policy/learn.h"
#include "report/configure_input.h"
#include "report/input.h"
#include "trace/own_files.h"
#include "verify/actions.h"

namespace glovebox::cli {
namespace {

struct Options {
  std::string build_dir = ".";
  std::vector<std::string> logs;
  std::string output;
  bool force = false;
};

constexpr policy::Role kRoles[] = {policy::Role::kEdge,   policy::Role::kCompile,   policy::Role::kLink,
                                   policy::Role::kCustom, policy::Role::kConfigure, policy::Role::kTest,
                                   policy::Role::kRun};

// Both lists of roles have the same order (held by static_asserts where they are written to a log).
policy::Role RoleOf(access::Role role) { return static_cast<policy::Role>(role); }

bool WasRefused(const access::Access& access) {
  return access.decision == access::Decision::kDenied || access.decision == access::Decision::kKernelDenied;
}

void TakeNetwork(const access::Access& access, policy::Use* use) {
  if (access.path.empty() || WasRefused(access)) return;
  if (access.op == Op::kSocket) use->sockets.insert(access.path);
  if (access.op == Op::kConnect || access.op == Op::kSend) use->connects.insert(access.path);
  if (access.op == Op::kBind) use->binds.insert(access.path);
}

// The directories that an action made, or put in place by a rename (a file among them does no harm). One that
// was there already when it tried may be what an earlier run left behind in a place that gets emptied.
void TakeMade(const access::Access& access, const policy::LearnPlaces& places, policy::Use* use) {
  if (access.op != Op::kMkdir && access.op != Op::kRename) return;
  const access::Touches touches = access::TouchesOf(access);
  for (const access::Touch& touch : touches.span()) {
    const std::string path(touch.path);
    const auto inside = [&path](const std::string& root) {
      return root.size() > 1 && path != root && IsUnder(path, root);
    };
    const bool tried = access.op == Op::kMkdir && (touch.what & access::kFailed) != 0 &&
                       (inside(places.build) || inside(places.tmp));
    if (tried || (touch.what & (access::kMade | access::kRenamedOnto)) != 0) use->made.insert(path);
  }
}

// Who did it, for a comment; what began the action says nothing.
std::string ProgramOf(const access::Access& access) {
  const absl::string_view name = Basename(access.exe);
  return name == "glovebox-launch" || name == "glovebox" ? "" : access.exe;
}

// Granted by itself, whatever the policy says (trace/own_files.h).
using OwnFiles = std::set<std::string>;

// Who connects or sends to a unix socket needs a grant to change its file.
bool ReachesSocket(const access::Access& access) {
  return (access.op == Op::kConnect || access.op == Op::kSend) && access.result == access::Result::kThere &&
         !WasRefused(access);
}

void Take(const access::Access& access, const policy::LearnPlaces& places, const OwnFiles& own,
          policy::Use* use) {
  TakeNetwork(access, use);
  TakeMade(access, places, use);
  // Who execs is mostly the launcher, which the action does not need; who was exec'ed touches something.
  if (access.op != Op::kExec && absl::StartsWith(access.exe, "/") && own.count(access.exe) == 0)
    use->read.emplace(access.exe, "");
  const std::string program = ProgramOf(access);
  const access::Touches touches = access::TouchesOf(access);
  for (const access::Touch& touch : touches.span()) {
    // A pipe, a memfd: no path that could be granted.
    if (!absl::StartsWith(touch.path, "/")) continue;
    const std::string path(touch.path);
    const bool made = (touch.what & (access::kWrites & ~uint32_t{access::kChanged})) != 0;
    if (made) use->written.emplace(path, program);
    if ((touch.what & access::kChanged) != 0 || ReachesSocket(access)) use->changed.emplace(path, program);
    if (own.count(path) != 0) continue;
    if ((touch.what & (access::kReads | access::kListed)) != 0) use->read.emplace(path, program);
    if ((touch.what & access::kExecuted) != 0) use->programs.insert(path);
  }
}

std::string WhatIsMissing(const access::ActionTable& table) {
  const auto incomplete = std::count_if(table.actions.begin(), table.actions.end(),
                                        [](const access::ActionRecord& action) { return !action.complete; });
  if (incomplete == 0)
    return table.holes.empty() ? "" : absl::StrCat("there are ", table.holes.size(), " holes");
  return absl::StrCat(incomplete, " of ", table.actions.size(), " actions were not seen in full");
}

// What a [[rule]] can call an action; empty: nothing.
std::string NameOf(const access::ActionBegin& begin) {
  switch (begin.role) {
    case access::Role::kTest:
      return begin.test;
    case access::Role::kCompile:
    case access::Role::kLink:
      return begin.target;
    case access::Role::kCustom:
      return begin.outputs.empty() ? "" : begin.outputs.front();
    default:
      return "";
  }
}

// As the kernel finds them, which is how records name them.
OwnFiles FindOwn() {
  OwnFiles own;
  for (const std::string& file : trace::FindOwnFiles()) own.insert(RealPath(file));
  return own;
}

// Gathers what runs did, one after another.
class Gatherer {
 public:
  void Take(const report::Input& input) {
    learn_.from.push_back(input.log.run_dir);
    const std::string missing = WhatIsMissing(input.table);
    if (!missing.empty() && learn_.incomplete.empty())
      learn_.incomplete = absl::StrCat(missing, " of ", input.log.run_dir);
    TakePlaces(input.build);
    const verify::Input chains{input.log, input.table, verify::Places("", "", "", ""), {}, {}, {}};
    const verify::Actions actions(chains);
    for (const access::ActionRecord& action : input.table.actions) TakeAction(action);
    for (size_t i = 0; i < input.log.records.size(); ++i) {
      const auto* access = std::get_if<access::Access>(&input.log.records[i]);
      if (access == nullptr) continue;
      int depth = 0;
      for (size_t at = actions.Of(i); at != verify::kNoAction && depth < 64; at = actions.Parent(at), ++depth)
        cli::Take(*access, learn_.places, own_, &UseOf(actions.Begin(at)));
    }
  }

  policy::LearnInput Finish() {
    learn_.entries = [](const std::string& directory) {
      std::error_code error;
      const std::filesystem::directory_iterator at(directory, error);
      return error ? size_t{0}
                   : static_cast<size_t>(std::distance(at, std::filesystem::directory_iterator()));
    };
    for (const policy::Role role : kRoles) {
      if (const auto found = uses_.find(role); found != uses_.end())
        learn_.roles.push_back(std::move(found->second));
    }
    return std::move(learn_);
  }

 private:
  policy::Use& UseOf(const access::ActionBegin& begin) {
    policy::RoleUse& use = uses_[RoleOf(begin.role)];
    use.role = RoleOf(begin.role);
    return use.uses[NameOf(begin)];
  }

  // The newest run's count, where it knows them.
  void TakePlaces(const report::BuildInfo& build) {
    for (const auto& [from, to] : {std::pair(&build.source_dir, &learn_.places.source),
                                   {&build.build_dir, &learn_.places.build},
                                   {&build.home, &learn_.places.home},
                                   {&build.tmp, &learn_.places.tmp}}) {
      if (!from->empty()) *to = CleanPath(*from);
    }
    const auto cmake = graph::LoadCMakeInfo(build.build_dir);
    if (cmake.ok()) learn_.places.toolchain = cmake->ToolchainRoots();
  }

  void TakeAction(const access::ActionRecord& action) {
    policy::Use& use = UseOf(action.begin);
    ++use.actions;
    if (!action.begin.policy.empty()) learn_.asked.insert(action.begin.policy);
    if (!action.end.has_value()) return;
    if (action.end->time_ns > action.begin.time_ns)
      use.longest_ns = std::max(use.longest_ns, action.end->time_ns - action.begin.time_ns);
    if (!action.end->measured.empty()) use.peak_bytes = std::max(use.peak_bytes, action.end->peak_bytes);
  }

  const OwnFiles own_ = FindOwn();
  policy::LearnInput learn_;
  std::map<policy::Role, policy::RoleUse> uses_;
};

// The runs that are named; else the latest one, where that is of tests with those before it back to the
// build. The oldest first.
absl::StatusOr<std::vector<report::Input>> RunsOf(const Options& options) {
  const auto load = [&options](const std::string& run) {
    return report::Load({options.build_dir, run, /*ask_ninja=*/false});
  };
  std::vector<report::Input> inputs;
  for (const std::string& log : options.logs) {
    ASSIGN_OR_RETURN(report::Input input, load(log));
    inputs.push_back(std::move(input));
  }
  if (!inputs.empty()) return inputs;
  ASSIGN_OR_RETURN(report::Input latest, load(""));
  const std::string latest_dir = latest.log.run_dir;
  const bool alone = !access::HasTests(latest.table);
  inputs.push_back(std::move(latest));
  if (alone) return inputs;
  ASSIGN_OR_RETURN(const std::vector<std::string> runs, access::KeptRuns(options.build_dir));
  for (auto run = runs.rbegin(); run != runs.rend(); ++run) {
    if (RealPath(*run) == latest_dir) continue;
    absl::StatusOr<report::Input> input = load(*run);
    if (!input.ok()) break;  // damaged, or of another version: what is before it belongs to another build
    inputs.push_back(*std::move(input));
    if (access::IsBuild(inputs.back().table)) break;
  }
  if (!access::IsBuild(inputs.back().table)) inputs.resize(1);  // never built here, as far as is known
  std::reverse(inputs.begin(), inputs.end());
  return inputs;
}

absl::Status Init(const Options& options) {
  ASSIGN_OR_RETURN(const std::vector<report::Input> inputs, RunsOf(options));
  Gatherer gatherer;
  bool anything = false;
  // Where that was recorded, the step that made the build that the runs are of.
  if (options.logs.empty() && access::IsBuild(inputs.front().table)) {
    if (const auto step = report::ConfigureStepOf(inputs.front().build); step != nullptr)
      gatherer.Take(*step);
  }
  for (const report::Input& input : inputs) {
    anything = anything || !input.table.actions.empty();
    gatherer.Take(input);
  }
  if (!anything) {
    return absl::NotFoundError(absl::StrCat(inputs.empty() ? options.build_dir : inputs.back().log.run_dir,
                                            ": nothing was recorded in it to learn from"));
  }
  const std::string text = policy::LearnPolicy(gatherer.Finish());
  if (options.output.empty()) {
    std::cout << text;
    return absl::OkStatus();
  }
  if (FileExists(options.output) && !options.force) {
    return absl::AlreadyExistsError(absl::StrCat(
        options.output, ": is there already; --force writes over it, without -o it is only shown"));
  }
  return WriteFile(options.output, text);
}

}  // namespace

void AddPolicyInit(CLI::App& app, Action* action) {
  const auto found = app.get_subcommands([](const CLI::App* one) { return one->get_name() == "policy"; });
  CLI::App* policy = found.empty() ? nullptr : found.front();
  if (policy == nullptr) {
    policy = app.add_subcommand("policy", "the policy file");
    policy->require_subcommand(1);
  }
  auto o = std::make_shared<Options>();
  CLI::App* init = policy->add_subcommand(
      "init",
      "the tightest policy file under which what ran would pass again, learned from the latest run of a "
      "directory: of tests with the build before them, of a build with the configure step before it");
  init->add_option("-C", o->build_dir, "the build directory (default: this one)")
      ->type_name("BUILD")
      ->check(NotEmpty());
  init->add_option("--log", o->logs,
                   "the directory of one run's log, instead of the latest ones; may be repeated")
      ->type_name("DIR")
      ->check(NotEmpty())
      ->allow_extra_args(false);
  init->add_option("-o,--output", o->output, "write it there (glovebox.toml) instead of to standard output")
      ->type_name("FILE")
      ->check(NotEmpty());
  init->add_flag("--force", o->force, "write over a file that is there");
  init->footer(
      "Configure, build from clean and run all tests first, each as you will want to run it (glovebox cmake, "
      "glovebox-ninja, ctest): "
      "what "
      "did not happen is not learned, and will be refused. Read what it says before you keep it as "
      "glovebox.toml at the top of the source tree. docs/policy.md says how it generalises.");
  init->callback([o, action] {
    *action = [o] {
      const absl::Status status = Init(*o);
      return status.ok() ? kOk : Report(status);
    };
  });
}

}  // namespace glovebox::cli
