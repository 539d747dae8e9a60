// `glovebox verify`: the verdict of each edge of a build, from its latest log and its graph.
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/files.h"
#include "base/status.h"
#include "cli/commands.h"
#include "cli/print.h"
#include "cli/prove.h"
#include "cli/terms.h"
#include "policy/date.h"
#include "project/policy_source.h"
#include "report/findings.h"
#include "report/format.h"
#include "report/html.h"
#include "report/input.h"
#include "report/json.h"
#include "report/sarif.h"
#include "report/summary.h"
#include "report/verify_junit.h"
#include "verify/baseline.h"
#include "verify/fix.h"

namespace glovebox::cli {
namespace {

struct Options {
  std::string build_dir = ".";
  std::string log;
  bool json = false, all = false;
  std::string sarif, junit, html, fix;
  std::string baseline;
  bool update_baseline = false;
  std::string owner, reason, expires;
  std::optional<std::vector<std::string>> prove;  // ids; none: all
};

std::vector<const verify::Finding*> FindingsOf(const report::Summary& summary) {
  std::vector<const verify::Finding*> findings;
  for (const report::FindingFacts& facts : summary.findings) findings.push_back(&facts.finding);
  return findings;
}

// What is known before, and what of this build is.
struct Known {
  verify::Baseline baseline;
  verify::BaselineResult compared;
};

// One that is not there is an error, unless it is to be made now: a job that has lost its baseline must say
// so.
absl::StatusOr<Known> ReadBaseline(const Options& o, const report::Summary& summary) {
  Known known;
  const auto text = ReadFile(o.baseline);
  if (text.ok()) {
    ASSIGN_OR_RETURN(known.baseline, verify::ParseBaseline(*text, o.baseline));
  } else if (!o.update_baseline || !absl::IsNotFound(text.status())) {
    return absl::InvalidArgumentError(absl::StrCat("baseline ", o.baseline, ": ", text.status().message(),
                                                   "; --update-baseline makes one"));
  }
  known.compared = verify::Compare(FindingsOf(summary), known.baseline, project::Today());
  return known;
}

absl::Status WriteBaseline(const Options& o, const report::Input& input, const report::Summary& summary,
                           Known* known) {
  verify::BaselineUpdate update;
  update.today = project::Today();
  update.owner = o.owner;
  update.reason = o.reason;
  if (!o.expires.empty()) {
    const std::optional<policy::Date> day = policy::ParseDate(o.expires);
    if (!day.has_value())
      return absl::InvalidArgumentError(absl::StrCat("--expires ", o.expires, ": no day; write 2027-01-31"));
    update.expires = *day;
  }
  update.keep_gone = !report::EveryEdgeIsKnown(summary);
  known->baseline =
      verify::UpdateBaseline(known->baseline, FindingsOf(summary), report::PlacesOf(input), update);
  RETURN_IF_ERROR(WriteFile(o.baseline, verify::BaselineText(known->baseline)));
  known->compared = verify::Compare(FindingsOf(summary), known->baseline, project::Today());
  return absl::OkStatus();
}

absl::Status WriteFix(const Options& o, const report::Input& input, const report::Summary& summary) {
  const std::string& source_dir = input.build.source_dir;
  if (source_dir.empty())
    return absl::InvalidArgumentError("--fix: no CMake project is known to have made this build");
  const verify::FixPatch fix = verify::PatchFor(FindingsOf(summary), source_dir, ReadFile);
  RETURN_IF_ERROR(WriteFile(o.fix, fix.patch));
  PrintError(absl::StrCat("fix: ", report::Count(fix.fixed(), "finding"), " in the patch, ", fix.left,
                          " left to you: patch -p1 -d ", PasteWord(source_dir), " < ", PasteWord(o.fix)));
  return absl::OkStatus();
}

absl::Status WriteFiles(const Options& o, const report::Input& input, const report::Summary& summary,
                        const Known* known) {
  if (!o.sarif.empty()) {
    report::SarifOptions options = report::SarifOptionsFor(summary, GLOVEBOX_VERSION);
    if (known != nullptr) {
      options.baseline = &known->baseline;
      options.compared = &known->compared;
    }
    RETURN_IF_ERROR(WriteFile(o.sarif, report::SarifReport(summary, options)));
  }
  if (!o.junit.empty()) {
    RETURN_IF_ERROR(WriteFile(
        o.junit, report::VerifyJUnitXml(input, summary, known != nullptr ? &known->compared : nullptr)));
  }
  if (!o.html.empty()) {
    const verify::BaselineResult* const compared = known != nullptr ? &known->compared : nullptr;
    RETURN_IF_ERROR(WriteFile(o.html, report::HtmlReport(summary, summary.edges, compared)));
  }
  return o.fix.empty() ? absl::OkStatus() : WriteFix(o, input, summary);
}

// What the baseline knows is told by its number alone.
report::Summary WithoutKnown(const report::Summary& summary, const Known& known) {
  report::Summary fresh = summary;
  fresh.findings.clear();
  for (size_t i = 0; i < summary.findings.size(); ++i) {
    if (known.compared.IsNew(i)) fresh.findings.push_back(summary.findings[i]);
  }
  return fresh;
}

// Of a run of tests alone, or of anything else that is no build.
void TellTheBuildBefore(const Options& o, const report::Input& input, const report::Summary& summary) {
  if (access::IsBuild(input.table)) return;
  const std::string before = report::BuildBefore(o.build_dir, summary.run_dir);
  if (before.empty()) return;
  PrintLine(absl::StrCat("what was built before it: glovebox verify ", PasteWord(o.build_dir), " --log ",
                         PasteWord(before)));
}

void Print(const Options& o, const report::Summary& summary, const Known* known) {
  if (o.json) {
    report::WriteJson(summary, std::cout);
    return;
  }
  report::Style style = report::StyleFor(STDOUT_FILENO);
  style.build = report::BuildOption(o.build_dir);
  const report::Summary told = known != nullptr ? WithoutKnown(summary, *known) : summary;
  std::cout << report::VerifyText(told, style, o.all);
  if (known == nullptr) return;
  const size_t gone = known->compared.gone.size();
  std::cout << "baseline: " << summary.findings.size() - told.findings.size() << " known, "
            << known->compared.fresh << " new" << (gone > 0 ? absl::StrCat(", ", gone, " gone") : "") << "\n";
}

// Errors that the baseline knows fail nothing.
int ExitStatus(const report::Summary& summary, const Known* known) {
  report::Verified verified = report::VerifiedOf(summary);
  if (verified == report::Verified::kViolated && known != nullptr && known->compared.fresh_errors == 0)
    verified = report::EveryEdgeIsKnown(summary) ? report::Verified::kClean : report::Verified::kIncomplete;
  return report::ExitStatusOf(verified);
}

int ProveRepairs(const Options& o, const report::Input& input, const report::Summary& summary) {
  const absl::StatusOr<bool> proved = Prove(*o.prove, o.build_dir, input, summary);
  if (!proved.ok()) return std::max(Report(proved.status()), kUsage);
  return *proved ? kOk : kFailed;
}

int VerifyBuild(const Options& o) {
  if (o.update_baseline && o.baseline.empty()) {
    PrintError("--update-baseline needs --baseline FILE");
    return kUsage;
  }
  // Never freed: the process ends with its report, and to give back hundreds of thousands of strings one by
  // one takes a tenth of all its time.
  static const auto& input =
      *new auto(report::Load({o.build_dir, o.log, /*ask_ninja=*/true, /*verify=*/true}));
  // 1 is for findings alone.
  if (!input.ok()) return std::max(Report(input.status()), kUsage);
  const auto depth = o.json || !o.html.empty() ? report::Depth::kFiles : report::Depth::kActions;
  static const report::Summary& summary = *new auto(Judged(*input, depth));
  if (o.prove.has_value()) return ProveRepairs(o, *input, summary);
  std::optional<Known> known;
  if (!o.baseline.empty()) {
    auto read = ReadBaseline(o, summary);
    if (!read.ok()) return std::max(Report(read.status()), kUsage);
    known = *std::move(read);
    if (o.update_baseline) {
      const absl::Status written = WriteBaseline(o, *input, summary, &*known);
      if (!written.ok()) return std::max(Report(written), kUsage);
    }
  }
  const Known* const compared = known.has_value() ? &*known : nullptr;
  const absl::Status written = WriteFiles(o, *input, summary, compared);
  if (!written.ok()) return std::max(Report(written), kUsage);
  Print(o, summary, compared);
  TellTheBuildBefore(o, *input, summary);
  return ExitStatus(summary, compared);
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
  const auto file = [verify](const char* name, std::string* value, const char* help) {
    verify->add_option(name, *value, help)->type_name("FILE")->check(NotEmpty());
  };
  file("--sarif", &o->sarif, "write the findings into FILE as SARIF 2.1.0");
  file("--junit", &o->junit, "write the edges into FILE as JUnit XML");
  file("--html", &o->html, "write a page into FILE: findings, edges, graph, timeline; it needs no network");
  file("--fix", &o->fix, "write the repairs into FILE, as a patch of the project's CMake files");
  auto ids = std::make_shared<std::vector<std::string>>();
  CLI::Option* const prove =
      verify
          ->add_option(
              "--prove", *ids,
              "mend a copy as --fix says, build it, and show that the findings (all, or these) are gone")
          ->type_name("ID")
          ->expected(0, CLI::detail::expected_max_vector_size);
  file("--baseline", &o->baseline, "what stands in FILE is known, and fails nothing (docs/ci.md)");
  verify->add_flag("--update-baseline", o->update_baseline,
                   "write the baseline anew: what is found now is known then");
  verify->add_option("--owner", o->owner, "of what comes new into the baseline")->type_name("WHO");
  verify->add_option("--reason", o->reason, "likewise")->type_name("TEXT");
  verify
      ->add_option("--expires", o->expires, "the last day on which what comes new, or had expired, is known")
      ->type_name("DAY");
  verify->callback([o, ids, prove, action] {
    std::erase(*ids, "");  // --prove alone
    if (prove->count() > 0) o->prove = *ids;
    *action = [o] { return VerifyBuild(*o); };
  });
}

}  // namespace glovebox::cli
