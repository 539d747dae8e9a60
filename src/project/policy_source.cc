#include "project/policy_source.h"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/paths.h"
#include "base/status.h"
#include "base/variable.h"
#include "graph/cmake_info.h"
#include "verify/rules.h"

namespace glovebox::project {
namespace {

// Without symlinks, as accesses will be recorded; as it is where it is not there.
std::string Real(const std::string& path) {
  if (path.empty()) return path;
  const std::unique_ptr<char, decltype(&free)> real(realpath(path.c_str(), nullptr), free);
  return real != nullptr ? real.get() : CleanPath(path);
}

std::string Home() {
  const std::string home = Variable("HOME");
  if (absl::StartsWith(home, "/")) return Real(home);
  passwd entry;
  passwd* found = nullptr;
  std::vector<char> buffer(16384);
  if (getpwuid_r(getuid(), &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) return "";
  return absl::StartsWith(found->pw_dir, "/") ? Real(found->pw_dir) : "";
}

std::string Temporary() {
  const std::string tmp = Variable("TMPDIR");
  return Real(absl::StartsWith(tmp, "/") ? tmp : "/tmp");
}

void AddOnce(const std::string& path, std::vector<std::string>* paths) {
  if (!FileExists(path)) return;
  const std::string real = Real(path);
  if (std::find(paths->begin(), paths->end(), real) == paths->end()) paths->push_back(real);
}

// CMake tells the compiler, and where it looks by itself for headers and libraries; not where its own
// programs are (cc1plus), which stand beside it.
std::vector<std::string> Toolchain(const graph::CMakeInfo& info) {
  std::vector<std::string> roots;
  for (const std::string& root : info.ToolchainRoots()) AddOnce(root, &roots);
  for (const graph::Compiler& compiler : info.compilers) {
    if (!absl::StartsWith(compiler.path, "/") || !FileExists(compiler.path)) continue;
    const std::string bin(Dirname(Real(compiler.path)));
    AddOnce(bin, &roots);
    for (const char* name : {"lib", "lib64", "libexec"}) {
      if (Basename(bin) == "bin") AddOnce(JoinPath(Dirname(bin), name), &roots);
    }
  }
  return roots;
}

// CMake's home directory; the build directory where CMake did not make it.
std::string SourceOf(const std::string& build_dir) {
  const absl::StatusOr<std::string> cache = ReadFile(JoinPath(build_dir, "CMakeCache.txt"));
  if (!cache.ok()) return build_dir;
  const std::string home = graph::ParseCMakeCache(*cache)["CMAKE_HOME_DIRECTORY"];
  return home.empty() ? build_dir : home;
}

}  // namespace

policy::Date Today() {
  const time_t now = time(nullptr);
  tm local;
  if (localtime_r(&now, &local) == nullptr) return {};
  return {local.tm_year + 1900, local.tm_mon + 1, local.tm_mday};
}

std::string PolicyFromEnvironment() { return Variable("GLOVEBOX_POLICY"); }

absl::StatusOr<FoundPolicy> FindPolicy(const PolicyPlace& place) {
  FoundPolicy found;
  policy::PolicyVariables& variables = found.options.variables;
  variables.build = Real(place.build_dir);
  variables.source = Real(place.source_dir.empty() ? SourceOf(place.build_dir) : place.source_dir);
  found.options.today = Today();
  for (const verify::Rule& rule : verify::AllRules()) found.options.rules.emplace_back(rule.id);
  const std::string path = JoinPath(variables.source, policy::kPolicyFileName);
  if (!place.named.empty()) {
    if (!FileExists(place.named)) {
      return absl::InvalidArgumentError(
          absl::StrCat("policy file ", place.named, ": it is not there; name another, or none"));
    }
    found.path = found.options.name = place.named;
  } else if (place.look && FileExists(path)) {
    found.path = found.options.path = path;
    found.options.name = policy::kPolicyFileName;
  } else if (!place.built_in) {
    return found;
  }
  variables.home = Home();
  variables.tmp = Temporary();
  const absl::StatusOr<graph::CMakeInfo> cmake = graph::LoadCMakeInfo(place.build_dir);
  if (cmake.ok()) variables.toolchain = Toolchain(*cmake);
  return found;
}

absl::StatusOr<policy::PolicySet> ReadPolicy(const FoundPolicy& found) {
  if (found.path.empty()) return policy::PolicySet::BuiltIn(found.options.variables);
  const absl::StatusOr<std::string> text = ReadFile(found.path);
  if (!text.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("policy file ", text.status().message()));
  }
  absl::StatusOr<policy::PolicySet> set = policy::LoadPolicy(*text, found.options);
  if (set.ok() || found.options.name == found.path) return set;
  policy::PolicyFileOptions options = found.options;
  options.name = found.path;
  return policy::LoadPolicy(*text, options);
}

absl::StatusOr<policy::PolicySet> PolicyOf(const PolicyPlace& place) {
  ASSIGN_OR_RETURN(const FoundPolicy found, FindPolicy(place));
  return ReadPolicy(found);
}

}  // namespace glovebox::project
