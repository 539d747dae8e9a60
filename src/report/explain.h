// Two questions about a log: who touched this path, and what did this action touch.
#ifndef GLOVEBOX_REPORT_EXPLAIN_H_
#define GLOVEBOX_REPORT_EXPLAIN_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "report/input.h"
#include "report/summary.h"
#include "report/text.h"

namespace glovebox::report {

struct ExplainOptions {
  Style style;
  bool all = false;  // every entry of every list
};

struct PathQuery {
  std::string spelled;                  // as the user typed it
  std::vector<std::string> candidates;  // absolute, clean: what it may mean
};

// The meanings of a path: absolute, or relative to each of `directories` (the working directory, the build
// directory ...), cleaned, and the same of what UnescapeBytes makes of it, so that a name can be copied from
// a report. Pure; a caller that can look at the disk adds the resolved ones.
PathQuery MakePathQuery(const std::string& spelled, const std::vector<std::string>& directories);

// Who touched it, how, in the order of time, alike ones folded. Matches the resolved path, and the path as it
// was spelled in the call; an address ("inet:127.0.0.1:80") as well. Empty where nobody touched it.
std::string ExplainPath(const Input& input, const Summary& summary, const PathQuery& query,
                        const ExplainOptions& options);

// Up to five names of the run that are near: the same name elsewhere, then names that contain it, then a slip
// of the pen.
std::vector<std::string> NearNames(const Summary& summary, const std::string& spelled);

// The actions that `what` may mean, as indices into Summary::actions: "#12" or "12" is a number; else an
// output (as logged, or the same file spelled otherwise), else a target. The outermost ones only: what runs
// inside of one is explained with it. Empty: none.
std::vector<size_t> FindActions(const Input& input, const Summary& summary, const std::string& what,
                                const std::vector<std::string>& directories);

// The outermost actions that make any of `outputs`, which are spelled as Ninja spells them.
std::vector<size_t> FindMakers(const Input& input, const Summary& summary,
                               const std::vector<std::string>& outputs);

// What the action and those inside of it touched.
std::string ExplainAction(const Input& input, const Summary& summary, size_t action,
                          const ExplainOptions& options);

// All that: first the actions that `what` names, then who touched the file of that name. Relative names are
// looked for below `cwd`, the build and the source directory; symlinks of today's disk are followed too.
// NotFound, with near names (raw, as everywhere in a status) and what the log cannot know, where there is
// neither.
absl::StatusOr<std::string> Explain(const Input& input, const std::string& what, const std::string& cwd,
                                    const ExplainOptions& options);

}  // namespace glovebox::report

#endif  // GLOVEBOX_REPORT_EXPLAIN_H_
