// The rules of findings as SARIF describes them. For sarif.cc.
#ifndef GLOVEBOX_REPORT_SARIF_RULES_H_
#define GLOVEBOX_REPORT_SARIF_RULES_H_

#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "nlohmann/json.hpp"
#include "verify/finding.h"

namespace glovebox::report {

// "error": SARIF's own words.
const char* SarifLevel(verify::Severity severity);

// All of verify::AllRules(), then those that only a newer Glovebox knows, by their ids alone.
class SarifRules {
 public:
  SarifRules();
  // Its place in Take().
  size_t IndexOf(const std::string& id);
  nlohmann::ordered_json Take() { return std::move(rules_); }

 private:
  nlohmann::ordered_json rules_;
  absl::flat_hash_map<std::string, size_t> index_;
};

}  // namespace glovebox::report

#endif  // GLOVEBOX_REPORT_SARIF_RULES_H_
