// One collector a build: a unix socket, a thread for each action under way, one log. An ancestor of all that
// it serves (yama 1).
//
// Each action is held to its policy's budget (budget.h), inner ones within that of the outer one: these are
// sampled, since their processes are in the outer one's group already. What a test leaves behind is ended
// when it counts as left over, 100 ms after its first process; of other actions it may go on to the end of
// the build.
#ifndef GLOVEBOX_TRACE_COLLECTOR_H_
#define GLOVEBOX_TRACE_COLLECTOR_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "access/record.h"
#include "kernel/host.h"
#include "policy/policy.h"
#include "trace/input_oracle.h"
#include "trace/own_files.h"
#include "trace/plan_store.h"
#include "trace/shim_library.h"

namespace glovebox::trace {

struct CollectorOptions {
  std::string run_dir;  // from access::CreateRun
  access::RunInfo run;  // written first
  kernel::HostFeatures host;
  PolicyFor policy_for;
  std::vector<std::string> own_files = FindOwnFiles();  // granted to every action
  InputOracle* inputs = nullptr;      // for policies with strict_inputs; must outlive the collector
  const ShimLibrary* shim = nullptr;  // for policies with a gate; must outlive the collector
  bool cgroups = true;                // control groups may be made for policies with a budget (cgroup.h)
};

struct CollectorSummary {
  uint64_t actions = 0;
  uint64_t complete = 0;  // began, ended, no hole
  uint64_t accesses = 0;
  uint64_t holes = 0;
  std::vector<std::string> left_over;
  absl::Status log;  // first error of any segment
};

class Collector {
 public:
  // Starts listening (socket in a private directory below $TMPDIR) and its threads. Call it before anything
  // is forked.
  static absl::StatusOr<std::unique_ptr<Collector>> Start(CollectorOptions options);
  virtual ~Collector() = default;
  virtual const std::string& socket_path() const = 0;
  // A gap that the caller knows of (an edge that ran unseen). Thread-safe.
  virtual void AddHole(const access::Hole& hole) = 0;
  // The shell commands of the edges that announced themselves so far, each as often as it was seen.
  // Thread-safe.
  virtual std::vector<std::string> EdgeCommands() const = 0;
  // Ends what still runs (left-over processes, after `grace_ms`), seals the log and returns the totals.
  virtual CollectorSummary Stop(int exit_status, int grace_ms) = 0;
};

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_COLLECTOR_H_
