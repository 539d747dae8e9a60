#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/bytes.h"
#include "nlohmann/json.hpp"
#include "report/diff.h"

namespace glovebox::report {
namespace {

using Json = nlohmann::ordered_json;

void PutBytes(Json* object, const char* name, absl::string_view bytes) {
  (*object)[name] = EscapeBytes(bytes);
  if (!IsUtf8(bytes)) (*object)[absl::StrCat(name, "_bytes")] = absl::Base64Escape(bytes);
}

Json Texts(const std::vector<std::string>& strings) {
  Json array = Json::array();
  for (const std::string& string : strings) array.push_back(EscapeBytes(string));
  return array;
}

Json SideJson(const compare::Side& side) {
  Json json;
  json["build_dir"] = EscapeBytes(side.witness.build_dir);
  json["source_dir"] = EscapeBytes(side.witness.source_dir);
  json["log"] = EscapeBytes(side.run_dir);
  json["host"] = EscapeBytes(side.witness.host);
  json["start_unix_ns"] = side.start_unix_ns;
  json["end_unix_ns"] = side.end_unix_ns == 0 ? Json(nullptr) : Json(side.end_unix_ns);
  return json;
}

Json SpotJson(const compare::Spot& spot) {
  Json json;
  json["source"] = compare::SourceName(spot.source);
  json["detail"] = EscapeBytes(spot.detail);
  json["part"] = EscapeBytes(spot.part);
  json["offset_a"] = spot.offset_a;
  json["offset_b"] = spot.offset_b;
  json["line"] = spot.line == 0 ? Json(nullptr) : Json(spot.line);
  PutBytes(&json, "a", spot.a);
  PutBytes(&json, "b", spot.b);
  json["times"] = spot.times;
  return json;
}

Json OutputJson(const compare::OutputDifference& output) {
  Json json;
  json["path"] = EscapeBytes(output.name);
  json["declared"] = output.declared;
  json["first_offset"] = output.difference.first;
  json["size_a"] = output.difference.size_a;
  json["size_b"] = output.difference.size_b;
  json["spots"] = Json::array();
  for (const compare::Spot& spot : output.difference.spots) json["spots"].push_back(SpotJson(spot));
  json["other_parts"] = Texts(output.difference.rest);
  return json;
}

Json NodeJson(const compare::Node& node) {
  Json json;
  json["name"] = EscapeBytes(node.name);
  json["edge"] = node.is_edge;
  json["where"] = node.where.empty() ? Json(nullptr) : Json(EscapeBytes(node.where));
  json["outputs"] = Json::array();
  for (const compare::OutputDifference& output : node.outputs) json["outputs"].push_back(OutputJson(output));
  json["inputs"] = Json::array();
  for (const compare::InputDifference& input : node.inputs) {
    json["inputs"].push_back({{"path", EscapeBytes(input.name)},
                              {"how", compare::InputHowName(input.how)},
                              {"from", input.node == compare::kNoNode ? Json(nullptr) : Json(input.node)}});
  }
  const bool command = !node.command_a.empty() || !node.command_b.empty();
  json["command"] =
      !command ? Json(nullptr) : Json{{"a", EscapeBytes(node.command_a)}, {"b", EscapeBytes(node.command_b)}};
  json["touched"] = Texts(node.touched);
  json["begins"] = Json::array();
  for (const auto& [source, detail] : node.begins) {
    json["begins"].push_back({{"source", compare::SourceName(source)}, {"detail", EscapeBytes(detail)}});
  }
  return json;
}

Json CauseJson(const compare::Cause& cause) {
  Json json;
  json["source"] = compare::SourceName(cause.source);
  json["detail"] = EscapeBytes(cause.detail);
  json["text"] = SourceText(cause.source, cause.detail);
  json["origins"] = cause.origins;
  json["reached"] = cause.reached;
  return json;
}

}  // namespace

void WriteDiffJson(const Diff& diff, std::ostream& out) {
  const compare::Comparison& comparison = diff.comparison;
  Json json;
  json["format"] = "glovebox-diff";
  json["version"] = 1;
  json["a"] = SideJson(diff.a);
  json["b"] = SideJson(diff.b);
  json["differs"] = comparison.differs();
  json["edges"] = {{"compared", comparison.pairs},
                   {"only_a", Texts(comparison.only_a)},
                   {"only_b", Texts(comparison.only_b)},
                   {"inputs_not_compared", comparison.unread},
                   {"not_seen_in_full", comparison.partial}};
  json["outputs"] = {{"compared", comparison.outputs},
                     {"different", comparison.different},
                     {"changed_since_a", comparison.newer_a},
                     {"changed_since_b", comparison.newer_b}};
  json["one_directory"] = comparison.one_directory;
  json["environment"] = comparison.environment_known ? Json::array() : Json(nullptr);
  for (const compare::VariableDifference& variable : comparison.environment) {
    json["environment"].push_back(
        {{"name", EscapeBytes(variable.name)}, {"in_a", variable.in_a}, {"in_b", variable.in_b}});
  }
  json["causes"] = Json::array();
  for (const compare::Cause& cause : comparison.causes) json["causes"].push_back(CauseJson(cause));
  json["nodes"] = Json::array();
  for (const compare::Node& node : comparison.nodes) json["nodes"].push_back(NodeJson(node));
  out << json.dump(1) << "\n";
}

}  // namespace glovebox::report
