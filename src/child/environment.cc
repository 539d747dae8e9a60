#include "child/environment.h"

#include <cstring>

namespace glovebox::child {
namespace {

constexpr char kOurs[] = "GLOVEBOX_";
constexpr char kTest[] = "GLOVEBOX_TEST_";
constexpr char kChild[] = "GLOVEBOX_CHILD_";

bool StartsWith(const char* text, const char* prefix) { return strncmp(text, prefix, strlen(prefix)) == 0; }

size_t NameLength(const char* entry) {
  const char* equals = strchr(entry, '=');
  return equals != nullptr ? static_cast<size_t>(equals - entry) : strlen(entry);
}

bool SameName(const char* a, const char* b) {
  const size_t length = NameLength(a);
  return length == NameLength(b) && memcmp(a, b, length) == 0;
}

// `pattern` is a rule's name, of `length` bytes, and may end in '*'.
bool Matches(const char* entry, const char* pattern, size_t length) {
  const size_t name = NameLength(entry);
  if (length > 0 && pattern[length - 1] == '*') {
    return name >= length - 1 && memcmp(entry, pattern, length - 1) == 0;
  }
  return name == length && memcmp(entry, pattern, length) == 0;
}

bool Hidden(const char* entry) { return StartsWith(entry, kOurs) && !StartsWith(entry, kTest); }

// GLOVEBOX_CHILD_X=v: X=v, else null.
const char* HandedThrough(const char* entry) {
  if (!StartsWith(entry, kChild)) return nullptr;
  const char* inner = entry + strlen(kChild);
  return strchr(inner, '=') != nullptr && *inner != '=' ? inner : nullptr;
}

struct Rules {
  const char* at;
  const char* end;
  // The next rule, null at the end. ValidatePlan() has seen to the last terminator.
  const char* Next() {
    if (at >= end) return nullptr;
    const char* rule = at;
    at += strlen(rule) + 1;
    return rule;
  }
};

bool HasAllowList(const char* rules, size_t size) {
  for (Rules all{rules, rules + size}; const char* rule = all.Next();) {
    if (*rule == '=') return true;
  }
  return false;
}

bool Allowed(const char* entry, const char* rules, size_t size) {
  if (StartsWith(entry, kTest)) return true;
  for (Rules all{rules, rules + size}; const char* rule = all.Next();) {
    if (*rule == '=' && Matches(entry, rule + 1, strlen(rule + 1))) return true;
  }
  return false;
}

struct Vector {
  const char** out;
  size_t capacity;
  size_t size = 0;
  bool full = false;

  void Add(const char* entry) {
    if (size < capacity) {
      out[size++] = entry;
    } else {
      full = true;
    }
  }
  void Remove(const char* name, size_t length) {
    size_t kept = 0;
    for (size_t i = 0; i < size; ++i) {
      if (!Matches(out[i], name, length)) out[kept++] = out[i];
    }
    size = kept;
  }
  // In the place of the first of that name; getenv() takes the first.
  void Set(const char* entry) {
    for (size_t i = 0; i < size; ++i) {
      if (!SameName(out[i], entry)) continue;
      out[i] = entry;
      return;
    }
    Add(entry);
  }
};

}  // namespace

size_t EnvironmentCapacity(const char* const* environment, const char* rules, size_t rules_size) {
  size_t count = 1;
  for (; environment != nullptr && *environment != nullptr; ++environment) ++count;
  for (Rules all{rules, rules + rules_size}; all.Next() != nullptr;) ++count;
  return count;
}

size_t PrepareEnvironment(const char* const* environment, const char* rules, size_t rules_size,
                          const char** out, size_t capacity) {
  if (capacity == 0) return kNoRoom;
  Vector result{out, capacity - 1};
  for (const char* const* entry = environment; entry != nullptr && *entry != nullptr; ++entry) {
    if (!Hidden(*entry)) result.Add(*entry);
  }
  for (const char* const* entry = environment; entry != nullptr && *entry != nullptr; ++entry) {
    const char* inner = HandedThrough(*entry);
    if (inner != nullptr && !Hidden(inner)) result.Set(inner);
  }
  if (HasAllowList(rules, rules_size)) {
    size_t kept = 0;
    for (size_t i = 0; i < result.size; ++i) {
      if (Allowed(out[i], rules, rules_size)) out[kept++] = out[i];
    }
    result.size = kept;
  }
  for (Rules all{rules, rules + rules_size}; const char* rule = all.Next();) {
    if (*rule == '-') result.Remove(rule + 1, strlen(rule + 1));
    if (*rule == '+' && strchr(rule, '=') != nullptr && !Hidden(rule + 1)) result.Set(rule + 1);
  }
  if (result.full) return kNoRoom;
  out[result.size] = nullptr;
  return result.size;
}

const char* EnvironmentValue(const char* const* environment, const char* name) {
  const size_t length = strlen(name);
  for (; environment != nullptr && *environment != nullptr; ++environment) {
    if (strncmp(*environment, name, length) == 0 && (*environment)[length] == '=') {
      return *environment + length + 1;
    }
  }
  return nullptr;
}

size_t PassedFdCapacity(const char* const* environment) {
  size_t count = 0;
  for (; environment != nullptr && *environment != nullptr; ++environment) {
    count += StartsWith(*environment, kOurs) ? 1 : 0;
  }
  return count;
}

size_t PassedFds(const char* const* environment, int* out, size_t capacity) {
  size_t count = 0;
  for (; environment != nullptr && *environment != nullptr && count < capacity; ++environment) {
    const char* entry = *environment;
    const size_t name = NameLength(entry);
    // GLOVEBOX_CHILD_X_FD is the program's X_FD.
    if (!StartsWith(entry, kOurs) || StartsWith(entry, kTest) || StartsWith(entry, kChild)) continue;
    if (name < 3 || memcmp(entry + name - 3, "_FD", 3) != 0 || entry[name] != '=') continue;
    const char* digit = entry + name + 1;
    if (*digit == '\0') continue;
    int number = 0;
    while (*digit >= '0' && *digit <= '9' && number < 1000000) number = number * 10 + (*digit++ - '0');
    if (*digit == '\0') out[count++] = number;
  }
  return count;
}

}  // namespace glovebox::child
