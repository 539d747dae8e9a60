#include "policy/hidden_places.h"

#include <dirent.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/files.h"
#include "base/paths.h"
#include "policy/path_match.h"

namespace glovebox::policy {
namespace {

using Names = std::vector<absl::string_view>;

// The names below `directory` that fit, as paths.
void Fitting(const std::string& directory, const PathPattern& pattern, std::vector<std::string>* found) {
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(opendir(directory.c_str()), closedir);
  if (dir == nullptr) return;
  while (const dirent* entry = readdir(dir.get())) {
    const absl::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    std::string path = absl::StrCat(directory == "/" ? "" : directory, "/", name);
    if (pattern.Matches(path) && found->size() < kMaxHiddenPlaces) found->push_back(std::move(path));
  }
}

// One name of the pattern after the other; a directory's own letters stand for themselves.
std::vector<std::string> Expand(const PathPattern& pattern, absl::string_view text) {
  const Names names = absl::StrSplit(text, '/', absl::SkipEmpty());
  std::vector<std::string> found = {RealPath(pattern.LiteralPart())};
  const Names literal = absl::StrSplit(pattern.LiteralPart(), '/', absl::SkipEmpty());
  for (size_t i = literal.size(); i < names.size() && !found.empty(); ++i) {
    const bool last = std::all_of(names.begin() + static_cast<long>(i), names.end(),
                                  [](absl::string_view name) { return name == "**"; });
    if (last) return found;  // the directory with all below it
    if (names[i] == "**") return {};
    // Behind a directory that is there: its letters take the place of the "x".
    const auto here = PathPattern::Parse(absl::StrCat("/x/", names[i]));
    if (!here.ok()) return {};
    std::vector<std::string> next;
    for (const std::string& directory : found) {
      const std::string above = directory == "/" ? "" : directory;
      if (here->literal())
        next.push_back(absl::StrCat(above, "/", Basename(here->LiteralPart())));
      else
        Fitting(directory, here->Under(directory), &next);
    }
    found = std::move(next);
  }
  return found;
}

}  // namespace

bool IsOnePlace(const PathRule& rule) {
  const auto pattern = PathPattern::Parse(rule.path);
  return pattern.ok() && pattern->LiteralPart() != "/" && pattern->Matches(pattern->LiteralPart());
}

std::vector<std::string> HiddenPlaces(const Policy& policy, const Policy* outer) {
  std::vector<std::string> places;
  if (!policy.hide_by_namespace || policy.mode != Mode::kEnforce) return places;
  for (const PathRule& rule : policy.paths) {
    if (rule.access != PathAccess::kHidden) continue;
    const auto pattern = PathPattern::Parse(rule.path);
    if (!pattern.ok()) continue;
    std::vector<std::string> found =
        IsOnePlace(rule) ? std::vector{pattern->LiteralPart()} : Expand(*pattern, rule.path);
    std::move(found.begin(), found.end(), std::back_inserter(places));
  }
  places.erase(std::remove(places.begin(), places.end(), "/"), places.end());
  std::sort(places.begin(), places.end());
  places.erase(std::unique(places.begin(), places.end()), places.end());
  if (places.size() > kMaxHiddenPlaces) places.resize(kMaxHiddenPlaces);
  if (outer == nullptr || outer->mode != Mode::kEnforce) return places;
  if (policy.best_effort) return {};  // nobody is let make a namespace there; the supervisor hides
  if (outer->best_effort) return places;
  const std::vector<std::string> held = HiddenPlaces(*outer, nullptr);
  const bool all = std::all_of(places.begin(), places.end(), [&held](const std::string& place) {
    return std::any_of(held.begin(), held.end(),
                       [&place](const std::string& directory) { return IsUnder(place, directory); });
  });
  return all ? std::vector<std::string>() : places;
}

bool HidesByNamespace(const Policy& policy) {
  return policy.hide_by_namespace && policy.mode == Mode::kEnforce && !policy.best_effort &&
         std::all_of(policy.paths.begin(), policy.paths.end(), [](const PathRule& rule) {
           return rule.access != PathAccess::kHidden || IsOnePlace(rule);
         });
}

bool AnswersLooks(const Policy& policy) {
  return policy.mode == Mode::kEnforce && !HidesByNamespace(policy) &&
         std::any_of(policy.paths.begin(), policy.paths.end(),
                     [](const PathRule& rule) { return rule.access == PathAccess::kHidden; });
}

}  // namespace glovebox::policy
