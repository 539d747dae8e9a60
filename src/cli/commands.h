// The subcommands: each adds itself to the command line and leaves what it does in *run, to be called once
// all is parsed.
#ifndef GLOVEBOX_CLI_COMMANDS_H_
#define GLOVEBOX_CLI_COMMANDS_H_

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

namespace glovebox::cli {

// Returns the exit status.
using Action = std::function<int()>;

// For an option that names a directory: "" is a variable that is not set, and never what is meant.
inline CLI::Validator NotEmpty() {
  return CLI::Validator([](std::string& value) { return std::string(value.empty() ? "an empty DIR" : ""); },
                        "");
}

// `launched`: a launcher calls, whose options need not all be known. `command`: the words of the command
// (words.h), there at the latest when `app` parses, and until *action has returned.
void AddRun(CLI::App& app, Action* action, const std::vector<std::string>* command, bool launched);
// `words`: of CMake, as `command` of AddRun().
void AddCMake(CLI::App& app, Action* action, const std::vector<std::string>* words);
void AddReport(CLI::App& app, Action* action);
void AddVerify(CLI::App& app, Action* action);
void AddWitness(CLI::App& app, Action* action);
void AddDiff(CLI::App& app, Action* action);
void AddExplain(CLI::App& app, Action* action);
void AddLog(CLI::App& app, Action* action);
void AddSelftest(CLI::App& app, Action* action);
void AddHost(CLI::App& app, Action* action);
void AddSyscalls(CLI::App& app, Action* action);
void AddPolicy(CLI::App& app, Action* action);
void AddCMakeScan(CLI::App& app, Action* action);
// Below `policy`, which is made where it is not there.
void AddPolicyInit(CLI::App& app, Action* action);

}  // namespace glovebox::cli

#endif  // GLOVEBOX_CLI_COMMANDS_H_
