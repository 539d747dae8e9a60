#include "policy/file_rules.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <memory>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/paths.h"
#include "base/status.h"
#include "kernel/abi.h"
#include "kernel/syscall_table.h"

namespace glovebox::policy {
namespace {

constexpr uint32_t kOfRead = kReadFile | kListDirectory | kExecuteFile;
constexpr uint32_t kOfAppend = kReadFile | kListDirectory | kAppendFile | kCreateName | kReachSocket;
constexpr uint32_t kAll = ~uint32_t{0};
// Rights in the directory of a name.
constexpr uint32_t kInParent = kCreateName | kRemoveName | kMoveName;
constexpr uint32_t kUnknownToKernel = kChangeAttributes | kAliasFile | kLook | kReachSocket;
constexpr uint32_t kGrantless = kAliasFile | kLook;  // nobody needs a grant for them

constexpr uint64_t kTmpfileBit = O_TMPFILE & ~O_DIRECTORY;

uint32_t RightsOf(PathAccess access) {
  switch (access) {
    case PathAccess::kRead:
      return kOfRead;
    case PathAccess::kWrite:
      return kAll;
    case PathAccess::kAppend:
      return kReadFile | kListDirectory;
    case PathAccess::kHidden:
      break;
  }
  return 0;
}

const char* AccessName(PathAccess access) {
  switch (access) {
    case PathAccess::kRead:
      return "read";
    case PathAccess::kWrite:
      return "write";
    case PathAccess::kAppend:
      return "append";
    case PathAccess::kHidden:
      break;
  }
  return "hidden";
}

std::string RuleText(const Origin& origin, PathAccess access, absl::string_view path) {
  return absl::StrCat(OriginText(origin), " ", AccessName(access), " ", path);
}

// A pipe, a socket, a memory file: made by the action itself or handed to it, and in no tree of names.
bool IsNoName(absl::string_view path) {
  return !absl::StartsWith(path, "/") ||
         (absl::StartsWith(path, "/memfd:") && absl::EndsWith(path, " (deleted)"));
}

// What Landlock refuses to every domain that handles a right on files (hook_sb_mount() and its like,
// security/landlock/fs.c).
bool ChangesMounts(const FileCall& call) {
  if (call.op == Op::kUmount) return true;
  const absl::string_view name = kernel::WithoutAbi(call.syscall);
  return (call.op == Op::kMount && (name == "mount" || name == "move_mount")) ||
         (call.op == Op::kChroot && name == "pivot_root");
}

uint32_t OpenRights(const FileCall& call) {
  const uint64_t flags = call.flags;
  if ((flags & O_PATH) != 0) return kLook;
  const FileObject& what = *call.first;
  const uint64_t mode = flags & O_ACCMODE;
  const bool tmpfile = (flags & kTmpfileBit) != 0;
  if (what.there && S_ISDIR(what.mode) && !tmpfile) return kListDirectory;
  uint32_t rights = 0;
  if (mode != O_WRONLY) rights |= kReadFile;
  // 3 stands for "as if to read and to write".
  if (mode != O_RDONLY) rights |= (flags & O_APPEND) != 0 ? kAppendFile : kWriteFile;
  if (tmpfile) return rights;
  if (!what.there && call.creates) rights |= kCreateName;
  if (what.there && (flags & O_TRUNC) != 0 && S_ISREG(what.mode)) rights |= kTruncateFile;
  return rights;
}

void RenameRights(const FileCall& call, uint32_t* from, uint32_t* to) {
  const bool exchange = (call.flags & kernel::kRenameExchange) != 0;
  *from = kRemoveName | (exchange ? kCreateName : 0u);
  *to = kCreateName | kAliasFile | (call.second->there ? kRemoveName : 0u);
}

}  // namespace

absl::InlinedVector<FileNeed, 2> NeedsOf(const FileCall& call) {
  if (call.first == nullptr) return {};
  uint32_t first = kLook, second = kLook;
  switch (call.op) {
    case Op::kOpen:
      first = OpenRights(call);
      break;
    case Op::kExec:
      first = kExecuteFile | kReadFile;
      break;
    case Op::kRename:
      if (call.second != nullptr) RenameRights(call, &first, &second);
      break;
    case Op::kLink:
      first = kAliasFile;
      second = kCreateName | kAliasFile;
      break;
    case Op::kSymlink:
      first = kCreateName | kAliasFile;
      break;
    case Op::kMkdir:
    case Op::kMknod:
    case Op::kBind:
      first = kCreateName;
      break;
    case Op::kUnlink:
    case Op::kRmdir:
      first = kRemoveName;
      break;
    case Op::kTruncate:
      first = kTruncateFile;
      break;
    case Op::kChmod:
    case Op::kChown:
    case Op::kUtimes:
    case Op::kSetXattr:
      first = kChangeAttributes;
      break;
    case Op::kConnect:
    case Op::kSend:
      if (call.first->there && S_ISSOCK(call.first->mode)) first = kReachSocket;
      break;
    default:
      break;
  }
  if (call.second == nullptr) return {{call.first->path, first}};
  const bool moves = call.op == Op::kRename || call.op == Op::kLink;
  if (moves && Dirname(call.first->path) != Dirname(call.second->path)) {
    first |= kMoveName;
    second |= kMoveName;
  }
  return {{call.first->path, first}, {call.second->path, second}};
}

absl::StatusOr<FileRules> FileRules::Make(const Policy& policy, std::vector<Grant> grants) {
  FileRules rules;
  rules.confined_ = policy.confine_files;
  if (!policy.files_section.empty()) rules.for_section_ = absl::StrCat(" for ", policy.files_section);
  rules.held_ = policy.mode == Mode::kEnforce;
  rules.grants_ = std::move(grants);
  for (const PathRule& rule : policy.paths) {
    if (rule.access != PathAccess::kAppend && rule.access != PathAccess::kHidden) continue;
    auto pattern = PathPattern::Parse(rule.path);
    if (!pattern.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat(OriginText(rule.origin), ": ", pattern.status().message()));
    }
    // Names are told without symlinks: so must the directories of the pattern be.
    const std::string part = pattern->LiteralPart();
    const std::unique_ptr<char, decltype(&free)> real(realpath(part.c_str(), nullptr), free);
    if (real != nullptr) pattern = pattern->Under(real.get());
    rules.patterns_.push_back({rule.access, *pattern, pattern->LiteralPart(), rule});
  }
  return rules;
}

