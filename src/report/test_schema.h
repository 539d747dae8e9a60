// A document held against one of the published schemas.
#ifndef GLOVEBOX_REPORT_TEST_SCHEMA_H_
#define GLOVEBOX_REPORT_TEST_SCHEMA_H_

#include <sys/wait.h>

#include <cstdlib>
#include <string>

#include "base/bytes.h"
#include "base/files.h"

namespace glovebox::report {

inline constexpr int kInvalid = 7;

// 0: valid; kInvalid: not. By Debian's python3-jsonschema: a machine without it fails here, since nothing
// else would hold the schema.
inline int ValidateAgainst(const std::string& schema, const std::string& document) {
  const auto dir = TempDir::Create();
  if (!dir.ok()) return -1;
  const std::string path = dir->path() + "/document.json";
  if (!WriteFile(path, document).ok()) return -1;
  const std::string program = R"(
import json, sys, jsonschema
schema = json.load(open(sys.argv[1]))
jsonschema.Draft202012Validator.check_schema(schema)
errors = list(jsonschema.Draft202012Validator(schema).iter_errors(json.load(open(sys.argv[2]))))
for error in errors: print("/".join(map(str, error.path)), error.message[:200])
sys.exit(7 if errors else 0)
)";
  const std::string command =
      "/usr/bin/python3 -c " + ShellQuote(program) + " " + ShellQuote(schema) + " " + ShellQuote(path);
  const int status = system(command.c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace glovebox::report

#endif  // GLOVEBOX_REPORT_TEST_SCHEMA_H_
