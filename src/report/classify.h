// Where a file belongs: seven classes by the letters of its resolved path. Nothing is looked up on disk.
//
// The rules, in this order:
//  1. The longest root that the path lies under decides. The root itself belongs to its class. So a build
//     directory below the source is build, a source below $HOME or /tmp is source, $TMPDIR inside the build
//     directory is tmp.
//  2. Roots of the same length: build, source, toolchain, tmp, home, system, in that order; but where source
//     and build are one directory (an in-source build), the outputs of known edges are build, all else
//     source.
//  3. "/" is never a root (a HOME or working directory of "/" would swallow everything).
//  4. A file that CMake or the fallback names as one of the compiler's own is toolchain, unless it lies below
//     the source or build directory. In a linker directory *.a, *.o, *.so are toolchain.
//  5. What is no path of the file system ("pipe:[7]", "memfd:x") is system; any other relative name is
//     outside.
//  6. glovebox-launch itself is toolchain, wherever it was built.
//
// System roots: /proc /sys /dev /run /boot /bin /sbin /lib* /usr /etc /opt /var /nix /gnu. tmp roots, beside
// $TMPDIR: /tmp /var/tmp /dev/shm /run/user. Toolchain, when nothing else is known: kFallbackToolchain and
// programs named like a compiler or a binutil ("x86_64-linux-gnu-g++-12", "ld.bfd") in a system directory
// called bin.
#ifndef GLOVEBOX_REPORT_CLASSIFY_H_
#define GLOVEBOX_REPORT_CLASSIFY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "report/build_info.h"

namespace glovebox::report {

enum class PathClass : uint8_t { kSource, kBuild, kToolchain, kSystem, kHome, kTmp, kOutside };
inline constexpr int kPathClasses = 7;

// "source", "build" ...: stable, used in JSON.
absl::string_view ClassName(PathClass path_class);

// Used when no toolchain roots are known; a trailing '*' matches the rest of one name.
extern const char* const kFallbackToolchain[6];

// Immutable once made; thread-safe.
class Classifier {
 public:
  explicit Classifier(const BuildInfo& build);
  PathClass Classify(absl::string_view path) const;

 private:
  struct Root {
    std::string path;
    PathClass path_class;
    bool star = false;  // the last name is a prefix
  };
  void AddRoot(absl::string_view path, PathClass path_class);
  bool IsToolchainFile(absl::string_view path) const;

  std::vector<Root> roots_;  // longest first, then by rule 2
  std::vector<std::string> link_dirs_;
  absl::flat_hash_set<std::string> toolchain_files_;
  absl::flat_hash_set<std::string> in_source_outputs_;
};

}  // namespace glovebox::report

#endif  // GLOVEBOX_REPORT_CLASSIFY_H_
