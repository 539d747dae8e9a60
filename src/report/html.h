// A verified build as one HTML page that needs nothing but itself: no network, no server, no second file.
//
//   WriteFile("report.html", HtmlReport(summary, edges));
//
// The page's own text is kept in page/ and embedded by page/embed.cmake. What is written here is its data:
// one JSON value in <script type="application/json" id="data">, in plain ASCII and without "<", ">" and "&",
// so that no name of a file can end the element that it stands in.
//
// Its form is the page's own business (the schema for programs is that of json.h). Tables are
// {"columns": [...], "rows": [[...], ...]}. A column whose name ends in "$" holds indices into "strings": a
// text that many rows share is there once. Columns "action", "actions", "others", "parent" hold indices of
// rows of the table of actions, -1 for none. Times are microseconds since the first record. Names of files
// are escaped as in JSON (EscapeBytes): all is valid UTF-8, and no byte is lost.
#ifndef GLOVEBOX_REPORT_HTML_H_
#define GLOVEBOX_REPORT_HTML_H_

#include <string>
#include <vector>

#include "report/summary.h"
#include "verify/baseline.h"
#include "verify/edge_verdict.h"

namespace glovebox::report {

// `edges` are those of the same build: their `actions` are places in Summary::begun, their `findings` in
// Summary::findings, their `after` in `edges`. What is out of range is left out. `compared`: how the findings
// stand to a baseline; null: there is none.
std::string HtmlReport(const Summary& summary, const std::vector<verify::EdgeVerdict>& edges,
                       const verify::BaselineResult* compared = nullptr);

}  // namespace glovebox::report

#endif  // GLOVEBOX_REPORT_HTML_H_
