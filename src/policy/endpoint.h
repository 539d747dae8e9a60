// Addresses as people write them in a policy: "10.0.0.0/8:443", "[::1]:80", "127.0.0.1:8000-8010", "*:443".
#ifndef GLOVEBOX_POLICY_ENDPOINT_H_
#define GLOVEBOX_POLICY_ENDPOINT_H_

#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "policy/policy.h"

namespace glovebox::policy {

// Reads ADDRESS[/PREFIX][:PORT[-PORT]]. An IPv6 address stands in brackets, its prefix inside or behind them;
// without a port it may stand bare, unless
// its end could be one ("::1:80": an error that says both). `*` is every address of both families: two
// endpoints. No port, or `*`: any. Names of hosts are refused: whoever answers for a name would say what is
// allowed. `connect`, `bind` and `origin` are left to the caller. InvalidArgument says what is wrong, and
// what would be right.
//   ASSIGN_OR_RETURN(std::vector<Endpoint> endpoints, ParseEndpoint("10.0.0.0/8:443"));
absl::StatusOr<std::vector<Endpoint>> ParseEndpoint(absl::string_view text);

}  // namespace glovebox::policy

#endif  // GLOVEBOX_POLICY_ENDPOINT_H_
