// What a report is made from: the log by its actions, and what the build's own tools say of it.
#ifndef GLOVEBOX_REPORT_INPUT_H_
#define GLOVEBOX_REPORT_INPUT_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "access/action_table.h"
#include "access/log.h"
#include "graph/build_facts.h"
#include "graph/configure_facts.h"
#include "graph/ctest_info.h"
#include "report/build_info.h"

namespace glovebox::report {

struct Input {
  access::Log log;
  access::ActionTable table;
  BuildInfo build;
  std::vector<graph::CTestTest> tests;  // asked for where the log has tests; empty: CTest does not say
  std::shared_ptr<const graph::BuildFacts> facts;  // asked for by LoadRequest::verify; null: no Ninja build
  absl::flat_hash_map<std::string, std::string>
      other_names;  // see report/other_names.h; asked for with `facts`
  // Of the log of a configure step; null: it is none.
  std::shared_ptr<const graph::ConfigureFacts> configure_facts;
  // With LoadRequest::verify: the record of the configure step that made this build; null: there is none.
  std::shared_ptr<const Input> configure;
};

struct LoadRequest {
  std::string build_dir;  // where the run is looked for
  std::string run_dir;    // a log named by hand; empty: the latest run of build_dir
  bool ask_ninja = true;  // `ninja -t` is run in the build directory: tens of milliseconds
  bool verify = false;    // ... and all that Input::facts needs is asked for
};

// Reads the log, then asks CMake's file API, Meson's, Ninja (with the manifest of the run) and CTest where
// they are there: a build that has neither is reported without them. A run of launchers alone (a loose one,
// or a Ninja that could not be entered) is told how much of the build no launcher wraps. Errors are those of
// the log alone; with `verify` those of Ninja as well, since without its graph there is nothing to verify.
absl::StatusOr<Input> Load(const LoadRequest& request);

// Of a directory's runs that are kept the latest one before `run_dir` that built something; empty: there is
// none. Reads their logs.
std::string BuildBefore(const std::string& build_dir, const std::string& run_dir);

}  // namespace glovebox::report

#endif  // GLOVEBOX_REPORT_INPUT_H_
