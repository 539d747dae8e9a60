// The list of the segments that a run has made: what tells that one is missing, doubled or another run's.
//
// "segments.list" beside the segments: a line for each, 32 hex digits of its id (SegmentHeader::id), a blank,
// its file name. A line is one write(2) with O_APPEND, so writers need no lock between them (launchers
// without a collector each add their own). It is written after the segment's header was taken and before its
// first record is: a segment with records is in the list, and what is in the list has a header.
//
// Segments of version 1 know no list. From version 2 on a run without one has lost it.
#ifndef GLOVEBOX_ACCESS_SEGMENT_LIST_H_
#define GLOVEBOX_ACCESS_SEGMENT_LIST_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "access/log.h"
#include "access/record_codec.h"

namespace glovebox::access {

inline constexpr char kSegmentList[] = "segments.list";

// `name` is the file's. Thread-safe.
absl::Status AddToSegmentList(const std::string& run_dir, const SegmentHeader& header,
                              const std::string& name);

// What was found of one segment.
struct FoundSegment {
  std::string name;
  std::optional<SegmentHeader> header;  // nothing: it could not be read
  bool has_records = false;
};

// Compares the segments that were read (by name) with the list. To be called after they were read: then the
// list has all of them, also while the run goes on. What is wrong is added to *tears, or to what is there of
// the segment already, with Tear::whole_run.
void CheckSegmentList(const std::string& run_dir, const std::vector<FoundSegment>& found,
                      std::vector<Tear>* tears);

}  // namespace glovebox::access

#endif  // GLOVEBOX_ACCESS_SEGMENT_LIST_H_
