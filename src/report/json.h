// The report for programs; its form is docs/report.schema.json.
#ifndef GLOVEBOX_REPORT_JSON_H_
#define GLOVEBOX_REPORT_JSON_H_

#include <ostream>

#include "report/input.h"
#include "report/summary.h"

namespace glovebox::report {

inline constexpr int kJsonVersion = 1;

// Written action by action: memory does not grow with the log. A name that is no UTF-8 stands as {"text":
// escaped, "base64": its bytes} in the place of a plain string.
void WriteJson(const Input& input, const Summary& summary, std::ostream& out);

}  // namespace glovebox::report

#endif  // GLOVEBOX_REPORT_JSON_H_
