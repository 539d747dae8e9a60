#include "policy/policy_keys.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "policy/key_readers.h"

namespace glovebox::policy {
namespace {

using Kind = Assignment::Kind;

template <bool Policy::*kMember>
void ReadFlag(const KeyInput& in) {
  const std::optional<bool> value = in.reader->Bool(in.item);
  if (!value.has_value()) return;
  in.Add(in.key, *value ? "true" : "false", in.item.origin,
         [value](Policy* policy) { policy->*kMember = *value; });
}

void ReadMode(const KeyInput& in) {
  static const std::vector<std::string> words = {"observe", "report", "enforce"};
  const std::optional<size_t> found = in.reader->OneOf(in.item, words);
  if (!found.has_value()) return;
  in.Add(in.key, words[*found], in.item.origin,
         [mode = static_cast<Mode>(*found)](Policy* policy) { policy->mode = mode; });
}

void ReadLevel(const KeyInput& in) {
  static const std::vector<std::string> words = {"open", "full", "off"};
  constexpr kernel::Level kLevels[] = {kernel::Level::kOpen, kernel::Level::kFull, kernel::Level::kOff};
  const std::optional<size_t> found = in.reader->OneOf(in.item, words);
  if (!found.has_value()) return;
  in.Add(in.key, words[*found], in.item.origin,
         [level = kLevels[*found]](Policy* policy) { policy->level = level; });
}

// A row: where the name ends in "-add" it adds to the key before it.
struct KeySpec {
  absl::string_view name;
  Kind kind;
  void (*read)(const KeyInput&);
};

constexpr KeySpec kKeys[] = {
    {"mode", Kind::kPlain, ReadMode},
    {"best-effort", Kind::kPlain, ReadFlag<&Policy::best_effort>},
    {"level", Kind::kPlain, ReadLevel},
    {"confine-files", Kind::kPlain, ReadFlag<&Policy::confine_files>},
    {"read", Kind::kFiles, ReadPaths<PathAccess::kRead>},
    {"write", Kind::kFiles, ReadPaths<PathAccess::kWrite>},
    {"append-only", Kind::kPlain, ReadPaths<PathAccess::kAppend>},
    {"hidden", Kind::kPlain, ReadPaths<PathAccess::kHidden>},
    {"hide-by-namespace", Kind::kPlain, ReadFlag<&Policy::hide_by_namespace>},
    {"strict-inputs", Kind::kPlain, ReadFlag<&Policy::strict_inputs>},
    {"private-tmp", Kind::kPlain, ReadFlag<&Policy::private_tmp>},
    {"private-home", Kind::kPlain, ReadFlag<&Policy::private_home>},
    {"network", Kind::kNetwork, ReadNetwork},
    {"variables", Kind::kPlain, ReadVariables},
    {"wall-clock", Kind::kPlain, ReadWallClock},
    {"total-memory", Kind::kPlain, ReadTotalMemory},
    {"total-processes", Kind::kPlain, ReadTotalProcesses},
    {"limits", Kind::kPlain, ReadLimits},
    {"capabilities", Kind::kPlain, ReadCapabilities},
    {"deny-noappend", Kind::kPlain, ReadFlag<&Policy::append_only>},
    {"restrict-kptr", Kind::kPlain, ReadFlag<&Policy::restrict_kptr>},
    {"restrict-prlimit", Kind::kPlain, ReadFlag<&Policy::restrict_prlimit>},
    {"deny-tsc", Kind::kPlain, ReadFlag<&Policy::deny_tsc>},
    {"scope-signals", Kind::kPlain, ReadFlag<&Policy::scope_signals>},
    {"scope-abstract-unix", Kind::kPlain, ReadFlag<&Policy::scope_abstract_unix>},
    {"reset-signals", Kind::kPlain, ReadFlag<&Policy::restore_sigmask>},
    {"kernel-only", Kind::kPlain, ReadFlag<&Policy::kernel_only>},
    {"allow-speculation", Kind::kPlain, ReadFlag<&Policy::ssb>},
};

constexpr absl::string_view kAdding[] = {"read", "write", "append-only", "hidden"};

bool MayAdd(absl::string_view key) {
  return std::find(std::begin(kAdding), std::end(kAdding), key) != std::end(kAdding);
}

}  // namespace

std::vector<std::string> PolicyKeys() {
  std::vector<std::string> names;
  for (const KeySpec& key : kKeys) {
    names.emplace_back(key.name);
    if (MayAdd(key.name)) names.push_back(absl::StrCat(key.name, "-add"));
  }
  return names;
}

std::vector<Assignment> ReadPolicyKeys(const std::vector<TomlItem>& items,
                                       const std::vector<std::string>& others,
                                       const PolicyVariables& variables, TomlReader* reader) {
  std::vector<Assignment> assignments;
  // What replaces comes first, whatever stands first in the file: `read-add` adds to the `read` beside it.
  for (const bool adding : {false, true}) {
    for (const TomlItem& item : items) {
      absl::string_view name = item.name;
      const bool adds = absl::ConsumeSuffix(&name, "-add") && MayAdd(name);
      if (adds != adding) continue;
      const auto* const key = std::find_if(std::begin(kKeys), std::end(kKeys), [&](const KeySpec& one) {
        return one.name == (adds ? name : absl::string_view(item.name));
      });
      if (key == std::end(kKeys)) {
        std::vector<std::string> known = PolicyKeys();
        known.insert(known.end(), others.begin(), others.end());
        reader->UnknownKey(item, known);
        continue;
      }
      const size_t before = assignments.size();
      key->read({item, std::string(key->name), adds, variables, reader, &assignments});
      for (size_t i = before; i < assignments.size(); ++i) {
        assignments[i].kind = key->kind;
        assignments[i].order = static_cast<int>(key - std::begin(kKeys));
      }
    }
  }
  return assignments;
}

}  // namespace glovebox::policy
