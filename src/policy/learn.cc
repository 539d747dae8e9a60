#include "policy/learn.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/bytes.h"
#include "base/paths.h"
#include "policy/budget_text.h"
#include "policy/learn_grants.h"
#include "policy/measures.h"
#include "policy/policy_set.h"

namespace glovebox::policy {
namespace {

constexpr size_t kPrograms = 6;  // in the comment of a role
constexpr size_t kExamples = 3;  // files, or programs, in the comment of a line
constexpr size_t kWidest = 44;   // of a word, for its comment to stand in the column

// A key's line, and a comment for it.
struct Word {
  std::string text;
  std::string why;
};

std::string Comment(absl::string_view text) { return EscapeBytes(text); }

// "a, b, c and 4 more"
std::string Some(const std::vector<std::string>& names, size_t most) {
  if (names.size() <= most + 1) return absl::StrJoin(names, ", ");
  return absl::StrCat(absl::StrJoin(names.begin(), names.begin() + static_cast<ptrdiff_t>(most), ", "),
                      " and ", names.size() - most, " more");
}

std::string Count(uint64_t number, const char* what) {
  return absl::StrCat(number, " ", what, number == 1 ? "" : "s");
}

// A TOML string of a name. What TOML cannot spell any `?` may stand for: a selector is a pattern.
std::string Quoted(absl::string_view name) {
  std::string out = "\"";
  const bool utf8 = IsUtf8(name);
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f || (byte >= 0x80 && !utf8)) {
      out += '?';
      continue;
    }
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string QuotedList(const std::vector<std::string>& names) {
  std::vector<std::string> words;
  words.reserve(names.size());
  for (const std::string& name : names) words.push_back(Quoted(name));
  return words.size() == 1 ? words[0] : absl::StrCat("[", absl::StrJoin(words, ", "), "]");
}

// What was touched below a grant, and by whom: "greet.c, greet.h: by cc1".
std::string Why(const LearnedGrant& grant, const LearnPlaces& places) {
  std::vector<std::string> files;
  std::set<std::string> programs;
  bool itself = false;
  for (const auto& [path, program] : grant.seen) {
    if (!program.empty()) programs.insert(Comment(Basename(program)));
    itself = itself || path == grant.path;
    if (path.size() > grant.path.size() && grant.path != kToolchainGrant)
      files.push_back(Comment(absl::string_view(path).substr(grant.path.size() + 1)));
  }
  std::string why;
  if (grant.path == kToolchainGrant) {
    why = "the compilers, their headers and libraries";
  } else if (Basename(grant.path) == "glovebox-launch") {
    return "what starts each step";
  } else if (grant.path == places.tmp && !files.empty()) {
    why = Count(files.size(), "file");  // their names change from run to run
  } else if (files.size() > kExamples) {
    why = absl::StrCat(files.size(), " files, ", files[0], " among them");
  } else {
    // A directory that was listed is granted with all that is below it: there is no less.
    if (itself && !files.empty()) files.insert(files.begin(), "itself");
    why = absl::StrJoin(files, ", ");
  }
  const std::vector<std::string> by(programs.begin(), programs.end());
  if (!by.empty()) absl::StrAppend(&why, why.empty() ? "by " : ": by ", Some(by, kExamples));
  return why;
}

class Writer {
 public:
  explicit Writer(const LearnInput& input) : input_(input) {}

  std::string Text() {
    std::vector<std::string> from;
    for (const std::string& run : input_.from) from.push_back(Comment(run));
    absl::StrAppend(
        &out_, "# glovebox.toml, learned from ", absl::StrJoin(from, "\n#   and "), "\n",
        "# What was touched there may be touched again, and nothing else. Read it before you keep "
        "it: what a line\n",
        "# grants was used once, which does not say that it was right. `glovebox policy check` "
        "reads it,\n# docs/policy-file.md says what the keys mean.\n");
    if (!input_.incomplete.empty())
      absl::StrAppend(&out_, "#\n# NOT ALL WAS SEEN: ", Comment(input_.incomplete),
                      ". What is missing here will be refused.\n");
    absl::StrAppend(
        &out_, "\nmode = \"enforce\"     # \"report\" tells what it would refuse, and refuses nothing\n");
    std::vector<GrantedRole> granted;
    for (const RoleUse& use : input_.roles) {
      granted.push_back(GrantsOf(use, input_));
      Section(use, granted.back());
    }
    for (size_t i = 0; i < granted.size(); ++i) {
      for (const GrantedRule& rule : granted[i].rules) Rule(input_.roles[i], rule);
    }
    for (const std::string& name : input_.asked)
      absl::StrAppend(&out_, "\n[policy.", Quoted(name),
                      "]     # asked for by name; it may do what its role and the rules above say\n");
    return std::move(out_);
  }

 private:
  void List(absl::string_view key, const std::vector<Word>& words) {
    if (words.size() < 2) {
      const std::string why = words.empty() || words[0].why.empty() ? "" : "     # " + words[0].why;
      absl::StrAppend(&out_, key, " = [", words.empty() ? "" : words[0].text, "]", why, "\n");
      return;
    }
    size_t width = 0;
    for (const Word& word : words) {
      if (word.text.size() <= kWidest) width = std::max(width, word.text.size());
    }
    absl::StrAppend(&out_, key, " = [\n");
    for (const Word& word : words) {
      const size_t pad = word.text.size() < width ? width - word.text.size() : 0;
      absl::StrAppend(&out_, "  ", word.text, ",", word.why.empty() ? "" : std::string(pad + 2, ' ') + "# ",
                      word.why, "\n");
    }
    absl::StrAppend(&out_, "]\n");
  }

