#include "cli/host_json.h"

#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/files.h"

namespace glovebox::cli {

std::string CgroupText() {
  const auto own = ReadFile("/proc/self/cgroup");
  if (!own.ok() || own->empty()) return "none";
  for (absl::string_view line : absl::StrSplit(*own, '\n')) {
    if (!absl::ConsumePrefix(&line, "0::")) continue;
    if (!FileExists("/sys/fs/cgroup/cgroup.controllers")) break;
    const std::string path = absl::StrCat("/sys/fs/cgroup", line);
    return ::access(path.c_str(), W_OK) == 0 ? "v2, groups may be made" : "v2, groups may not be made";
  }
  return ::access("/sys/fs/cgroup/memory", W_OK) == 0 ? "v1, groups may be made"
                                                      : "v1, groups may not be made";
}

nlohmann::ordered_json HostJson(const kernel::HostFeatures& host) {
  return {
      {"kernel", host.release},
      {"uid", geteuid()},
      {"seccomp_notify", host.notify},
      {"addfd_send", host.addfd_send},
      {"wait_killable", host.wait_killable},
      {"sync_wake_up", host.sync_wake_up},
      {"receive_ends", host.receive_ends},
      {"landlock_abi", host.landlock_abi},
      {"pidfd_getfd", host.pidfd_getfd},
      {"listener_above", host.listener_above},
      {"outer_glovebox", host.outer_supervisor},
      {"yama_ptrace_scope", host.yama_scope},
      {"denies_tsc", host.denies_tsc},
      {"user_namespaces", kernel::ProbeUserNamespaces()},
      {"foreign_proc", host.foreign_proc},
      {"cgroups", CgroupText()},
  };
}

}  // namespace glovebox::cli
