#include "report/summary.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "access/names.h"
#include "base/bytes.h"

namespace glovebox::report {
namespace {

class Summarizer {
 public:
  explicit Summarizer(const Input& input) : input_(input), classifier_(input.build) {}

  Summary Make() {
    std::set<access::ActionId> parents;
    for (const access::ActionRecord& action : input_.table.actions) parents.insert(action.begin.parent);
    for (const access::ActionRecord& action : input_.table.actions) {
      label_ = LabelOf(action.begin, input_.build);
      Count(action, parents.count(action.begin.action) != 0);
      for (size_t index : action.accesses) Take(std::get<access::Access>(input_.log.records[index]));
    }
    for (const access::Hole& hole : input_.table.holes) {
      s_.incomplete.push_back({"", absl::StrCat(hole.kind, ": ", EscapeBytes(hole.detail))});
    }
    for (auto& [key, times] : endpoints_) {
      const auto& [address, what, exe, label] = key;
      s_.endpoints.push_back({address, what, exe, label, times});
    }
    std::stable_sort(s_.endpoints.begin(), s_.endpoints.end(), [](const Endpoint& a, const Endpoint& b) {
      return IsInternet(a.address) > IsInternet(b.address);
    });
    std::sort(s_.slowest.begin(), s_.slowest.end(),
              [](const SlowAction& a, const SlowAction& b) { return a.nanoseconds > b.nanoseconds; });
    if (s_.slowest.size() > kSlowest) s_.slowest.resize(kSlowest);
    s_.outside.assign(outside_.begin(), outside_.end());
    s_.duration_ns = Duration();
    return std::move(s_);
  }

 private:
  void Count(const access::ActionRecord& action, bool contains_others) {
    ++s_.actions;
    ++s_.roles[std::string(access::RoleName(action.begin.role))];
    if (action.complete) {
      ++s_.complete;
    } else {
      s_.incomplete.push_back({label_, EscapeBytes(action.why_incomplete)});
    }
    if (!action.end.has_value()) return;
    for (const std::string& process : action.end->left_over)
      s_.left_over.push_back({label_, EscapeBytes(process)});
    if (!contains_others && action.end->time_ns > action.begin.time_ns) {
      s_.slowest.push_back({label_, action.end->time_ns - action.begin.time_ns});
    }
  }

  void Take(const access::Access& access) {
    ++s_.accesses;
    const Touch touch = TouchOf(access);
    if (touch == Touch::kNetwork) {
      ++endpoints_[{EscapeBytes(access.path), std::string(OpName(access.op)), EscapeBytes(access.exe),
                    label_}];
      return;
    }
    if (touch == Touch::kDenied) {
      s_.denied.push_back(
          {label_, absl::StrCat(EscapeBytes(access.path2.empty() ? access.syscall : access.path2), " by ",
                                EscapeBytes(access.exe))});
      return;
    }
    Path(touch, access.resolved);
    // The second name of a rename or link is written as well; symlink's text names nothing that was touched.
    if (!access.resolved2.empty()) Path(touch, access.resolved2);
  }

  void Path(Touch touch, const std::string& path) {
    ByClass* counts = touch == Touch::kRead      ? &s_.read
                      : touch == Touch::kWritten ? &s_.written
                      : touch == Touch::kProbed  ? &s_.probed
                                                 : nullptr;
    if (counts == nullptr || path.empty()) return;
    if (!seen_[static_cast<size_t>(touch)].insert(path).second) return;
    const PathClass path_class = classifier_.Classify(path);
    ++(*counts)[static_cast<size_t>(path_class)];
    const bool notable = path_class == PathClass::kHome || path_class == PathClass::kOutside;
    if (notable && touch != Touch::kProbed)
      outside_.insert(absl::StrCat(TouchName(touch), " ", EscapeBytes(path)));
  }

  uint64_t Duration() const {
    if (!input_.table.run.has_value()) return 0;
    uint64_t last = input_.table.run->start_ns;
    if (input_.table.run_end.has_value()) last = std::max(last, input_.table.run_end->time_ns);
    for (const access::ActionRecord& action : input_.table.actions) {
      if (action.end.has_value()) last = std::max(last, action.end->time_ns);
    }
    return last - input_.table.run->start_ns;
  }

  const Input& input_;
  const Classifier classifier_;
  Summary s_;
  std::string label_;
  std::array<absl::flat_hash_set<std::string>, 3> seen_;  // by Touch: read, written, probed
  std::set<std::string> outside_;
  std::map<std::tuple<std::string, std::string, std::string, std::string>, uint64_t> endpoints_;
};

}  // namespace

Summary Summarize(const Input& input) { return Summarizer(input).Make(); }

}  // namespace glovebox::report
