// argv, cut into what CLI11 may read and what it may not: it takes a positional `[a,b]` for a list and splits
// it, and `[]` for an empty one. A command's words are nobody's but the command's.
#ifndef GLOVEBOX_CLI_WORDS_H_
#define GLOVEBOX_CLI_WORDS_H_

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace glovebox::cli {

struct Words {
  std::vector<std::string> options;  // for CLI::App::parse: the last one first
  std::vector<std::string> command;  // of `run` and `cmake`, byte for byte; empty for every other subcommand
};

// Cuts at what ends the options of `run` and `cmake`: the first `--`, which is dropped, or else the first
// word that is neither an option nor an option's value; of `cmake` also the first option that is none of
// ours. A launcher's call (`launched`) has a `--` always; a word before it that nobody knows belongs to an
// option of a newer launcher. `--option=` becomes `--option` and an empty word, since CLI11 would take the
// next word for the value. `app` has all its options already.
//   Words words = CutWords(app, argc, argv, false);
//   app.parse(words.options);
Words CutWords(const CLI::App& app, int argc, char** argv, bool launched);

}  // namespace glovebox::cli

#endif  // GLOVEBOX_CLI_WORDS_H_
