// Writes seeds for log_fuzz: a whole segment, and the same records as bare frames. The first byte says which
// (see there).
#include <cstdio>
#include <string>

#include "access/log.h"
#include "access/log_test_records.h"
#include "access/record_codec.h"
#include "base/files.h"

namespace glovebox::access {
namespace {

constexpr size_t kShort = 100;  // libFuzzer takes little of what is long

std::string Frames() {
  RecordEncoder encoder(0);
  std::string frames(1, '\1');
  for (const Record& record : EveryKind(kShort)) {
    std::string payload;
    frames += static_cast<char>(encoder.Encode(record, payload));
    frames += static_cast<char>(payload.size() & 0xff);
    frames += static_cast<char>(payload.size() >> 8);
    frames += payload;
  }
  return frames;
}

absl::StatusOr<std::string> Segment() {
  auto dir = TempDir::Create("log-seeds");
  if (!dir.ok()) return dir.status();
  {
    auto writer = SegmentWriter::Create(dir->path(), "seed");
    if (!writer.ok()) return writer.status();
    for (const Record& record : EveryKind(kShort)) (*writer)->Append(record);
  }
  auto bytes = ReadFile(dir->path() + "/seed.gbx");
  if (!bytes.ok()) return bytes.status();
  return std::string(1, '\0') + *bytes;
}

bool WriteSeeds(const std::string& directory) {
  const auto segment = Segment();
  return segment.ok() && MakeDirectories(directory).ok() &&
         WriteFile(directory + "/segment", *segment).ok() && WriteFile(directory + "/frames", Frames()).ok();
}

}  // namespace
}  // namespace glovebox::access

int main(int argc, char** argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: log_seeds DIRECTORY\n");
    return 2;
  }
  return glovebox::access::WriteSeeds(argv[1]) ? 0 : 1;
}
