// From what was seen to a policy file: the tightest one under which the same would pass again, general enough
// for a person to read and keep. Pure: what was seen is given, a text comes out.
//
// A section per role, and behind it a [[rule]] for each test (target, output) that needs more than the
// others:
//  - what was made or removed stands as the directory it lies in (a file that is not there yet cannot be
//    granted), or one above where the action made that itself; below ${build}, of a step, as that; what was
//    only changed as the file, outside of ${build} and ${tmp}, which may be emptied;
//  - what was read stands as the file, and as the directory where that is used in several places (Fold);
//    ${toolchain} as a whole, and a system's directory as one of its first two names;
//  - the network as the narrowest mode, with the addresses that it does not hold;
//  - what more than half of a role's tests need is the role's, and what too many to name need.
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

// What some actions did, and those inside of them: an action inside another can only narrow what that one may
// do. Paths absolute, as the kernel finds them, each with the program that was first to touch it.
struct Use {
  using Paths = std::map<std::string, std::string>;
  uint64_t actions = 0;
  uint64_t longest_ns = 0;         // of one action; 0: not known
  uint64_t peak_bytes = 0;         // of a whole action, as measured; 0: was not
  Paths read;                      // opened to read, listed or run
  Paths written;                   // created, renamed (both names), removed
  Paths changed;                   // changed where they were
  std::set<std::string> made;      // directories that these actions made
  std::set<std::string> programs;  // that were run: part of `read`, told in a comment
  std::set<std::string> sockets;   // families: "inet", "unix" ...
  std::set<std::string> connects;  // addresses as records spell them: "inet:127.0.0.1:80", "unix:/run/x"
  std::set<std::string> binds;
};

// All actions of one role, by what a [[rule]] can call them: a test's name, a target, an output of a custom
// command. Those that have none, or whose role no rule looks into, stand under "".
struct RoleUse {
  Role role = Role::kRun;
  std::map<std::string, Use> uses;
};

struct LearnInput {
  LearnPlaces places;
  std::vector<RoleUse> roles;     // those that were seen
  std::set<std::string> asked;    // sections that actions asked for by name ([policy.NAME])
  std::vector<std::string> from;  // the runs, for the first line
  std::string incomplete;         // what was not seen of them; empty: all was
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

// Names as selectors: "Net.*" for three or more that begin alike up to a dot or slash, where no other name of
// `all` begins so.
std::vector<std::string> NamePatterns(const std::set<std::string>& names, const std::set<std::string>& all);

// More selectors than this are no list for a person: what so many need the role gets.
inline constexpr size_t kMostNamed = 12;

}  // namespace glovebox::policy

#endif  // GLOVEBOX_POLICY_LEARN_H_
