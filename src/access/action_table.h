// A log by its actions: what began, what ended, and which of them were seen in full.
#ifndef GLOVEBOX_ACCESS_ACTION_TABLE_H_
#define GLOVEBOX_ACCESS_ACTION_TABLE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "access/log.h"
#include "access/record.h"

namespace glovebox::access {

struct ActionRecord {
  ActionBegin begin;
  std::optional<ActionEnd> end;
  std::vector<Hole> holes;
  std::vector<size_t> accesses;  // indices into Log::records, in order of time
  // Seen in full: it began and ended on the record, no hole, and no tear that may have taken something of it.
  bool complete = false;
  std::string why_incomplete;  // empty where it is complete
};

struct ActionTable {
  std::optional<RunInfo> run;
  std::optional<RunEnd> run_end;
  std::vector<ActionRecord> actions;  // in order of their begin
  std::vector<Hole> holes;            // of no action: an edge that ran unseen, a launcher that spoke nonsense
  std::vector<size_t> processes;      // indices into Log::records: each ProcessBegin, in order of time
  uint64_t stray = 0;                 // accesses of an action whose begin was lost
};

// Actions of different writers can have the same number in a loose run: they are told apart by their segment.
// While an action lasts all its records, and its inner actions', are in one segment; so a tear taints the
// actions of its segment that had begun and not ended, and nothing else. A hole may be another writer's. A
// segment that is missing, doubled or of another run taints every action: nobody knows what stood in it.
ActionTable MakeActionTable(const Log& log);

// Whether a test ran in it; whether something was built: `ninja test` alone is an edge as well.
bool HasTests(const ActionTable& table);
bool IsBuild(const ActionTable& table);

}  // namespace glovebox::access

#endif  // GLOVEBOX_ACCESS_ACTION_TABLE_H_
