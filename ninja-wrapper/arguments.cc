#include "arguments.h"

#include <getopt.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace glovebox::ninja {
namespace {

constexpr char kLevelOption[] = "--glovebox-level";
constexpr char kPolicyOption[] = "--glovebox-policy";
constexpr char kModeOption[] = "--glovebox-mode";

// Takes our options out. They are known before `--` only; Ninja has none that begins like them.
void TakeOwn(const std::vector<std::string>& argv, Arguments& arguments) {
  bool options = true;
  for (size_t i = 1; i < argv.size(); ++i) {
    absl::string_view word = argv[i];
    if (options && (word == "--verify" || word == "--glovebox-verify")) {
      arguments.verify = true;
      continue;
    }
    if (options && absl::StartsWith(word, kLevelOption)) {
      const bool has_value = absl::ConsumePrefix(&word, absl::StrCat(kLevelOption, "="));
      if (!has_value || !IsLevel(word)) {
        arguments.error = absl::StrCat(argv[i], ": say ", kLevelOption, "=open, ", kLevelOption, "=full or ",
                                       kLevelOption, "=strict");
      }
      arguments.level = std::string(word);
      continue;
    }
    const bool policy = absl::StartsWith(word, kPolicyOption);
    if (options && (policy || absl::StartsWith(word, kModeOption))) {
      const char* const name = policy ? kPolicyOption : kModeOption;
      std::string& value = policy ? arguments.policy : arguments.mode;
      value.clear();
      if (absl::ConsumePrefix(&word, absl::StrCat(name, "="))) {
        value = std::string(word);
      } else if (word == name && i + 1 < argv.size()) {
        value = argv[++i];
      }
      if (policy ? value.empty() : !IsMode(value)) {
        arguments.error =
            absl::StrCat(argv[i], ": say ", name, policy ? "=FILE" : "=observe, report or enforce");
      }
      continue;
    }
    if (word == "--") options = false;
    arguments.forwarded.push_back(argv[i]);
  }
}

}  // namespace

bool IsMode(absl::string_view word) { return word == "observe" || word == "report" || word == "enforce"; }

bool IsLevel(absl::string_view word) { return word == "open" || word == "full" || word == "strict"; }

Arguments ParseArguments(const std::vector<std::string>& argv) {
  Arguments arguments;
  TakeOwn(argv, arguments);
  std::vector<std::string> copy = {"ninja"};
  copy.insert(copy.end(), arguments.forwarded.begin(), arguments.forwarded.end());
  std::vector<char*> words;
  words.reserve(copy.size() + 1);
  for (std::string& word : copy) words.push_back(word.data());
  words.push_back(nullptr);
  enum { kHelp = 1, kVersion, kQuiet };
  const option long_options[] = {{"help", no_argument, nullptr, 'h'},
                                 {"version", no_argument, nullptr, kVersion},
                                 {"verbose", no_argument, nullptr, 'v'},
                                 {"quiet", no_argument, nullptr, kQuiet},
                                 {nullptr, 0, nullptr, 0}};
  optind = 0;  // glibc: start anew
  opterr = 0;  // Ninja will say it
  const int argc = static_cast<int>(words.size()) - 1;
  int found;
  while (!arguments.direct &&
         (found = getopt_long(argc, words.data(), "d:f:j:k:l:nt:vw:C:h", long_options, nullptr)) != -1) {
    switch (found) {
      case 'C':
        arguments.directory = optarg;
        break;
      case 'f':
        arguments.manifest = optarg;
        break;
      case 'd':
      case 'j':
      case 'k':
      case 'l':
      case 'v':
      case 'w':
      case kQuiet:
        break;
      default:
        arguments.direct = true;  // -t, -n, -h, --version, and what Ninja does not know
    }
  }
  for (int i = optind; i < argc && !arguments.direct; ++i) {
    arguments.direct = absl::StartsWith(words[static_cast<size_t>(i)], "cmTC_");
  }
  return arguments;
}

}  // namespace glovebox::ninja
