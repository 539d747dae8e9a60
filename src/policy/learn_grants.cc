#include "policy/learn_grants.h"

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/bytes.h"
#include "base/paths.h"

namespace glovebox::policy {
namespace {

// What may stand in a list of the file as it is.
bool CanBeSpelt(absl::string_view path) {
  return IsUtf8(path) && std::none_of(path.begin(), path.end(), [](unsigned char c) {
           return c < 0x20 || c == 0x7f || c == '*' || c == '?' || c == '[' || c == '\\' || c == '"';
         });
}

// The first two names of a path in the system's own directories ("/usr/lib"), one where that says enough.
std::string SystemRoot(const std::string& path) {
  static constexpr const char* kOneName[] = {"/proc", "/sys",   "/bin",   "/sbin",
                                             "/lib",  "/lib32", "/lib64", "/libx32"};
  for (const char* root : kOneName) {
    if (IsUnder(path, root)) return root;
  }
  if (!IsUnder(path, "/usr")) return "";
  const std::vector<absl::string_view> names = absl::StrSplit(path, '/', absl::SkipEmpty());
  if (names.size() < 3) return "";  // a file of /usr itself, or one of its directories: as it is
  const size_t kept = names[1] == "local" && names.size() > 3 ? 3 : 2;
  return absl::StrCat("/", absl::StrJoin(names.begin(), names.begin() + static_cast<ptrdiff_t>(kept), "/"));
}

bool IsBelow(absl::string_view path, const std::string& root) {
  return root.size() > 1 && IsUnder(path, root);
}

// A device that is there for everybody: nobody's to be named for.
bool IsDevice(absl::string_view path) {
  return IsUnder(path, "/dev") && !IsUnder(path, "/dev/shm") && !IsUnder(path, "/dev/pts");
}

bool IsLoopback(absl::string_view address) {
  return absl::StartsWith(address, "inet:127.") || absl::StartsWith(address, "inet6:[::1]:") ||
         absl::StartsWith(address, "inet6:[::ffff:127.");
}

// "inet:10.0.0.1:443" -> "10.0.0.1:443"; without the port where the kernel chose it (0).
std::string EndpointText(absl::string_view address) {
  absl::string_view text = address.substr(address.find(':') + 1);
  if (absl::EndsWith(text, ":0")) text.remove_suffix(2);
  return std::string(text);
}

NetworkNeed NetworkOf(const Use& use) {
  NetworkNeed need;
  const auto raise = [&need](NetworkNeed::Mode mode) { need.mode = std::max(need.mode, mode); };
  for (const std::string& family : use.sockets) {
    if (family == "unix") {
      raise(NetworkNeed::kUnix);
    } else if (family == "inet" || family == "inet6" || absl::StartsWith(family, "netlink")) {
      raise(NetworkNeed::kLoopback);
    } else {
      raise(NetworkNeed::kAny);
      need.families.insert(family);
    }
  }
  for (const auto& [addresses, named] :
       {std::pair(&use.connects, &need.connects), {&use.binds, &need.binds}}) {
    for (const std::string& address : *addresses) {
      const bool inet = absl::StartsWith(address, "inet:") || absl::StartsWith(address, "inet6:");
      if (absl::StartsWith(address, "unix:")) raise(NetworkNeed::kUnix);
      if (!inet) continue;
      raise(NetworkNeed::kLoopback);
      if (!IsLoopback(address)) {
        named->insert(EndpointText(address));
      } else {
        // Ports of this machine change from run to run.
        const std::string text = EndpointText(address);
        need.seen.insert(text.substr(0, text.rfind(text[0] == '[' ? "]" : ":") + (text[0] == '[' ? 1 : 0)));
      }
    }
  }
  return need;
}

// Who touched what, below one grant that is not folded yet.
struct Touched {
  const std::string* name;
  const std::string* path;
  const std::string* program;
};
using RawGrants = std::map<std::string, std::vector<Touched>>;

std::set<std::string> KeysOf(const RawGrants& raw) {
  std::set<std::string> keys;
  for (const auto& [path, touched] : raw) keys.insert(path);
  return keys;
}

class Granter {
 public:
  Granter(const RoleUse& use, const LearnInput& input) : use_(use), input_(input), places_(input.places) {
    for (const auto& [name, one] : use.uses) all_.insert(name);
    for (std::string up = places_.home; up.size() > 1; up = std::string(Dirname(up))) keep_.insert(up);
    for (const char* root : {"/usr", "/var", "/etc", "/tmp", "/home", "/dev", "/run", "/opt"})
      keep_.insert(root);
  }

  GrantedRole Run() {
    TakeWrites();
    TakeReads();
    TakeNetwork();
    for (auto& [name, extra] : extras_) MakeRule(name, std::move(extra));
    return std::move(granted_);
  }

 private:
  bool IsTest() const { return use_.role == Role::kTest; }

  // Whether so many need it that it is the role's.
  bool IsCommon(const std::set<std::string>& names) const {
    return !HasNames(use_.role) || all_.size() < 2 || names.count("") != 0 ||
           names.size() * 2 > all_.size() || NamePatterns(names, all_).size() > kMostNamed;
  }

