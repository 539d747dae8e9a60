#include "policy/learn.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/bytes.h"
#include "base/paths.h"

namespace glovebox::policy {
namespace {

constexpr size_t kNamed = 6;  // programs in a comment

// What may stand in a list of the file as it is.
bool CanBeSpelt(absl::string_view path) {
  return IsUtf8(path) && std::none_of(path.begin(), path.end(), [](unsigned char c) {
           return c < 0x20 || c == 0x7f || c == '*' || c == '?' || c == '[' || c == '\\' || c == '"';
         });
}

bool IsUnderAny(absl::string_view path, const std::set<std::string>& roots) {
  return std::any_of(roots.begin(), roots.end(),
                     [path](const std::string& root) { return IsUnder(path, root); });
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

class Teacher {
 public:
  explicit Teacher(const LearnInput& input) : input_(input), places_(input.places) {
    for (const std::string* root : {&places_.home, &places_.source, &places_.build})
      if (!root->empty()) keep_.insert(*root);
    for (std::string up = places_.home; up.size() > 1; up = std::string(Dirname(up))) keep_.insert(up);
    for (const char* root : {"/usr", "/var", "/etc", "/tmp", "/home", "/dev", "/run", "/opt"})
      keep_.insert(root);
  }

  std::string Text() {
    std::string out = absl::StrCat(
        "# glovebox.toml, learned from ", Comment(input_.from), "\n",
        "# What this run touched may be touched again, and nothing else. Read it before you keep it: what a "
        "line\n",
        "# grants was used once, which does not say that it was right. `glovebox policy check` reads it.\n");
    if (!input_.incomplete.empty())
      absl::StrAppend(&out, "#\n# NOT ALL WAS SEEN: ", Comment(input_.incomplete),
                      ". What is missing here will be refused.\n");
    absl::StrAppend(
        &out, "\nmode = \"enforce\"     # \"report\" tells what it would refuse, and refuses nothing\n");
    for (const RoleUse& use : input_.roles) absl::StrAppend(&out, Section(use));
    return out;
  }

 private:
  static std::string Comment(const std::string& text) { return EscapeBytes(text); }

  // "${build}/x" of a path below a variable's directory; the longest of them.
  std::string Spelt(const std::string& path) const {
    const std::pair<const char*, const std::string*> variables[] = {{"${build}", &places_.build},
                                                                    {"${source}", &places_.source},
                                                                    {"${tmp}", &places_.tmp},
                                                                    {"${home}", &places_.home}};
    const char* best = nullptr;
    size_t length = 0;
    for (const auto& [name, root] : variables) {
      if (root->size() > std::max<size_t>(1, length) && IsUnder(path, *root)) {
        best = name;
        length = root->size();
      }
    }
    return absl::StrCat("\"", best == nullptr ? "" : best, absl::string_view(path).substr(length), "\"");
  }

  bool IsBelow(const std::string& path, const std::string& root) const {
    return root.size() > 1 && IsUnder(path, root);
  }

  // What must be granted so that `path` can be written.
  std::string WriteGrant(const std::string& path, bool test) const {
    if (IsUnder(path, "/dev") && !IsUnder(path, "/dev/shm") && !IsUnder(path, "/dev/pts")) return path;
    if (IsBelow(path, places_.build) && !test) return places_.build;
    std::string directory(Dirname(path));
    while (directory.size() > 1 && (input_.made.count(directory) != 0 || !CanBeSpelt(directory)))
      directory = std::string(Dirname(directory));
    if (IsBelow(path, places_.build) && !IsUnder(directory, places_.build)) return places_.build;
    if (IsBelow(path, places_.tmp) && (directory == places_.tmp || !IsUnder(directory, places_.tmp)))
      return places_.tmp;
    return directory;
  }

  std::string ReadGrant(std::string path) const {
    while (path.size() > 1 && !CanBeSpelt(path)) path = std::string(Dirname(path));
    const std::string system = SystemRoot(path);
    return system.empty() ? path : system;
  }

  bool IsToolchain(const std::string& path) const {
    return std::any_of(places_.toolchain.begin(), places_.toolchain.end(),
                       [&](const std::string& root) { return IsBelow(path, root); });
  }

  static void List(absl::string_view key, const std::vector<std::string>& words, std::string* out) {
    if (words.size() <= 2) {
      absl::StrAppend(out, key, " = [", absl::StrJoin(words, ", "), "]\n");
      return;
    }
    absl::StrAppend(out, key, " = [\n");
    for (const std::string& word : words) absl::StrAppend(out, "  ", word, ",\n");
    absl::StrAppend(out, "]\n");
  }

  std::string Section(const RoleUse& use) const {
    static constexpr const char* kNames[] = {"run", "edge", "compile", "link", "custom", "test", "configure"};
    const bool test = use.role == Role::kTest;
    std::string out = absl::StrCat("\n[", kNames[static_cast<size_t>(use.role)], "]     # ", use.actions,
                                   use.actions == 1 ? " action" : " actions", "\n");
    if (!use.programs.empty()) {
      std::vector<std::string> names;
      for (const std::string& program : use.programs) names.push_back(Comment(program));
      const size_t more = names.size() > kNamed ? names.size() - kNamed : 0;
      names.resize(names.size() - more);
      absl::StrAppend(&out, "# runs ", absl::StrJoin(names, ", "),
                      more > 0 ? absl::StrCat(" and ", more, " more") : "", "\n");
    }
    std::set<std::string> granted;
    for (const std::string& path : use.written) granted.insert(WriteGrant(path, test));
    for (const std::string& path : use.changed) {
      const bool step = IsBelow(path, places_.build) && !test;
      granted.insert(step || !CanBeSpelt(path) ? WriteGrant(path, test) : path);
    }
    bool everything = granted.erase("/") > 0;
    const std::vector<std::string> write = Fold(granted, keep_, {});
    const std::set<std::string> writable(write.begin(), write.end());
    std::set<std::string> needed;
    bool toolchain = false;
    for (const std::string& path : use.read) {
      if (IsUnderAny(path, writable)) continue;
      if (IsToolchain(path) && !IsBelow(path, places_.source)) {
        toolchain = true;
        continue;
      }
      std::string grant = ReadGrant(path);
      if (grant == "/") {
        everything = true;
      } else {
        needed.insert(std::move(grant));
      }
    }
    std::vector<std::string> words;
    if (toolchain) words.push_back("\"${toolchain}\"");
    for (const std::string& path : Fold(needed, keep_, input_.entries)) words.push_back(Spelt(path));
    if (everything)
      absl::StrAppend(
          &out, "# \"/\" itself was listed or written, which is not granted: it would be all there is\n");
    List("read", words, &out);
    words.clear();
    for (const std::string& path : write) words.push_back(Spelt(path));
    List("write", words, &out);
    absl::StrAppend(&out, Network(use));
    return out;
  }

  static bool IsLoopback(absl::string_view address) {
    return absl::StartsWith(address, "inet:127.") || absl::StartsWith(address, "inet6:[::1]:");
  }

  // "inet:10.0.0.1:443" -> "10.0.0.1:443"; without the port where the kernel chose it (0) or `any`.
  static std::string Endpoint(absl::string_view address) {
    absl::string_view text = address.substr(address.find(':') + 1);
    if (absl::EndsWith(text, ":0")) text.remove_suffix(2);
    return absl::StrCat("\"", text, "\"");
  }

  static std::string Network(const RoleUse& use) {
    std::vector<std::string> connects;
    std::vector<std::string> binds;
    bool internet = use.sockets.count("inet") != 0 || use.sockets.count("inet6") != 0;
    bool local = use.sockets.count("unix") != 0;
    for (const auto* addresses : {&use.connects, &use.binds}) {
      for (const std::string& address : *addresses) {
        const bool inet = absl::StartsWith(address, "inet:") || absl::StartsWith(address, "inet6:");
        internet = internet || inet;
        local = local || absl::StartsWith(address, "unix:");
        if (inet && !IsLoopback(address))
          (addresses == &use.connects ? connects : binds).push_back(Endpoint(address));
      }
    }
    const char* mode = internet ? "loopback" : local ? "unix" : "none";
    std::string out;
    for (const std::string& family : use.sockets) {
      if (family != "inet" && family != "inet6" && family != "unix")
        absl::StrAppend(&out, "# a socket of \"", Comment(family),
                        "\" was made, which only network = \"any\" allows\n");
    }
    if (connects.empty() && binds.empty()) return absl::StrCat(out, "network = \"", mode, "\"\n");
    absl::StrAppend(&out, "network = { mode = \"", mode, "\"");
    if (!connects.empty()) absl::StrAppend(&out, ", connect = [", absl::StrJoin(connects, ", "), "]");
    if (!binds.empty()) absl::StrAppend(&out, ", bind = [", absl::StrJoin(binds, ", "), "]");
    return absl::StrCat(out, " }\n");
  }

  const LearnInput& input_;
  const LearnPlaces& places_;
  std::set<std::string> keep_;
};

}  // namespace

std::vector<std::string> Fold(const std::set<std::string>& paths, const std::set<std::string>& keep,
                              const std::function<size_t(const std::string&)>& entries) {
  std::set<std::string> folded = paths;
  // The deepest directories first: one that was folded is a child of the one above.
  std::set<std::pair<size_t, std::string>, std::greater<>> directories;  // by length of the path
  std::map<std::string, std::set<std::string>> children;
  for (const std::string& path : paths) {
    std::string child = path;
    for (std::string up(Dirname(path)); up.size() > 1; child = up, up = std::string(Dirname(up))) {
      children[up].insert(child);
      directories.insert({up.size(), up});
    }
  }
  const auto below = [&folded](const std::string& directory) {
    auto first = folded.lower_bound(directory + "/");
    auto last = folded.lower_bound(directory + "0");  // the byte after '/'
    return std::pair(first, last);
  };
  for (const auto& [length, directory] : directories) {
    if (keep.count(directory) != 0 || Dirname(directory) == "/") continue;
    const auto [first, last] = below(directory);
    const auto used = static_cast<size_t>(std::distance(first, last));
    if (used < 2) continue;
    const size_t all = entries ? entries(directory) : 0;
    const size_t direct = children[directory].size();
    if (used < kFoldAlways && (all == 0 || direct < 2 || direct * 2 < all)) continue;
    folded.erase(first, last);
    folded.insert(directory);
  }
  std::vector<std::string> out;
  for (const std::string& path : folded) {
    // Sorted, but "/a-b" stands between "/a" and "/a/b": look at all that may hold it.
    bool held = false;
    for (std::string up(Dirname(path)); up.size() > 1 && !held; up = std::string(Dirname(up)))
      held = folded.count(up) != 0;
    if (!held) out.push_back(path);
  }
  return out;
}

std::string LearnPolicy(const LearnInput& input) { return Teacher(input).Text(); }

}  // namespace glovebox::policy
