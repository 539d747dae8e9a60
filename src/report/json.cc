#include "report/json.h"

#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "absl/strings/escaping.h"
#include "access/names.h"
#include "base/bytes.h"
#include "report/touch.h"

namespace glovebox::report {
namespace {

using Json = nlohmann::ordered_json;

Json Name(const std::string& bytes) {
  if (IsUtf8(bytes)) return bytes;
  return Json{{"text", EscapeBytes(bytes)}, {"base64", absl::Base64Escape(bytes)}};
}

Json Names(const std::vector<std::string>& names) {
  Json list = Json::array();
  for (const std::string& name : names) list.push_back(Name(name));
  return list;
}

Json Counts(const ByClass& counts) {
  Json object = Json::object();
  for (int c = 0; c < kPathClasses; ++c)
    object[std::string(ClassName(static_cast<PathClass>(c)))] = counts[static_cast<size_t>(c)];
  return object;
}

Json HoleJson(const access::Hole& hole) {
  return Json{{"kind", hole.kind}, {"detail", Name(hole.detail)}, {"pid", hole.pid}};
}

Json EndJson(const access::ActionEnd& end) {
  Json object{{"kind", std::string(access::EndName(end.kind))}, {"status", end.status}};
  if (!end.step.empty()) object["step"] = end.step;
  if (end.cpu_ns != 0) object["cpu_ns"] = end.cpu_ns;
  if (end.peak_bytes != 0) object["peak_bytes"] = end.peak_bytes;
  if (!end.left_over.empty()) object["left_over"] = Names(end.left_over);
  return object;
}

// What an action did to each path, folded: how often, by whom first.
Json Touches(const Input& input, const access::ActionRecord& action, const Classifier& classifier) {
  struct Folded {
    const access::Access* first = nullptr;
    uint64_t times = 0;
  };
  std::map<std::tuple<std::string, Touch, Op>, Folded> folded;
  for (size_t index : action.accesses) {
    const auto& access = std::get<access::Access>(input.log.records[index]);
    const Touch touch = TouchOf(access);
    const std::string& path = access.resolved.empty() ? access.path : access.resolved;
    Folded& one = folded[{path, touch, access.op}];
    if (one.times++ == 0) one.first = &access;
  }
  Json list = Json::array();
  for (const auto& [key, one] : folded) {
    const auto& [path, touch, op] = key;
    Json object{{"path", Name(path)},
                {"touch", std::string(TouchName(touch))},
                {"op", std::string(OpName(op))},
                {"syscall", one.first->syscall},
                {"result", std::string(access::ResultName(one.first->result))},
                {"sight", one.first->sight == access::Sight::kObserved ? "observed" : "predicted"},
                {"times", one.times},
                {"exe", Name(one.first->exe)}};
    if (touch != Touch::kNetwork) object["class"] = std::string(ClassName(classifier.Classify(path)));
    if (one.first->path != path) object["spelled"] = Name(one.first->path);
    if (!one.first->path2.empty())
      object["second"] = Name(one.first->resolved2.empty() ? one.first->path2 : one.first->resolved2);
    if (one.first->error != 0) object["errno"] = one.first->error;
    list.push_back(std::move(object));
  }
  return list;
}

Json ActionJson(const Input& input, const access::ActionRecord& action, const Classifier& classifier) {
  const access::ActionBegin& begin = action.begin;
  Json object{{"id", begin.action},
              {"role", std::string(access::RoleName(begin.role))},
              {"label", LabelOf(begin, input.build)}};
  if (begin.parent != 0) object["parent"] = begin.parent;
  object["outputs"] = Names(OutputsOf(begin, input.build));
  object["command"] = Names(begin.argv);
  object["cwd"] = Name(begin.cwd);
  if (!begin.target.empty()) object["target"] = Name(begin.target);
  if (!begin.language.empty()) object["language"] = begin.language;
  object["level"] = begin.level == 2 ? "full" : begin.level == 1 ? "open" : "off";
  object["seen"] = begin.shape;
  object["complete"] = action.complete;
  if (!action.complete) object["why_incomplete"] = Name(action.why_incomplete);
  if (action.end.has_value()) {
    object["end"] = EndJson(*action.end);
    if (action.end->time_ns >= begin.time_ns) object["duration_ns"] = action.end->time_ns - begin.time_ns;
  }
  Json holes = Json::array();
  for (const access::Hole& hole : action.holes) holes.push_back(HoleJson(hole));
  object["holes"] = std::move(holes);
  object["accesses"] = Touches(input, action, classifier);
  return object;
}

}  // namespace

void WriteJson(const Input& input, const Summary& summary, std::ostream& out) {
  const Classifier classifier(input.build);
  Json head{{"glovebox_report", kJsonVersion}};
  if (input.table.run.has_value()) {
    const access::RunInfo& run = *input.table.run;
    head["run"] = Json{{"tool", run.tool},
                       {"command", Names(run.command)},
                       {"source_dir", Name(input.build.source_dir)},
                       {"build_dir", Name(run.build_dir)},
                       {"kernel", run.kernel},
                       {"start_unix_ns", run.start_unix_ns},
                       {"ended", input.table.run_end.has_value()}};
  }
  head["totals"] = Json{
      {"actions", summary.actions},         {"complete", summary.complete},    {"accesses", summary.accesses},
      {"duration_ns", summary.duration_ns}, {"roles", summary.roles},          {"read", Counts(summary.read)},
      {"written", Counts(summary.written)}, {"absent", Counts(summary.probed)}};
  Json network = Json::array();
  for (const Endpoint& e : summary.endpoints) {
    network.push_back(Json{
        {"address", e.address}, {"op", e.what}, {"exe", e.exe}, {"action", e.label}, {"times", e.times}});
  }
  head["network"] = std::move(network);
  Json tears = Json::array();
  for (const access::Tear& t : input.log.tears)
    tears.push_back(Json{{"segment", Name(t.segment)}, {"offset", t.offset}, {"reason", t.reason}});
  head["tears"] = std::move(tears);
  Json holes = Json::array();
  for (const access::Hole& hole : input.table.holes) holes.push_back(HoleJson(hole));
  head["holes"] = std::move(holes);
  std::string text = head.dump(1);
  text.resize(text.rfind('}'));  // the actions follow one by one
  while (!text.empty() && text.back() == '\n') text.pop_back();
  out << text << ",\n \"actions\": [";
  bool first = true;
  for (const access::ActionRecord& action : input.table.actions) {
    out << (first ? "\n" : ",\n") << ActionJson(input, action, classifier).dump();
    first = false;
  }
  out << "\n ]\n}\n";
}

}  // namespace glovebox::report