  // What must be granted so that `path` can be written.
  std::string WriteGrant(const std::string& path, const Use& use) const {
    if (IsDevice(path)) return path;
    if (IsBelow(path, places_.build) && !IsTest()) return places_.build;
    std::string directory(Dirname(path));
    while (directory.size() > 1 && (use.made.count(directory) != 0 || !CanBeSpelt(directory)))
      directory = std::string(Dirname(directory));
    if (IsBelow(path, places_.build) && !IsUnder(directory, places_.build)) return places_.build;
    if (IsBelow(path, places_.tmp) && (directory == places_.tmp || !IsUnder(directory, places_.tmp)))
      return places_.tmp;
    return directory;
  }

  // A file that was there to be changed may be gone the next time where things are made anew.
  std::string ChangeGrant(const std::string& path, const Use& use) const {
    const bool kept = !IsBelow(path, places_.build) && !IsBelow(path, places_.tmp);
    return kept && CanBeSpelt(path) ? path : WriteGrant(path, use);
  }

  std::string ReadGrant(std::string path) const {
    while (path.size() > 1 && !CanBeSpelt(path)) path = std::string(Dirname(path));
    // A project may lie in /usr/src.
    if (IsBelow(path, places_.source) || IsBelow(path, places_.build)) return path;
    const std::string system = SystemRoot(path);
    return system.empty() ? path : system;
  }

  bool IsToolchain(const std::string& path) const {
    if (IsBelow(path, places_.source)) return false;
    return std::any_of(places_.toolchain.begin(), places_.toolchain.end(),
                       [&](const std::string& root) { return IsBelow(path, root); });
  }

  // Reading there tells nobody apart: the system's files, and what the build itself made.
  bool IsOrdinary(const std::string& path) const {
    if (IsBelow(path, places_.build)) return true;
    if (IsBelow(path, places_.source)) return !IsTest();
    return !SystemRoot(path).empty() || IsUnder(path, "/usr") || IsUnder(path, "/etc") ||
           IsUnder(path, "/dev");
  }

  // Each raw grant to the root that holds it.
  std::vector<LearnedGrant> Rooted(const RawGrants& raw, std::vector<std::string> roots) const {
    // A build directory below ${tmp} stands there by its own name as well: it is not below it everywhere.
    for (const std::string& own : {places_.build, places_.source}) {
      if (raw.count(own) != 0 && std::find(roots.begin(), roots.end(), own) == roots.end())
        roots.push_back(own);
    }
    std::map<std::string, LearnedGrant> grants;
    for (const std::string& root : roots) grants[root].path = root;
    for (const auto& [path, touched] : raw) {
      std::string at = path;
      while (at.size() > 1 && grants.count(at) == 0) at = std::string(Dirname(at));
      const auto found = grants.find(at);
      if (found == grants.end()) continue;
      for (const Touched& one : touched) {
        found->second.seen.emplace(*one.path, *one.program);
        found->second.names.insert(*one.name);
      }
    }
    std::vector<LearnedGrant> out;
    out.reserve(grants.size());
    for (auto& [root, grant] : grants) out.push_back(std::move(grant));
    return out;
  }

  void Give(LearnedGrant grant, bool common, std::vector<LearnedGrant> GrantedPart::*list) {
    if (common) {
      (granted_.own.*list).push_back(std::move(grant));
      return;
    }
    for (const std::string& name : grant.names) (extras_[name].*list).push_back(grant);
  }

  void TakeWrites() {
    RawGrants raw;
    for (const auto& [name, use] : use_.uses) {
      for (const auto& [path, program] : use.written)
        raw[WriteGrant(path, use)].push_back({&name, &path, &program});
      for (const auto& [path, program] : use.changed)
        raw[ChangeGrant(path, use)].push_back({&name, &path, &program});
    }
    granted_.everything = raw.erase("/") > 0;
    std::set<std::string> keep = keep_;
    if (!places_.source.empty()) keep.insert(places_.source);
    for (LearnedGrant& grant : Rooted(raw, Fold(KeysOf(raw), keep, {}))) {
      const bool common = IsDevice(grant.path) || IsCommon(grant.names);
      writable_.emplace_back(grant.path, common ? std::set<std::string>() : grant.names);
      Give(std::move(grant), common, &GrantedPart::write);
    }
  }

  // Whether what was granted for writing lets `name` read it.
  bool IsWritable(const std::string& path, const std::string& name) const {
    return std::any_of(writable_.begin(), writable_.end(), [&](const auto& root) {
      return IsUnder(path, root.first) && (root.second.empty() || root.second.count(name) != 0);
    });
  }

