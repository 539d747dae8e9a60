// The keys that any section of a policy file may hold: what they are called, what they take, what they set.
// A key is a row in policy_keys.cc.
#ifndef GLOVEBOX_POLICY_POLICY_KEYS_H_
#define GLOVEBOX_POLICY_POLICY_KEYS_H_

#include <string>
#include <vector>

#include "policy/policy_set.h"
#include "policy/policy_toml.h"
#include "policy/policy_variables.h"

namespace glovebox::policy {

// All of them, in the order in which `policy show` tells them.
std::vector<std::string> PolicyKeys();

// What these items say. Items with other names must have been taken out: they are complained about, with the
// nearest of PolicyKeys() and `others` (names that the caller knows).
std::vector<Assignment> ReadPolicyKeys(const std::vector<TomlItem>& items,
                                       const std::vector<std::string>& others,
                                       const PolicyVariables& variables, TomlReader* reader);

}  // namespace glovebox::policy

#endif  // GLOVEBOX_POLICY_POLICY_KEYS_H_
