#include "policy/landlock_rules.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/paths.h"
#include "base/status.h"
#include "kernel/abi.h"
#include "kernel/landlock.h"

namespace glovebox::policy {
namespace {

constexpr uint64_t kReadRights =
    LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_EXECUTE;
constexpr uint64_t kAppendRights = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr int kLandlockAbiNet = 4;
// A rule a port: a range beyond this is no list any more.
constexpr unsigned kMostPorts = 256;

uint64_t RightsOf(PathAccess access, int abi) {
  if (access == PathAccess::kWrite) return kernel::LandlockFsRights(abi);
  return access == PathAccess::kRead ? kReadRights : kAppendRights;
}

void Look(Grant* grant) {
  struct stat info;
  grant->path = RealPath(grant->asked);
  grant->error = stat(grant->path.c_str(), &info) == 0 ? 0 : errno;
  grant->dev = grant->error == 0 ? info.st_dev : 0;
  grant->ino = grant->error == 0 ? info.st_ino : 0;
}

// `inner` grants at least what `outer` grants: a domain of its own would hold nothing more.
bool IsAtLeast(const std::vector<Grant>& inner, const std::vector<Grant>& outer) {
  return std::all_of(outer.begin(), outer.end(), [&inner](const Grant& given) {
    if (given.error != 0) return true;
    return std::any_of(inner.begin(), inner.end(), [&given](const Grant& grant) {
      const bool as_much = grant.access == PathAccess::kWrite || grant.access == given.access ||
                           (grant.access == PathAccess::kRead && given.access == PathAccess::kAppend);
      return grant.error == 0 && as_much && IsUnder(given.path, grant.path);
    });
  });
}

bool SameNetwork(Network a, Network b) {
  for (Network* each : {&a, &b}) {
    each->origin = {};
    for (Endpoint& endpoint : each->endpoints) {
      endpoint.origin = {};
      endpoint.text.clear();
    }
  }
  return a == b;
}

struct Ports {
  uint64_t handled = 0;
  std::set<uint16_t> bind, connect;
};

// The ports of one direction. False: they cannot be listed, so that the kernel cannot hold it.
bool ListPorts(const Network& network, bool Endpoint::*way, std::set<uint16_t>* ports) {
  if (network.mode == NetworkMode::kLoopback) return false;  // any port, at an address
  for (const Endpoint& endpoint : network.endpoints) {
    if (!(endpoint.*way)) continue;
    if (endpoint.last_port < endpoint.first_port) continue;
    if (unsigned{endpoint.last_port} - endpoint.first_port >= kMostPorts) return false;
    for (unsigned port = endpoint.first_port; port <= endpoint.last_port; ++port)
      ports->insert(static_cast<uint16_t>(port));
  }
  return true;
}

Ports PortsOf(const Network& network) {
  Ports ports;
  if (network.mode == NetworkMode::kAny) return ports;
  if (ListPorts(network, &Endpoint::bind, &ports.bind)) ports.handled |= kernel::kLandlockNetBindTcp;
  if (ListPorts(network, &Endpoint::connect, &ports.connect)) ports.handled |= kernel::kLandlockNetConnectTcp;
  return ports;
}

absl::Status AddPorts(int ruleset, const Ports& ports) {
  for (const auto& [right, listed] : {std::pair(kernel::kLandlockNetBindTcp, &ports.bind),
                                      std::pair(kernel::kLandlockNetConnectTcp, &ports.connect)}) {
    if ((ports.handled & right) == 0) continue;
    for (const uint16_t port : *listed) RETURN_IF_ERROR(kernel::AddPortRule(ruleset, port, right));
  }
  return absl::OkStatus();
}

absl::Status AddGrants(int ruleset, const std::vector<Grant>& grants, int abi,
                       std::vector<std::string>* skipped) {
  for (const Grant& grant : grants) {
    const std::string rule = absl::StrCat("path ", grant.asked, " (", OriginText(grant.origin), ")");
    if (grant.error != 0) {
      skipped->push_back(absl::StrCat(rule, ": ", ErrnoName(grant.error),
                                      ": nothing is granted there to an action that begins now"));
      continue;
    }
    const absl::Status added = kernel::AddPathRule(ruleset, grant.path, RightsOf(grant.access, abi));
    if (!added.ok()) return absl::Status(added.code(), absl::StrCat(rule, ": ", added.message()));
  }
  return absl::OkStatus();
}

// What of the files this host's Landlock cannot hold.
absl::Status CheckAbi(const Policy& policy, int abi, std::vector<std::string>* unheld) {
  if (abi >= kLandlockAbiFiles) return absl::OkStatus();
  const std::string reason = absl::StrCat("files are confined by Landlock: ABI ", kLandlockAbiFiles,
                                          " (Linux 6.10) is needed, this host has ", abi,
                                          abi == 0  ? ""
                                          : abi < 3 ? ", which holds neither truncate(2) nor ioctl on devices"
                                                    : ", which does not hold ioctl on devices");
  if (!policy.best_effort) return absl::UnimplementedError(reason);
  unheld->push_back(reason);
  return absl::OkStatus();
}

}  // namespace

std::vector<Grant> FindGrants(const Policy& policy) {
  std::vector<Grant> grants;
  for (const PathRule& rule : policy.paths) {
    if (rule.access == PathAccess::kHidden) continue;
    Grant grant;
    grant.access = rule.access;
    grant.asked = rule.path;
    grant.origin = rule.origin;
    if (rule.access == PathAccess::kAppend) {
      const auto pattern = PathPattern::Parse(rule.path);
      if (!pattern.ok() || !pattern->literal()) continue;
      grant.asked = pattern->LiteralPart();
    }
    Look(&grant);
    grants.push_back(std::move(grant));
  }
  return grants;
}

bool StillTrue(const std::vector<Grant>& grants) {
  return std::all_of(grants.begin(), grants.end(), [](const Grant& grant) {
    Grant now = grant;
    Look(&now);
    return now == grant;
  });
}

absl::StatusOr<Ruleset> MakeRuleset(const Policy& policy, const kernel::HostFeatures& host, uint64_t scope,
                                    const Policy* outer, std::vector<std::string>* skipped) {
  Ruleset made;
  if (policy.mode != Mode::kEnforce) return made;
  const bool held_outside = outer != nullptr && outer->mode == Mode::kEnforce;
  const int abi = host.landlock_abi;
  kernel::LandlockHandled handled;
  if (policy.confine_files) {
    made.grants = FindGrants(policy);
    const bool held = held_outside && outer->confine_files && IsAtLeast(made.grants, FindGrants(*outer));
    if (!held) {
      RETURN_IF_ERROR(CheckAbi(policy, abi, &made.unheld));
      skipped->insert(skipped->end(), made.unheld.begin(), made.unheld.end());
      handled.fs = kernel::LandlockFsRights(abi);
    }
  }
  Ports ports;
  if (!held_outside || !SameNetwork(policy.network, outer->network)) ports = PortsOf(policy.network);
  if (abi < kLandlockAbiNet && ports.handled != 0) {
    skipped->push_back(absl::StrCat("TCP ports: Landlock ABI ", kLandlockAbiNet,
                                    " (Linux 6.7) would hold them as well, this host has ", abi));
    ports.handled = 0;
  }
  handled.net = ports.handled;
  if ((handled.fs | handled.net) == 0) return made;
  if (abi >= kernel::kLandlockAbiScope) handled.scope = made.scope = scope;
  ASSIGN_OR_RETURN(made.fd, kernel::CreateRuleset(handled));
  if (handled.fs != 0) RETURN_IF_ERROR(AddGrants(made.fd.get(), made.grants, abi, skipped));
  RETURN_IF_ERROR(AddPorts(made.fd.get(), ports));
  return made;
}

}  // namespace glovebox::policy
