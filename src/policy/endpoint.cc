#include "policy/endpoint.h"

#include <arpa/inet.h>

#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/status.h"

namespace glovebox::policy {
namespace {

constexpr char kExamples[] = "(as in \"10.0.0.0/8:443\", \"[::1]:80\", \"127.0.0.1:8000-8010\" or \"*:443\")";

absl::Status Bad(absl::string_view text, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("address \"", text, "\" ", why));
}

// Digits only: SimpleAtoi takes blanks and signs as well.
bool Number(absl::string_view digits, uint32_t most, uint32_t* value) {
  if (digits.empty() || digits.size() > 5) return false;
  for (const char c : digits) {
    if (!absl::ascii_isdigit(static_cast<unsigned char>(c))) return false;
  }
  return absl::SimpleAtoi(digits, value) && *value <= most;
}

struct Parts {
  absl::string_view address, prefix, ports;
  bool has_prefix = false, has_ports = false;
};

bool IsIpv6(absl::string_view text) {
  in6_addr address;
  return inet_pton(AF_INET6, std::string(text).c_str(), &address) == 1;
}

// Without brackets "::1:80" is an address of its own, and whoever wrote it meant, as a rule, port 80 of ::1.
absl::Status CheckBare(absl::string_view text) {
  const size_t colon = text.rfind(':');
  const absl::string_view address = text.substr(0, colon), port = text.substr(colon + 1);
  uint32_t number = 0;
  if (!Number(port, 65535, &number) || !IsIpv6(address)) return absl::OkStatus();
  return Bad(text, absl::StrCat("can be port ", port, " of ", address, " or an address: say \"[", address,
                                "]:", port, IsIpv6(text) ? absl::StrCat("\" or \"[", text, "]\"") : "\""));
}

// Cuts only; what the parts hold is looked at afterwards.
absl::StatusOr<Parts> Cut(absl::string_view text) {
  Parts parts;
  absl::string_view rest = text;
  if (absl::ConsumePrefix(&rest, "[")) {
    const size_t close = rest.find(']');
    if (close == absl::string_view::npos) return Bad(text, absl::StrCat("lacks a ] ", kExamples));
    parts.address = rest.substr(0, close);
    rest.remove_prefix(close + 1);
    if (!rest.empty() && rest[0] != ':' && rest[0] != '/') {
      return Bad(text, absl::StrCat("goes on behind its ] with neither a prefix nor a port ", kExamples));
    }
    const size_t colon = rest.find(':');
    if (absl::StartsWith(rest, "/")) {
      parts.has_prefix = true;
      parts.prefix = rest.substr(1, colon == absl::string_view::npos ? colon : colon - 1);
    }
    parts.has_ports = colon != absl::string_view::npos;
    if (parts.has_ports) parts.ports = rest.substr(colon + 1);
  } else {
    const size_t colon = rest.find(':');
    // More than one: IPv6 without a port.
    const bool bare =
        colon != absl::string_view::npos && rest.find(':', colon + 1) != absl::string_view::npos;
    if (bare) RETURN_IF_ERROR(CheckBare(text));
    parts.has_ports = colon != absl::string_view::npos && !bare;
    parts.address = parts.has_ports ? rest.substr(0, colon) : rest;
    if (parts.has_ports) parts.ports = rest.substr(colon + 1);
  }
  const size_t slash = parts.address.find('/');
  if (slash != absl::string_view::npos) {
    if (parts.has_prefix) return Bad(text, "has two prefixes");
    parts.has_prefix = true;
    parts.prefix = parts.address.substr(slash + 1);
    parts.address = parts.address.substr(0, slash);
  }
  return parts;
}

absl::Status ReadPorts(absl::string_view text, absl::string_view ports, Endpoint* endpoint) {
  if (ports == "*") return absl::OkStatus();
  const size_t dash = ports.find('-');
  uint32_t first = 0;
  uint32_t last = 0;
  if (!Number(ports.substr(0, dash), 65535, &first) ||
      !Number(dash == absl::string_view::npos ? ports : ports.substr(dash + 1), 65535, &last)) {
    return Bad(text, absl::StrCat("has the port \"", ports,
                                  "\": say a number from 0 to 65535, a range as 8000-8010, or *"));
  }
  if (first > last) {
    return Bad(text, absl::StrCat("has a range of ports that ends before it begins: say ", last, "-", first));
  }
  endpoint->first_port = static_cast<uint16_t>(first);
  endpoint->last_port = static_cast<uint16_t>(last);
  return absl::OkStatus();
}

// The address with all bits behind the prefix cleared.
std::array<uint8_t, 16> Masked(std::array<uint8_t, 16> address, int prefix) {
  for (int bit = prefix; bit < 128; ++bit) {
    address[static_cast<size_t>(bit) / 8] &= static_cast<uint8_t>(~(0x80 >> bit % 8));
  }
  return address;
}

absl::Status ReadAddress(absl::string_view text, const Parts& parts, Endpoint* endpoint) {
  const std::string address(parts.address);
  endpoint->ipv6 = absl::StrContains(address, ":");
  const int family = endpoint->ipv6 ? AF_INET6 : AF_INET;
  if (inet_pton(family, address.c_str(), endpoint->address.data()) != 1) {
    const bool name = !endpoint->ipv6 && address.find_first_not_of("0123456789.") != std::string::npos;
    if (address == "localhost")
      return Bad(text, "is a name: say 127.0.0.1 or [::1], or let the network be loopback");
    if (name) return Bad(text, absl::StrCat("is no number: names of hosts are not looked up ", kExamples));
    return Bad(text, absl::StrCat("holds no ", endpoint->ipv6 ? "IPv6" : "IPv4", " address ", kExamples));
  }
  const uint32_t bits = endpoint->ipv6 ? 128 : 32;
  uint32_t prefix = bits;
  if (parts.has_prefix && !Number(parts.prefix, bits, &prefix)) {
    return Bad(text, absl::StrCat("has the prefix \"", parts.prefix, "\": say a number from 0 to ", bits));
  }
  endpoint->prefix = static_cast<int>(prefix);
  const std::array<uint8_t, 16> network = Masked(endpoint->address, endpoint->prefix);
  if (network != endpoint->address) {
    char right[INET6_ADDRSTRLEN] = "";
    inet_ntop(family, network.data(), right, sizeof right);
    return Bad(text, absl::StrCat("has bits behind its prefix: say ", right, "/", prefix,
                                  ", or leave the prefix out for this one address"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<Endpoint>> ParseEndpoint(absl::string_view text) {
  if (text.empty()) return Bad(text, absl::StrCat("is empty ", kExamples));
  if (text.find('\0') != absl::string_view::npos) return Bad(text, "holds a NUL");
  if (absl::StrContains(text, "://")) {
    return Bad(text, absl::StrCat("is a URL: say the address alone ", kExamples));
  }
  ASSIGN_OR_RETURN(const Parts parts, Cut(text));
  Endpoint endpoint;
  endpoint.text = std::string(text);
  if (parts.has_ports) RETURN_IF_ERROR(ReadPorts(text, parts.ports, &endpoint));
  if (parts.address == "*") {
    if (parts.has_prefix) return Bad(text, "is every address: leave its prefix out");
    Endpoint six = endpoint;
    six.ipv6 = true;
    return std::vector<Endpoint>{endpoint, six};
  }
  RETURN_IF_ERROR(ReadAddress(text, parts, &endpoint));
  return std::vector<Endpoint>{endpoint};
}

}  // namespace glovebox::policy
