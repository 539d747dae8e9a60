// Two builds held against each other, for people and for programs.
#ifndef GLOVEBOX_REPORT_DIFF_H_
#define GLOVEBOX_REPORT_DIFF_H_

#include <ostream>
#include <string>

#include "compare/compare.h"
#include "report/format.h"

namespace glovebox::report {

// `a` and `b` must outlive it, as `comparison` must.
struct Diff {
  const compare::Side& a;
  const compare::Side& b;
  const compare::Comparison& comparison;
};

// What outputs differ comes first, by its cause; `all`: lists in full, and edges whose inputs or commands
// differ though they made the same. Escaped.
std::string DiffText(const Diff& diff, const Style& style, bool all);

// The form is docs/diff.schema.json.
void WriteDiffJson(const Diff& diff, std::ostream& out);

// One line: "the build directory stands in it", and what mends it; empty where nobody knows.
std::string SourceText(compare::Source source, const std::string& detail);
std::string SourceRepair(compare::Source source, const std::string& part);

// 0 nothing differs, 1 outputs differ, 4 no output could be compared (docs/exit-codes.md).
int DiffExitStatus(const compare::Comparison& comparison);

}  // namespace glovebox::report

#endif  // GLOVEBOX_REPORT_DIFF_H_
