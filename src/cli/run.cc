// `glovebox run`: one command in the sandbox.
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "access/builder.h"
#include "access/log.h"
#include "access/log_format.h"
#include "access/names.h"
#include "access/run_guard.h"
#include "base/bytes.h"
#include "base/files.h"
#include "base/paths.h"
#include "base/plain_word.h"
#include "base/status.h"
#include "base/variable.h"
#include "child/measurements.h"
#include "cli/commands.h"
#include "cli/print.h"
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
#include "trace/clock.h"
#include "trace/runner.h"

namespace glovebox::cli {
namespace {

std::string CurrentDirectory() {
  const std::unique_ptr<char, decltype(&free)> cwd(getcwd(nullptr, 0), free);
  return cwd != nullptr ? cwd.get() : "/";
}

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

access::RunInfo InfoFor(const RunOptions& o, const std::string& build_dir) {
  access::RunInfo info;
  info.tool = "glovebox run " GLOVEBOX_VERSION;
  info.command = o.command;
  info.source_dir = o.launched ? "" : build_dir;
  info.build_dir = build_dir;
  const char* home = getenv("HOME");
  const char* tmp = getenv("TMPDIR");
  info.home = home != nullptr ? home : "";
  info.tmp = tmp != nullptr ? tmp : "/tmp";
  utsname name;
  if (uname(&name) == 0) info.kernel = name.release;
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  info.start_unix_ns = int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
  info.start_ns = trace::Now();
  return info;
}

// What a limit ended exits like this where the command itself ended with 0: as timeout(1) does.
constexpr int kLimitStatus = 124;

// Ends as the command did: with its status, or by its signal, without a core of our own.
int EndLike(const access::ActionEnd& end) {
  if (!end.limit.empty() && end.kind == access::ActionEnd::Kind::kExited && end.status == 0)
    return kLimitStatus;
  if (end.kind == access::ActionEnd::Kind::kSignaled) {
    const rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    signal(end.status, SIG_DFL);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, end.status);
    sigprocmask(SIG_UNBLOCK, &set, nullptr);
    raise(end.status);
    return 128 + end.status;  // a signal that does not kill (the command died of it all the same)
  }
  return end.status;
}

// A test's sandbox that fails must not look like a test that passes: SIGABRT is the one end that no property
// of CTest turns into one (docs/ctest.md).
access::ActionEnd Aborted() {
  access::ActionEnd end;
  end.kind = access::ActionEnd::Kind::kSignaled;
  end.status = SIGABRT;
  return end;
}

bool IsLaunchedTest(const RunOptions& o) { return o.launched && o.role == "test"; }

// How this process ends: as the command did, unless the sandbox failed or the policy says otherwise.
access::ActionEnd JudgedEnd(const RunOptions& o, const trace::RunOutcome& outcome) {
  const bool broken = outcome.end.kind == access::ActionEnd::Kind::kSandboxFailed;
  if (IsLaunchedTest(o) && (broken || outcome.verdict.fails)) return Aborted();
  access::ActionEnd end = outcome.end;
  if (outcome.verdict.fails && end.kind == access::ActionEnd::Kind::kExited && end.status == 0)
    end.status = 1;
  return end;
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

// Where the command is recorded.
struct Place {
  std::string build_dir;
  std::string run_dir;
  std::unique_ptr<access::SegmentWriter> writer;
  std::optional<access::RunGuard> guard;  // not of the loose run: it is everybody's
};

// Nothing is run without a log: what is wrong is the host's, and this mends it.
absl::Status WithMend(const absl::Status& status, bool named) {
  if (status.ok() || absl::IsInvalidArgument(status)) return status;
  const absl::string_view mend = named ? "name another directory with --log" : "set GLOVEBOX_STATE_DIR";
  const bool told = absl::StrContains(status.message(), mend);
  return absl::UnimplementedError(absl::StrCat(
      status.message(), told ? ""
                             : absl::StrCat(": the access log cannot be begun; free space there, or ", mend,
                                            named ? "" : " to a directory that can be written")));
}

absl::Status BeginLog(const RunOptions& o, const access::RunInfo& info, Place* place) {
  const std::string name = absl::StrCat("run-", info.start_ns, "-", getpid());
  ASSIGN_OR_RETURN(place->writer, access::SegmentWriter::Create(place->run_dir, name));
  if (!place->writer->Append(info)) return place->writer->status();
  if (o.launched) return absl::OkStatus();
  ASSIGN_OR_RETURN(place->guard, access::RunGuard::Open(place->run_dir, name + access::kSegmentSuffix));
  return absl::OkStatus();
}

absl::Status MakePlace(const RunOptions& o, const access::RunInfo& info, Place* place) {
  place->run_dir = o.log;
  if (!o.log.empty()) {
    RETURN_IF_ERROR(MakeDirectories(place->run_dir));
  } else if (o.launched) {
    ASSIGN_OR_RETURN(place->run_dir, access::LooseRun(place->build_dir, access::BuilderAbove(o.starter)));
  } else {
    ASSIGN_OR_RETURN(place->run_dir, access::CreateRun(place->build_dir));
  }
  absl::Status begun = BeginLog(o, info, place);
  if (!begun.ok() && o.log.empty() && !o.launched) access::DropRun(place->run_dir);
  return begun;
}

// Seals the log. What its commands did to it is told, and does not change how the run ends; true where there
// is something to report.
bool EndLog(const RunOptions& o, const access::RunInfo& info, access::ActionBegin begin,
            const access::ActionEnd& action_end, Place* place) {
  access::RunEnd end;
  end.time_ns = trace::Now();
  end.exit_status = action_end.status;
  end.segments = o.log.empty() ? 1 : 0;
  if (!o.launched) place->writer->Append(end);
  const absl::Status sealed = place->writer->Seal();
  const std::string loss = place->guard.has_value() ? place->guard->Loss() : "";
  place->writer.reset();  // for the report nobody writes any more
  if (loss.empty()) {
    if (!sealed.ok()) PrintError(absl::StrCat(sealed.message(), "; the report says what could be kept"));
    if (!place->guard.has_value() || !o.log.empty()) return true;
    const auto latest = place->guard->HoldLatest();
    if (!latest.ok())
      PrintError(
          absl::StrCat("the report of this run: --log ", place->run_dir, ": ", latest.status().message()));
    if (latest.ok() && !latest->empty()) PrintError(*latest);
    return true;
  }
  const std::string what = absl::StrCat("access log ", place->run_dir, " ", loss,
                                        " while the command ran: what it touched is not known");
  PrintError(what);
  begin.time_ns = info.start_ns;
  begin.argv = o.command;
  const auto mark = place->guard->LeaveMark(
      o.log.empty() ? place->build_dir : "",
      {info, begin, access::Hole{begin.action, end.time_ns, 0, "log-lost", what}, action_end, end});
  if (!mark.ok()) {
    PrintError(absl::StrCat("no report will say so: ", mark.status().message()));
    return false;
  }
  place->run_dir = *mark;
  return true;
}

void PrintSummary(const RunOptions& o, const Place& place) {
  const auto input = report::Load({place.build_dir, place.run_dir});
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
  Place place;
  place.build_dir = build_dir;
  const access::RunInfo info = InfoFor(o, place.build_dir);
  RETURN_IF_ERROR(WithMend(MakePlace(o, info, &place), !o.log.empty()));
  trace::RunRequest request;
  request.argv = o.command;
  const bool full = policy.level == kernel::Level::kFull && o.level != "strict";
  const std::unique_ptr<trace::ShimLibrary> shim = full ? trace::ShimLibrary::Own() : nullptr;
  request.shim = shim.get();
  request.policy = policy;
  trace::OpenGate(request.shim, &request.policy);
  request.host = host;
  request.sink = place.writer.get();
  request.pty = o.pty;
  request.keep_fds = o.keep_fds;
  request.begin.action = 1;
  for (int role = 0; role <= static_cast<int>(access::Role::kConfigure); ++role) {
    if (o.role == absl::StrCat(access::RoleName(static_cast<access::Role>(role)))) {
      request.begin.role = static_cast<access::Role>(role);
    }
  }
  request.begin.cwd = CurrentDirectory();
  request.begin.level = static_cast<uint8_t>(policy.level);
  request.begin.target = o.target;
  request.begin.target_type = o.target_type;
  request.begin.language = o.language;
  request.begin.depfile = o.depfile;
  request.begin.test = FromPlainWord(o.test);
  request.begin.policy = FromPlainWord(o.policy_name);
  request.begin.mode = policy::ModeName(policy.mode);
  request.begin.outputs = o.outputs;
  if (say != nullptr) {
    request.leave = [&o, &say](const trace::RunOutcome& outcome) { say(JudgedEnd(o, outcome)); };
  }
  ASSIGN_OR_RETURN(const trace::RunOutcome outcome, trace::RunSupervised(request));
  if (!outcome.failure.empty()) PrintLine(outcome.failure);
  const bool reported = EndLog(o, info, request.begin, outcome.end, &place);
  if (reported && !o.launched && (!o.quiet || o.json)) PrintSummary(o, place);
  std::cerr << outcome.verdict.text << std::flush;
  if (IsLaunchedTest(o)) PrintMeasurements(outcome);
  return JudgedEnd(o, outcome);
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

// A launcher has no room for an option of a run: its words must not change from one build to the next.
absl::Status TakeFromEnvironment(RunOptions& o) {
  if (!o.launched) return absl::OkStatus();
  const std::string level = Variable("GLOVEBOX_LEVEL");
  if (!level.empty() && level != "open" && level != "full" && level != "strict")
    return absl::InvalidArgumentError(absl::StrCat("GLOVEBOX_LEVEL=", level, ": say open, full or strict"));
  const std::string mode = Variable("GLOVEBOX_MODE");
  if (!mode.empty() && mode != "observe" && mode != "report" && mode != "enforce")
    return absl::InvalidArgumentError(
        absl::StrCat("GLOVEBOX_MODE=", mode, ": say observe, report or enforce"));
  if (!level.empty()) o.level = level;
  if (!mode.empty()) o.mode = mode;
  return absl::OkStatus();
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

std::string IsOpen(const std::string& word) {
  int number = 0;
  if (!absl::SimpleAtoi(word, &number) || number <= 2) return "say a number above 2";
  return fcntl(number, F_GETFD) < 0 ? absl::StrCat(word, ": no such descriptor is open") : "";
}

void AddPolicyOptions(CLI::App& run, RunOptions& o) {
  run.add_option("--policy", o.policy,
                 "a policy file (docs/policy-file.md); what other options say outranks it")
      ->type_name("FILE")
      ->check(NotEmpty());
  run.add_option("--mode", o.mode,
                 "observe, report or enforce: enforce refuses what the policy does not allow, and without a "
                 "policy file confines the command to what is built in (glovebox policy show --role run)")
      ->check(CLI::IsMember({"observe", "report", "enforce"}));
  run.add_flag("--best-effort", o.best_effort,
               "leave out what this host cannot hold, and say so, also in enforce");
  run.add_option("--read", o.read, "a file or directory that may be read and executed; may be repeated")
      ->type_name("PATH")
      ->check(NotEmpty())
      ->allow_extra_args(false);
  run.add_option("--write", o.write,
                 "one that may be changed as well; with --read or --write these are all that there are")
      ->type_name("PATH")
      ->check(NotEmpty())
      ->allow_extra_args(false);
  run.add_option("--hide", o.hide,
                 "a path or pattern that is not there for the command (enforce), whatever --read and --write "
                 "grant; may be repeated")
      ->type_name("PATTERN")
      ->check(NotEmpty())
      ->allow_extra_args(false);
  run.add_flag("--hide-by-namespace", o.hide_by_namespace,
               "cover the hidden paths in a mount namespace of the command's own as well");
  run.add_option("--network", o.network,
                 "any, none (no socket but a pair of its own), unix, or loopback (unix and loopback "
                 "addresses); replaces what a policy file says of the network")
      ->check(CLI::IsMember({"any", "none", "unix", "loopback"}));
  run.add_option("--connect", o.connect,
                 "an address that may be connected and sent to (10.0.0.0/8:443, [::1]:80, *:443), beside "
                 "what --network allows; without --network unix sockets and what --connect and --bind name "
                 "are all that there is; may be repeated")
      ->type_name("ADDRESS")
      ->allow_extra_args(false);
  run.add_option("--bind", o.bind, "the same for an address that may be listened on")
      ->type_name("ADDRESS")
      ->allow_extra_args(false);
  run.add_flag("--network-namespace", o.network_namespace,
               "a network namespace of its own with the loopback device alone");
  run.add_option("--level", o.level,
                 "how much is recorded: open (opens, execs, changes, network), full (+ stat, access, "
                 "readlink, listings), strict (full, and nothing is preloaded into a program), off")
      ->check(CLI::IsMember({"open", "full", "strict", "off"}));
  run.add_option("--limit", o.limits,
                 "NAME=VALUE, one of the fourteen limits (NOFILE=64, AS=4G ...); may be repeated")
      ->allow_extra_args(false);
  run.add_option("--wall-clock", o.wall_clock, "end the command and all it started after this time (10s, 2m)")
      ->type_name("TIME")
      ->check(NotEmpty());
  run.add_option("--total-memory", o.total_memory,
                 "end it where all of its processes together have more memory than this (512M)")
      ->type_name("SIZE")
      ->check(NotEmpty());
  run.add_option("--total-processes", o.total_processes,
                 "end it where it has more processes and threads than this")
      ->type_name("COUNT")
      ->check(NotEmpty());
  run.add_option("--keep-cap", o.keep, "with --drop-all-caps: a capability to keep")->allow_extra_args(false);
  run.add_option("--drop-cap", o.drop, "a capability to drop")->allow_extra_args(false);
  run.add_flag("--drop-all-caps", o.drop_all, "drop every capability that is not kept");
  run.add_option("--env", o.environment, "-NAME, =NAME (only these) or +NAME=value; may be repeated")
      ->allow_extra_args(false);
  run.add_option("--death-signal", o.death_signal, "signal number for the command when glovebox dies")
      ->check(CLI::Range(0, 64));
  run.add_option(
         "--keep-fd", o.keep_fds,
         "a descriptor above 2 that the command inherits in mode enforce, where it gets no others but "
         "those of make's jobserver and those that its words name (/dev/fd/N); may be repeated")
      ->type_name("N")
      ->check(IsOpen)
      ->allow_extra_args(false);
  run.add_flag("--pty", o.pty, "give the command a terminal of its own");
  run.add_flag("--stop", o.stop, "stop before the filter is loaded, and be let go with PTRACE_SEIZE");
  run.add_flag("--deny-tsc", o.deny_tsc,
               "reading the time-stamp counter raises SIGSEGV (x86); dynamic programs can die of it: the "
               "loader and the clock functions of the vDSO read it");
  run.add_flag("--append-only", o.append_only, "refuse RWF_NOAPPEND, which goes around O_APPEND");
  run.add_flag("--restrict-kptr", o.restrict_kptr, "refuse pointers into the kernel's half");
  run.add_flag("--restrict-prlimit", o.restrict_prlimit, "set the limits early and let nobody change them");
  run.add_flag("--kernel-only", o.kernel_only,
               "refuse in the kernel, unrecorded, instead of through the supervisor");
  run.add_flag("--no-signal-scope", o.no_signal_scope,
               "let the command signal processes outside of its sandbox");
  run.add_flag("--scope-abstract-unix", o.scope_abstract,
               "no abstract unix socket outside of the sandbox (X11, D-Bus)");
  run.add_flag("--ssb", o.ssb, "leave speculative store bypass as it is (SECCOMP_FILTER_FLAG_SPEC_ALLOW)");
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
