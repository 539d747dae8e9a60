// `glovebox run`: fork, the pipeline in the child, supervision in the parent.
#ifndef GLOVEBOX_TRACE_RUNNER_H_
#define GLOVEBOX_TRACE_RUNNER_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "access/record.h"
#include "kernel/host.h"
#include "policy/policy.h"
#include "trace/shim_library.h"
#include "trace/verdict.h"

namespace glovebox::trace {

struct RunOutcome;

struct RunRequest {
  std::vector<std::string> argv;
  access::ActionBegin begin;  // role, outputs ...; action, time and pid are filled in
  policy::Policy policy;
  kernel::HostFeatures host;
  access::RecordSink* sink = nullptr;
  const ShimLibrary* shim = nullptr;  // for a policy with a gate
  bool pty = false;                   // give the command a terminal of its own
  std::vector<int> keep_fds;          // above 2, in mode enforce: which the command inherits
  bool cgroups = true;                // a control group may be made for policy.budget (cgroup.h)
  // Set: what the command leaves behind lives on, as long as it likes, and is supervised. It is called when
  // the command has ended and something still runs; `outcome` has the command's own end.
  std::function<void(const RunOutcome& outcome)> leave;
  bool export_mode = false;  // rows 12 and 23: everything is set up, and nothing is run
};

struct RunOutcome {
  access::ActionEnd end;
  uint64_t accesses = 0;
  uint64_t holes = 0;
  bool seized = false;       // policy.stop: it was stopped, attached to and continued
  std::string failure;       // of the set-up, escaped, where the child has no stderr to say it on (`pty`)
  bool sink_failed = false;  // a record was not taken: the action is incomplete
  VerdictText verdict;       // what the policy says to it
};

// Runs the command to its end and to the end of what it left over. The calling thread must live on until then
// (the parent-death signal is bound to it). Errors are ours; the command's own end is in the outcome.
//
// Below a supervisor of ours (host.outer_supervisor) the command is announced there, as a launcher announces
// its own, whatever the record level here: the accesses are on that one's record, as an action of their own,
// and so is what it refuses; what only this policy refuses is refused in the kernel, on no record. Here a
// hole "no-listener" says so, as it does below a listener of somebody else's, where nobody records.
//
// Meanwhile this process is a subreaper and reaps what comes to it from the command. Children that it had
// before are no part of the run, nor is what those orphan to it, as far as that can be told (strangers.h:
// where the command is under no filter of its own, an orphan passes for the command's). A signal that is sent
// to this process and would end it is passed on to the command (child/passed_signals.h: which). What still
// runs 200 ms after the command is left over: killed, and named in the outcome. With a terminal of its own
// (`pty`) the command is the leader of a session of its own. A private TMPDIR and HOME of the policy last as
// long as the run.
//
// In mode enforce the command inherits no descriptor above 2 but keep_fds, those of a jobserver that
// MAKEFLAGS names, and in role run those that its own words name (/dev/fd/N); a test inherits none in any
// mode.
//
// policy.budget bounds all of it together (budget.h): what goes over is killed, and the end says which bound
// it was. CPU time is that of the command and of what was orphaned to us, with what they waited for.
//   ASSIGN_OR_RETURN(RunOutcome outcome, RunSupervised({.argv = {"make"}, .policy = ..., .host = ..., .sink =
//   &log}));
absl::StatusOr<RunOutcome> RunSupervised(const RunRequest& request);

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_RUNNER_H_
