// [severity] and [[allow]]: what findings count for, and those that somebody answers for.
#ifndef GLOVEBOX_POLICY_ALLOWANCE_TABLE_H_
#define GLOVEBOX_POLICY_ALLOWANCE_TABLE_H_

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "policy/policy_file.h"
#include "policy/policy_set.h"
#include "policy/policy_toml.h"

namespace glovebox::policy {

std::map<std::string, std::pair<Severity, Origin>> ReadSeverities(const TomlItem& item,
                                                                  const std::vector<std::string>& rules,
                                                                  TomlReader* reader);

// One that has expired stays in the list, marked, and is noted with what would mend it. `words`: its
// `target`, `edge` and `test` are added.
std::vector<Allowance> ReadAllowances(const TomlItem& item, const PolicyFileOptions& options,
                                      TomlReader* reader, std::vector<SelectorWord>* words);

}  // namespace glovebox::policy

#endif  // GLOVEBOX_POLICY_ALLOWANCE_TABLE_H_
