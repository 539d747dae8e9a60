// `glovebox report`, `explain`, `log`: what was recorded.
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "absl/strings/str_cat.h"
#include "access/log.h"
#include "base/files.h"
#include "base/status.h"
#include "cli/commands.h"
#include "cli/print.h"
#include "cli/terms.h"
#include "report/explain.h"
#include "report/findings.h"
#include "report/format.h"
#include "report/input.h"
#include "report/json.h"
#include "report/junit.h"
#include "report/summary.h"
#include "report/text.h"
#include "verify/rules.h"

namespace glovebox::cli {
namespace {

struct Where {
  std::string build_dir = ".";
  std::string log;
};

void AddWhere(CLI::App& command, Where& where) {
  command.add_option("-C", where.build_dir, "the build directory (default: this one)")
      ->type_name("BUILD")
      ->check(NotEmpty());
  command.add_option("--log", where.log, "the directory of one run's log, instead of the latest run")
      ->type_name("DIR")
      ->check(NotEmpty());
}

// How much there is to read, as far as that can be told.
std::string ReadingTheLog(const Where& where) {
  std::string run_dir = where.log;
  if (run_dir.empty()) {
    const auto latest = access::LatestRun(where.build_dir);
    if (latest.ok()) run_dir = *latest;
  }
  uint64_t segments = 0;
  uint64_t bytes = 0;
  std::error_code error;
  for (std::filesystem::directory_iterator at(run_dir, error), stop; !error && at != stop;
       at.increment(error)) {
    std::error_code none;
    const uint64_t size = at->path().extension() == ".gbx" ? at->file_size(none) : 0;
    if (none || size == 0) continue;
    ++segments;
    bytes += size;
  }
  return absl::StrCat("reading the log: ", report::Count(segments, "segment"), ", ", report::Size(bytes));
}

absl::StatusOr<report::Input> LoadFrom(const Where& where, bool verify = false) {
  const Progress progress([&where] { return ReadingTheLog(where); });
  return report::Load({where.build_dir, where.log, /*ask_ninja=*/true, verify});
}

absl::StatusOr<report::Input> LoadConfigureStep(const Where& where, const absl::Status& otherwise) {
  if (!where.log.empty()) return otherwise;
  const std::vector<std::string> steps = access::ConfigureRuns(where.build_dir);
  if (steps.empty()) return otherwise;
  return report::Load({where.build_dir, steps.back(), /*ask_ninja=*/false});
}

int DumpLog(const Where& where) {
  std::string run_dir = where.log;
  if (run_dir.empty()) {
    auto latest = access::LatestRun(where.build_dir);
    if (!latest.ok()) return Report(latest.status());
    run_dir = *latest;
  }
  const auto log = [&] {
    const Progress progress([&where] { return ReadingTheLog(where); });
    return access::ReadLog(run_dir);
  }();
  if (!log.ok()) return Report(log.status());
  for (const access::Record& record : log->records) std::cout << access::DumpRecord(record) << "\n";
  bool damaged = false;
  for (const access::Tear& tear : log->tears) {
    damaged = damaged || tear.is_damage();
    PrintError(absl::StrCat(tear.is_damage() ? "torn: " : "goes on: ", tear.segment, " at byte ", tear.offset,
                            ": ", tear.reason));
  }
  return damaged ? kFailed : kOk;
}

bool LooksLikeFindingId(const std::string& what) {
  return what.size() == 12 && what.find_first_not_of("0123456789abcdef") == std::string::npos;
}

}  // namespace

void AddReport(CLI::App& app, Action* action) {
  struct Options {
    Where where;
    bool json = false, all = false, fail = false;
    std::string junit;
  };
  auto o = std::make_shared<Options>();
  CLI::App* report = app.add_subcommand(
      "report",
      "what the latest build (or run) touched: gaps first, then network and files outside, then counts");
  AddWhere(*report, o->where);
  report->add_flag("--json", o->json, "for programs; the form is docs/report.schema.json");
  report->add_flag("--all", o->all, "lists in full");
  report->add_flag("--fail", o->fail, "exit with 1 where a finding is an error");
  report
      ->add_option("--junit", o->junit,
                   "write the tests of the run into this file, as JUnit XML, and nothing else")
      ->type_name("FILE")
      ->check(NotEmpty());
  report->callback([o, action] {
    *action = [o]() -> int {
      const auto input = LoadFrom(o->where);
      if (!input.ok()) return Report(input.status());
      if (!o->junit.empty()) return Report(WriteFile(o->junit, report::JUnitXml(*input)));
      const report::Summary summary = Judged(*input);
      if (o->json) {
        report::WriteJson(summary, std::cout);
      } else {
        std::cout << report::TextReport(summary, report::StyleFor(STDOUT_FILENO), o->all);
      }
      const bool error = std::any_of(summary.findings.begin(), summary.findings.end(),
                                     [](const report::FindingFacts& facts) {
                                       return facts.finding.severity == verify::Severity::kError;
                                     });
      return o->fail && error ? kFailed : kOk;
    };
  });
}

void AddExplain(CLI::App& app, Action* action) {
  struct Options {
    Where where;
    std::string what;
    bool all = false;
  };
  auto o = std::make_shared<Options>();
  CLI::App* explain = app.add_subcommand(
      "explain", "who touched a file, what an edge touched, or what a rule of findings means");
  AddWhere(*explain, o->where);
  explain
      ->add_option(
          "WHAT", o->what,
          "a path, an address, an output, a target, #NUMBER of an action, or the rule or id of a finding")
      ->required();
  explain->add_flag("--all", o->all, "lists in full");
  explain->callback([o, action] {
    *action = [o]() -> int {
      // A file of a rule's name is asked for as ./NAME. A rule needs no run.
      if (const verify::Rule* rule = verify::FindRule(o->what)) {
        std::cout << verify::ExplainRule(*rule);
        return kOk;
      }
      if (const std::string family = verify::ExplainFamily(o->what); !family.empty()) {
        std::cout << family;
        return kOk;
      }
      const bool id = LooksLikeFindingId(o->what);
      auto input = LoadFrom(o->where, id);
      if (!input.ok() && id) input = LoadFrom(o->where);  // no Ninja build: its graph has no findings
      // Nothing was built yet: what `glovebox cmake` has told.
      if (!input.ok() && id) input = LoadConfigureStep(o->where, input.status());
      if (!input.ok()) return Report(input.status());
      if (id) {
        const report::Summary summary = Judged(*input);
        if (const report::FindingFacts* facts = report::FindFinding(summary, o->what)) {
          std::cout << report::FindingText(summary, *facts, report::StyleFor(STDOUT_FILENO));
          return kOk;
        }
      }
      const std::unique_ptr<char, decltype(&free)> cwd(getcwd(nullptr, 0), free);
      const auto text = report::Explain(*input, o->what, cwd != nullptr ? cwd.get() : "/",
                                        {report::StyleFor(STDOUT_FILENO), o->all});
      if (!text.ok()) return Report(text.status());
      std::cout << *text;
      return kOk;
    };
  });
}

void AddLog(CLI::App& app, Action* action) {
  auto where = std::make_shared<Where>();
  CLI::App* log = app.add_subcommand("log", "the records themselves");
  log->require_subcommand(1);
  CLI::App* dump = log->add_subcommand(
      "dump", "every record of a run, one line each, in order of time; exit status 1 where the log is torn");
  AddWhere(*dump, *where);
  dump->callback([where, action] { *action = [where] { return DumpLog(*where); }; });
}

}  // namespace glovebox::cli
