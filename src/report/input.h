// What a report is made from: the log by its actions, and what the build's own tools say of it.
#ifndef GLOVEBOX_REPORT_INPUT_H_
#define GLOVEBOX_REPORT_INPUT_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "access/action_table.h"
#include "access/log.h"
#include "report/build_info.h"

namespace glovebox::report {

struct Input {
  access::Log log;
  access::ActionTable table;
  BuildInfo build;
};

struct LoadRequest {
  std::string build_dir;  // where the run is looked for; also where relative names are looked up
  std::string run_dir;    // a log named by hand; empty: the latest run of build_dir
};

// Reads the log, then asks CMake's file API and Ninja where they are there: a build that has neither is
// reported without them.
absl::StatusOr<Input> Load(const LoadRequest& request);

// What an action is called for people: its outputs, else the outputs of the Ninja edge with the same command,
// else its target, else its command.
std::string LabelOf(const access::ActionBegin& begin, const BuildInfo& build);

// The outputs of an action, from its launcher or from Ninja, as they were spelled.
std::vector<std::string> OutputsOf(const access::ActionBegin& begin, const BuildInfo& build);

}  // namespace glovebox::report

#endif  // GLOVEBOX_REPORT_INPUT_H_
