// A summary as JSON: docs/report.schema.json says what stands in it. Written piece by piece, so that a report
// of millions of files needs no memory of its own.
//
// Bytes: every string that comes from a log is escaped by base/bytes.h (a newline is \n, a byte that is no
// UTF-8 is \xNN, a backslash is doubled), so that it is valid UTF-8 and nothing is lost. A "path" or
// "address" that is not valid UTF-8 has its raw bytes beside it, in base64, as "path_bytes" or
// "address_bytes".
#ifndef GLOVEBOX_REPORT_JSON_H_
#define GLOVEBOX_REPORT_JSON_H_

#include <ostream>

#include "report/summary.h"

namespace glovebox::report {

inline constexpr int kJsonVersion = 1;  // raised when a field changes its meaning or goes; new ones may come

// The whole document with a final newline. Errors are the stream's.
void WriteJson(const Summary& summary, std::ostream& out);

}  // namespace glovebox::report

#endif  // GLOVEBOX_REPORT_JSON_H_
