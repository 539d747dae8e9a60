#include "base/files.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "base/paths.h"
#include "base/status.h"

namespace glovebox {

absl::StatusOr<UniqueFd> OpenFile(const std::string& path, int flags, int mode) {
  for (;;) {
    UniqueFd fd(open(path.c_str(), flags | O_CLOEXEC, mode));
    if (fd.valid()) return fd;
    if (errno != EINTR) return ErrnoStatus("open", path, errno);
  }
}

absl::StatusOr<std::string> ReadAll(int fd, absl::string_view name_for_errors) {
  std::string bytes;
  char buffer[65536];
  for (;;) {
    const ssize_t count = read(fd, buffer, sizeof buffer);
    if (count == 0) return bytes;
    if (count > 0) {
      bytes.append(buffer, static_cast<size_t>(count));
    } else if (errno != EINTR) {
      return ErrnoStatus("read", name_for_errors, errno);
    }
  }
}

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  ASSIGN_OR_RETURN(UniqueFd fd, OpenFile(path, O_RDONLY));
  return ReadAll(fd.get(), path);
}

absl::Status WriteAll(int fd, absl::string_view bytes, absl::string_view name_for_errors) {
  while (!bytes.empty()) {
    const ssize_t count = write(fd, bytes.data(), bytes.size());
    if (count >= 0) {
      bytes.remove_prefix(static_cast<size_t>(count));
    } else if (errno != EINTR) {
      return ErrnoStatus("write", name_for_errors, errno);
    }
  }
  return absl::OkStatus();
}

absl::Status WriteFile(const std::string& path, absl::string_view bytes) {
  ASSIGN_OR_RETURN(UniqueFd fd, OpenFile(path, O_WRONLY | O_CREAT | O_TRUNC));
  return WriteAll(fd.get(), bytes, path);
}

absl::Status MakeDirectories(const std::string& path) {
  if (mkdir(path.c_str(), 0700) == 0) return absl::OkStatus();
  if (errno == EEXIST) {
    struct stat info;
    if (stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) return absl::OkStatus();
    return ErrnoStatus("mkdir", path, ENOTDIR);
  }
  if (errno != ENOENT) return ErrnoStatus("mkdir", path, errno);
  RETURN_IF_ERROR(MakeDirectories(std::string(Dirname(path))));
  // Another process may have made it meanwhile: that is what was asked for.
  if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return ErrnoStatus("mkdir", path, errno);
  return absl::OkStatus();
}

std::string RealPath(const std::string& path) {
  std::string rest;
  for (std::string at = path;; at = std::string(Dirname(at))) {
    const std::unique_ptr<char, decltype(&free)> real(realpath(at.c_str(), nullptr), free);
    if (real != nullptr) return CleanPath(absl::StrCat(real.get(), "/", rest));
    if (at == "/" || at == ".") return path;
    rest = absl::StrCat(Basename(at), rest.empty() ? "" : "/", rest);
  }
}

bool FileExists(const std::string& path) {
  struct stat info;
  return stat(path.c_str(), &info) == 0;
}

absl::StatusOr<UniqueFd> SealedFile(const char* name, absl::string_view bytes) {
  UniqueFd fd(memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd.valid()) return ErrnoStatus("memfd_create", name, errno);
  RETURN_IF_ERROR(WriteAll(fd.get(), bytes, name));
  constexpr int kSeals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
  if (fcntl(fd.get(), F_ADD_SEALS, kSeals) != 0) return ErrnoStatus("fcntl(F_ADD_SEALS)", name, errno);
  return fd;
}

std::string OwnDirectory() {
  char path[PATH_MAX];
  const ssize_t size = readlink("/proc/self/exe", path, sizeof path);
  return size > 0 ? std::string(Dirname(absl::string_view(path, static_cast<size_t>(size)))) : ".";
}

std::string FindBeside(const std::vector<std::string>& places) {
  for (const std::string& place : places) {
    std::string path = CleanPath(JoinPath(OwnDirectory(), place));
    if (FileExists(path)) return path;
  }
  return "";
}

absl::StatusOr<TempDir> TempDir::Create(absl::string_view prefix) {
  const char* root = getenv("TMPDIR");
  std::string path = absl::StrCat(root != nullptr && root[0] == '/' ? root : "/tmp", "/", prefix, "-XXXXXX");
  if (mkdtemp(path.data()) == nullptr) return ErrnoStatus("mkdtemp", path, errno);
  return TempDir(std::move(path));
}

TempDir::TempDir(TempDir&& other) noexcept : path_(std::move(other.path_)) { other.path_.clear(); }

TempDir::~TempDir() {
  std::error_code ignored;  // a directory that cannot be removed is no reason to fail
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

}  // namespace glovebox
