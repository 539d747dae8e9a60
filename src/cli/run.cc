// `glovebox run`: one command in the sandbox.
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/bytes.h"
#include "base/files.h"
#include "base/paths.h"
#include "base/plain_word.h"
#include "base/status.h"
#include "child/measurements.h"
#include "cli/commands.h"
#include "cli/print.h"
#include "cli/recorded_run.h"
#include "cli/run_options.h"
#include "cli/run_policy.h"
#include "cli/run_preview.h"
#include "cli/stand_in.h"
#include "cli/terms.h"
#include "kernel/host.h"
#include "policy/policy_set.h"
#include "report/findings.h"
#include "report/input.h"
#include "report/json.h"
#include "report/summary.h"
#include "report/text.h"
#include "trace/runner.h"

namespace glovebox::cli {
namespace {

// The build that a launcher belongs to: the one that the module named. Where it named none (an older module,
// a launcher used by hand), or one that is not there, the launcher is taken to stand somewhere below it: the
// nearest directory that CMake or Ninja has marked.
std::string BuildDirectoryOf(const std::string& named, const std::string& cwd) {
  // Without links, as the names of its accesses will be told.
  const std::string path = FromPlainWord(named);
  const std::unique_ptr<char, decltype(&free)> real(realpath(path.c_str(), nullptr), free);
  if (absl::StartsWith(path, "/") && real != nullptr) return real.get();
  for (std::string dir = cwd; dir != "/"; dir = std::string(Dirname(dir))) {
    if (FileExists(dir + "/CMakeCache.txt") || FileExists(dir + "/build.ninja")) return dir;
  }
  return cwd;
}

// Where CTest was asked to take them.
void PrintMeasurements(const trace::RunOutcome& outcome) {
  const char* asked = getenv(child::kMeasurementsVariable);
  if (asked == nullptr || absl::string_view(asked) != "1") return;
  char text[child::kMeasurementsRoom];
  const size_t size =
      child::FormatMeasurements({outcome.end.peak_bytes, outcome.end.cpu_ns / 1000, outcome.accesses}, text);
  std::cout.write(text, static_cast<std::streamsize>(size)) << std::flush;
}

int ReportOf(const RunOptions& o, const absl::Status& status) {
  const int code = Report(status);
  return IsLaunchedTest(o) && !status.ok() ? EndLike(Aborted()) : code;
}

void PrintSummary(const RunOptions& o, const std::string& build_dir, const std::string& run_dir) {
  const auto input = report::Load({build_dir, run_dir});
  if (!input.ok()) {
    PrintError(input.status().message());
    return;
  }
  const report::Summary summary = Judged(*input);
  if (o.json) {
    report::WriteJson(summary, std::cerr);
  } else {
    std::cerr << report::FindingsText(summary, report::StyleFor(STDERR_FILENO), /*all=*/false);
    PrintLine(absl::StrCat(report::OneLine(summary), " - report: glovebox report",
                           o.log.empty() ? "" : " --log " + PasteWord(o.log)));
  }
}

absl::StatusOr<access::ActionEnd> Run(const RunOptions& o, const std::string& build_dir,
                                      const policy::Policy& policy, const kernel::HostFeatures& host,
                                      const SayEnd& say) {
  ASSIGN_OR_RETURN(const RecordedRun run, RunRecorded(o, build_dir, policy, host, say));
  if (run.kept && !o.launched && (!o.quiet || o.json)) PrintSummary(o, build_dir, run.run_dir);
  std::cerr << run.outcome.verdict.text << std::flush;
  if (IsLaunchedTest(o)) PrintMeasurements(run.outcome);
  return JudgedEnd(o, run.outcome);
}

// A test that sets something up for others, or ends it: FIXTURES_SETUP, FIXTURES_CLEANUP. What it starts
// outlives it, and what it ends is another test's.
bool ServesOthers(const RunOptions& o, const policy::Policy& policy) {
  const bool serves = o.target_type == "fixture" || o.target_type == "cleanup";
  return IsLaunchedTest(o) && serves && policy.mode != policy::Mode::kEnforce;
}

// A test that sets something up for others (FIXTURES_SETUP): a server that it starts lives on, and we with
// it.
absl::StatusOr<access::ActionEnd> RunFixture(const RunOptions& o, const std::string& build_dir,
                                             const policy::Policy& policy, const kernel::HostFeatures& host) {
  return StandIn([&](const SayEnd& say) {
    const auto end = Run(o, build_dir, policy, host, say);
    if (end.ok()) return *end;
    Report(end.status());
    return Aborted();
  });
}

int Execute(RunOptions& o) {
  o.starter = getppid();
  if (const absl::Status status = TakeFromEnvironment(o); !status.ok()) return ReportOf(o, status);
  const std::string cwd = CurrentDirectory();
  const std::string build_dir = o.launched ? BuildDirectoryOf(o.build, cwd) : cwd;
  auto policy = PolicyFor(o, build_dir);
  if (!policy.ok()) return ReportOf(o, policy.status());
  if (ServesOthers(o, *policy)) policy->scope_signals = false;
  const kernel::HostFeatures host = kernel::ProbeHost();
  if (!o.export_dir.empty()) {
    const auto exported = Export(o, *policy, host);
    return exported.ok() ? EndLike(*exported) : Report(exported.status());
  }
  if (o.explain) return Report(ExplainSteps(o, *policy, host));
  if (o.command.empty())
    return Report(absl::InvalidArgumentError("run: no command (glovebox run [options] -- COMMAND ...)"));
  const bool fixture = ServesOthers(o, *policy) && o.target_type == "fixture";
  const auto end =
      fixture ? RunFixture(o, build_dir, *policy, host) : Run(o, build_dir, *policy, host, nullptr);
  return end.ok() ? EndLike(*end) : ReportOf(o, end.status());
}

}  // namespace

void AddRun(CLI::App& app, Action* action, const std::vector<std::string>* command, bool launched) {
  auto o = std::make_shared<RunOptions>();
  CLI::App* run = app.add_subcommand("run", "run one command in the sandbox and tell what it touched");
  AddPolicyOptions(*run, *o);
  run->add_option("--log", o->log, "keep the log in this directory instead of the state directory")
      ->type_name("DIR")
      ->check(NotEmpty());
  run->add_flag("--json", o->json,
                "print the whole report as JSON to stderr at the end, instead of one line");
  run->add_flag("-q,--quiet", o->quiet, "no line at the end; what --json prints stays");
  run->add_option(
         "--export", o->export_dir,
         "set up, and write the filters into this directory (BPF bytes and readable PFC); nothing is run")
      ->type_name("DIR")
      ->check(NotEmpty());
  run->add_flag("--explain", o->explain, "print the steps of the set-up for these options; nothing is run");
  const char* group = "Launchers";
  run->add_flag("--launched", o->launched, "called by glovebox-launch")->group(group);
  run->add_option("--role", o->role)->group(group)->check(CLI::IsMember([] {
    std::vector<std::string> names;
    for (int role = 0; role <= static_cast<int>(policy::Role::kConfigure); ++role) {
      names.emplace_back(policy::RoleName(static_cast<policy::Role>(role)));
    }
    return names;
  }()));
  run->add_option("--build", o->build)->group(group);
  run->add_option("--lang", o->language)->group(group);
  run->add_option("--target", o->target)->group(group);
  run->add_option("--type", o->target_type)->group(group);
  run->add_option("--dep", o->depfile)->group(group);
  run->add_option("--test", o->test)->group(group);
  run->add_option("--policy-name", o->policy_name)->group(group);
  run->add_option("--out", o->outputs)->group(group)->allow_extra_args(false);
  if (launched) {
    run->allow_extras();  // an option of a newer launcher must not break a build
  } else {
    // For --help alone: the words of the command have been cut off before.
    run->add_option_function<std::vector<std::string>>(
           "COMMAND", [](const std::vector<std::string>& words) { throw CLI::ExtrasError("run", words); },
           "the command and its arguments, after --; each reaches it as it is")
        ->type_name("");
  }
  run->callback([o, action, command] {
    o->command = *command;
    *action = [o] { return Execute(*o); };
  });
}

}  // namespace glovebox::cli
