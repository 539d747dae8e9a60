#include "trace/log_files.h"

#include <dirent.h>

#include <functional>

#include "absl/strings/str_cat.h"
#include "base/paths.h"
#include "policy/logs.h"

namespace glovebox::trace {
namespace {

// One that is no pattern is told by CompilePlan(); should it come here all the same, it is the file of that
// name.
policy::PathPattern PatternOf(const std::string& path) {
  auto pattern = policy::PathPattern::Parse(path);
  return pattern.ok() ? *std::move(pattern) : policy::PathPattern::Exactly(path);
}

// Calls `visit` for all that is no directory below `directory`, until it says false.
bool Walk(const std::string& directory, int depth, const std::function<bool(const std::string&)>& enters,
          const std::function<bool(const std::string&)>& visit) {
  constexpr int kDeepest = 64;
  DIR* const stream = depth < kDeepest ? opendir(directory.c_str()) : nullptr;
  if (stream == nullptr) return true;
  std::vector<std::string> below;
  bool goes_on = true;
  while (const dirent* entry = goes_on ? readdir(stream) : nullptr) {
    const absl::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    std::string path = absl::StrCat(directory == "/" ? "" : directory, "/", name);
    struct stat is;
    bool is_dir = entry->d_type == DT_DIR;
    if (entry->d_type == DT_UNKNOWN) is_dir = lstat(path.c_str(), &is) == 0 && S_ISDIR(is.st_mode);
    if (!is_dir) {
      goes_on = visit(path);
    } else if (enters(path)) {
      below.push_back(std::move(path));
    }
  }
  closedir(stream);
  for (const std::string& path : below) {
    if (!goes_on) break;
    goes_on = Walk(path, depth + 1, enters, visit);
  }
  return goes_on;
}

}  // namespace

LogPattern::LogPattern(const policy::PathRule& rule, bool enforce)
    : pattern_(PatternOf(rule.path)),
      root_(pattern_.LiteralPart()),
      rule_(absl::StrCat("log-tamper: ", policy::OriginText(rule.origin), " append ", rule.path)),
      enforce_(enforce) {
  if (pattern_.literal()) root_ = std::string(Dirname(root_));
}

bool LogPattern::Matches(absl::string_view path) const { return pattern_.Matches(path); }
bool LogPattern::MatchesBelow(absl::string_view directory) const { return pattern_.CanMatchBelow(directory); }
bool LogPattern::IsAbove(absl::string_view path) const { return IsUnder(root_, path); }

void LogPattern::Expand(std::vector<std::string>* files) const {
  Walk(
      root_, 0, [this](const std::string& path) { return MatchesBelow(path); },
      [this, files](const std::string& path) {
        if (Matches(path)) files->push_back(path);
        return true;
      });
}

LogFiles::LogFiles(const std::vector<const policy::Policy*>& chain) {
  for (const policy::Policy* policy : chain) {
    if (!policy::HasLogs(*policy)) continue;
    for (const policy::PathRule& rule : policy->paths) {
      if (rule.access == policy::PathAccess::kAppend)
        patterns_.emplace_back(rule, policy::HoldsLogs(*policy));
    }
  }
  Rescan();
}

void LogFiles::Rescan() {
  known_.clear();
  std::vector<std::string> files;
  for (const LogPattern& pattern : patterns_) pattern.Expand(&files);
  for (const std::string& path : files) {
    struct stat is;
    if (lstat(path.c_str(), &is) == 0 && S_ISREG(is.st_mode)) Note(path, is);
  }
}

void LogFiles::Note(const std::string& path, const struct stat& is) { known_[{is.st_dev, is.st_ino}] = path; }

const LogPattern* LogFiles::ByName(absl::string_view path) const {
  const LogPattern* found = nullptr;
  for (const LogPattern& pattern : patterns_) {
    if (!pattern.Matches(path)) continue;
    if (pattern.enforce()) return &pattern;
    found = &pattern;
  }
  return found;
}

// A number can be another file's by now.
const LogPattern* LogFiles::Known(const struct stat& is) {
  const auto known = known_.find({is.st_dev, is.st_ino});
  if (known == known_.end()) return nullptr;
  struct stat now;
  if (lstat(known->second.c_str(), &now) == 0 && now.st_dev == is.st_dev && now.st_ino == is.st_ino)
    return ByName(known->second);
  known_.erase(known);
  return nullptr;
}

const LogPattern* LogFiles::Find(const std::string& path, const struct stat* is) {
  const bool file = is != nullptr && S_ISREG(is->st_mode);
  if (is != nullptr && S_ISDIR(is->st_mode)) return nullptr;
  if (const LogPattern* named = ByName(path)) {
    if (file) Note(path, *is);
    return named;
  }
  if (!file) return nullptr;
  const LogPattern* known = Known(*is);
  if (known == nullptr && is->st_nlink > 1) {
    Rescan();
    known = Known(*is);
  }
  return known;
}

const LogPattern* LogFiles::Above(absl::string_view path) const {
  for (const LogPattern& pattern : patterns_) {
    if (pattern.IsAbove(path)) return &pattern;
  }
  return nullptr;
}

const LogPattern* LogFiles::Below(const std::string& directory, const std::string& moved_to) {
  const auto renamed = [&](const std::string& path) {
    return absl::StrCat(moved_to, path.substr(directory.size()));
  };
  const auto concerns = [&](const std::string& path) {
    for (const LogPattern& pattern : patterns_) {
      if (pattern.MatchesBelow(path) || (!moved_to.empty() && pattern.MatchesBelow(renamed(path))))
        return true;
    }
    return false;
  };
  if (!concerns(directory)) return nullptr;
  const LogPattern* found = nullptr;
  Walk(directory, 0, concerns, [&](const std::string& path) {
    found = ByName(path);
    if (found == nullptr && !moved_to.empty()) found = ByName(renamed(path));
    return found == nullptr;
  });
  return found;
}

}  // namespace glovebox::trace
