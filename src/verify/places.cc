#include "verify/places.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/paths.h"

namespace glovebox::verify {

Places::Places(const std::string& source, const std::string& build, const std::string& home,
               const std::string& tmp)
    : source_(source) {
  const std::pair<absl::string_view, Place> wanted[] = {
      {build, Place::kBuild},    {source, Place::kSource},  {tmp, Place::kTmp},  {"/tmp", Place::kTmp},
      {"/var/tmp", Place::kTmp}, {"/dev/shm", Place::kTmp}, {home, Place::kHome}};
  for (const auto& [path, place] : wanted) {
    if (path.empty() || path[0] != '/') continue;
    std::string clean = CleanPath(path);
    if (clean.size() > 1) roots_.push_back({std::move(clean), place});
  }
  std::stable_sort(roots_.begin(), roots_.end(),
                   [](const Root& a, const Root& b) { return a.path.size() > b.path.size(); });
  one_tree_ = !build.empty() && CleanPath(source) == CleanPath(build);
}

const Places::Root* Places::RootOf(absl::string_view path) const {
  for (const Root& root : roots_) {
    if (IsUnder(path, root.path)) return &root;
  }
  return nullptr;
}

Place Places::Of(absl::string_view path) const {
  const Root* root = RootOf(path);
  return root == nullptr ? Place::kElsewhere : root->place;
}

std::string Places::BelowRoot(absl::string_view path) const {
  const Root* root = RootOf(path);
  if (root == nullptr) return std::string(path);
  return std::string(path.size() > root->path.size() ? path.substr(root->path.size() + 1) : "");
}

std::string Places::Portable(absl::string_view path) const {
  static constexpr const char* kNames[] = {"${source}", "${build}", "${home}", "${tmp}"};
  const Root* root = RootOf(path);
  if (root == nullptr) return std::string(path);
  return absl::StrCat(kNames[static_cast<size_t>(root->place)], path.substr(root->path.size()));
}

bool IsSettings(absl::string_view below_home) {
  for (const absl::string_view name :
       {".gitconfig", ".config/", ".cache/", ".local/lib/", ".local/share/", ".terminfo/", ".inputrc",
        ".pyenv/", ".cargo/", ".rustup/", ".ccache/", ".nix-profile/"}) {
    if (absl::StartsWith(below_home, name)) return true;
  }
  return false;
}

bool IsSystem(absl::string_view path) {
  for (const absl::string_view root :
       {"/proc", "/sys", "/dev", "/run", "/boot", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32",
        "/usr", "/etc", "/opt", "/var", "/nix", "/gnu", "/snap"}) {
    if (IsUnder(path, root)) return true;
  }
  return false;
}

}  // namespace glovebox::verify