  void TakeReads() {
    RawGrants raw;
    LearnedGrant toolchain;
    toolchain.path = kToolchainGrant;
    for (const auto& [name, use] : use_.uses) {
      for (const auto& [path, program] : use.read) {
        if (IsWritable(path, name)) continue;
        if (IsToolchain(path)) {
          toolchain.seen.emplace(path, program);
          continue;
        }
        raw[ReadGrant(path)].push_back({&name, &path, &program});
      }
    }
    if (raw.erase("/") > 0) granted_.everything = true;
    if (!toolchain.seen.empty()) granted_.own.read.push_back(std::move(toolchain));
    for (LearnedGrant& grant : Rooted(raw, Fold(KeysOf(raw), keep_, input_.entries))) {
      const bool common = IsOrdinary(grant.path) || IsCommon(grant.names);
      Give(std::move(grant), common, &GrantedPart::read);
    }
  }

  void TakeNetwork() {
    std::map<std::string, NetworkNeed> needs;
    for (const auto& [name, use] : use_.uses) needs[name] = NetworkOf(use);
    NetworkNeed& own = granted_.own.network;
    // Those that the role's own does not satisfy yet, by what they need. Where too many need it, it becomes
    // the role's, and that may satisfy others.
    for (bool again = true; again;) {
      again = false;
      using Key = std::tuple<NetworkNeed::Mode, std::set<std::string>, std::set<std::string>>;
      std::map<Key, std::set<std::string>> groups;
      std::set<std::string> unsatisfied;
      for (const auto& [name, need] : needs) {
        if (own.Allows(need)) continue;
        groups[{need.mode, need.connects, need.binds}].insert(name);
        unsatisfied.insert(name);
      }
      // The least of them first: more than half may need loopback, though each needs another address beside
      // it.
      if (!groups.empty() && IsCommon(unsatisfied)) {
        own.Add(needs[*groups.begin()->second.begin()]);
        again = true;
        continue;
      }
      for (const auto& [key, names] : groups) {
        if (!IsCommon(names)) continue;
        own.Add(needs[*names.begin()]);
        again = true;
      }
    }
    for (auto& [name, need] : needs) {
      if (own.Allows(need)) {
        own.seen.insert(need.seen.begin(), need.seen.end());
        continue;
      }
      NetworkNeed all = own;  // a rule's value replaces the role's
      all.seen.clear();
      all.Add(need);
      extras_[name].network = std::move(all);
      networked_.insert(name);
    }
  }

  // Those that need the same share a rule.
  void MakeRule(const std::string& name, GrantedPart extra) {
    extra.has_network = networked_.count(name) != 0;
    const auto same = [](const std::vector<LearnedGrant>& a, const std::vector<LearnedGrant>& b) {
      return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                        [](const LearnedGrant& x, const LearnedGrant& y) { return x.path == y.path; });
    };
    for (GrantedRule& rule : granted_.rules) {
      const NetworkNeed& network = rule.part.network;
      if (!same(rule.part.read, extra.read) || !same(rule.part.write, extra.write) ||
          rule.part.has_network != extra.has_network || !network.Allows(extra.network) ||
          !extra.network.Allows(network))
        continue;
      rule.names.insert(name);
      rule.part.network.seen.insert(extra.network.seen.begin(), extra.network.seen.end());
      return;
    }
    granted_.rules.push_back({{name}, std::move(extra)});
  }

  const RoleUse& use_;
  const LearnInput& input_;
  const LearnPlaces& places_;
  std::set<std::string> keep_, all_, networked_;
  std::vector<std::pair<std::string, std::set<std::string>>> writable_;  // root, for whom: empty: all
  std::map<std::string, GrantedPart> extras_;                            // by name, beyond the role
  GrantedRole granted_;
};

}  // namespace

bool NetworkNeed::Allows(const NetworkNeed& other) const {
  if (mode == kAny) return true;
  const auto holds = [](const std::set<std::string>& all, const std::set<std::string>& some) {
    return std::includes(all.begin(), all.end(), some.begin(), some.end());
  };
  return mode >= other.mode && holds(connects, other.connects) && holds(binds, other.binds);
}

void NetworkNeed::Add(const NetworkNeed& other) {
  mode = std::max(mode, other.mode);
  connects.insert(other.connects.begin(), other.connects.end());
  binds.insert(other.binds.begin(), other.binds.end());
  families.insert(other.families.begin(), other.families.end());
  seen.insert(other.seen.begin(), other.seen.end());
}

bool HasNames(Role role) {
  return role == Role::kTest || role == Role::kCompile || role == Role::kLink || role == Role::kCustom;
}

std::string SpeltPath(const std::string& path, const LearnPlaces& places) {
  const std::pair<const char*, const std::string*> variables[] = {{"${build}", &places.build},
                                                                  {"${source}", &places.source},
                                                                  {"${tmp}", &places.tmp},
                                                                  {"${home}", &places.home}};
  const char* best = nullptr;
  size_t length = 0;
  for (const auto& [name, root] : variables) {
    if (root->size() > std::max<size_t>(1, length) && IsUnder(path, *root)) {
      best = name;
      length = root->size();
    }
  }
  return absl::StrCat(best == nullptr ? "" : best, absl::string_view(path).substr(length));
}

GrantedRole GrantsOf(const RoleUse& use, const LearnInput& input) { return Granter(use, input).Run(); }

}  // namespace glovebox::policy
