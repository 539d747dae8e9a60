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

}  // namespace

Words CutWords(const CLI::App& app, int argc, char** argv, bool launched) {
  const std::vector<std::string> all(argv + (argc > 0 ? 1 : 0), argv + argc);
  Words words;
  std::vector<std::string>& out = words.options;
  const CLI::App* at = &app;
  size_t i = 0;
  for (; i < all.size(); ++i) {
    const bool run = at->get_name() == "run";
    if (all[i] == "--") {
      if (run) ++i;
      break;
    }
    Option option;
    if (!IsOption(*at, all[i], &option)) {
      if (run && !launched) break;
      const CLI::App* command = SubcommandOf(*at, all[i]);
      if (command != nullptr) at = command;
      out.push_back(all[i]);
    } else if (TakesValue(option.known) && option.empty) {
      out.push_back(all[i].substr(0, all[i].size() - 1));
      out.emplace_back();
    } else {
      out.push_back(all[i]);
      if (TakesValue(option.known) && !option.attached && i + 1 < all.size()) out.push_back(all[++i]);
    }
  }
  std::vector<std::string>& rest = at->get_name() == "run" ? words.command : out;
  rest.insert(rest.end(), all.begin() + static_cast<std::ptrdiff_t>(i), all.end());
  std::reverse(out.begin(), out.end());
  return words;
}

}  // namespace glovebox::cli