const FileRules::Pattern* FileRules::PatternOn(const FileNeed& need, PathAccess access) const {
  for (const Pattern& pattern : patterns_) {
    if (pattern.access == access && pattern.pattern.MatchesAtOrAbove(need.path)) return &pattern;
  }
  return nullptr;
}

// A directory on the way to a protected name goes elsewhere, and takes it with it: there it would be known by
// another name. Told of the directories that the pattern spells out.
const FileRules::Pattern* FileRules::MovedBy(const FileNeed& need) const {
  for (const Pattern& pattern : patterns_) {
    if (IsUnder(pattern.literal_part, need.path)) return &pattern;
  }
  return nullptr;
}

// What is granted at a path; `by_kernel`: by the action's ruleset.
uint32_t FileRules::Granted(absl::string_view path, bool by_kernel) const {
  uint32_t rights = 0;
  for (const Grant& grant : grants_) {
    if (grant.error != 0 && (held_ || by_kernel)) continue;
    if (IsUnder(path, grant.path)) rights |= RightsOf(grant.access);
  }
  return rights;
}

uint32_t FileRules::Lacking(const FileNeed& need, bool by_kernel) const {
  if (IsNoName(need.path)) return 0;
  uint32_t lacking = need.rights & ~(by_kernel ? kUnknownToKernel : kGrantless);
  const uint32_t here = lacking & ~kInParent, above = lacking & kInParent;
  lacking = here == 0 ? 0 : here & ~Granted(need.path, by_kernel);
  if (above != 0) lacking |= above & ~Granted(Dirname(need.path), by_kernel);
  return lacking;
}

