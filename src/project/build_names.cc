#include "project/build_names.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/paths.h"
#include "base/plain_word.h"
#include "policy/name_pattern.h"
#include "policy/nearest.h"
#include "project/edge_subject.h"

namespace glovebox::project {
namespace {

struct Names {
  std::vector<std::string> targets, edges, tests;
};

Names NamesOf(const BuildNames& build) {
  Names names;
  if (build.graph.has_value()) {
    for (const graph::NinjaEdge& edge : build.graph->edges()) {
      names.targets.push_back(SubjectOfEdge(edge).target);
      names.edges.insert(names.edges.end(), edge.outputs.begin(), edge.outputs.end());
    }
    // A target is also a name of Ninja's, or what it links is.
    names.targets.insert(names.targets.end(), names.edges.begin(), names.edges.end());
    for (const graph::PhonyEdge& phony : build.graph->phony()) names.targets.push_back(phony.output);
  }
  if (build.tests.has_value()) {
    for (const graph::CTestTest& test : *build.tests) names.tests.push_back(test.name);
  }
  return names;
}

// Those that a person could have meant: a path in a build directory is seldom a misspelt name.
std::string Near(const policy::SelectorWord& word, const std::vector<std::string>& names) {
  const std::string near = policy::Nearest(word.pattern, names);
  return near.empty() ? "" : absl::StrCat(": did you mean \"", near, "\"?");
}

}  // namespace

BuildNames LoadBuildNames(const std::string& build_dir) {
  BuildNames names;
  if (auto graph = graph::LoadNinjaGraph({"ninja", build_dir, "build.ninja"}); graph.ok())
    names.graph = *std::move(graph);
  if (auto tests = graph::LoadCTestInfo(build_dir); tests.ok()) names.tests = *std::move(tests);
  return names;
}

TestSubject SubjectOfTest(const graph::CTestTest& test) {
  TestSubject found;
  found.subject.role = policy::Role::kTest;
  found.subject.test = test.name;
  for (const std::string& word : test.command) {
    absl::string_view name = word;
    if (found.launched && word == "--") break;
    if (found.launched && absl::ConsumePrefix(&name, "--policy=")) found.subject.named = FromPlainWord(name);
    found.launched = found.launched || Basename(word) == "glovebox-launch";
  }
  return found;
}

const graph::CTestTest* FindTest(const std::vector<graph::CTestTest>& tests, const std::string& name) {
  const auto found = std::find_if(tests.begin(), tests.end(),
                                  [&name](const graph::CTestTest& test) { return test.name == name; });
  return found == tests.end() ? nullptr : &*found;
}

std::vector<policy::Notice> NotesOnNames(const policy::PolicySet& set, const BuildNames& build) {
  const Names names = NamesOf(build);
  std::vector<policy::Notice> notes;
  for (const policy::SelectorWord& word : set.selector_words()) {
    const bool of_tests = word.kind == "test";
    if (of_tests ? !build.tests.has_value() : !build.graph.has_value()) continue;
    const std::vector<std::string>& all = of_tests                ? names.tests
                                          : word.kind == "target" ? names.targets
                                                                  : names.edges;
    const bool fits = std::any_of(all.begin(), all.end(), [&word](const std::string& name) {
      return policy::MatchesName(word.pattern, name);
    });
    if (fits) continue;
    notes.push_back({word.origin, absl::StrCat("no ", word.kind, " of this build is called \"", word.pattern,
                                               "\", so this selects nothing", Near(word, all))});
  }
  return notes;
}

std::vector<policy::Notice> ErrorsOfTests(const policy::PolicySet& set, const BuildNames& build) {
  std::vector<policy::Notice> errors;
  if (!build.tests.has_value()) return errors;
  for (const graph::CTestTest& test : *build.tests) {
    const absl::Status named = policy::CheckNamed(set, SubjectOfTest(test).subject);
    if (named.ok()) continue;
    const policy::Origin place =
        test.line > 0 ? policy::Origin{test.file, test.line, 1} : policy::Origin{set.path(), 0, 0};
    errors.push_back({place, std::string(named.message())});
  }
  return errors;
}

}  // namespace glovebox::project
