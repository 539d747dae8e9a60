// What a host can do, as `glovebox host` and `glovebox selftest` tell it to programs.
#ifndef GLOVEBOX_CLI_HOST_JSON_H_
#define GLOVEBOX_CLI_HOST_JSON_H_

#include <nlohmann/json.hpp>
#include <string>

#include "kernel/host.h"

namespace glovebox::cli {

// Each feature by its name. Keys are added, never renamed: they stand in bug reports.
nlohmann::ordered_json HostJson(const kernel::HostFeatures& host);

// Whether a control group for an action could be made below our own: "v2, groups may be made", "none".
std::string CgroupText();

}  // namespace glovebox::cli

#endif  // GLOVEBOX_CLI_HOST_JSON_H_
