#include "cli/words.h"

#include <algorithm>
#include <cstddef>

namespace glovebox::cli {
namespace {

struct Option {
  const CLI::Option* known = nullptr;  // null: of a newer launcher, or a usage error
  bool attached = false;               // the value is in the same word: --log=x, -Cx
  bool empty = false;                  // --log=
};

bool TakesValue(const CLI::Option* option) {
  return option != nullptr && option->get_items_expected_max() > 0;
}

// As CLI11 tells an option: false for "", "-", "-5", "---x".
bool IsOption(const CLI::App& app, const std::string& word, Option* option) {
  std::string name;
  std::string value;
  if (CLI::detail::split_long(word, name, value)) {
    option->known = app.get_option_no_throw("--" + name);
    option->attached = word.find('=') != std::string::npos;
    option->empty = option->attached && value.empty();
    return true;
  }
  if (!CLI::detail::split_short(word, name, value) || (name[0] >= '0' && name[0] <= '9')) return false;
  // -qC is -q -C.
  while (option->known = app.get_option_no_throw("-" + name), option->known != nullptr) {
    if (value.empty() || TakesValue(option->known)) break;
    name = value.substr(0, 1);
    value.erase(0, 1);
  }
  option->attached = !value.empty();
  return true;
}

const CLI::App* SubcommandOf(const CLI::App& app, const std::string& name) {
  for (const CLI::App* command : app.get_subcommands(nullptr)) {
    if (command->get_name() == name) return command;
  }
  return nullptr;
}

bool HasCommand(const CLI::App& app) { return app.get_name() == "run" || app.get_name() == "cmake"; }

}  // namespace

Words CutWords(const CLI::App& app, int argc, char** argv, bool launched) {
  const std::vector<std::string> all(argv + (argc > 0 ? 1 : 0), argv + argc);
  Words words;
  std::vector<std::string>& out = words.options;
  const CLI::App* at = &app;
  size_t i = 0;
  for (; i < all.size(); ++i) {
    const bool cmake = at->get_name() == "cmake";
    const bool command = HasCommand(*at);
    if (all[i] == "--") {
      if (command) ++i;
      break;
    }
    Option option;
    const bool is_option = IsOption(*at, all[i], &option);
    // An option that is none of ours is CMake's own.
    if (cmake && is_option && option.known == nullptr) break;
    if (!is_option) {
      if (command && !launched) break;
      const CLI::App* subcommand = SubcommandOf(*at, all[i]);
      if (subcommand != nullptr) at = subcommand;
      out.push_back(all[i]);
    } else if (TakesValue(option.known) && option.empty) {
      out.push_back(all[i].substr(0, all[i].size() - 1));
      out.emplace_back();
    } else {
      out.push_back(all[i]);
      if (TakesValue(option.known) && !option.attached && i + 1 < all.size()) out.push_back(all[++i]);
    }
  }
  std::vector<std::string>& rest = HasCommand(*at) ? words.command : out;
  rest.insert(rest.end(), all.begin() + static_cast<std::ptrdiff_t>(i), all.end());
  std::reverse(out.begin(), out.end());
  return words;
}

}  // namespace glovebox::cli
