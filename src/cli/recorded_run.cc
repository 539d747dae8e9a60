#include "cli/recorded_run.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cstdlib>
#include <ctime>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "access/builder.h"
#include "access/log.h"
#include "access/log_format.h"
#include "access/names.h"
#include "access/run_guard.h"
#include "base/files.h"
#include "base/plain_word.h"
#include "base/status.h"
#include "cli/print.h"
#include "trace/clock.h"

namespace glovebox::cli {
namespace {

access::RunInfo InfoFor(const RunOptions& o, const std::string& build_dir) {
  access::RunInfo info;
  info.tool = absl::StrCat("glovebox ", o.configure ? "cmake" : "run", " " GLOVEBOX_VERSION);
  info.command = o.command;
  info.source_dir = o.configure ? o.source_dir : o.launched ? "" : build_dir;
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
  } else if (o.configure) {
    ASSIGN_OR_RETURN(place->run_dir, access::CreateConfigureRun(place->build_dir));
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
    if (!place->guard.has_value() || !o.log.empty() || o.configure) return true;
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
      o.log.empty() && !o.configure ? place->build_dir : "",
      {info, begin, access::Hole{begin.action, end.time_ns, 0, "log-lost", what}, action_end, end});
  if (!mark.ok()) {
    PrintError(absl::StrCat("no report will say so: ", mark.status().message()));
    return false;
  }
  place->run_dir = *mark;
  return true;
}

// What the command is to the supervisor; `shim` and `place` must outlive it.
trace::RunRequest RequestFor(const RunOptions& o, const policy::Policy& policy,
                             const kernel::HostFeatures& host, trace::ShimLibrary* shim, Place* place) {
  trace::RunRequest request;
  request.argv = o.command;
  request.shim = shim;
  request.policy = policy;
  trace::OpenGate(request.shim, &request.policy);
  request.host = host;
  request.sink = place->writer.get();
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
  return request;
}

}  // namespace

std::string CurrentDirectory() {
  const std::unique_ptr<char, decltype(&free)> cwd(getcwd(nullptr, 0), free);
  return cwd != nullptr ? cwd.get() : "/";
}

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

bool IsLaunchedTest(const RunOptions& o) { return o.launched && o.role == "test"; }

access::ActionEnd Aborted() {
  access::ActionEnd end;
  end.kind = access::ActionEnd::Kind::kSignaled;
  end.status = SIGABRT;
  return end;
}

access::ActionEnd JudgedEnd(const RunOptions& o, const trace::RunOutcome& outcome) {
  const bool broken = outcome.end.kind == access::ActionEnd::Kind::kSandboxFailed;
  if (IsLaunchedTest(o) && (broken || outcome.verdict.fails)) return Aborted();
  access::ActionEnd end = outcome.end;
  if (outcome.verdict.fails && end.kind == access::ActionEnd::Kind::kExited && end.status == 0)
    end.status = 1;
  return end;
}

absl::StatusOr<RecordedRun> RunRecorded(const RunOptions& o, const std::string& build_dir,
                                        const policy::Policy& policy, const kernel::HostFeatures& host,
                                        const SayEnd& say) {
  Place place;
  place.build_dir = build_dir;
  const access::RunInfo info = InfoFor(o, place.build_dir);
  RETURN_IF_ERROR(WithMend(MakePlace(o, info, &place), !o.log.empty()));
  const bool full = policy.level == kernel::Level::kFull && o.level != "strict";
  const std::unique_ptr<trace::ShimLibrary> shim = full ? trace::ShimLibrary::Own() : nullptr;
  trace::RunRequest request = RequestFor(o, policy, host, shim.get(), &place);
  if (say != nullptr) {
    request.leave = [&o, &say](const trace::RunOutcome& outcome) { say(JudgedEnd(o, outcome)); };
  }
  RecordedRun run;
  ASSIGN_OR_RETURN(run.outcome, trace::RunSupervised(request));
  if (!run.outcome.failure.empty()) PrintLine(run.outcome.failure);
  run.kept = EndLog(o, info, request.begin, run.outcome.end, &place);
  run.run_dir = place.run_dir;
  return run;
}

}  // namespace glovebox::cli
