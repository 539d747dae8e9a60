// glovebox: argv -> request -> library call. What a subcommand does is in its room; what it prints goes
// through print.h.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>

#include "absl/strings/str_replace.h"
#include "base/standard_streams.h"
#include "cli/commands.h"
#include "cli/print.h"
#include "cli/words.h"

// CLI11 throws where an option is declared wrongly: a bug of ours, for which to end is right.
// NOLINTNEXTLINE(bugprone-exception-escape)
int main(int argc, char** argv) {
  glovebox::HoldStandardStreams();
  CLI::App app{"Glovebox puts commands in a sandbox and tells what each of them touched."};
  app.name("glovebox");
  app.set_version_flag("--version", "glovebox " GLOVEBOX_VERSION);
  app.require_subcommand(0, 1);
  app.footer(
      "A build:    glovebox-ninja -C build     then     glovebox report -C build\n"
      "Configure:  glovebox cmake -S . -B build -G Ninja\n"
      "A command:  glovebox run -- make         then     glovebox explain PATH\n"
      "Exit codes: 0 fine, 1 could not or (verify, diff, cmake, report --fail) findings, 2 usage, 3 this "
      "host cannot, "
      "4 (verify, diff, cmake) not all is known; `run` exits as its command does.");
  glovebox::cli::Action action;
  const bool launched = argc > 2 && std::string(argv[2]) == "--launched";
  glovebox::cli::Words words;
  glovebox::cli::AddRun(app, &action, &words.command, launched);
  glovebox::cli::AddCMake(app, &action, &words.command);
  glovebox::cli::AddReport(app, &action);
  glovebox::cli::AddVerify(app, &action);
  glovebox::cli::AddWitness(app, &action);
  glovebox::cli::AddDiff(app, &action);
  glovebox::cli::AddExplain(app, &action);
  glovebox::cli::AddLog(app, &action);
  glovebox::cli::AddSelftest(app, &action);
  glovebox::cli::AddPolicy(app, &action);
  glovebox::cli::AddHost(app, &action);
  glovebox::cli::AddSyscalls(app, &action);
  glovebox::cli::AddCMakeScan(app, &action);
  glovebox::cli::AddPolicyInit(app, &action);
  glovebox::cli::Output output;
  words = glovebox::cli::CutWords(app, argc, argv, launched);
  try {
    app.parse(words.options);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) {  // help, version: on stdout
      app.exit(error);
      return output.Finish();
    }
    std::string who = "glovebox";
    for (const CLI::App* at = &app; !at->get_subcommands().empty();) {
      at = at->get_subcommands().front();
      who += " " + at->get_name();
    }
    // CLI11 says some of them in several lines.
    glovebox::cli::PrintError(absl::StrReplaceAll(error.what(), {{"\n", "; "}}) + " (see " + who +
                              " --help)");
    return glovebox::cli::kUsage;
  }
  if (!action) {
    fputs(app.help().c_str(), stderr);
    return glovebox::cli::kUsage;
  }
  const int status = action();
  const int written = output.Finish();
  return status != glovebox::cli::kOk ? status : written;
}
