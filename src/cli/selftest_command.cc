// `glovebox selftest`: what this host can hold, each restriction tried from inside by a hostile program
// (selftest/). What one has tried it says itself; this judges it.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <iostream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/bytes.h"
#include "base/files.h"
#include "base/status.h"
#include "cli/commands.h"
#include "cli/host_json.h"
#include "cli/print.h"
#include "cli/selftest_verdict.h"
#include "graph/run_tool.h"
#include "kernel/host.h"

namespace glovebox::cli {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr char kLogLost[] = "@LOG-LOST@";

std::string OwnPath() {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error).string();
}

// The stage's places are made for each scenario and gone with it: SCRATCH stands for where they were.
std::string ForPeople(const std::string& options, const std::string& program) {
  return absl::StrReplaceAll(options, {{"@IN@", "SCRATCH/in"},
                                       {"@OUT@", "SCRATCH/out"},
                                       {"@STATE@", "SCRATCH/state"},
                                       {"@BIN@", std::filesystem::path(program).parent_path().string()}});
}

std::string ProgramPath() {
  return FindBeside({"../lib/glovebox/glovebox-scenario", "../../selftest/glovebox-scenario"});
}

absl::StatusOr<std::vector<Scenario>> ListScenarios(const std::string& program) {
  ASSIGN_OR_RETURN(const graph::ToolOutput output, graph::RunTool({program, "--list"}, ""));
  std::vector<Scenario> rows;
  for (absl::string_view line : absl::StrSplit(output.out, '\n', absl::SkipEmpty())) {
    const json row = json::parse(line, nullptr, false);
    if (!row.is_object()) return absl::InternalError(absl::StrCat(program, " --list: no JSON: ", line));
    Scenario scenario;
    for (const auto& [key, text] : std::map<std::string, std::string*>{{"name", &scenario.name},
                                                                       {"family", &scenario.family},
                                                                       {"tries", &scenario.tries},
                                                                       {"holds", &scenario.holds},
                                                                       {"options", &scenario.options},
                                                                       {"record", &scenario.record}}) {
      if (row.contains(key) && row[key].is_string()) *text = row[key].get<std::string>();
    }
    for (const json& need : row.value("needs", json::array()))
      scenario.needs.push_back(need.get<std::string>());
    scenario.shown_options = ForPeople(scenario.options, program);
    rows.push_back(std::move(scenario));
  }
  if (rows.empty()) return absl::InternalError(absl::StrCat(program, " --list: it lists nothing"));
  return rows;
}

// Runs one scenario inside a `glovebox run` of its own. Never longer than the stage lets it, half a minute.
class Attempt {
 public:
  Attempt(const Scenario& row, std::string program) : row_(row), program_(std::move(program)) {}

  Result Try() {
    if (row_.Needs("root") && geteuid() != 0) return {Verdict::kNotTried, "root alone can try it"};
    const std::string twin = absl::StrCat(program_, row_.Needs("static")      ? "-static"
                                                    : row_.Needs("sanitizer") ? "-asan"
                                                                              : "");
    if (!FileExists(twin)) return {Verdict::kNotTried, absl::StrCat(twin, " is not there")};
    auto place = TempDir::Create("glovebox-selftest");
    if (!place.ok()) return {Verdict::kNotTried, std::string(place.status().message())};
    log_ = absl::StrCat(place->path(), "/log");
    std::vector<std::string> words = {"env",
                                      absl::StrCat("GLOVEBOX_TEST_LOG=", log_),
                                      absl::StrCat("GLOVEBOX_STATE_DIR=", place->path(), "/state"),
                                      "LC_ALL=C",
                                      program_,
                                      "--stage",
                                      row_.name,
                                      OwnPath(),
                                      "run",
                                      "--log",
                                      log_};
    for (absl::string_view option : absl::StrSplit(row_.options, ' ', absl::SkipEmpty()))
      words.emplace_back(option);
    words.insert(words.end(), {"--", twin, row_.name});
    const auto output = graph::RunTool(words, "");
    if (!output.ok()) return {Verdict::kNotTried, std::string(output.status().message())};
    return JudgeScenario(row_, *output, [&] { return IsRecorded(output->err); });
  }

