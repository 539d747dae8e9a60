// `glovebox verify`: the verdict of each edge of a build, from its latest log and its graph.
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <memory>
#include <string>

#include "cli/commands.h"
#include "cli/print.h"
#include "cli/terms.h"
#include "report/findings.h"
#include "report/format.h"
#include "report/input.h"
#include "report/json.h"
#include "report/summary.h"

namespace glovebox::cli {
namespace {

struct Options {
  std::string build_dir = ".";
  std::string log;
  bool json = false, all = false;
};

int ExitStatus(const report::Summary& summary) {
  switch (report::VerifiedOf(summary)) {
    case report::Verified::kClean:
      return kOk;
    case report::Verified::kViolated:
      return kFailed;
    case report::Verified::kIncomplete:
      break;
  }
  return kIncomplete;
}

int VerifyBuild(const Options& o) {
  const auto input = report::Load({o.build_dir, o.log, /*ask_ninja=*/true, /*verify=*/true});
  // 1 is for findings alone.
  if (!input.ok()) return std::max(Report(input.status()), kUsage);
  const report::Summary summary = Judged(*input);
  if (o.json) {
    report::WriteJson(summary, std::cout);
  } else {
    std::cout << report::VerifyText(summary, report::StyleFor(STDOUT_FILENO), o.all);
  }
  return ExitStatus(summary);
}

}  // namespace

void AddVerify(CLI::App& app, Action* action) {
  auto o = std::make_shared<Options>();
  CLI::App* verify = app.add_subcommand(
      "verify",
      "judge each edge of the latest build: proved, violated (what, who, where, repair) or incomplete");
  verify->add_option("-C,BUILD", o->build_dir, "the build directory (default: this one)")->check(NotEmpty());
  verify->add_option("--log", o->log, "the directory of one run's log, instead of the latest run")
      ->type_name("DIR")
      ->check(NotEmpty());
  verify->add_flag("--json", o->json, "for programs; the form is docs/report.schema.json");
  verify->add_flag("--all", o->all, "lists in full, with notes");
  verify->callback([o, action] { *action = [o] { return VerifyBuild(*o); }; });
}

}  // namespace glovebox::cli
