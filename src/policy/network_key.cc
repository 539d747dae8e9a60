// `network`: a mode alone, or a table with addresses.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "policy/endpoint.h"
#include "policy/key_readers.h"

namespace glovebox::policy {
namespace {

constexpr char kExample[] = "{ mode = \"unix\", connect = [\"10.0.0.0/8:443\"] }";

const std::vector<std::string>& Modes() {
  static const std::vector<std::string> modes = {"any", "none", "unix", "loopback", "named"};
  return modes;
}

// An address stands for both directions where both lists name it; they are kept apart.
void ReadEndpoints(const KeyInput& in, const TomlItem& item, Network* network, Assignment* assignment) {
  const auto words = in.reader->Strings(item, "[\"127.0.0.1:8080\"]");
  if (!words.has_value()) return;
  for (const TomlWord& word : *words) {
    absl::StatusOr<std::vector<Endpoint>> parsed = ParseEndpoint(word.text);
    if (!parsed.ok()) {
      in.reader->Error(word.origin, std::string(parsed.status().message()));
      continue;
    }
    for (Endpoint& endpoint : *parsed) {
      endpoint.connect = item.name == "connect";
      endpoint.bind = item.name == "bind";
      endpoint.origin = word.origin;
      network->endpoints.push_back(std::move(endpoint));
    }
    assignment->settings.push_back({absl::StrCat("network.", item.name), word.text, word.origin});
  }
}

struct Said {
  bool anything = false, mode = false, endpoints = false, own_namespace = false;
  Origin mode_origin, endpoints_origin, namespace_origin;
};

// Complains about what contradicts itself.
void Check(const KeyInput& in, const Network& network, const Said& said) {
  if (!said.anything) {
    in.reader->Error(in.item.origin, absl::StrCat("\"", in.item.path, "\" says nothing: ", in.item.name,
                                                  " = \"loopback\", or ", in.item.name, " = ", kExample));
    return;
  }
  if (network.mode == NetworkMode::kAny && said.endpoints) {
    in.reader->Error(
        said.endpoints_origin,
        "these addresses are allowed already: mode = \"any\" allows all; say mode = \"named\" to "
        "allow these alone");
    return;
  }
  if (network.own_namespace && (network.mode == NetworkMode::kAny || network.mode == NetworkMode::kNamed)) {
    in.reader->Error(said.namespace_origin,
                     absl::StrCat("a network namespace of its own holds loopback only, and mode = \"",
                                  Modes()[static_cast<size_t>(network.mode)],
                                  "\" wants more: say mode = \"loopback\", or namespace = false"));
  }
}

void ReadTable(const KeyInput& in, const toml::table& table, Network* network, Assignment* assignment) {
  Said said;
  static const std::vector<std::string> known = {"mode", "connect", "bind", "namespace"};
  for (const TomlItem& item : in.reader->Items(table, in.item.path)) {
    said.anything = true;
    if (item.name == "mode") {
      const auto mode = in.reader->OneOf(item, Modes());
      said.mode = true;
      said.mode_origin = item.origin;
      if (mode.has_value()) network->mode = static_cast<NetworkMode>(*mode);
    } else if (item.name == "connect" || item.name == "bind") {
      if (!said.endpoints) said.endpoints_origin = item.origin;
      said.endpoints = true;
      ReadEndpoints(in, item, network, assignment);
    } else if (item.name == "namespace") {
      said.own_namespace = true;
      said.namespace_origin = item.origin;
      network->own_namespace = in.reader->Bool(item).value_or(false);
      assignment->settings.push_back(
          {"network.namespace", network->own_namespace ? "true" : "false", item.origin});
    } else {
      in.reader->UnknownKey(item, known);
    }
  }
  if (!said.mode) network->mode = said.endpoints ? NetworkMode::kNamed : NetworkMode::kLoopback;
  network->origin = said.mode ? said.mode_origin : in.item.origin;
  Check(in, *network, said);
}

}  // namespace

void ReadNetwork(const KeyInput& in) {
  Network network;
  network.origin = in.item.origin;
  Assignment one;
  one.key = in.key;
  if (const toml::table* table = in.item.node->as_table()) {
    ReadTable(in, *table, &network, &one);
  } else {
    const auto mode = in.reader->OneOf(in.item, Modes());
    if (!mode.has_value()) return;
    network.mode = static_cast<NetworkMode>(*mode);
    if (network.mode == NetworkMode::kNamed) {
      in.reader->Error(in.item.origin, absl::StrCat("\"named\" takes addresses: ", in.item.name,
                                                    " = { connect = [\"10.0.0.0/8:443\"] }"));
    }
  }
  one.settings.insert(one.settings.begin(),
                      {in.key, Modes()[static_cast<size_t>(network.mode)], network.origin});
  one.apply = [network](Policy* policy) { policy->network = network; };
  in.out->push_back(std::move(one));
}

}  // namespace glovebox::policy
