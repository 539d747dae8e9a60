#include "cli/prove.h"

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <set>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "base/files.h"
#include "base/paths.h"
#include "base/status.h"
#include "cli/deferred_signals.h"
#include "cli/terms.h"
#include "cli/twice.h"
#include "report/findings.h"
#include "report/format.h"
#include "verify/fix.h"

namespace glovebox::cli {
namespace {

namespace fs = std::filesystem;

// What other builds have left in the source directory is no source.
bool IsBuildDirectory(const fs::path& path) {
  std::error_code error;
  return fs::exists(path / "CMakeCache.txt", error) || fs::exists(path / ".ninja_log", error);
}

// With links as links: what they lead to inside of the tree is copied as well.
absl::Status CopySources(const std::string& from, const std::string& to) {
  std::error_code error;
  fs::create_directories(to, error);
  for (fs::recursive_directory_iterator at(from, error), end; !error && at != end; at.increment(error)) {
    const fs::path target = fs::path(to) / at->path().lexically_relative(from);
    if (at->is_symlink()) {
      fs::copy_symlink(at->path(), target, error);
    } else if (at->is_directory()) {
      if (IsBuildDirectory(at->path())) {
        at.disable_recursion_pending();
      } else {
        fs::create_directory(target, at->path(), error);
      }
    } else if (at->is_regular_file()) {
      fs::copy_file(at->path(), target, error);
    }
    if (error)
      return absl::FailedPreconditionError(absl::StrCat("copy ", at->path().string(), ": ", error.message()));
  }
  if (error) return absl::FailedPreconditionError(absl::StrCat("copy ", from, ": ", error.message()));
  return absl::OkStatus();
}

absl::StatusOr<std::vector<const verify::Finding*>> Chosen(const std::vector<std::string>& ids,
                                                           const report::Summary& summary) {
  std::vector<const verify::Finding*> chosen;
  for (const std::string& id : ids) {
    const report::FindingFacts* const facts = report::FindFinding(summary, id);
    if (facts == nullptr)
      return absl::InvalidArgumentError(
          absl::StrCat("--prove: no finding has the id ", id, " in this build"));
    chosen.push_back(&facts->finding);
  }
  if (!ids.empty()) return chosen;
  for (const report::FindingFacts& facts : summary.findings) {
    if (facts.finding.severity >= verify::Severity::kWarning) chosen.push_back(&facts.finding);
  }
  return chosen;
}

// The edges of the findings, by the names that the build directory gives them.
std::vector<std::string> TargetsOf(const std::vector<const verify::Finding*>& findings,
                                   const report::Input& input) {
  std::set<std::string> targets;
  for (const verify::Finding* finding : findings) {
    for (const size_t edge : finding->edges) {
      const std::string& output = input.facts->ninja->edges()[edge].outputs.front();
      targets.insert(input.facts->ninja->Normal(output));
    }
  }
  return {targets.begin(), targets.end()};
}

std::string Line(const char* word, const verify::Finding& finding) {
  return absl::StrCat(report::PadRight(word, 12), EscapeBytes(finding.id), "  ", EscapeBytes(finding.rule),
                      ": ", EscapeBytes(finding.what), "\n");
}

bool IsCounted(const report::FindingFacts& facts) {
  return facts.finding.severity >= verify::Severity::kWarning;
}

// What the second judgement says of the first one's findings.
bool Compare(const std::vector<const verify::Finding*>& chosen, const verify::FixPatch& fix,
             const report::Summary& before, const report::Summary& after) {
  bool good = true;
  for (const verify::Finding* finding : chosen) {
    if (std::find(fix.ids.begin(), fix.ids.end(), finding->id) == fix.ids.end()) {
      std::cout << Line("left to you", *finding);
      continue;
    }
    const bool gone = report::FindFinding(after, finding->id) == nullptr;
    std::cout << Line(gone ? "gone" : "still there", *finding);
    good = good && gone;
  }
  for (const report::FindingFacts& facts : after.findings) {
    if (!IsCounted(facts) || report::FindFinding(before, facts.finding.id) != nullptr) continue;
    std::cout << Line("new", facts.finding);
    good = false;
  }
  const report::Verified verified = report::VerifiedOf(after);
  if (after.edges.empty() || verified == report::Verified::kIncomplete) {
    std::cout << "the edges of the copy were not all seen: nothing is proved\n";
    return false;
  }
  return good;
}

}  // namespace

absl::StatusOr<bool> Prove(const std::vector<std::string>& ids, const std::string& build_dir,
                           const report::Input& input, const report::Summary& summary) {
  const std::string& source_dir = input.build.source_dir;
  if (source_dir.empty())
    return absl::InvalidArgumentError("--prove: no CMake project is known to have made this build");
  ASSIGN_OR_RETURN(const std::vector<const verify::Finding*> chosen, Chosen(ids, summary));
  const verify::FixPatch fix = verify::PatchFor(chosen, source_dir, ReadFile);
  if (fix.ids.empty()) {
    return absl::InvalidArgumentError(
        chosen.empty()
            ? "--prove: nothing was found that needs a repair"
            : "--prove: of these findings none has a repair that can be written into a CMake file");
  }
  const DeferredSignals deferred;
  ASSIGN_OR_RETURN(const TempDir scratch, TempDir::Create("glovebox-prove"));
  const std::string copy = JoinPath(RealPath(scratch.path()), Basename(source_dir));
  RETURN_IF_ERROR(CopySources(source_dir, copy));
  for (const auto& [file, text] : fix.texts)
    RETURN_IF_ERROR(WriteFile(JoinPath(copy, file.substr(source_dir.size() + 1)), text));
  TwiceRequest request;
  request.build_dir = build_dir;
  request.source_dir = copy;
  if (!ids.empty()) request.targets = TargetsOf(chosen, input);
  ASSIGN_OR_RETURN(const SecondBuild second, SecondBuild::Make(request));
  ASSIGN_OR_RETURN(const report::Input again,
                   report::Load({second.path(), "", /*ask_ninja=*/true, /*verify=*/true}));
  return Compare(chosen, fix, summary, Judged(again, report::Depth::kActions));
}

}  // namespace glovebox::cli
