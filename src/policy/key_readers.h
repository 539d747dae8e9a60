// What one key of a policy file takes: value -> assignments. One function a key that is no plain truth value.
#ifndef GLOVEBOX_POLICY_KEY_READERS_H_
#define GLOVEBOX_POLICY_KEY_READERS_H_

#include <functional>
#include <string>
#include <vector>

#include "policy/policy_set.h"
#include "policy/policy_toml.h"
#include "policy/policy_variables.h"

namespace glovebox::policy {

struct KeyInput {
  const TomlItem& item;
  std::string key;  // without "-add"
  bool adds;
  const PolicyVariables& variables;
  TomlReader* reader;
  std::vector<Assignment>* out;

  // One setting, which replaces earlier ones of `key`.
  void Add(const std::string& key_name, const std::string& value, const Origin& origin,
           std::function<void(Policy*)> apply) const;
};

// A list of paths: "read", "write", "append-only", "hidden".
void ReadPathList(const KeyInput& in, PathAccess access);
template <PathAccess kAccess>
void ReadPaths(const KeyInput& in) {
  ReadPathList(in, kAccess);
}

void ReadNetwork(const KeyInput& in);      // a mode, or a table
void ReadVariables(const KeyInput& in);    // {set, unset, only}
void ReadWallClock(const KeyInput& in);    // "10m", seconds, "unlimited"
void ReadTotalMemory(const KeyInput& in);  // "2G", bytes, "unlimited"
void ReadTotalProcesses(const KeyInput& in);
void ReadLimits(const KeyInput& in);        // {nofile = 1024, as = "4G"}
void ReadCapabilities(const KeyInput& in);  // {keep, drop}

}  // namespace glovebox::policy

#endif  // GLOVEBOX_POLICY_KEY_READERS_H_
