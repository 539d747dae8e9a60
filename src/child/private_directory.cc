#include "child/private_directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "child/plan.h"

namespace glovebox::child {
namespace {

constexpr char kPrefix[] = "/tmp/gb-";
constexpr int kTries = 16;
// Deeper than that nothing is removed: each level holds a descriptor and a buffer.
constexpr int kMaxDepth = 256;

// The kernel's struct linux_dirent64, since opendir() wants a heap: inode and offset, 8 bytes each, the
// entry's length, a byte for the type, then the name.
constexpr size_t kLengthAt = 16;
constexpr size_t kNameAt = 19;

// Each has the name and the subdirectory, "" for the directory itself.
struct Variable {
  uint32_t flag;
  const char* name;
  const char* below;
};
constexpr Variable kVariables[kPrivateVariables] = {
    {kPrivateTmp, "TMPDIR=", "/t"},
    {kPrivateTmp, "TMP=", "/t"},
    {kPrivateTmp, "TEMP=", "/t"},
    {kPrivateHome, "HOME=", "/h"},
    {kPrivateHome, "XDG_CONFIG_HOME=", "/h/.config"},
    {kPrivateHome, "XDG_CACHE_HOME=", "/h/.cache"},
    {kPrivateHome, "XDG_DATA_HOME=", "/h/.local/share"},
    {kPrivateHome, "XDG_STATE_HOME=", "/h/.local/state"},
};

bool MakeName(char* path) {
  unsigned char random[8];
  if (getrandom(random, sizeof random, 0) != static_cast<ssize_t>(sizeof random)) return false;
  memcpy(path, kPrefix, sizeof kPrefix);
  char* at = path + sizeof kPrefix - 1;
  for (const unsigned char byte : random) {
    *at++ = "0123456789abcdef"[byte >> 4];
    *at++ = "0123456789abcdef"[byte & 15];
  }
  *at = '\0';
  return true;
}

bool IsDots(const char* name) { return strcmp(name, ".") == 0 || strcmp(name, "..") == 0; }

bool RemoveBelow(int directory, dev_t device, int depth);

bool RemoveAt(int directory, const char* name, dev_t device, int depth) {
  if (unlinkat(directory, name, 0) == 0) return true;
  if (errno != EISDIR && errno != EPERM && errno != EACCES) return errno == ENOENT;
  struct stat seen {};
  if (fstatat(directory, name, &seen, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISDIR(seen.st_mode)) return false;
  if (seen.st_dev != device) return false;  // a mount: not ours to empty
  // The command has ended: nobody puts a link in its place any more.
  if ((seen.st_mode & S_IRWXU) != S_IRWXU) fchmodat(directory, name, S_IRWXU, 0);
  const int below = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (below < 0) return false;
  const bool emptied = depth < kMaxDepth && RemoveBelow(below, device, depth + 1);
  close(below);
  return unlinkat(directory, name, AT_REMOVEDIR) == 0 && emptied;
}

bool RemoveBelow(int directory, dev_t device, int depth) {
  alignas(8) char buffer[2048];
  // From the start as long as a round removes something: what is removed moves the others' offsets.
  for (;;) {
    bool removed = false;
    bool left = false;
    lseek(directory, 0, SEEK_SET);
    for (;;) {
      const long size = syscall(SYS_getdents64, directory, buffer, sizeof buffer);
      if (size <= 0) break;
      for (long at = 0; at < size;) {
        unsigned short length;
        memcpy(&length, buffer + at + kLengthAt, sizeof length);
        const char* name = buffer + at + kNameAt;
        at += length;
        if (IsDots(name)) continue;
        (RemoveAt(directory, name, device, depth) ? removed : left) = true;
      }
    }
    if (!removed) return !left;
  }
}

}  // namespace

int MakePrivateDirectory(uint32_t plan_flags, PrivateDirectory& directory) {
  int made = -1;
  for (int i = 0; i < kTries && made != 0; ++i) {
    if (!MakeName(directory.path)) return errno;
    made = mkdir(directory.path, S_IRWXU);
    if (made != 0 && errno != EEXIST) break;
  }
  if (made != 0) {
    directory.path[0] = '\0';
    return errno;
  }
  char path[sizeof directory.path + 2];
  constexpr Variable kDirectories[] = {kVariables[0], kVariables[3]};
  for (const Variable& variable : kDirectories) {
    if ((plan_flags & variable.flag) == 0) continue;
    const size_t length = strlen(directory.path);
    memcpy(path, directory.path, length);
    memcpy(path + length, variable.below, sizeof "/t");
    if (mkdir(path, S_IRWXU) != 0) return errno;
  }
  return 0;
}

bool RemovePrivateDirectory(const PrivateDirectory& directory) {
  struct stat seen {};
  if (directory.path[0] == '\0') return true;
  if (lstat(directory.path, &seen) != 0) return errno == ENOENT;
  return RemoveAt(AT_FDCWD, directory.path, seen.st_dev, 0);
}

size_t PrivateVariables(uint32_t plan_flags, const PrivateDirectory& directory, char* text,
                        const char** entries) {
  size_t count = 0;
  const char* const end = text + kPrivateRoom;
  for (const Variable& variable : kVariables) {
    if ((plan_flags & variable.flag) == 0) continue;
    const char* const parts[] = {variable.name, directory.path, variable.below};
    size_t size = 1;
    for (const char* part : parts) size += strlen(part);
    if (size > static_cast<size_t>(end - text)) return count;
    entries[count++] = text;
    for (const char* part : parts) {
      const size_t length = strlen(part);
      memcpy(text, part, length);
      text += length;
    }
    *text++ = '\0';
  }
  return count;
}

}  // namespace glovebox::child
