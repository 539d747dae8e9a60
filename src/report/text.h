// The report that a person reads in a minute.
#ifndef GLOVEBOX_REPORT_TEXT_H_
#define GLOVEBOX_REPORT_TEXT_H_

#include <string>

#include "report/format.h"
#include "report/input.h"
#include "report/summary.h"

namespace glovebox::report {

// Most important first: what was not seen, what was refused, what left the tree; then the counts, then the
// slowest. Ends with a newline. `all`: lists in full, else their first ten lines and how many more there are.
std::string TextReport(const Input& input, const Summary& summary, const Style& style, bool all);

// One line, as at the end of `glovebox run`: "1 action, seen in full: 12 files read, 1 written, 40 probed".
std::string OneLine(const Summary& summary);

}  // namespace glovebox::report

#endif  // GLOVEBOX_REPORT_TEXT_H_
