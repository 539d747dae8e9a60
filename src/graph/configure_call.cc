#include "graph/configure_call.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/paths.h"
#include "base/status.h"
#include "graph/cmake_info.h"

namespace glovebox::graph {
namespace {

using nlohmann::json;

struct Mode {
  absl::string_view word;
  absl::string_view mend;
};

// What is no configure step.
const Mode* ModeOf(const std::string& word) {
  static constexpr Mode kModes[] = {
      {"--build", "glovebox-ninja -C BUILD builds and records it"},
      {"-E", "glovebox run -- cmake -E ... records it"},
      {"-P", "glovebox run -- cmake -P ... records it"},
      {"--install", "glovebox run -- cmake --install ... records it"},
      {"--workflow", "configure with glovebox cmake --preset, and build with glovebox-ninja"},
      {"-N", "use cmake itself"},
      {"--open", "use cmake itself"},
      {"--find-package", "use cmake itself"},
      {"--version", "use cmake itself"},
      {"-version", "use cmake itself"},
      {"/V", "use cmake itself"},
      {"--list-presets", "use cmake itself"},
      {"--system-information", "use cmake itself"},
      {"-h", "use cmake itself"},
      {"-H", "use cmake itself"},
      {"-help", "use cmake itself"},
      {"-usage", "use cmake itself"},
      {"/?", "use cmake itself"},
  };
  const auto found = std::find_if(std::begin(kModes), std::end(kModes), [&word](const Mode& mode) {
    return word == mode.word || absl::StartsWith(word, absl::StrCat(mode.word, "="));
  });
  if (found != std::end(kModes)) return found;
  static constexpr Mode kHelp = {"--help", "use cmake itself"};
  return absl::StartsWith(word, "--help") ? &kHelp : nullptr;
}

// Options whose value may be the next word.
bool TakesNext(const std::string& word) {
  static constexpr absl::string_view kOptions[] = {"-D",
                                                   "-U",
                                                   "-C",
                                                   "-G",
                                                   "-T",
                                                   "-A",
                                                   "--toolchain",
                                                   "--log-level",
                                                   "--graphviz",
                                                   "--install-prefix",
                                                   "--debug-find-pkg",
                                                   "--debug-find-var",
                                                   "--trace-source",
                                                   "--trace-format",
                                                   "--trace-redirect",
                                                   "--profiling-output",
                                                   "--profiling-format"};
  return std::find(std::begin(kOptions), std::end(kOptions), word) != std::end(kOptions);
}

struct Words {
  std::string source, build, preset;
  std::vector<std::string> paths;  // what is no option
  bool any = false;
};

// "-B build", "-Bbuild", "-B=build". False where `word` is another option.
bool TakeOption(const std::vector<std::string>& words, size_t* at, absl::string_view option,
                std::string* value) {
  absl::string_view rest = words[*at];
  if (!absl::ConsumePrefix(&rest, option)) return false;
  if (absl::StartsWith(option, "--") && !rest.empty() && rest[0] != '=') return false;
  if (!rest.empty()) {
    absl::ConsumePrefix(&rest, "=");
    *value = std::string(rest);
  } else if (*at + 1 < words.size()) {
    *value = words[++*at];
  }
  return true;
}

absl::StatusOr<Words> Cut(const std::vector<std::string>& words) {
  Words cut;
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (const Mode* mode = ModeOf(word)) {
      return absl::InvalidArgumentError(absl::StrCat("cmake: ", word, " configures nothing: ", mode->mend));
    }
    cut.any = true;
    if (TakeOption(words, &i, "--preset", &cut.preset) || TakeOption(words, &i, "-S", &cut.source) ||
        TakeOption(words, &i, "-B", &cut.build) || TakeOption(words, &i, "-H", &cut.source))
      continue;
    if (TakesNext(word)) {
      ++i;
    } else if (!absl::StartsWith(word, "-") && !word.empty()) {
      cut.paths.push_back(word);
    }
  }
  return cut;
}

// The presets of a source directory, with what they include, and each with the file that it stands in.
class Presets {
 public:
  Presets(std::string source_dir, const FileText& read) : source_dir_(std::move(source_dir)), read_(read) {
    Load(JoinPath(source_dir_, "CMakePresets.json"));
    Load(JoinPath(source_dir_, "CMakeUserPresets.json"));
  }

  // The value of a preset, or of the first of those that it inherits from that has one.
  const json* Find(const std::string& name, const char* key, std::string* file, int depth = 0) const {
    const auto found = presets_.find(name);
    if (found == presets_.end() || depth > kDeepest) return nullptr;
    const json& preset = found->second.first;
    if (const auto value = preset.find(key); value != preset.end() && value->is_string()) {
      *file = found->second.second;
      return &*value;
    }
    const auto inherits = preset.find("inherits");
    if (inherits == preset.end()) return nullptr;
    const json list = inherits->is_array() ? *inherits : json::array({*inherits});
    for (const json& parent : list) {
      if (!parent.is_string()) continue;
      if (const json* value = Find(parent.get<std::string>(), key, file, depth + 1)) return value;
    }
    return nullptr;
  }

