// `glovebox diff`: two builds held against each other; with --twice the second one is made first.
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "access/log.h"
#include "base/bytes.h"
#include "base/files.h"
#include "base/paths.h"
#include "base/status.h"
#include "cli/commands.h"
#include "cli/deferred_signals.h"
#include "cli/print.h"
#include "cli/twice.h"
#include "compare/compare.h"
#include "graph/cmake_info.h"
#include "report/diff.h"
#include "report/findings.h"
#include "report/input.h"

namespace glovebox::cli {
namespace {

struct Options {
  std::vector<std::string> builds;
  bool json = false, all = false;
  bool twice = false, keep = false;
  std::string to;
};

// What CMake calls a build directory that it was led to by a link; empty: the same, or no build of CMake's.
std::string LinkOf(const std::string& build_dir) {
  const auto cache = ReadFile(JoinPath(build_dir, "CMakeCache.txt"));
  if (!cache.ok()) return "";
  const auto entries = graph::ParseCMakeCache(*cache);
  const auto found = entries.find("CMAKE_CACHEFILE_DIR");
  // A directory that was copied still has the name of the first.
  if (found == entries.end() || found->second == build_dir || RealPath(found->second) != build_dir) return "";
  return found->second;
}

// A build directory, whose latest run is meant, or the directory of a log.
absl::StatusOr<compare::Side> Load(const std::string& where) {
  std::error_code error;
  bool log = access::IsRun(where);
  for (std::filesystem::directory_iterator at(where, error), stop; !log && !error && at != stop;
       at.increment(error))
    log = at->path().extension() == ".gbx";
  const Progress progress([&where] { return absl::StrCat("reading ", where); });
  report::LoadRequest request;
  (log ? request.run_dir : request.build_dir) = where;
  request.verify = true;
  ASSIGN_OR_RETURN(const report::Input input, report::Load(request));
  return compare::SideOf(report::VerifyInputOf(input, {}), LinkOf(input.build.build_dir));
}

struct Compared {
  compare::Side a, b;
  compare::Comparison comparison;
};

absl::StatusOr<Compared> CompareBuilds(const std::string& a, const std::string& b) {
  Compared compared;
  ASSIGN_OR_RETURN(compared.a, Load(a));
  ASSIGN_OR_RETURN(compared.b, Load(b));
  const Progress progress([] { return "comparing the outputs"; });
  ASSIGN_OR_RETURN(compared.comparison, compare::Compare(compared.a, compared.b));
  return compared;
}

int Print(const Options& o, const Compared& compared) {
  const report::Diff diff{compared.a, compared.b, compared.comparison};
  if (o.json) {
    report::WriteDiffJson(diff, std::cout);
  } else {
    std::cout << report::DiffText(diff, report::StyleFor(STDOUT_FILENO), o.all);
  }
  return report::DiffExitStatus(compared.comparison);
}

// 1 is for differences alone.
int Fail(const absl::Status& status) { return std::max(Report(status), kUsage); }

int Twice(const Options& o) {
  TwiceRequest request;
  request.build_dir = o.builds.empty() ? "." : o.builds.front();
  request.to = o.to;
  request.keep_failed = true;
  const DeferredSignals deferred;
  auto second = SecondBuild::Make(request);
  if (!second.ok()) return Fail(second.status());
  const auto compared = CompareBuilds(request.build_dir, second->path());
  if (!compared.ok()) {
    PrintError(absl::StrCat("the second build is in ", second->path()));
    second->Keep();
    return Fail(compared.status());
  }
  const int status = Print(o, *compared);
  if ((status != kOk || o.keep) && !DeferredSignals::Came()) {
    second->Keep();
    PrintLine(absl::StrCat("the second build is kept: ", PasteWord(second->path())));
  }
  return status;
}

int DiffBuilds(const Options& o) {
  const size_t wanted = o.twice ? 1 : 2;
  if (o.builds.size() > wanted || (!o.twice && o.builds.size() < wanted)) {
    PrintError(o.twice ? "--twice needs one build directory"
                       : "diff needs two builds, A and B; or --twice and one");
    return kUsage;
  }
  if (!o.twice && (o.keep || !o.to.empty())) {
    PrintError("--keep and --to are for --twice");
    return kUsage;
  }
  if (o.twice) return Twice(o);
  const auto compared = CompareBuilds(o.builds[0], o.builds[1]);
  return compared.ok() ? Print(o, *compared) : Fail(compared.status());
}

}  // namespace

void AddDiff(CLI::App& app, Action* action) {
  auto o = std::make_shared<Options>();
  CLI::App* diff = app.add_subcommand(
      "diff", "two builds of one project: which outputs differ, where that begins and what it comes from");
  diff->add_option("BUILD", o->builds,
                   "two of them: build directories (their latest runs), or the logs of runs")
      ->check(NotEmpty());
  diff->add_flag("--json", o->json, "for programs; the form is docs/diff.schema.json");
  diff->add_flag("--all", o->all, "lists in full, and edges that made the same in another way");
  diff->add_flag("--twice", o->twice, "build BUILD again in another directory, and compare the two");
  diff->add_option("--to", o->to, "with --twice: where, instead of a temporary directory")
      ->type_name("DIR")
      ->check(NotEmpty());
  diff->add_flag("--keep", o->keep, "with --twice: keep the second build where nothing differs");
  diff->callback([o, action] { *action = [o] { return DiffBuilds(*o); }; });
}

}  // namespace glovebox::cli
