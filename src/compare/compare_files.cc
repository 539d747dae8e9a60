// The one place of this room that reads files.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/files.h"
#include "base/status.h"
#include "compare/file_difference.h"

namespace glovebox::compare {
namespace {

constexpr size_t kPiece = 1U << 20;
constexpr uint64_t kWhole = 512U << 20;  // files above this are looked at in pieces alone

absl::StatusOr<struct stat> StatOf(const std::string& path) {
  struct stat status = {};
  if (lstat(path.c_str(), &status) == 0) return status;
  return ErrnoStatus("lstat", path, errno);
}

absl::StatusOr<std::string> LinkOf(const std::string& path) {
  char text[PATH_MAX];
  const ssize_t size = readlink(path.c_str(), text, sizeof text);
  if (size < 0) return ErrnoStatus("readlink", path, errno);
  return std::string(text, static_cast<size_t>(size));
}

// As many bytes as there are, up to `size`.
absl::StatusOr<std::string> ReadAt(int fd, uint64_t offset, size_t size, const std::string& path) {
  std::string bytes(size, '\0');
  size_t have = 0;
  while (have < size) {
    const ssize_t count = pread(fd, bytes.data() + have, size - have, static_cast<off_t>(offset + have));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return ErrnoStatus("read", path, errno);
    if (count == 0) break;
    have += static_cast<size_t>(count);
  }
  bytes.resize(have);
  return bytes;
}

// The first piece in which they differ, by its offset; nothing where there is none.
absl::StatusOr<std::optional<uint64_t>> FirstPiece(int a, int b, const std::string& path_a,
                                                   const std::string& path_b) {
  for (uint64_t offset = 0;; offset += kPiece) {
    ASSIGN_OR_RETURN(const std::string in_a, ReadAt(a, offset, kPiece, path_a));
    ASSIGN_OR_RETURN(const std::string in_b, ReadAt(b, offset, kPiece, path_b));
    if (in_a != in_b) return offset;
    if (in_a.size() < kPiece) return std::nullopt;
  }
}

FileDifference Plain(Source source, const std::string& detail, std::string a, std::string b) {
  FileDifference difference;
  Spot spot;
  spot.source = source;
  spot.detail = detail;
  spot.a = std::move(a);
  spot.b = std::move(b);
  difference.spots.push_back(std::move(spot));
  return difference;
}

absl::StatusOr<std::optional<FileDifference>> CompareContents(const std::string& a, const std::string& b,
                                                              const Witness& witness) {
  ASSIGN_OR_RETURN(const UniqueFd fd_a, OpenFile(a, O_RDONLY));
  ASSIGN_OR_RETURN(const UniqueFd fd_b, OpenFile(b, O_RDONLY));
  ASSIGN_OR_RETURN(const std::optional<uint64_t> piece, FirstPiece(fd_a.get(), fd_b.get(), a, b));
  if (!piece.has_value()) return std::nullopt;
  ASSIGN_OR_RETURN(const struct stat status_a, StatOf(a));
  ASSIGN_OR_RETURN(const struct stat status_b, StatOf(b));
  const auto size_a = static_cast<uint64_t>(status_a.st_size);
  const auto size_b = static_cast<uint64_t>(status_b.st_size);
  const bool whole = size_a <= kWhole && size_b <= kWhole;
  const uint64_t from = whole ? 0 : *piece;
  ASSIGN_OR_RETURN(const std::string bytes_a, ReadAt(fd_a.get(), from, whole ? size_a : kPiece, a));
  ASSIGN_OR_RETURN(const std::string bytes_b, ReadAt(fd_b.get(), from, whole ? size_b : kPiece, b));
  // Somebody may write to them now.
  if (bytes_a == bytes_b) return std::nullopt;
  FileDifference difference = CompareBytes(bytes_a, bytes_b, witness, from);
  difference.size_a = size_a;
  difference.size_b = size_b;
  return difference;
}

}  // namespace

absl::StatusOr<std::optional<FileDifference>> CompareFiles(const std::string& a, const std::string& b,
                                                           const Witness& witness) {
  const auto status_a = StatOf(a);
  const auto status_b = StatOf(b);
  if (!status_a.ok() && !status_b.ok()) return std::nullopt;
  if (!status_a.ok() || !status_b.ok())
    return Plain(Source::kMissing, status_a.ok() ? "only A has it" : "only B has it", "", "");
  if ((status_a->st_mode & S_IFMT) != (status_b->st_mode & S_IFMT))
    return Plain(Source::kMode, "a file of another type", "", "");
  std::optional<FileDifference> difference;
  if (S_ISLNK(status_a->st_mode)) {
    ASSIGN_OR_RETURN(const std::string link_a, LinkOf(a));
    ASSIGN_OR_RETURN(const std::string link_b, LinkOf(b));
    if (link_a != link_b) difference = CompareBytes(link_a, link_b, witness);
    return difference;
  }
  if (!S_ISREG(status_a->st_mode)) return std::nullopt;
  ASSIGN_OR_RETURN(difference, CompareContents(a, b, witness));
  const unsigned mode_a = status_a->st_mode & 07777;
  const unsigned mode_b = status_b->st_mode & 07777;
  if (mode_a == mode_b) return difference;
  FileDifference plain =
      Plain(Source::kMode, "", absl::StrFormat("%04o", mode_a), absl::StrFormat("%04o", mode_b));
  if (!difference.has_value()) return plain;
  difference->spots.push_back(std::move(plain.spots.front()));
  return difference;
}

}  // namespace glovebox::compare
