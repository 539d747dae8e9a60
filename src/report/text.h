// A summary as text that a person reads in a minute: what cannot be trusted first, then what a clean build
// does not do (refused calls, network, files outside), then the totals, then what took long.
#ifndef GLOVEBOX_REPORT_TEXT_H_
#define GLOVEBOX_REPORT_TEXT_H_

#include <string>

#include "report/format.h"
#include "report/summary.h"

namespace glovebox::report {

// Ends in a newline. Every name is escaped (base/bytes.h): no byte of a log reaches the terminal raw. `all`:
// every entry of every list, instead of the first few and how many more there are.
std::string TextReport(const Summary& summary, const Style& style, bool all);

// One line, as at the end of `glovebox run`, escaped, without a newline: "1 action seen in full: 12 files
// read, 1 written, 3 absent; no network (2 findings)".
std::string OneLine(const Summary& summary);

// The most memory that an action had, and of how many: "540 MiB in 3 tasks (sampled)", "12 MiB in one
// process".
std::string PeakText(const access::ActionEnd& end);

// "/build/x" -> "x" below the build directory; others stay as they are. Escaped.
std::string ShownPath(const std::string& path, const access::RunInfo& run);

// "#12 foo.o"
std::string ActionLabel(const Summary& summary, access::ActionId id);

}  // namespace glovebox::report

#endif  // GLOVEBOX_REPORT_TEXT_H_
