#include "verify/finding.h"

#include "absl/strings/str_format.h"
#include "access/touch.h"

namespace glovebox::verify {

absl::string_view SeverityName(Severity severity) {
  static constexpr const char* kNames[] = {"off", "note", "warning", "error"};
  return kNames[static_cast<size_t>(severity)];
}

Evidence EvidenceOf(const access::Access& access) {
  const std::string spelled = access.path == access.resolved ? "" : access.path;
  return {access.syscall, access.op,    access.exe,      access.pid, access.time_ns,
          access.result,  access.error, access.decision, spelled};
}

NetworkUse NetworkUseOf(const access::Access& access) {
  if (access.op == Op::kSend) return {"network-send", "sends to"};
  if (access.op == Op::kConnect) return {"network-connect", "connects to"};
  if (access.op == Op::kBind && !access::IsLoopback(access.path))
    return {"network-bind", "can be reached by others at"};
  return {};
}

bool IsGap(const Finding& finding) { return finding.rule == "trace-incomplete"; }

std::string StableId(absl::string_view rule, absl::string_view action_key, absl::string_view object) {
  // FNV-1a: it must be the same in each version of Glovebox and of its libraries, and nobody gains by a
  // collision.
  uint64_t hash = 0xcbf29ce484222325u;
  for (const absl::string_view part : {rule, action_key, object}) {
    for (const char c : part) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3u;
    hash = (hash ^ 0xffu) * 0x100000001b3u;  // ends a part: no name has this byte in UTF-8
  }
  return absl::StrFormat("%012x", hash >> 16);
}

}  // namespace glovebox::verify