std::string FileRules::Outside(const FileNeed& need, uint32_t lacking) const {
  const char* id = (lacking & kExecuteFile) != 0                    ? "outside-exec: "
                   : (lacking & ~(kReadFile | kListDirectory)) != 0 ? "outside-write: "
                                                                    : "outside-read: ";
  const absl::string_view at = (lacking & kInParent) != 0 ? Dirname(need.path) : need.path;
  const Grant* nearest = nullptr;
  for (const Grant& grant : grants_) {
    if (grant.error != 0 && held_ && (lacking & ~RightsOf(grant.access)) == 0 &&
        IsUnder(need.path, grant.path)) {
      return absl::StrCat(id, RuleText(grant.origin, grant.access, grant.asked),
                          grant.error == ENOENT
                              ? ", which was not there when the action began"
                              : absl::StrCat(", which could not be reached: ", ErrnoName(grant.error)));
    }
    const bool covers = grant.error == 0 && IsUnder(at, grant.path);
    if (covers && (nearest == nullptr || grant.path.size() > nearest->path.size())) nearest = &grant;
  }
  if (nearest == nullptr) return absl::StrCat(id, "no path of the policy", for_section_);
  return absl::StrCat(id, RuleText(nearest->origin, nearest->access, nearest->asked), for_section_);
}

// True where a pattern refuses.
bool FileRules::JudgePatterns(const FileCall& call, absl::Span<const FileNeed> needs,
                              FileVerdict* verdict) const {
  const auto refuse = [verdict](const char* id, const Pattern& by, int error) {
    verdict->allowed = false;
    verdict->error = error;
    verdict->rule = absl::StrCat(id, ": ", RuleText(by.rule.origin, by.rule.access, by.rule.path));
    return true;
  };
  for (const FileNeed& need : needs) {
    if (IsNoName(need.path)) continue;
    // As if it were not there: but then it could be made.
    if (const Pattern* hidden = PatternOn(need, PathAccess::kHidden))
      return refuse("hidden", *hidden, (need.rights & kCreateName) != 0 ? EACCES : ENOENT);
    const Pattern* append = PatternOn(need, PathAccess::kAppend);
    if (append != nullptr && (need.rights & ~(kOfAppend | kLook)) != 0) {
      const bool runs = (need.rights & kExecuteFile) != 0;
      return refuse("log-tamper", *append, runs ? EACCES : EPERM);
    }
    const Pattern* moved = call.op == Op::kRename ? MovedBy(need) : nullptr;
    if (moved != nullptr)
      return refuse(moved->access == PathAccess::kHidden ? "hidden" : "log-tamper", *moved, EPERM);
  }
  return false;
}

FileVerdict FileRules::Judge(const FileCall& call) const {
  FileVerdict verdict;
  if (confined_ && ChangesMounts(call)) {
    verdict.allowed = verdict.kernel_allows = false;
    verdict.error = EPERM;
    verdict.rule = "mount: a confined action changes no mounts";
    return verdict;
  }
  const auto needs = NeedsOf(call);
  uint32_t all_lacking = 0;
  for (const FileNeed& need : needs) {
    if (!confined_) break;
    if (Lacking(need, /*by_kernel=*/true) != 0) verdict.kernel_allows = false;
    uint32_t lacking = Lacking(need, /*by_kernel=*/false);
    if (lacking == 0) continue;
    if (PatternOn(need, PathAccess::kAppend) != nullptr) lacking &= ~kOfAppend;
    if (lacking == 0) continue;
    if ((all_lacking & ~kMoveName) == 0) verdict.rule = Outside(need, lacking);
    all_lacking |= lacking;
  }
  if (JudgePatterns(call, needs, &verdict) || all_lacking == 0) return verdict;
  verdict.allowed = false;
  verdict.error = (all_lacking & ~kMoveName) == 0 ? EXDEV : EACCES;
  return verdict;
}

FileVerdict JudgeFiles(absl::Span<const FileRules* const> chain, const FileCall& call) {
  FileVerdict said;
  bool kernel_allows = true;
  for (const FileRules* rules : chain) {
    FileVerdict verdict = rules->Judge(call);
    kernel_allows = kernel_allows && verdict.kernel_allows;
    // Landlock as well says EXDEV only where no layer has more against it.
    const bool worse = said.error == EXDEV && !verdict.allowed && verdict.error != EXDEV;
    if (said.allowed || worse) said = std::move(verdict);
  }
  said.kernel_allows = kernel_allows;
  return said;
}

}  // namespace glovebox::policy
