// What is recorded of one run of Ninja: the collector, and what the wrapper itself knows of gaps.
#ifndef GLOVEBOX_NINJA_WRAPPER_BUILD_RECORD_H_
#define GLOVEBOX_NINJA_WRAPPER_BUILD_RECORD_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "access/record.h"
#include "access/run_guard.h"
#include "edge_oracle.h"
#include "graph/ninja_graph.h"
#include "kernel/host.h"
#include "policy/policy_set.h"
#include "trace/collector.h"

namespace glovebox::ninja {

struct BuildRequest {
  std::string build_dir;  // absolute
  std::string manifest;   // relative to it
  std::string ninja;      // the real one
  std::vector<std::string> command;
  bool strict = false;  // no program is given the preloaded library
  bool verify = false;  // judge the graph when it has ended
  bool entered = true;  // LD_PRELOAD reaches this Ninja
  kernel::HostFeatures host;
  policy::PolicySet policies = policy::PolicySet::BuiltIn({});
  policy::Overrides overrides = {};         // what the command line says on top, the record level too
  std::vector<std::string> own_files = {};  // granted to every action beside trace::FindOwnFiles()
};

// Whose policy an action's is. An edge is known by its shell's command alone: `graph`, where it is not null,
// says which outputs and which target that is (SubjectOfEdge()). Its role stays edge: what its rule stands
// for is the role of what runs inside.
policy::Subject SubjectOf(const access::ActionBegin& begin, const graph::NinjaGraph* graph);

class BuildRecord {
 public:
  // Makes the run directory and starts the collector; reads .ninja_log.
  static absl::StatusOr<std::unique_ptr<BuildRecord>> Start(const BuildRequest& request);
  const std::string& socket_path() const { return collector_->socket_path(); }
  struct Finished {
    // What to tell people: findings where they were asked for, then a line or two, without the last newline.
    // Empty when nothing ran: then the run is dropped, and the report of the last build stands.
    std::string text;
    int verified = 0;  // of BuildRequest::verify: 0 clean, 1 violated, 4 incomplete
  };
  // Notes the edges that ran unseen, seals the log, and looks whether it is still there.
  Finished Finish(int wait_status);

 private:
  explicit BuildRecord(const BuildRequest& request) : request_(request) {}
  absl::Status AskForGraph();
  void NoteUnseenEdges();
  std::string HoldLog(int exit_status, trace::CollectorSummary* summary) const;
  std::string CountFindings() const;
  Finished Verify(const std::string& line) const;
  BuildRequest request_;
  std::string run_dir_;
  access::RunInfo info_;
  std::optional<access::RunGuard> guard_;
  std::string log_path_;  // empty: not known where
  std::string log_before_;
  std::unique_ptr<trace::ShimLibrary> shim_;
  std::shared_ptr<const graph::NinjaGraph> graph_;  // where a policy tells edges apart, or is strict
  std::unique_ptr<EdgeOracle> oracle_;              // where a policy is strict about inputs
  std::unique_ptr<trace::Collector> collector_;
};

// "1,234,567"
std::string WithCommas(uint64_t number);
// `findings`: report::CountText()'s.
std::string SummaryLine(const trace::CollectorSummary& summary, const std::string& build_dir,
                        const std::string& findings = "");

}  // namespace glovebox::ninja

#endif  // GLOVEBOX_NINJA_WRAPPER_BUILD_RECORD_H_
