// What is granted to whom: the middle of learn.h, between what was seen and the text.
#ifndef GLOVEBOX_POLICY_LEARN_GRANTS_H_
#define GLOVEBOX_POLICY_LEARN_GRANTS_H_

#include <map>
#include <set>
#include <string>
#include <vector>

#include "policy/learn.h"

namespace glovebox::policy {

inline constexpr char kToolchainGrant[] = "${toolchain}";

// A line of `read` or `write`, and what was touched below it.
struct LearnedGrant {
  std::string path;             // absolute, or kToolchainGrant
  Use::Paths seen;              // path -> program
  std::set<std::string> names;  // of RoleUse, that need it
};

// The narrowest network for somebody. Ordered by what it allows.
struct NetworkNeed {
  enum Mode { kNone, kUnix, kLoopback, kAny };
  Mode mode = kNone;
  std::set<std::string> connects, binds;  // "10.0.0.1:443": outside of this machine
  std::set<std::string> families;         // that only `any` allows
  std::set<std::string> seen;             // addresses of this machine, for the comment
  bool Allows(const NetworkNeed& other) const;
  void Add(const NetworkNeed& other);
};

struct GrantedPart {
  std::vector<LearnedGrant> read, write;
  NetworkNeed network;
  bool has_network = true;
};

// What those of `names` need beyond their role.
struct GrantedRule {
  std::set<std::string> names;
  GrantedPart part;
};

struct GrantedRole {
  GrantedPart own;
  std::vector<GrantedRule> rules;
  bool everything = false;  // "/" was listed, or written into
};

GrantedRole GrantsOf(const RoleUse& use, const LearnInput& input);

// Whether a [[rule]] can tell the actions of a role apart.
bool HasNames(Role role);

// A list's word for a path: "${build}/x" below a variable's directory, the longest of them.
std::string SpeltPath(const std::string& path, const LearnPlaces& places);

}  // namespace glovebox::policy

#endif  // GLOVEBOX_POLICY_LEARN_GRANTS_H_