 private:
  bool IsRecorded(absl::string_view said) const {
    if (row_.record == kLogLost) return absl::StrContains(said, "access log");
    const auto dump = graph::RunTool({OwnPath(), "log", "dump", "--log", log_}, "");
    return dump.ok() && absl::StrContains(dump->out, row_.record);
  }

  const Scenario& row_;
  std::string program_, log_;
};

// Side by side: most of them wait for processes to start and end.
std::vector<Result> TryAll(const std::vector<Scenario>& rows, const std::string& program) {
  std::vector<Result> results(rows.size());
  std::atomic<size_t> next{0}, done{0};
  const Progress progress([&] { return absl::StrCat("trying ", rows.size(), " scenarios"); });
  constexpr int kSideBySide = 4;
  std::vector<std::thread> threads;
  threads.reserve(kSideBySide);
  for (int i = 0; i < kSideBySide; ++i) {
    threads.emplace_back([&] {
      for (size_t at; (at = next++) < rows.size(); ++done) results[at] = Attempt(rows[at], program).Try();
    });
  }
  for (std::thread& thread : threads) thread.join();
  return results;
}

void PrintHost(const kernel::HostFeatures& host) {
  std::vector<std::string> flags;
  for (const auto& [name, on] :
       {std::pair("addfd-send", host.addfd_send), std::pair("wait-killable", host.wait_killable),
        std::pair("sync-wake-up", host.sync_wake_up), std::pair("receive-ends", host.receive_ends),
        std::pair("pidfd-getfd", host.pidfd_getfd)}) {
    if (on) flags.emplace_back(name);
  }
  std::cout << "glovebox " GLOVEBOX_VERSION " on Linux " << host.release << ", as "
            << (geteuid() == 0 ? "root" : "an ordinary user") << "\n"
            << "  notification     " << (host.notify ? absl::StrJoin(flags, ", ") : "none") << "\n"
            << "  listener above   "
            << (host.listener_above ? "yes: nothing can be recorded by a run of its own here" : "no") << "\n"
            << "  Landlock         "
            << (host.landlock_abi == 0 ? "none" : absl::StrCat("ABI ", host.landlock_abi)) << "\n"
            << "  user namespaces  " << (kernel::ProbeUserNamespaces() ? "yes" : "no") << "\n"
            << "  Yama             " << (host.yama_scope < 0 ? "none" : absl::StrCat(host.yama_scope)) << "\n"
            << "  deny-tsc         "
            << (host.denies_tsc ? "yes" : "no: the time-stamp counter can be read all the same") << "\n"
            << "  cgroups          " << CgroupText() << "\n\n";
}

void PrintResults(const std::vector<Scenario>& rows, const std::vector<Result>& results, bool all) {
  std::vector<std::string> families;
  for (const Scenario& row : rows) {
    if (std::count(families.begin(), families.end(), row.family) == 0) families.push_back(row.family);
  }
  for (const std::string& family : families) {
    std::map<Verdict, int> counts;
    for (size_t i = 0; i < rows.size(); ++i) {
      if (rows[i].family == family) ++counts[results[i].verdict];
    }
    std::vector<std::string> parts;
    parts.reserve(counts.size());
    for (const auto& [verdict, count] : counts)
      parts.push_back(absl::StrCat(count, " ", VerdictName(verdict)));
    std::cout << "  " << family << std::string(17 - std::min<size_t>(family.size(), 16), ' ')
              << absl::StrJoin(parts, ", ") << "\n";
  }
  std::cout << "\n";
  std::vector<Verdict> told = {Verdict::kBroken, Verdict::kKnown};
  if (all) told.insert(told.end(), {Verdict::kNotTried, Verdict::kHeld, Verdict::kRecorded, Verdict::kWorks});
  for (const Verdict verdict : told) {
    for (size_t i = 0; i < rows.size(); ++i) {
      if (results[i].verdict != verdict) continue;
      std::cout << VerdictName(verdict) << "  " << rows[i].name << ": " << rows[i].tries
                << (rows[i].options.empty() ? "" : absl::StrCat(" (", rows[i].shown_options, ")")) << ": "
                << EscapeBytes(results[i].detail) << "\n";
    }
  }
}

