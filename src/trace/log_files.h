// Which file is an append-only log: by its name, and by its device and inode under any other name.
#ifndef GLOVEBOX_TRACE_LOG_FILES_H_
#define GLOVEBOX_TRACE_LOG_FILES_H_

#include <sys/stat.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "policy/path_match.h"
#include "policy/policy.h"

namespace glovebox::trace {

// One pattern of a policy (policy/path_match.h).
class LogPattern {
 public:
  LogPattern(const policy::PathRule& rule, bool enforce);
  bool Matches(absl::string_view path) const;
  // Something below this directory can match.
  bool MatchesBelow(absl::string_view directory) const;
  // It is the directory, or one above it, in which everything that matches lies.
  bool IsAbove(absl::string_view path) const;
  const std::string& root() const { return root_; }
  const std::string& rule() const { return rule_; }  // access::Access::rule
  bool enforce() const { return enforce_; }
  // The existing files that match, appended.
  void Expand(std::vector<std::string>* files) const;

 private:
  policy::PathPattern pattern_;
  std::string root_;  // the names before the first wildcard, without the last one
  std::string rule_;
  bool enforce_;
};

// Not thread-safe.
class LogFiles {
 public:
  // Of every policy of the chain that is not in mode observe.
  explicit LogFiles(const std::vector<const policy::Policy*>& chain);
  bool empty() const { return patterns_.empty(); }

  // The pattern by which it is a log, or null. A file with several names is looked for among the logs.
  const LogPattern* Find(const std::string& path, const struct stat* is);
  const LogPattern* ByName(absl::string_view path) const;
  // The pattern of a log that is there below this directory, or, `moved_to`, would be there once the
  // directory has that name; null for none.
  const LogPattern* Below(const std::string& directory, const std::string& moved_to);
  // The pattern whose logs all lie at or below `path`.
  const LogPattern* Above(absl::string_view path) const;
  void Note(const std::string& path, const struct stat& is);

 private:
  using Identity = std::pair<dev_t, ino_t>;
  const LogPattern* Known(const struct stat& is);
  void Rescan();

  std::vector<LogPattern> patterns_;
  std::map<Identity, std::string> known_;
};

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_LOG_FILES_H_
