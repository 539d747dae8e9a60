// The tests of a run as JUnit XML, for servers that collect such files.
#ifndef GLOVEBOX_REPORT_JUNIT_H_
#define GLOVEBOX_REPORT_JUNIT_H_

#include <string>

#include "report/input.h"

namespace glovebox::report {

// One <testsuite> with a <testcase> for each action of the role `test`, in order of their begin: its time,
// and in <system-out> how it ended, CPU time, peak memory, accesses, left-over processes. <error> where the
// sandbox failed or nobody knows how the test ended; <failure> where a rule of a policy in mode enforce
// refused something, a limit ended it, or the program failed: an exit status other than 0 or a signal. What
// CTest makes of a status (WILL_FAIL, SKIP_RETURN_CODE ...) is not known here: `ctest --output-junit` says
// that.
//
// Valid against Jenkins' junit-10.xsd. A test has the name that CTest knows it by; control bytes and what is
// no UTF-8 are escaped as EscapeBytes() does it.
std::string JUnitXml(const Input& input);

}  // namespace glovebox::report

#endif  // GLOVEBOX_REPORT_JUNIT_H_
