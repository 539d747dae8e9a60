#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <numeric>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "access/log.h"
#include "access/log_format.h"
#include "access/record_time.h"
#include "access/run_files.h"
#include "access/segment_list.h"
#include "access/segment_reader.h"
#include "base/paths.h"
#include "base/status.h"

namespace glovebox::access {
namespace {

absl::StatusOr<std::vector<std::string>> SegmentNames(const std::string& run_dir) {
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(opendir(run_dir.c_str()), closedir);
  if (dir == nullptr) return ErrnoStatus("opendir", run_dir, errno);
  std::vector<std::string> names;
  while (const dirent* entry = readdir(dir.get())) {
    if (absl::EndsWith(entry->d_name, kSegmentSuffix)) names.emplace_back(entry->d_name);
  }
  if (names.empty() && !IsRun(run_dir))
    return absl::NotFoundError(absl::StrCat(run_dir, ": no access log in this directory"));
  std::sort(names.begin(), names.end());
  return names;
}

absl::StatusOr<FoundSegment> ReadAndFind(const std::string& path, const std::function<bool(Record)>& take,
                                         std::vector<Tear>* tears) {
  ASSIGN_OR_RETURN(const std::unique_ptr<SegmentReader> reader, SegmentReader::Open(path));
  FoundSegment found{std::string(Basename(path)), reader->header()};
  while (std::optional<Record> record = reader->Next()) {
    found.has_records = true;
    if (!take(*std::move(record))) return found;
  }
  if (reader->tear().has_value()) tears->push_back(*reader->tear());
  return found;
}

// Its writer was killed between the directory and its first segment, or is just there. Where segments were
// removed the list has said so.
void CheckNotEmpty(bool has_writer, Log* log) {
  if (!log->segments.empty() || !log->tears.empty()) return;
  if (has_writer) {
    log->tears.push_back({"(none)", 0, absl::StrCat(kNotSealed, ": still being written"), false, true});
  } else {
    log->tears.push_back({"(none)", 0, "cut off before its first record", true});
  }
}

// A run's end that was read says how many there were, whatever became of the list.
void CheckCount(uint32_t expected, Log* log) {
  if (expected <= log->segments.size()) return;
  const auto missing = [](const Tear& tear) { return tear.segment == "(missing)"; };
  if (std::any_of(log->tears.begin(), log->tears.end(), missing)) return;
  log->tears.push_back(
      {"(missing)", 0,
       absl::StrCat("the run had ", expected, " segments, ", log->segments.size(), " are there"), true});
}

}  // namespace

absl::Status ReadSegment(const std::string& path, const std::function<bool(Record)>& take,
                         std::vector<Tear>* tears) {
  return ReadAndFind(path, take, tears).status();
}

absl::StatusOr<RunInfo> ReadRunInfo(const std::string& run_dir) {
  ASSIGN_OR_RETURN(const std::vector<std::string> names, SegmentNames(run_dir));
  for (const std::string& name : names) {
    std::optional<RunInfo> info;
    const auto take = [&info](const Record& record) {
      if (const auto* first = std::get_if<RunInfo>(&record)) info = *first;
      return false;
    };
    std::vector<Tear> tears;
    RETURN_IF_ERROR(ReadSegment(absl::StrCat(run_dir, "/", name), take, &tears));
    if (info.has_value()) return *std::move(info);
  }
  return absl::NotFoundError(absl::StrCat(run_dir, ": no segment begins with what the run is"));
}

absl::StatusOr<Log> ReadLog(const std::string& run_dir) {
  Log log;
  log.run_dir = run_dir;
  ASSIGN_OR_RETURN(log.segments, SegmentNames(run_dir));
  bool has_writer = false;
  if (log.segments.empty()) {
    has_writer = RunHasWriter(run_dir);
    ASSIGN_OR_RETURN(log.segments, SegmentNames(run_dir));  // it may have made one meanwhile
  }
  std::vector<uint32_t> segment_of;
  std::vector<FoundSegment> found;
  for (uint32_t i = 0; i < log.segments.size(); ++i) {
    const std::string path = absl::StrCat(run_dir, "/", log.segments[i]);
    struct stat info;
    if (lstat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode))
      log.bytes += static_cast<uint64_t>(info.st_size);
    const auto take = [&](Record record) {
      log.records.push_back(std::move(record));
      segment_of.push_back(i);
      return true;
    };
    ASSIGN_OR_RETURN(FoundSegment segment, ReadAndFind(path, take, &log.tears));
    found.push_back(std::move(segment));
  }
  CheckSegmentList(run_dir, found, &log.tears);
  CheckNotEmpty(has_writer, &log);
  for (const Tear& tear : log.tears) log.being_written |= tear.being_written;
  // Stable: records of one moment keep their segment's order.
  std::vector<uint32_t> order(log.records.size());
  std::iota(order.begin(), order.end(), 0u);
  std::vector<uint64_t> times(log.records.size());
  for (size_t i = 0; i < log.records.size(); ++i) times[i] = TimeOf(log.records[i]);
  std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return times[a] < times[b]; });
  log.records.Reorder(order);
  log.segment_of.reserve(segment_of.size());
  for (const uint32_t index : order) log.segment_of.push_back(segment_of[index]);
  uint32_t expected = 0;
  for (const Record& record : log.records) {
    if (const auto* end = std::get_if<RunEnd>(&record)) expected = std::max(expected, end->segments);
  }
  CheckCount(expected, &log);
  return log;
}

}  // namespace glovebox::access
