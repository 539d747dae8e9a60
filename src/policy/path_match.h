// Patterns for absolute paths: how a policy names append-only and hidden paths, and what it allows. Names
// have those of name_pattern.h.
#ifndef GLOVEBOX_POLICY_PATH_MATCH_H_
#define GLOVEBOX_POLICY_PATH_MATCH_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace glovebox::policy {

// `*` stands for any letters of one name, `?` for one, `[a-z]` and `[!a-z]` for one of those or of the
// others, and `**` as a whole name for any number of names, also none. A backslash takes the next letter as
// it is. Letters are bytes; a dot in front is a letter like any other; a slash is matched by nothing but
// itself. A path is matched in time linear in its length for each `*`.
//   ASSIGN_OR_RETURN(PathPattern logs, PathPattern::Parse("/b/**/*.log"));
//   logs.Matches("/b/Testing/Temporary/LastTest.log");  // true, and so for "/b/x.log"
class PathPattern {
 public:
  // InvalidArgument: not absolute, an open '[', a backslash at the end, `**` inside a name, `.` or `..`.
  static absl::StatusOr<PathPattern> Parse(absl::string_view text);
  // Matches `path` and nothing else.
  static PathPattern Exactly(absl::string_view path);

  // `path`: absolute and clean (base/paths.h).
  bool Matches(absl::string_view path) const { return Match(path, /*above=*/false); }
  // `path`, or a directory above it.
  bool MatchesAtOrAbove(absl::string_view path) const { return Match(path, /*above=*/true); }
  // Something below this directory can match.
  bool CanMatchBelow(absl::string_view directory) const;

  // The path, where no wildcard is in it: such a pattern names one file.
  bool literal() const { return literal_; }
  // The names before the first wildcard, as a path: "/b" of "/b/**/*.log", "/" of "/*".
  std::string LiteralPart() const;
  // With other directories in the place of the literal part: what that one resolves to.
  PathPattern Under(absl::string_view directory) const;

 private:
  struct Name {
    std::string text;  // without its backslashes where it is literal
    bool literal = true;
    bool any = false;                            // `**`
    bool Matches(absl::string_view part) const;  // of one that is not `**`
  };
  bool Match(absl::string_view path, bool above) const;
  size_t LiteralNames() const;
  std::vector<Name> names_;
  bool literal_ = true;
};

}  // namespace glovebox::policy

#endif  // GLOVEBOX_POLICY_PATH_MATCH_H_
