// JUnit XML, as GitLab, Jenkins (junit-10.xsd) and others read it: one suite of cases.
//
//   JUnitSuite suite;
//   suite.Add({.name = "net.fetch", .failure = "exit status 3", .type = "test"});
//   WriteFile(path, suite.Xml("/build", start_unix_ns));
#ifndef GLOVEBOX_REPORT_JUNIT_XML_H_
#define GLOVEBOX_REPORT_JUNIT_XML_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace glovebox::report {

// `name` and `classname` are raw bytes; all else is escaped already (EscapeBytes).
struct JUnitCase {
  std::string name = {};
  std::string classname = "glovebox";
  uint64_t wall_ns = 0;
  // The message; empty: none. One that is an error is no failure as well.
  std::string error = {}, failure = {};
  std::string type = {};                  // of error or failure
  std::vector<std::string> details = {};  // in it, a line each
  std::vector<std::string> lines = {};    // of system-out
};

// Not thread-safe.
class JUnitSuite {
 public:
  void Add(const JUnitCase& one);
  // `name` raw.
  std::string Xml(absl::string_view name, int64_t start_unix_ns) const;

 private:
  std::string cases_;
  uint64_t tests_ = 0, failures_ = 0, errors_ = 0, wall_ns_ = 0;
};

std::string JUnitSeconds(uint64_t ns);  // "0.250000"

}  // namespace glovebox::report

#endif  // GLOVEBOX_REPORT_JUNIT_XML_H_