void PrintJson(const std::vector<Scenario>& rows, const std::vector<Result>& results,
               const kernel::HostFeatures& host, const Claim& claim) {
  ordered_json list = ordered_json::array();
  for (size_t i = 0; i < rows.size(); ++i) {
    list.push_back({{"name", rows[i].name},
                    {"family", rows[i].family},
                    {"tries", rows[i].tries},
                    {"options", rows[i].shown_options},
                    {"verdict", VerdictName(results[i].verdict)},
                    {"detail", EscapeBytes(results[i].detail)}});
  }
  ordered_json all = {{"schema", 1}, {"glovebox", GLOVEBOX_VERSION}, {"host", HostJson(host)}};
  all["default_policy_holds"] =
      claim.default_holds.has_value() ? ordered_json(*claim.default_holds) : ordered_json(nullptr);
  all["scenarios"] = std::move(list);
  std::cout << all.dump(2) << "\n";
}

struct Wanted {
  bool json = false, all = false;
  std::vector<std::string> names;
};

absl::StatusOr<std::vector<Scenario>> Choose(std::vector<Scenario> rows, const Wanted& wanted) {
  for (const std::string& name : wanted.names) {
    if (std::none_of(rows.begin(), rows.end(),
                     [&name](const Scenario& row) { return row.name == name || row.family == name; })) {
      return absl::InvalidArgumentError(absl::StrCat("selftest: no scenario or family of that name: ", name));
    }
  }
  std::vector<Scenario> chosen;
  for (Scenario& row : rows) {
    const bool named = std::count(wanted.names.begin(), wanted.names.end(), row.name) +
                           std::count(wanted.names.begin(), wanted.names.end(), row.family) !=
                       0;
    if (wanted.names.empty() ? !row.Needs("slow") && !row.Needs("sanitizer") : named)
      chosen.push_back(std::move(row));
  }
  return chosen;
}

int Selftest(const Wanted& wanted) {
  const std::string program = ProgramPath();
  if (program.empty()) {
    return Report(absl::NotFoundError(
        "glovebox-scenario is not beside this program (../lib/glovebox): install it with glovebox"));
  }
  auto rows = ListScenarios(program);
  if (rows.ok()) rows = Choose(*std::move(rows), wanted);
  if (!rows.ok()) return Report(rows.status());
  const kernel::HostFeatures host = kernel::ProbeHost();
  const std::vector<Result> results = TryAll(*rows, program);
  const Claim claim = SumUp(*rows, results, !wanted.names.empty(), host.notify && !host.foreign_proc);
  if (wanted.json) {
    PrintJson(*rows, results, host, claim);
  } else {
    PrintHost(host);
    PrintResults(*rows, results, wanted.all);
    std::cout << claim.text << "\n";
  }
  return claim.exit_status;
}

}  // namespace

void AddSelftest(CLI::App& app, Action* action) {
  auto wanted = std::make_shared<Wanted>();
  CLI::App* selftest = app.add_subcommand(
      "selftest",
      "what this host can hold: each restriction tried from inside by a hostile program; exit status 3 where "
      "the default policy, or what is named, cannot be held");
  selftest->add_flag("--json", wanted->json, "for programs and bug reports");
  selftest->add_flag("--all", wanted->all, "print each scenario, not only what is to be known");
  selftest->add_option("NAME", wanted->names, "only these scenarios or families");
  selftest->callback([wanted, action] { *action = [wanted] { return Selftest(*wanted); }; });
}

}  // namespace glovebox::cli
