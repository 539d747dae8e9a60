#include "trace/own_files.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/files.h"

namespace glovebox::trace {
namespace {

constexpr char kOrigin[] = "built in: glovebox's own";

// Relative to the directory of a program that is installed, or built in ninja-wrapper/ or below src/.
constexpr const char* kFiles[][4] = {
    {"glovebox", "../src/cli/glovebox", "../cli/glovebox", "../../src/cli/glovebox"},
    {"glovebox-launch", "../src/child/glovebox-launch", "../child/glovebox-launch",
     "../../src/child/glovebox-launch"},
    {"glovebox-ninja", "../ninja-wrapper/glovebox-ninja", "../../ninja-wrapper/glovebox-ninja", ""},
    {"../lib/glovebox/libglovebox-shim.so", "../src/child/libglovebox-shim.so",
     "../child/libglovebox-shim.so", ""},
    {"../lib/glovebox/libglovebox-ninja.so", "libglovebox-ninja.so", "../ninja-wrapper/libglovebox-ninja.so",
     "../../ninja-wrapper/libglovebox-ninja.so"},
};

// A build that configures itself anew reads them.
constexpr const char* kModules[] = {
    "Glovebox.cmake",
    "GloveboxEnable.cmake",
    "GloveboxPaths.cmake",
    "GloveboxPlainWord.cmake",
    "GloveboxTests.cmake.in",
    "GloveboxConfig.cmake",
    "GloveboxConfigVersion.cmake",
};

}  // namespace

std::vector<std::string> FindOwnFiles() {
  std::vector<std::string> files;
  const auto add = [&files](std::string path) {
    if (!path.empty()) files.push_back(std::move(path));
  };
  for (const auto& places : kFiles) {
    std::vector<std::string> tried;
    for (const char* place : places) {
      if (*place != '\0') tried.emplace_back(place);
    }
    add(FindBeside(tried));
  }
  for (const char* module : kModules) {
    add(FindBeside({absl::StrCat("../lib/cmake/Glovebox/", module), absl::StrCat("../cmake/", module),
                    absl::StrCat("../../cmake/", module)}));
  }
  return files;
}

void GrantOwnFiles(const std::vector<std::string>& files, policy::Policy* policy) {
  if (!policy->confine_files) return;
  for (const std::string& file : files)
    policy->paths.push_back({policy::PathAccess::kRead, file, {kOrigin, 0, 0}});
}

}  // namespace glovebox::trace
