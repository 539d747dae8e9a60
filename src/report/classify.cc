#include "report/classify.h"

#include <algorithm>
#include <array>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "base/paths.h"

namespace glovebox::report {

const char* const kFallbackToolchain[6] = {"/usr/lib/gcc*",       "/usr/libexec/gcc*",
                                           "/usr/local/lib/gcc*", "/usr/local/libexec/gcc*",
                                           "/usr/include",        "/usr/lib/llvm-*"};

namespace {

constexpr const char* kSystemRoots[] = {"/proc", "/sys", "/dev",   "/run",   "/boot",   "/bin",
                                        "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/usr",
                                        "/etc",  "/opt", "/var",   "/nix",   "/gnu"};
constexpr const char* kTmpRoots[] = {"/tmp", "/var/tmp", "/dev/shm", "/run/user"};

// Rule 2.
int Rank(PathClass path_class) {
  switch (path_class) {
    case PathClass::kBuild:
      return 0;
    case PathClass::kSource:
      return 1;
    case PathClass::kToolchain:
      return 2;
    case PathClass::kTmp:
      return 3;
    case PathClass::kHome:
      return 4;
    case PathClass::kSystem:
      return 5;
    case PathClass::kOutside:
      return 6;
  }
  return 6;
}

bool IsDigits(absl::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
}

// "x86_64-linux-gnu-g++-12", "clang-14", "ld.bfd", "gcc-ar": the name without a target in front and a version
// behind.
bool IsToolName(absl::string_view name) {
  static constexpr absl::string_view kTools[] = {
      "gcc",     "g++",         "cc",       "c++",    "cpp",    "clang",      "clang++",
      "c89",     "c99",         "as",       "ld",     "ld.bfd", "ld.gold",    "ld.lld",
      "lld",     "ld.mold",     "mold",     "ar",     "ranlib", "nm",         "strip",
      "objcopy", "objdump",     "readelf",  "gcc-ar", "gcc-nm", "gcc-ranlib", "llvm-ar",
      "llvm-nm", "llvm-ranlib", "gfortran", "gold",   "dwp",    "clang-cpp",  "collect2"};
  const size_t dash = name.rfind('-');
  if (dash != absl::string_view::npos && IsDigits(name.substr(dash + 1))) name = name.substr(0, dash);
  for (absl::string_view tool : kTools) {
    if (name == tool) return true;
    // A target triple in front: at least two dashes of its own.
    if (absl::EndsWith(name, tool) && name.size() > tool.size() &&
        name[name.size() - tool.size() - 1] == '-' &&
        std::count(name.begin(), name.end() - static_cast<std::ptrdiff_t>(tool.size()), '-') >= 2) {
      return true;
    }
  }
  return false;
}

bool IsLinkInput(absl::string_view name) {
  return absl::EndsWith(name, ".a") || absl::EndsWith(name, ".o") || absl::EndsWith(name, ".so");
}

// "pipe:[7]", "anon_inode:[eventpoll]", "memfd:x (deleted)": what /proc shows for an object without a place.
bool IsKernelObject(absl::string_view path) {
  const size_t colon = path.find(':');
  return colon != absl::string_view::npos && colon > 0 &&
         std::all_of(path.begin(), path.begin() + static_cast<std::ptrdiff_t>(colon),
                     [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
}

}  // namespace

BuildInfo BuildInfoFrom(const access::RunInfo& run) {
  BuildInfo build;
  build.source_dir = run.source_dir;
  build.build_dir = run.build_dir;
  if (!run.manifest.empty()) build.manifest = run.manifest;
  build.home = run.home;
  build.tmp = run.tmp;
  return build;
}

absl::string_view ClassName(PathClass path_class) {
  static constexpr std::array<const char*, kPathClasses> kNames = {"source", "build", "toolchain", "system",
                                                                   "home",   "tmp",   "outside"};
  const auto index = static_cast<size_t>(path_class);
  return index < kNames.size() ? kNames[index] : "outside";
}

void Classifier::AddRoot(absl::string_view path, PathClass path_class) {
  if (!absl::StartsWith(path, "/")) return;
  const bool star = absl::EndsWith(path, "*");
  if (star) path.remove_suffix(1);
  std::string clean = CleanPath(path);
  if (clean == "/") return;
  roots_.push_back({std::move(clean), path_class, star});
}

Classifier::Classifier(const BuildInfo& build) {
  AddRoot(build.build_dir, PathClass::kBuild);
  AddRoot(build.source_dir, PathClass::kSource);
  AddRoot(build.tmp, PathClass::kTmp);
  AddRoot(build.home, PathClass::kHome);
  if (build.toolchain_roots.empty()) {
    for (const char* root : kFallbackToolchain) AddRoot(root, PathClass::kToolchain);
  }
  for (const std::string& root : build.toolchain_roots) AddRoot(root, PathClass::kToolchain);
  for (const char* root : kTmpRoots) AddRoot(root, PathClass::kTmp);
  for (const char* root : kSystemRoots) AddRoot(root, PathClass::kSystem);
  for (const std::string& dir : build.toolchain_link_dirs) link_dirs_.push_back(CleanPath(dir));
  for (const std::string& file : build.toolchain_files) toolchain_files_.insert(CleanPath(file));

  if (!build.source_dir.empty() && CleanPath(build.source_dir) == CleanPath(build.build_dir)) {
    for (const EdgeInfo& edge : build.edges) {
      for (const std::string& output : edge.outputs) {
        in_source_outputs_.insert(CleanPath(JoinPath(build.build_dir, output)));
      }
    }
    // All else is source: the build root goes.
    roots_.erase(std::remove_if(roots_.begin(), roots_.end(),
                                [](const Root& root) { return root.path_class == PathClass::kBuild; }),
                 roots_.end());
  }
  std::stable_sort(roots_.begin(), roots_.end(), [](const Root& a, const Root& b) {
    if (a.path.size() != b.path.size()) return a.path.size() > b.path.size();
    return Rank(a.path_class) < Rank(b.path_class);
  });
}

bool Classifier::IsToolchainFile(absl::string_view path) const {
  if (toolchain_files_.contains(path)) return true;
  const absl::string_view dir = Dirname(path);
  if (IsLinkInput(path) && std::find(link_dirs_.begin(), link_dirs_.end(), dir) != link_dirs_.end())
    return true;
  return Basename(dir) == "bin" && IsToolName(Basename(path));
}

PathClass Classifier::Classify(absl::string_view path) const {
  if (!absl::StartsWith(path, "/")) {
    return IsKernelObject(path) ? PathClass::kSystem : PathClass::kOutside;
  }
  if (!in_source_outputs_.empty() && in_source_outputs_.contains(path)) return PathClass::kBuild;
  PathClass found = PathClass::kOutside;
  for (const Root& root : roots_) {
    if (root.star ? absl::StartsWith(path, root.path) : IsUnder(path, root.path)) {
      found = root.path_class;
      break;
    }
  }
  const bool project = found == PathClass::kSource || found == PathClass::kBuild;
  if (!project && Basename(path) == "glovebox-launch") return PathClass::kToolchain;
  if (found == PathClass::kSystem || (!project && toolchain_files_.contains(path))) {
    if (IsToolchainFile(path)) return PathClass::kToolchain;
  }
  return found;
}

}  // namespace glovebox::report