  absl::StatusOr<std::string> Expand(const std::string& text, const std::string& preset,
                                     const std::string& file) const {
    std::string out;
    for (size_t i = 0; i < text.size(); ++i) {
      if (text[i] != '$') {
        out.push_back(text[i]);
        continue;
      }
      const size_t end = text.find('}', i);
      const std::string macro = text.substr(i, end == std::string::npos ? end : end - i + 1);
      std::string value;
      if (!ValueOf(macro, preset, file, &value)) {
        return absl::InvalidArgumentError(absl::StrCat("--preset ", preset, ": its binaryDir ", text, " has ",
                                                       macro,
                                                       ", which is not known here: say -B DIR as well"));
      }
      out += value;
      i = end;
    }
    return CleanPath(JoinPath(source_dir_, out));
  }

 private:
  static constexpr int kDeepest = 32;

  void Load(const std::string& path, int depth = 0) {
    const absl::StatusOr<std::string> text = read_(path);
    if (!text.ok() || depth > kDeepest) return;
    const json document = json::parse(*text, nullptr, /*allow_exceptions=*/false, /*ignore_comments=*/true);
    if (!document.is_object()) return;
    if (const auto more = document.find("include"); more != document.end() && more->is_array()) {
      for (const json& name : *more) {
        if (name.is_string()) Load(CleanPath(JoinPath(Dirname(path), name.get<std::string>())), depth + 1);
      }
    }
    const auto presets = document.find("configurePresets");
    if (presets == document.end() || !presets->is_array()) return;
    for (const json& preset : *presets) {
      if (!preset.is_object()) continue;
      const auto name = preset.find("name");
      if (name != preset.end() && name->is_string())
        presets_.try_emplace(name->get<std::string>(), preset, path);
    }
  }

  bool ValueOf(const std::string& macro, const std::string& preset, const std::string& file,
               std::string* value) const {
    const std::map<absl::string_view, std::string> known = {
        {"${sourceDir}", source_dir_},
        {"${sourceParentDir}", std::string(Dirname(source_dir_))},
        {"${sourceDirName}", std::string(Basename(source_dir_))},
        {"${presetName}", preset},
        {"${fileDir}", std::string(Dirname(file))},
        {"${hostSystemName}", "Linux"},
        {"${dollar}", "$"},
        {"${pathListSep}", ":"},
    };
    if (const auto found = known.find(macro); found != known.end()) {
      *value = found->second;
      return true;
    }
    std::string other;
    const json* generator = macro == "${generator}" ? Find(preset, "generator", &other) : nullptr;
    if (generator == nullptr) return false;
    *value = generator->get<std::string>();
    return true;
  }

  std::string source_dir_;
  const FileText& read_;
  std::map<std::string, std::pair<json, std::string>> presets_;
};

// A directory that was configured before, or its CMakeCache.txt, stands for both; any other is the source.
ConfigureCall OfPath(const std::string& path, const std::string& cwd, const FileText& read) {
  std::string directory = CleanPath(JoinPath(cwd, path));
  if (Basename(directory) == "CMakeCache.txt") directory = std::string(Dirname(directory));
  const absl::StatusOr<std::string> cache = read(JoinPath(directory, "CMakeCache.txt"));
  if (!cache.ok()) return {directory, cwd};
  const std::string home = ParseCMakeCache(*cache)["CMAKE_HOME_DIRECTORY"];
  return {home.empty() ? directory : home, directory};
}

}  // namespace

absl::StatusOr<std::string> PresetBinaryDir(const std::string& preset, const std::string& source_dir,
                                            const FileText& read) {
  const Presets presets(source_dir, read);
  std::string file;
  const json* directory = presets.Find(preset, "binaryDir", &file);
  if (directory == nullptr) return "";
  return presets.Expand(directory->get<std::string>(), preset, file);
}

absl::StatusOr<ConfigureCall> ReadConfigureCall(const std::vector<std::string>& words, const std::string& cwd,
                                                const FileText& read) {
  ASSIGN_OR_RETURN(const Words cut, Cut(words));
  if (!cut.any) {
    return absl::InvalidArgumentError(
        "cmake: nothing to configure (glovebox cmake [options] -S SOURCE -B BUILD ...)");
  }
  // The last path counts, as to CMake.
  ConfigureCall call = cut.paths.empty() ? ConfigureCall{cwd, cwd} : OfPath(cut.paths.back(), cwd, read);
  if (!cut.source.empty()) {
    call.source_dir = CleanPath(JoinPath(cwd, cut.source));
    // -S SOURCE BUILD
    if (!cut.paths.empty()) call.build_dir = CleanPath(JoinPath(cwd, cut.paths.back()));
  } else if (!cut.build.empty() && !cut.paths.empty()) {
    // -B BUILD SOURCE
    call.source_dir = CleanPath(JoinPath(cwd, cut.paths.back()));
  }
  if (!cut.build.empty()) {
    call.build_dir = CleanPath(JoinPath(cwd, cut.build));
  } else if (!cut.preset.empty()) {
    ASSIGN_OR_RETURN(const std::string directory, PresetBinaryDir(cut.preset, call.source_dir, read));
    if (!directory.empty()) call.build_dir = directory;
  }
  return call;
}

}  // namespace glovebox::graph
