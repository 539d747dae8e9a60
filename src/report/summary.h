// A run in numbers and short lists: what the text and the JSON report are both made from.
#ifndef GLOVEBOX_REPORT_SUMMARY_H_
#define GLOVEBOX_REPORT_SUMMARY_H_

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "report/classify.h"
#include "report/input.h"
#include "report/touch.h"

namespace glovebox::report {

// Distinct paths by class, in the order of PathClass.
using ByClass = std::array<uint64_t, kPathClasses>;

struct Endpoint {
  std::string address;
  std::string what;  // "connect", "bind", "send"
  std::string exe;
  std::string label;  // of the action
  uint64_t times = 0;
  bool operator==(const Endpoint&) const = default;
};

// A line of a list: of which action, and what.
struct Note {
  std::string label;
  std::string text;
  bool operator==(const Note&) const = default;
};

struct SlowAction {
  std::string label;
  uint64_t nanoseconds = 0;
  bool operator==(const SlowAction&) const = default;
};

struct Summary {
  uint64_t actions = 0;
  uint64_t complete = 0;
  std::map<std::string, uint64_t> roles;
  uint64_t accesses = 0;
  ByClass read = {};
  ByClass written = {};
  ByClass probed = {};
  std::vector<std::string>
      outside;  // read or written outside every known root, in $HOME, or in /tmp; distinct, with how
  std::vector<Endpoint> endpoints;  // internet addresses first
  std::vector<Note> incomplete;
  std::vector<Note> denied;
  std::vector<Note> left_over;
  std::vector<SlowAction> slowest;  // at most kSlowest, actions that contain others left out
  uint64_t duration_ns = 0;         // from the run's start to its last record
};

inline constexpr size_t kSlowest = 5;

Summary Summarize(const Input& input);

}  // namespace glovebox::report

#endif  // GLOVEBOX_REPORT_SUMMARY_H_
