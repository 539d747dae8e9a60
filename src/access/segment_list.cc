#include "access/segment_list.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "access/file_size_signal.h"
#include "access/run_files.h"
#include "access/segment_reader.h"
#include "base/files.h"
#include "base/status.h"

namespace glovebox::access {
namespace {

// Some 700,000 lines. No run has so many, and a list that somebody else wrote must not fill the memory.
constexpr off_t kMaxListBytes = off_t{32} << 20;
constexpr size_t kIdDigits = 32;

std::string IdText(const SegmentHeader& header) {
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(header.id.data()), header.id.size()));
}

struct List {
  bool there = false;
  std::vector<std::pair<std::string, std::string>> entries;  // id, name
  std::string damage;
};

bool HasHeader(const std::string& segment) {
  const auto reader = SegmentReader::Open(segment);
  return reader.ok() && (*reader)->header().has_value();
}

absl::StatusOr<std::string> ReadBounded(const std::string& path) {
  ASSIGN_OR_RETURN(const UniqueFd fd, OpenRegular(path));
  const off_t size = lseek(fd.get(), 0, SEEK_END);
  if (size < 0 || lseek(fd.get(), 0, SEEK_SET) != 0) return ErrnoStatus("lseek", path, errno);
  if (size > kMaxListBytes) return absl::DataLossError("too long");
  return ReadAll(fd.get(), path);
}

List ReadList(const std::string& run_dir) {
  List list;
  const absl::StatusOr<std::string> text = ReadBounded(absl::StrCat(run_dir, "/", kSegmentList));
  list.there = !absl::IsNotFound(text.status());
  if (!text.ok()) {
    list.damage = std::string(text.status().message());
    return list;
  }
  for (const absl::string_view line : absl::StrSplit(*text, '\n', absl::SkipEmpty())) {
    const absl::string_view name = line.substr(std::min(line.size(), kIdDigits + 1));
    const absl::string_view id = line.substr(0, kIdDigits);
    if (line.size() <= kIdDigits + 1 || line[kIdDigits] != ' ' || !IsFileName(name) ||
        id.find_first_not_of("0123456789abcdef") != absl::string_view::npos) {
      list.damage = "a line that is none";
    } else {
      list.entries.emplace_back(id, name);
    }
  }
  return list;
}

class Checker {
 public:
  Checker(const std::string& run_dir, const std::vector<FoundSegment>& found, std::vector<Tear>* tears)
      : run_dir_(run_dir), found_(found), tears_(tears) {}

  void Check() {
    FindDoubles();
    const List list = ReadList(run_dir_);
    if (!list.there) {
      // Nobody knows then what else was removed. A header that cannot be read has its own tear.
      const bool listed = std::any_of(found_.begin(), found_.end(), [](const FoundSegment& segment) {
        return segment.header.has_value() && segment.header->version > 1;
      });
      if (listed) Say(kSegmentList, "the run's list of segments is not there: some may be missing");
      return;
    }
    if (!list.damage.empty()) Say(kSegmentList, absl::StrCat("damaged: ", list.damage));
    FindForeign(list);
    FindMissing(list);
  }

 private:
  void Say(const std::string& segment, const std::string& reason) {
    for (Tear& tear : *tears_) {
      if (tear.segment != segment) continue;
      absl::StrAppend(&tear.reason, "; ", reason);
      tear.whole_run = true;
      return;
    }
    tears_->push_back({segment, 0, reason, true});
  }

  void FindDoubles() {
    for (const FoundSegment& segment : found_) {
      if (!segment.header.has_value()) continue;
      const auto [other, fresh] = by_id_.emplace(IdText(*segment.header), &segment);
      if (!fresh) Say(segment.name, absl::StrCat("the same segment as ", other->second->name));
    }
  }

  void FindForeign(const List& list) {
    absl::flat_hash_map<absl::string_view, bool> listed;
    for (const auto& [id, name] : list.entries) listed[id] = true;
    for (const FoundSegment& segment : found_) {
      // Without a record its writer may have been killed before it could add the line.
      if (segment.header.has_value() && segment.has_records && !listed.contains(IdText(*segment.header)))
        Say(segment.name, "not of this run: its list of segments does not name it");
    }
  }

  void FindMissing(const List& list) {
    absl::flat_hash_map<absl::string_view, const FoundSegment*> by_name;
    for (const FoundSegment& segment : found_) by_name[segment.name] = &segment;
    size_t missing = 0;
    std::string first;
    for (const auto& [id, name] : list.entries) {
      if (by_id_.contains(id)) continue;
      const auto same_name = by_name.find(name);
      if (same_name != by_name.end() && !same_name->second->header.has_value()) {
        // Begun while we were reading: it is in the list since.
        if (!HasHeader(absl::StrCat(run_dir_, "/", name))) Say(name, "no action in it could be read");
        continue;
      }
      // Made while we were reading.
      if (same_name == by_name.end() && OpenRegular(absl::StrCat(run_dir_, "/", name)).ok()) continue;
      if (missing++ == 0) first = name;
    }
    if (missing > 0) {
      Say("(missing)", absl::StrCat(missing, missing == 1 ? " segment" : " segments",
                                    " of this run cannot be found, first ", first));
    }
  }

  const std::string& run_dir_;
  const std::vector<FoundSegment>& found_;
  std::vector<Tear>* const tears_;
  absl::flat_hash_map<std::string, const FoundSegment*> by_id_;
};

}  // namespace

absl::Status AddToSegmentList(const std::string& run_dir, const SegmentHeader& header,
                              const std::string& name) {
  const std::string path = absl::StrCat(run_dir, "/", kSegmentList);
  ASSIGN_OR_RETURN(const UniqueFd fd,
                   OpenFile(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK, 0600));
  const FileSizeSignal blocked;
  return WriteAll(fd.get(), absl::StrCat(IdText(header), " ", name, "\n"), path);
}

void CheckSegmentList(const std::string& run_dir, const std::vector<FoundSegment>& found,
                      std::vector<Tear>* tears) {
  Checker(run_dir, found, tears).Check();
}

}  // namespace glovebox::access
