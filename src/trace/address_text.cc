// Socket addresses as text. Every byte of them comes from the caller.
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "trace/intent.h"

namespace glovebox::trace {
namespace {

constexpr size_t kMaxAddress = 128;  // sizeof(struct __kernel_sockaddr_storage): more gives EINVAL

// A copy, since the caller's bytes may be misaligned; false when there are too few of them.
template <typename T>
bool Load(const void* bytes, size_t size, T* out, size_t needed = sizeof(T)) {
  if (size < needed) return false;
  *out = T{};
  std::memcpy(out, bytes, std::min(size, sizeof(T)));
  return true;
}

std::string Inet(const void* bytes, size_t size) {
  sockaddr_in address;
  char text[INET_ADDRSTRLEN];
  if (!Load(bytes, size, &address)) return absl::StrCat("inet:(", size, " bytes)");
  inet_ntop(AF_INET, &address.sin_addr, text, sizeof(text));
  return absl::StrCat("inet:", text, ":", ntohs(address.sin_port));
}

std::string Inet6(const void* bytes, size_t size) {
  sockaddr_in6 address;
  char text[INET6_ADDRSTRLEN];
  // RFC 2133's struct had no scope, and the kernel still takes it (SIN6_LEN_RFC2133).
  if (!Load(bytes, size, &address, offsetof(sockaddr_in6, sin6_scope_id))) {
    return absl::StrCat("inet6:(", size, " bytes)");
  }
  inet_ntop(AF_INET6, &address.sin6_addr, text, sizeof(text));
  const std::string scope = address.sin6_scope_id != 0 ? absl::StrCat("%", address.sin6_scope_id) : "";
  return absl::StrCat("inet6:[", text, scope, "]:", ntohs(address.sin6_port));
}

std::string Unix(const void* bytes, size_t size) {
  std::string path;
  if (UnixPath(bytes, size, &path)) return absl::StrCat("unix:", path[0] == '@' ? "./" : "", path);
  if (size <= offsetof(sockaddr_un, sun_path)) return "unix:";
  const char* name = static_cast<const char*>(bytes) + offsetof(sockaddr_un, sun_path) + 1;
  std::string text = "unix:@";
  text.append(name, size - offsetof(sockaddr_un, sun_path) - 1);
  return text;
}

}  // namespace

std::string FamilyName(unsigned family) {
  switch (family) {
    case AF_UNSPEC:
      return "unspec";
    case AF_UNIX:
      return "unix";
    case AF_INET:
      return "inet";
    case AF_INET6:
      return "inet6";
    case AF_NETLINK:
      return "netlink";
    case AF_PACKET:
      return "packet";
    case AF_VSOCK:
      return "vsock";
    default:
      return absl::StrCat("family ", family);
  }
}

bool UnixPath(const void* bytes, size_t size, std::string* path) {
  sa_family_t family = AF_UNSPEC;
  constexpr size_t kStart = offsetof(sockaddr_un, sun_path);
  if (size <= kStart || size > kMaxAddress || !Load(bytes, size, &family) || family != AF_UNIX) return false;
  const char* start = static_cast<const char*>(bytes) + kStart;
  if (*start == '\0') return false;
  path->assign(start, strnlen(start, size - kStart));
  return true;
}

std::string AddressText(const void* bytes, size_t size) {
  sa_family_t family = AF_UNSPEC;
  if (size > kMaxAddress || !Load(bytes, size, &family)) return absl::StrCat("invalid:(", size, " bytes)");
  switch (family) {
    case AF_UNIX:
      return Unix(bytes, size);
    case AF_INET:
      return Inet(bytes, size);
    case AF_INET6:
      return Inet6(bytes, size);
    case AF_NETLINK: {
      sockaddr_nl address;
      if (Load(bytes, size, &address)) return absl::StrCat("netlink:", address.nl_pid);
      break;
    }
    case AF_PACKET: {
      sockaddr_ll address;
      // The hardware address at the end may be shorter.
      if (Load(bytes, size, &address, offsetof(sockaddr_ll, sll_addr))) {
        return absl::StrCat("packet:", address.sll_ifindex);
      }
      break;
    }
    case AF_VSOCK: {
      sockaddr_vm address;
      if (Load(bytes, size, &address)) return absl::StrCat("vsock:", address.svm_cid, ":", address.svm_port);
      break;
    }
    default:
      return FamilyName(family);
  }
  return absl::StrCat(FamilyName(family), ":(", size, " bytes)");
}

}  // namespace glovebox::trace
