// The access log on disk: what the bytes mean, and why.
//
// A run is a directory (access/log.h). It holds segments, NAME.gbx. A segment has one writer and is only ever
// appended to, so writers need no lock between them, and the kill of one tears one segment at most. Beside
// them stands the list of all that were made (access/segment_list.h).
//
//   segment  = header frame* [seal frame]
//
// clang-format off
//   header   = 72 bytes, little endian:
//                0  magic        89 47 42 58 0d 0a 1a 0a (as PNG's: shows a text-mode transfer or a cut)
//                8  u32 version  kLogVersion
//               12  u32 size     of the header, 72
//               16  id[16]       random: what chains the frames of this segment apart from any other's
//               32  boot[16]     boot_id: monotonic times compare within one boot only
//               48  i64          CLOCK_REALTIME at creation, ns
//               56  u64          CLOCK_MONOTONIC at creation, ns: the base of the time deltas
//               64  i32          pid of the writer
//               68  u32 crc      CRC-32 of the 68 bytes before
// clang-format on
//   frame    = u32 type << 24 | payload length, u32 crc, payload
//   crc      = CRC-32 (zlib's) over the frame's first word and its payload, SEEDED WITH THE CRC OF THE FRAME
//              BEFORE (the first: with the header's). A frame that was removed, repeated, moved or taken from
//              another segment therefore does not match, though each frame on its own is intact.
//   type     = FrameType; bit 7 (kResetStrings): forget the string table before this frame is read.
//
// One Append() is one frame: a frame is there or it is the torn end. Nothing else is ever half there: strings
// are defined inside the frame that uses them first.
//
// Inside a payload:
//   varint   7 bits a byte, lowest first, at most 10 bytes; signed ones zigzag.
//   string   varint 0: empty. 1: varint length, bytes (not kept). 2: the same, and it gets the next free id
//   of
//            the table. n >= 3: the string with id n - 3. Ids count from 0 after each reset.
//            A table holds at most kMaxTableStrings strings and kMaxTableBytes bytes: the writer sets
//            kResetStrings before it would overflow, so writer and reader stay small however many paths a
//            segment sees. Strings above kMaxInternedLength are never kept.
//   list     varint count, strings.
//   deltas   an action, a time and a pid are stored as the signed difference to the last ones of the segment.
// The order of the fields of each record is that of access/record_codec.cc: Encode*() beside Decode*().
//
// Reading goes on to the first frame that is not right, and says where and why (Tear). A whole segment ends
// with its seal: {number of records, bytes before the seal, crc before the seal}, and nothing after it. A
// segment without one was written by somebody who was killed, who met a full disk, who found the file
// tampered with, or who still writes.
//
// Against whom: the CRC finds accidents, and edits by somebody who does not recompute it. It is no signature:
// who can write the file can rewrite it consistently. While the writer lives that is found as well: it keeps
// a SipHash of all it wrote under a random key that never leaves its memory, and compares before it seals; a
// segment that fails is not sealed. A file that is rewritten consistently after it was sealed is not detected
// (under enforce no sandboxed program can reach it: the state directory is outside every writable root).
//
// Version rule: whatever an older reader would misread raises kLogVersion by one; there are no minor versions
// and no optional frames. Magic, version, size and the CRC in the header's last four bytes keep their
// places for ever, so that any reader can tell "newer" from "damaged". A reader reads all versions up to its
// own, and refuses a newer one by name. (2: the segment
// stands in its run's list, access/segment_list.h; RunInfo has the manifest. 3: an access has a rule, an
// action a test, a mode, the limit that ended it and its peaks. 4: RunInfo has the host's name and
// the environment's names and digests. 5: what begins a process tells by whom.) Values of enums in record.h
// and base/op.h are append-only; a value out of range is a tear, so a new value raises the version.
//
// Why so, and not ...
//   - one file for all: a torn write in the middle would hide what others wrote after it, and writers (a
//   thread
//     each, and launchers without a collector) would need a lock.
//   - SQLite, protobuf: a dependency and a journal on the path of each system call of the build.
//   - mmap of the segment: a store past a full disk is SIGBUS, and a kill leaves holes. Only the last 64 KiB
//   are in shared
//     memory (access/tail.h), in blocks that were allocated beforehand: a write(2) for each record cost 1.7
//     us of some 20.
//   - buffering: records in private memory are lost at kill -9. The page cache outlives the process; power
//   loss it need not
//     outlive (the build it tells about would not either), so there is no fsync.
//   - CRC-32C or xxHash: zlib's CRC is on every machine, at frames of some 30 bytes (measured: 22 to 30
//     an access on real compiles) it costs 45 ns, and what
//     must withstand intent is done by SipHash.
#ifndef GLOVEBOX_ACCESS_LOG_FORMAT_H_
#define GLOVEBOX_ACCESS_LOG_FORMAT_H_

#include <cstddef>
#include <cstdint>

namespace glovebox::access {

inline constexpr uint32_t kLogVersion = 5;
inline constexpr unsigned char kLogMagic[8] = {0x89, 'G', 'B', 'X', '\r', '\n', 0x1a, '\n'};
inline constexpr size_t kHeaderSize = 72;
inline constexpr size_t kFrameHeaderSize = 8;
inline constexpr char kSegmentSuffix[] = ".gbx";

enum class FrameType : uint8_t {
  kRunInfo = 1,
  kActionBegin = 2,
  kAccess = 3,
  kHole = 4,
  kActionEnd = 5,
  kRunEnd = 6,
  kSeal = 7,
  kProcessBegin = 8,  // version 5
};
inline constexpr uint8_t kResetStrings = 0x80;

// Bounds that hold for writer and reader alike.
inline constexpr size_t kMaxPayload = (size_t{1} << 24) - 1;
// Memory that one decoded record may need: a reference of two bytes can stand for 4,096, so the length of the
// frame alone bounds nothing. The largest argv that Linux can start a program with (6 MiB) fits. A string
// counts its length and kStringCost.
inline constexpr size_t kMaxRecordCost = size_t{32} << 20;
inline constexpr size_t kStringCost = 16;
inline constexpr size_t kMaxInternedLength = 4096 + 256;
inline constexpr size_t kMaxTableStrings = 65536;
inline constexpr size_t kMaxTableBytes = size_t{8} << 20;

}  // namespace glovebox::access

#endif  // GLOVEBOX_ACCESS_LOG_FORMAT_H_
