// What `glovebox run` was told, and `glovebox cmake`.
#ifndef GLOVEBOX_CLI_RUN_OPTIONS_H_
#define GLOVEBOX_CLI_RUN_OPTIONS_H_

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace glovebox::cli {

struct RunOptions {
  std::vector<std::string> command;
  std::string level, mode, policy;  // empty: not given
  bool best_effort = false;
  std::vector<std::string> limits, keep, drop, environment;
  bool drop_all = false, pty = false, stop = false, deny_tsc = false, append_only = false,
       restrict_kptr = false;
  bool restrict_prlimit = false, kernel_only = false, no_signal_scope = false, scope_abstract = false,
       ssb = false;
  int death_signal = 0;
  std::vector<int> keep_fds;
  std::string wall_clock, total_memory, total_processes;
  std::vector<std::string> read, write, hide;
  bool hide_by_namespace = false;
  std::string network;  // the name of a policy::NetworkMode but kNamed; empty: not given
  std::vector<std::string> connect, bind;
  bool network_namespace = false;
  std::string log;
  bool json = false, quiet = false, explain = false;
  std::string export_dir;
  // The launchers' way in.
  bool launched = false;
  int starter = 0;  // the process that started this one
  std::string role = "run", build, language, target, target_type, depfile, test, policy_name;
  std::vector<std::string> outputs;
  // `glovebox cmake`: the command configures `source_dir`.
  bool configure = false;
  std::string source_dir;
};

// GLOVEBOX_LEVEL and GLOVEBOX_MODE. A launcher has no room for an option of a run: its words must not change
// from one build to the next. To `glovebox cmake` they stand for options that were not given.
absl::Status TakeFromEnvironment(RunOptions& o);

// The options of the sandbox itself: --policy, --mode, --level, --network ...
void AddPolicyOptions(CLI::App& run, RunOptions& o);

}  // namespace glovebox::cli

#endif  // GLOVEBOX_CLI_RUN_OPTIONS_H_
