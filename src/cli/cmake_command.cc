// `glovebox cmake`: a configure step in the sandbox, and what the build that it writes does not know of it.
#include <unistd.h>

#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/files.h"
#include "base/paths.h"
#include "base/status.h"
#include "cli/commands.h"
#include "cli/print.h"
#include "cli/recorded_run.h"
#include "cli/run_options.h"
#include "cli/run_policy.h"
#include "cli/terms.h"
#include "graph/configure_call.h"
#include "kernel/host.h"
#include "report/configure_input.h"
#include "report/findings.h"
#include "report/input.h"
#include "report/json.h"
#include "report/summary.h"

namespace glovebox::cli {
namespace {

struct Options {
  RunOptions run;
  bool all = false;
};

// A build directory that is there as long as it is needed: one that was made here and that CMake has put
// nothing into goes with it.
class NewDirectory {
 public:
  static absl::StatusOr<NewDirectory> Make(const std::string& path) {
    NewDirectory made;
    if (path.empty()) return made;  // CMake says what is wrong
    for (std::string up = path; up.size() > 1 && !FileExists(up); up = std::string(Dirname(up)))
      made.made_.push_back(up);
    RETURN_IF_ERROR(MakeDirectories(path));
    return made;
  }
  NewDirectory(NewDirectory&& other) noexcept : made_(std::exchange(other.made_, {})) {}
  NewDirectory& operator=(NewDirectory&&) = delete;
  ~NewDirectory() {
    for (const std::string& path : made_) {
      if (rmdir(path.c_str()) != 0) return;
    }
  }

 private:
  NewDirectory() = default;
  std::vector<std::string> made_;  // the lowest first
};

// What the findings come to; clean where another Glovebox has the record.
report::Verified Tell(const Options& o, const std::string& build_dir, const std::string& run_dir) {
  const auto input = report::Load({build_dir, run_dir, /*ask_ninja=*/false});
  if (!input.ok()) {
    PrintError(input.status().message());
    return report::Verified::kIncomplete;
  }
  const bool seen = report::WasSeen(input->table);
  const report::Summary summary = Judged(*input);
  if (o.run.json) {
    report::WriteJson(summary, std::cerr);
  } else if (!o.run.quiet && seen) {
    std::cerr << report::ConfigureText(summary, report::StyleFor(STDERR_FILENO), o.all);
  } else if (!o.run.quiet) {
    std::string why;
    for (const access::ActionRecord& action : input->table.actions) {
      for (const access::Hole& hole : action.holes) why = absl::StrCat(": ", hole.detail);
    }
    PrintError(absl::StrCat("configure: nothing is judged here", why));
  }
  return seen ? report::ConfiguredOf(summary) : report::Verified::kClean;
}

absl::StatusOr<int> Configure(Options& o) {
  RunOptions& run = o.run;
  run.configure = true;
  run.role = "configure";
  RETURN_IF_ERROR(TakeFromEnvironment(run));
  ASSIGN_OR_RETURN(const graph::ConfigureCall call,
                   graph::ReadConfigureCall(run.command, CurrentDirectory(), ReadFile));
  run.command.insert(run.command.begin(), "cmake");
  run.source_dir = RealPath(call.source_dir);
  // Before the plan is made: what is not there can be granted to nobody. CMake would make it itself.
  ASSIGN_OR_RETURN(const NewDirectory made, NewDirectory::Make(call.build_dir));
  const std::string build_dir = RealPath(call.build_dir);
  ASSIGN_OR_RETURN(const policy::Policy policy, PolicyFor(run, build_dir));
  ASSIGN_OR_RETURN(const RecordedRun recorded,
                   RunRecorded(run, build_dir, policy, kernel::ProbeHost(), /*say=*/nullptr));
  const report::Verified verified =
      recorded.kept ? Tell(o, build_dir, recorded.run_dir) : report::Verified::kIncomplete;
  std::cerr << recorded.outcome.verdict.text << std::flush;
  const int status = EndLike(JudgedEnd(run, recorded.outcome));
  return status != 0 ? status : report::ExitStatusOf(verified);
}

}  // namespace

void AddCMake(CLI::App& app, Action* action, const std::vector<std::string>* words) {
  auto o = std::make_shared<Options>();
  CLI::App* cmake = app.add_subcommand("cmake",
                                       "configure with CMake in the sandbox: what it reads and build.ninja "
                                       "does not list, where it writes, and "
                                       "the network");
  AddPolicyOptions(*cmake, o->run);
  cmake->add_option("--log", o->run.log, "keep the log in this directory instead of the state directory")
      ->type_name("DIR")
      ->check(NotEmpty());
  cmake->add_flag("--json", o->run.json, "print the whole report as JSON to stderr at the end");
  cmake->add_flag("-q,--quiet", o->run.quiet, "no findings at the end; what --json prints stays");
  cmake->add_flag("--all", o->all, "lists in full, with notes");
  // For --help alone, as of `run`.
  cmake
      ->add_option_function<std::vector<std::string>>(
          "ARGUMENTS", [](const std::vector<std::string>& more) { throw CLI::ExtrasError("cmake", more); },
          "cmake's own arguments, from the first word on that is no option of ours; each reaches it as it is")
      ->type_name("");
  cmake->callback([o, action, words] {
    o->run.command = *words;
    *action = [o]() -> int {
      const auto status = Configure(*o);
      return status.ok() ? *status : Report(status.status());
    };
  });
}

}  // namespace glovebox::cli
