// From what was seen to a policy file: the tightest one under which the same would pass again, general enough
// for a person to read and keep. Pure: what was seen is given, a text comes out.
//
// Per role, since that is how the file speaks:
//  - what was made or removed stands as the directory it lies in (a file that is not there yet cannot be
//    granted), or one above where that was made in the run itself; below ${build}, of a step, as that; what
//    was only changed as the file;
//  - what was read stands as the file, and as the directory where that is used in several places (Fold);
//    ${toolchain} as a whole, and a system's directory as one of its first two names;
//  - the network as the narrowest mode, with the addresses that it does not hold.
#ifndef GLOVEBOX_POLICY_LEARN_H_
#define GLOVEBOX_POLICY_LEARN_H_

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "policy/policy.h"

namespace glovebox::policy {

// Where things are; an empty one is not known. Absolute and clean.
struct LearnPlaces {
  std::string source, build, home, tmp;
  std::vector<std::string> toolchain;
};

// All that the actions of one role did, and those inside of them: an action inside another can only narrow
// what that one may do. Paths absolute, as the kernel finds them.
struct RoleUse {
  Role role = Role::kRun;
  uint64_t actions = 0;
  std::set<std::string> read;      // opened to read, listed or run
  std::set<std::string> written;   // created, renamed (both names), removed
  std::set<std::string> changed;   // changed where they were
  std::set<std::string> programs;  // that were run: part of `read`, told in a comment
  std::set<std::string> sockets;   // families: "inet", "unix" ...
  std::set<std::string> connects;  // addresses as records spell them: "inet:127.0.0.1:80", "unix:/run/x"
  std::set<std::string> binds;
};

struct LearnInput {
  LearnPlaces places;
  std::vector<RoleUse> roles;  // those that were seen
  std::set<std::string> made;  // directories that were made in the run
  std::string from;            // the run, for the first line
  std::string incomplete;      // what was not seen of it; empty: it was seen in full
  // How many entries a directory has; 0: not known. Tells whether most of it was used.
  std::function<size_t(const std::string& directory)> entries;
};

// glovebox.toml, with comments. A name that TOML or a path of a policy cannot spell is granted by the
// directory that it is in.
std::string LearnPolicy(const LearnInput& input);

// Paths folded into the directories above them: kFoldAlways children of one or more, or two or more that are
// half of its entries. Never "/", a directory in it, nor `keep` (directories that would grant too much).
// Sorted; nothing in it lies below another.
inline constexpr size_t kFoldAlways = 6;
std::vector<std::string> Fold(const std::set<std::string>& paths, const std::set<std::string>& keep,
                              const std::function<size_t(const std::string&)>& entries);

}  // namespace glovebox::policy

#endif  // GLOVEBOX_POLICY_LEARN_H_
