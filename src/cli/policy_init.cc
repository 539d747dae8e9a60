// `glovebox policy init`: a policy file from what a run did.
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <map>
#include <memory>
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
#include "report/input.h"
#include "verify/actions.h"

namespace glovebox::cli {
namespace {

struct Options {
  std::string build_dir = ".";
  std::string log;
  std::string output;
  bool force = false;
};

constexpr policy::Role kRoles[] = {policy::Role::kEdge,   policy::Role::kCompile,   policy::Role::kLink,
                                   policy::Role::kCustom, policy::Role::kConfigure, policy::Role::kTest,
                                   policy::Role::kRun};

// Both lists of roles have the same order (held by static_asserts where they are written to a log).
policy::Role RoleOf(access::Role role) { return static_cast<policy::Role>(role); }

void TakeNetwork(const access::Access& access, policy::RoleUse* use) {
  if (access.path.empty()) return;
  if (access.op == Op::kSocket) use->sockets.insert(access.path);
  if (access.op == Op::kConnect || access.op == Op::kSend) use->connects.insert(access.path);
  if (access.op == Op::kBind) use->binds.insert(access.path);
}

void Take(const access::Access& access, policy::RoleUse* use) {
  TakeNetwork(access, use);
  if (absl::StartsWith(access.exe, "/")) use->read.insert(access.exe);
  const access::Touches touches = access::TouchesOf(access);
  for (const access::Touch& touch : touches.span()) {
    // A pipe, a memfd: no path that could be granted.
    if (!absl::StartsWith(touch.path, "/")) continue;
    const std::string path(touch.path);
    const bool made = (touch.what & (access::kWrites & ~uint32_t{access::kChanged})) != 0;
    if (made) use->written.insert(path);
    if ((touch.what & access::kChanged) != 0) use->changed.insert(path);
    if ((touch.what & (access::kReads | access::kListed)) != 0) use->read.insert(path);
    if ((touch.what & access::kExecuted) != 0) use->programs.insert(path);
  }
}

// The directories that the run made, or put in place by a rename (a file among them does no harm).
void TakeMade(const access::Access& access, std::set<std::string>* made) {
  if (access.op != Op::kMkdir && access.op != Op::kRename) return;
  const access::Touches touches = access::TouchesOf(access);
  for (const access::Touch& touch : touches.span()) {
    if ((touch.what & (access::kMade | access::kRenamedOnto)) != 0) made->insert(std::string(touch.path));
  }
}

std::string WhatIsMissing(const access::ActionTable& table) {
  const auto incomplete = std::count_if(table.actions.begin(), table.actions.end(),
                                        [](const access::ActionRecord& action) { return !action.complete; });
  if (incomplete == 0)
    return table.holes.empty() ? "" : absl::StrCat("there are ", table.holes.size(), " holes");
  return absl::StrCat(incomplete, " of ", table.actions.size(), " actions were not seen in full");
}

policy::LearnInput InputOf(const report::Input& input) {
  policy::LearnInput learn;
  learn.from = input.log.run_dir;
  learn.incomplete = WhatIsMissing(input.table);
  const report::BuildInfo& build = input.build;
  for (const auto& [from, to] : {std::pair(&build.source_dir, &learn.places.source),
                                 {&build.build_dir, &learn.places.build},
                                 {&build.home, &learn.places.home},
                                 {&build.tmp, &learn.places.tmp}}) {
    if (!from->empty()) *to = CleanPath(*from);
  }
  const auto cmake = graph::LoadCMakeInfo(build.build_dir);
  if (cmake.ok()) learn.places.toolchain = cmake->ToolchainRoots();
  learn.entries = [](const std::string& directory) {
    std::error_code error;
    const std::filesystem::directory_iterator at(directory, error);
    return error ? size_t{0} : static_cast<size_t>(std::distance(at, std::filesystem::directory_iterator()));
  };
  const verify::Input chains{input.log, input.table, verify::Places("", "", "", ""), {}, {}, {}};
  const verify::Actions actions(chains);
  std::map<policy::Role, policy::RoleUse> uses;
  for (const access::ActionRecord& action : input.table.actions) {
    policy::RoleUse& use = uses[RoleOf(action.begin.role)];
    use.role = RoleOf(action.begin.role);
    ++use.actions;
  }
  for (size_t i = 0; i < input.log.records.size(); ++i) {
    const auto* access = std::get_if<access::Access>(&input.log.records[i]);
    if (access == nullptr) continue;
    TakeMade(*access, &learn.made);
    int depth = 0;
    for (size_t at = actions.Of(i); at != verify::kNoAction && depth < 64; at = actions.Parent(at), ++depth)
      Take(*access, &uses[RoleOf(actions.Begin(at).role)]);
  }
  for (const policy::Role role : kRoles) {
    if (const auto found = uses.find(role); found != uses.end())
      learn.roles.push_back(std::move(found->second));
  }
  return learn;
}

absl::Status Init(const Options& options) {
  ASSIGN_OR_RETURN(const report::Input input, report::Load({options.build_dir, options.log}));
  if (input.table.actions.empty())
    return absl::NotFoundError(absl::StrCat(input.log.run_dir, ": nothing was recorded in it to learn from"));
  const std::string text = policy::LearnPolicy(InputOf(input));
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
      "the tightest policy file under which the latest build (or run) of a directory would pass again");
  init->add_option("-C", o->build_dir, "the build directory (default: this one)")
      ->type_name("BUILD")
      ->check(NotEmpty());
  init->add_option("--log", o->log, "the directory of one run's log, instead of the latest run")
      ->type_name("DIR")
      ->check(NotEmpty());
  init->add_option("-o,--output", o->output, "write it there (glovebox.toml) instead of to standard output")
      ->type_name("FILE")
      ->check(NotEmpty());
  init->add_flag("--force", o->force, "write over a file that is there");
  init->callback([o, action] {
    *action = [o] {
      const absl::Status status = Init(*o);
      return status.ok() ? kOk : Report(status);
    };
  });
}

}  // namespace glovebox::cli
