// Where a build lives. A path is told by the longest of these that it lies under, by its letters.
#ifndef GLOVEBOX_VERIFY_PLACES_H_
#define GLOVEBOX_VERIFY_PLACES_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace glovebox::verify {

enum class Place : uint8_t { kSource, kBuild, kHome, kTmp, kElsewhere };

// Immutable once made.
class Places {
 public:
  // Absolute; empty, or "/", where there is none. The system's own temporary directories (/tmp, /var/tmp,
  // /dev/shm) count as tmp beside `tmp`. At the same length the order is build, source, tmp, home.
  Places(const std::string& source, const std::string& build, const std::string& home,
         const std::string& tmp);
  Place Of(absl::string_view path) const;
  // What stands below the root that it lies under, without a slash in front; empty for a root itself.
  std::string BelowRoot(absl::string_view path) const;
  // "${build}/a.o": the same on every machine. What lies elsewhere stays as it is.
  std::string Portable(absl::string_view path) const;
  // Source and build are one directory: what is written there may be either's.
  bool one_tree() const { return one_tree_; }
  // Empty: not known.
  const std::string& source() const { return source_; }

 private:
  struct Root {
    std::string path;
    Place place;
  };
  const Root* RootOf(absl::string_view path) const;
  std::vector<Root> roots_;  // longest first
  bool one_tree_ = false;
  std::string source_;
};

// What a person's programs keep below $HOME for every project: settings and caches. Without "$HOME/".
bool IsSettings(absl::string_view below_home);
// The system's own: /usr, /etc, /proc ...
bool IsSystem(absl::string_view path);

}  // namespace glovebox::verify

#endif  // GLOVEBOX_VERIFY_PLACES_H_
