#include "report/junit_xml.h"

#include <time.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "base/bytes.h"

namespace glovebox::report {
namespace {

// What XML 1.0 can hold: no control bytes, no U+FFFE and U+FFFF. `text` may have newlines of ours.
std::string XmlText(absl::string_view text) {
  return absl::StrReplaceAll(text, {{"&", "&amp;"},
                                    {"<", "&lt;"},
                                    {">", "&gt;"},
                                    {"\"", "&quot;"},
                                    {"\xef\xbf\xbe", "\\xef\\xbf\\xbe"},
                                    {"\xef\xbf\xbf", "\\xef\\xbf\\xbf"}});
}

// A name as CTest's own file has it: what XML can hold stays as it is, a backslash too.
std::string XmlName(absl::string_view value) {
  std::string xml;
  while (!value.empty()) {
    const size_t plain = std::min(value.find_first_of("\\\n\t\r"), value.size());
    absl::StrAppend(&xml, XmlText(EscapeBytes(value.substr(0, plain))));
    value.remove_prefix(plain);
    if (value.empty()) break;
    if (value[0] == '\\') {
      xml += '\\';
    } else {
      absl::StrAppend(&xml, "&#", static_cast<int>(value[0]), ";");
    }
    value.remove_prefix(1);
  }
  return xml;
}

std::string Attribute(absl::string_view name, absl::string_view value) {
  return absl::StrCat(" ", name, "=\"", XmlName(value), "\"");
}

std::string Timestamp(int64_t unix_ns) {
  const time_t seconds = unix_ns / 1'000'000'000;
  tm parts{};
  char text[32];
  if (gmtime_r(&seconds, &parts) == nullptr || strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts) == 0)
    return "1970-01-01T00:00:00";
  return text;
}

}  // namespace

std::string JUnitSeconds(uint64_t ns) { return absl::StrFormat("%.6f", static_cast<double>(ns) / 1e9); }

void JUnitSuite::Add(const JUnitCase& one) {
  const bool broken = !one.error.empty();
  const bool failed = !broken && !one.failure.empty();
  ++tests_;
  errors_ += broken ? 1 : 0;
  failures_ += failed ? 1 : 0;
  wall_ns_ += one.wall_ns;
  absl::StrAppend(&cases_, "    <testcase", Attribute("name", one.name),
                  Attribute("classname", one.classname), Attribute("time", JUnitSeconds(one.wall_ns)), ">\n");
  if (broken || failed) {
    const char* element = broken ? "error" : "failure";
    absl::StrAppend(&cases_, "      <", element, " message=\"", XmlText(broken ? one.error : one.failure),
                    "\" type=\"", XmlText(one.type), "\">", XmlText(absl::StrJoin(one.details, "\n")), "</",
                    element, ">\n");
  }
  if (!one.lines.empty()) {
    absl::StrAppend(&cases_, "      <system-out>", XmlText(absl::StrJoin(one.lines, "\n")),
                    "</system-out>\n");
  }
  absl::StrAppend(&cases_, "    </testcase>\n");
}

std::string JUnitSuite::Xml(absl::string_view name, int64_t start_unix_ns) const {
  const std::string counts = absl::StrCat(" tests=\"", tests_, "\" failures=\"", failures_, "\" errors=\"",
                                          errors_, "\" time=\"", JUnitSeconds(wall_ns_), "\"");
  return absl::StrCat("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"glovebox\"", counts,
                      ">\n  <testsuite", Attribute("name", name), counts, " skipped=\"0\" timestamp=\"",
                      Timestamp(start_unix_ns), "\">\n", cases_, "  </testsuite>\n</testsuites>\n");
}

}  // namespace glovebox::report
