// The record of a configure step (`glovebox cmake`), alone or beside that of the build that it made.
#ifndef GLOVEBOX_REPORT_CONFIGURE_INPUT_H_
#define GLOVEBOX_REPORT_CONFIGURE_INPUT_H_

#include <memory>

#include "access/action_table.h"
#include "graph/configure_facts.h"
#include "report/build_info.h"
#include "report/input.h"

namespace glovebox::report {

bool IsConfigureStep(const access::ActionTable& table);

// False where another Glovebox around it has the record, or nothing was to be recorded: there is nothing to
// judge.
bool WasSeen(const access::ActionTable& table);

// The step ended well, and what it wrote has not been written anew since: by CMake within a build, or without
// Glovebox. Nothing else says what the build lists.
bool WroteTheBuild(const access::ActionTable& table, const BuildInfo& build);

// What the build lists; where the step did not write it, nothing is known of that.
std::shared_ptr<const graph::ConfigureFacts> ConfigureFactsOf(const access::ActionTable& table,
                                                              const BuildInfo& build);

// The newest step on record that wrote the build and was seen; null: there is none.
std::shared_ptr<const Input> ConfigureStepOf(const BuildInfo& build);

}  // namespace glovebox::report

#endif  // GLOVEBOX_REPORT_CONFIGURE_INPUT_H_
