#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <numeric>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "access/log.h"
#include "access/log_format.h"
#include "access/record_codec.h"
#include "access/run_files.h"
#include "access/tail.h"
#include "base/files.h"
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
  if (names.empty()) return absl::NotFoundError(absl::StrCat(run_dir, ": no access log in this directory"));
  std::sort(names.begin(), names.end());
  return names;
}

uint64_t TimeOf(const Record& record) {
  if (const auto* info = std::get_if<RunInfo>(&record)) return info->start_ns;
  return std::visit(
      [](const auto& r) -> uint64_t {
        if constexpr (requires { r.time_ns; }) {
          return r.time_ns;
        } else {
          return 0;
        }
      },
      record);
}

}  // namespace

absl::Status ReadSegment(const std::string& path, const std::function<bool(Record)>& take,
                         std::vector<Tear>* tears) {
  const auto torn = [&](uint64_t offset, absl::string_view reason) {
    tears->push_back({std::string(Basename(path)), offset, std::string(reason)});
    return absl::OkStatus();
  };
  const absl::StatusOr<UniqueFd> fd = OpenRegular(path);
  if (absl::IsDataLoss(fd.status()) || absl::IsNotFound(fd.status())) return torn(0, "no regular file");
  if (!fd.ok()) return fd.status();
  // Read, not mapped: a file that shrinks under a mapping raises SIGBUS.
  ASSIGN_OR_RETURN(std::string segment, ReadAll(fd->get(), path));
  const uint64_t size_on_disk = segment.size();
  const absl::string_view stem = absl::StripSuffix(path, kSegmentSuffix);
  const auto file = WithTail(std::move(segment), absl::StrCat(stem, kTailSuffix));
  if (!file.ok()) return torn(size_on_disk, file.status().message());
  const absl::string_view bytes = *file;
  const auto header = DecodeHeader(bytes);
  if (header.status().code() == absl::StatusCode::kFailedPrecondition) {
    return absl::FailedPreconditionError(absl::StrCat(path, " ", header.status().message()));
  }
  if (!header.ok()) return torn(0, header.status().message());
  RecordDecoder decoder(header->start_ns);
  uint32_t crc = header->crc;
  uint64_t records = 0;
  size_t at = kHeaderSize;
  while (at < bytes.size()) {
    if (bytes.size() - at < kFrameHeaderSize) return torn(at, "torn record");
    const uint32_t word = LoadLittle32(bytes.data() + at);
    const size_t size = kFrameHeaderSize + (word & 0xffffffu);
    if (bytes.size() - at < size) return torn(at, "torn record");
    const absl::string_view frame = bytes.substr(at, size);
    const uint32_t expected = FrameChecksum(crc, frame);
    if (expected != LoadLittle32(frame.data() + 4))
      return torn(at, "checksum: changed, moved or removed bytes");
    const auto type = static_cast<uint8_t>(word >> 24);
    if (type == static_cast<uint8_t>(FrameType::kSeal)) {
      const auto seal = DecodeSeal(frame.substr(kFrameHeaderSize));
      if (!seal.ok() || seal->records != records || seal->bytes != at || seal->crc != crc)
        return torn(at, "the seal does not fit");
      if (at + size != bytes.size()) return torn(at + size, "bytes behind the seal");
      return absl::OkStatus();
    }
    auto record = decoder.Decode(type, frame.substr(kFrameHeaderSize));
    if (!record.ok()) return torn(at, record.status().message());
    if (!take(*std::move(record))) return absl::OkStatus();
    ++records;
    crc = expected;
    at += size;
  }
  return torn(at, "not sealed: its writer was killed, met a full disk, found it changed, or still writes");
}

absl::StatusOr<Log> ReadLog(const std::string& run_dir) {
  Log log;
  log.run_dir = run_dir;
  ASSIGN_OR_RETURN(log.segments, SegmentNames(run_dir));
  std::vector<Record> records;
  std::vector<uint32_t> segment_of;
  for (uint32_t i = 0; i < log.segments.size(); ++i) {
    const std::string path = absl::StrCat(run_dir, "/", log.segments[i]);
    struct stat info;
    if (lstat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode))
      log.bytes += static_cast<uint64_t>(info.st_size);
    const auto take = [&](Record record) {
      records.push_back(std::move(record));
      segment_of.push_back(i);
      return true;
    };
    RETURN_IF_ERROR(ReadSegment(path, take, &log.tears));
  }
  // Stable: records of one moment keep their segment's order.
  std::vector<uint32_t> order(records.size());
  std::iota(order.begin(), order.end(), 0u);
  std::vector<uint64_t> times(records.size());
  for (size_t i = 0; i < records.size(); ++i) times[i] = TimeOf(records[i]);
  std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return times[a] < times[b]; });
  log.records.reserve(records.size());
  log.segment_of.reserve(records.size());
  uint32_t expected = 0;
  for (uint32_t index : order) {
    if (const auto* end = std::get_if<RunEnd>(&records[index])) expected = std::max(expected, end->segments);
    log.records.push_back(std::move(records[index]));
    log.segment_of.push_back(segment_of[index]);
  }
  if (expected > log.segments.size()) {
    log.tears.push_back(
        {"(missing)", 0,
         absl::StrCat("the run had ", expected, " segments, ", log.segments.size(), " are there")});
  }
  return log;
}

}  // namespace glovebox::access
