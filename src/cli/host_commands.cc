// `glovebox host`, `syscalls`, `cmake-scan`: what this host, this program and this build are like.
#include <algorithm>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "cli/commands.h"
#include "cli/host_json.h"
#include "cli/print.h"
#include "graph/launch_scan.h"
#include "graph/meson_info.h"
#include "kernel/host.h"
#include "kernel/syscall_ledger.h"

namespace glovebox::cli {
namespace {

int PrintHost(bool json) {
  const kernel::HostFeatures host = kernel::ProbeHost();
  const nlohmann::ordered_json features = HostJson(host);
  if (json) {
    std::cout << features.dump(2) << "\n";
  } else {
    for (const auto& [name, value] : features.items()) {
      std::cout << name << std::string(20 - name.size(), ' ')
                << (value.is_boolean()  ? (value.get<bool>() ? "yes" : "no")
                    : value.is_string() ? value.get<std::string>()
                    : value == -1       ? "none (this kernel has no Yama)"
                                        : value.dump())
                << "\n";
    }
  }
  if (host.foreign_proc) PrintError(kernel::kForeignProcMessage);
  return host.notify && !host.listener_above && !host.foreign_proc ? kOk : kHostCannot;
}

int Scan(const std::string& build_dir) {
  const auto scan = [&] {
    const Progress progress([&build_dir] { return absl::StrCat("reading the commands of ", build_dir); });
    return graph::ScanBuild(build_dir);
  }();
  if (!scan.ok()) return Report(scan.status());
  std::cout << scan->commands << " commands, " << scan->wrapped << " wrapped by glovebox-launch\n";
  if (scan->commands > 0 && scan->launched == 0 && graph::LoadMesonInfo(build_dir).ok()) {
    std::cout
        << "Meson made this build: it takes no launcher for every step. Build it with glovebox-ninja, which "
           "sees every edge as it is (docs/ninja.md)\n";
    return kOk;
  }
  if (scan->commands > 0 && scan->launched == 0) {
    // One reason for all of them, and not theirs.
    std::cout
        << "Glovebox is not enabled in this build directory: configure it with "
           "-DCMAKE_PROJECT_TOP_LEVEL_INCLUDES=PREFIX/lib/cmake/Glovebox/Glovebox.cmake (docs/cmake.md), or "
           "build it with glovebox-ninja as it is, which sees every edge\n";
    return kOk;
  }
  for (const graph::Unwrapped& one : scan->unwrapped) {
    std::cout << "  " << EscapeBytes(one.place) << "  " << graph::UnwrappedReasonName(one.reason) << ": "
              << graph::UnwrappedReasonText(one.reason) << (one.part.empty() ? "" : "\n      ")
              << EscapeBytes(one.part) << "\n";
  }
  const auto failing = std::count_if(
      scan->unwrapped.begin(), scan->unwrapped.end(),
      [](const graph::Unwrapped& one) { return one.reason == graph::UnwrappedReason::kCannotLaunch; });
  if (failing > 0) {
    PrintError(absl::StrCat(failing, failing == 1 ? " step" : " steps",
                            " of this build will fail behind the launcher: see cannot-launch above"));
  }
  return kOk;
}

}  // namespace

void AddHost(CLI::App& app, Action* action) {
  auto json = std::make_shared<bool>(false);
  CLI::App* host = app.add_subcommand(
      "host", "what this host can do, each feature tried; exit status 3 when nothing can be recorded");
  host->add_flag("--json", *json, "for programs");
  host->callback([json, action] { *action = [json] { return PrintHost(*json); }; });
}

void AddSyscalls(CLI::App& app, Action* action) {
  CLI::App* syscalls = app.add_subcommand(
      "syscalls", "the ledger: which system call is recorded at which level, which is not and why");
  syscalls->callback([action] {
    *action = [] {
      std::cout << kernel::SyscallLedger();
      return kOk;
    };
  });
}

void AddCMakeScan(CLI::App& app, Action* action) {
  auto build_dir = std::make_shared<std::string>(".");
  CLI::App* scan = app.add_subcommand(
      "cmake-scan", "which commands of a generated build do not run through glovebox-launch, and why");
  scan->add_option("build", *build_dir, "the build directory (default: this one)")->check(NotEmpty());
  scan->callback([build_dir, action] { *action = [build_dir] { return Scan(*build_dir); }; });
}

}  // namespace glovebox::cli