  void Grants(absl::string_view key, const std::vector<LearnedGrant>& grants) {
    std::vector<Word> words;
    for (const LearnedGrant& grant : grants) {
      const bool toolchain = grant.path == kToolchainGrant;
      words.push_back(
          {absl::StrCat("\"", toolchain ? grant.path : SpeltPath(grant.path, input_.places), "\""),
           Why(grant, input_.places)});
    }
    List(key, words);
  }

  void Network(const NetworkNeed& need) {
    static constexpr const char* kModes[] = {"none", "unix", "loopback", "any"};
    const std::string mode = absl::StrCat("\"", kModes[need.mode], "\"");
    if (!need.families.empty()) {
      std::vector<std::string> families;
      for (const std::string& family : need.families) families.push_back(Comment(family));
      absl::StrAppend(&out_, "# only \"any\" allows a socket of ", absl::StrJoin(families, ", "), "\n");
    }
    if (need.mode == NetworkNeed::kAny || (need.connects.empty() && need.binds.empty())) {
      std::vector<std::string> seen;
      for (const std::string& address : need.seen) seen.push_back(Comment(address));
      absl::StrAppend(&out_, "network = ", mode, seen.empty() ? "" : "     # ", Some(seen, kExamples), "\n");
      return;
    }
    absl::StrAppend(&out_, "network = { mode = ", mode);
    for (const auto& [key, addresses] : {std::pair("connect", &need.connects), {"bind", &need.binds}}) {
      std::vector<std::string> words;
      for (const std::string& address : *addresses) words.push_back(Quoted(address));
      if (!words.empty()) absl::StrAppend(&out_, ", ", key, " = [", absl::StrJoin(words, ", "), "]");
    }
    absl::StrAppend(&out_, " }\n");
  }

  // What hangs, or eats all there is, is a test or somebody's script: these are bounded by several times what
  // they took, since another machine is slower.
  void Bounds(const RoleUse& role) {
    uint64_t longest = 0;
    uint64_t memory = 0;
    for (const auto& [name, use] : role.uses) {
      longest = std::max(longest, use.longest_ns);
      memory = std::max(memory, use.peak_bytes);
    }
    constexpr uint64_t kMinute = 60ull * 1'000'000'000;
    constexpr uint64_t kMega = 1ull << 20;
    const bool timed = role.role == Role::kTest || role.role == Role::kCustom || role.role == Role::kRun;
    if (timed && longest != 0) {
      const uint64_t minutes = std::max<uint64_t>(1, (longest * kTimesLonger + kMinute - 1) / kMinute);
      absl::StrAppend(&out_, "wall-clock = \"", FormatDuration(minutes * kMinute),
                      "\"     # the longest took ", DurationText(longest / 1'000'000 * 1'000'000), "\n");
    }
    if (memory != 0) {
      const uint64_t megas = std::max<uint64_t>(64, (memory * kTimesMore + kMega - 1) / kMega);
      absl::StrAppend(&out_, "total-memory = \"", FormatSize(megas * kMega), "\"     # the largest had ",
                      SizeText(memory), "\n");
    }
  }

  void Section(const RoleUse& role, const GrantedRole& granted) {
    uint64_t actions = 0;
    std::set<std::string> programs;
    for (const auto& [name, use] : role.uses) {
      actions += use.actions;
      for (const std::string& program : use.programs)
        programs.insert(Comment(SpeltPath(program, input_.places)));
    }
    absl::StrAppend(&out_, "\n[", RoleName(role.role), "]     # ", Count(actions, "action"), "\n");
    if (!programs.empty())
      absl::StrAppend(&out_, "# runs ", Some({programs.begin(), programs.end()}, kPrograms), "\n");
    if (granted.everything)
      absl::StrAppend(
          &out_, "# \"/\" itself was listed or written, which is not granted: it would be all there is\n");
    Grants("read", granted.own.read);
    Grants("write", granted.own.write);
    Network(granted.own.network);
    Bounds(role);
  }

  void Rule(const RoleUse& role, const GrantedRule& rule) {
    std::set<std::string> all;
    for (const auto& [name, use] : role.uses) all.insert(name);
    absl::StrAppend(&out_, "\n[[rule]]     # needs more than [", RoleName(role.role), "] lets it\n");
    if (role.role != Role::kTest) absl::StrAppend(&out_, "role = \"", RoleName(role.role), "\"\n");
    const char* selector = role.role == Role::kTest ? "test" : role.role == Role::kCustom ? "edge" : "target";
    absl::StrAppend(&out_, selector, " = ", QuotedList(NamePatterns(rule.names, all)), "\n");
    if (!rule.part.read.empty()) Grants("read-add", rule.part.read);
    if (!rule.part.write.empty()) Grants("write-add", rule.part.write);
    if (rule.part.has_network) Network(rule.part.network);
  }

  static constexpr uint64_t kTimesLonger = 10;
  static constexpr uint64_t kTimesMore = 4;

  const LearnInput& input_;
  std::string out_;
};

}  // namespace

std::string LearnPolicy(const LearnInput& input) { return Writer(input).Text(); }

}  // namespace glovebox::policy
