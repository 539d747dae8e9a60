#include "access/record_codec.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "access/codec_bytes.h"
#include "base/status.h"

namespace glovebox::access {
namespace {

// Bits of an access's first byte.
constexpr uint8_t kSameResolved = 1 << 0;  // resolved == path
constexpr uint8_t kSecondPath = 1 << 1;
constexpr uint8_t kMainThread = 1 << 2;  // tid == pid
constexpr uint8_t kHasError = 1 << 3;
constexpr uint8_t kObservedBit = 1 << 4;
constexpr int kDecisionShift = 5;     // two bits
constexpr uint8_t kHasRule = 1 << 7;  // version 3

enum StringCode : uint64_t { kEmpty = 0, kLiteral = 1, kDefine = 2, kFirstReference = 3 };

}  // namespace

// ---- cost ----------------------------------------------------------------------------------------------

namespace {

size_t Cost(const std::string& text) { return text.size() + kStringCost; }
size_t Cost(const std::vector<std::string>& list) {
  size_t sum = kStringCost;
  for (const std::string& text : list) sum += Cost(text);
  return sum;
}
template <typename... T>
size_t CostOf(const T&... fields) {
  return (Cost(fields) + ... + size_t{0});
}

struct CostVisitor {
  size_t operator()(const RunInfo& r) const {
    return CostOf(r.tool, r.command, r.source_dir, r.build_dir, r.home, r.tmp, r.kernel, r.manifest, r.host,
                  r.environment);
  }
  size_t operator()(const ActionBegin& r) const {
    return CostOf(r.cwd, r.target, r.target_type, r.language, r.depfile, r.outputs, r.argv, r.shape, r.test,
                  r.policy, r.mode);
  }
  size_t operator()(const Access& r) const {
    return CostOf(r.exe, r.syscall, r.path, r.resolved, r.path2, r.resolved2, r.rule);
  }
  size_t operator()(const Hole& r) const { return CostOf(r.kind, r.detail); }
  size_t operator()(const ActionEnd& r) const { return CostOf(r.step, r.left_over, r.limit, r.measured); }
  size_t operator()(const RunEnd&) const { return 0; }
  size_t operator()(const ProcessBegin& r) const { return CostOf(r.program); }
};

}  // namespace

size_t RecordCost(const Record& record) { return std::visit(CostVisitor(), record); }

// ---- encoding ------------------------------------------------------------------------------------------

// One record being written. The order of the calls is the format; Decoding below mirrors it line by line.
struct Encoding {
  RecordEncoder& codec;
  std::string& out;

  void Number(uint64_t value) { PutVarint(value, out); }
  void Signed(int64_t value) { PutVarint(ZigZag(static_cast<uint64_t>(value)), out); }
  void Byte(uint8_t value) { out.push_back(static_cast<char>(value)); }
  void Delta(uint64_t value, uint64_t& base) {
    PutVarint(ZigZag(value - base), out);
    base = value;
  }
  void Action(uint64_t id) { Delta(id, codec.base_.action); }
  void Time(uint64_t time_ns) { Delta(time_ns, codec.base_.time_ns); }
  void Pid(int32_t pid) { Delta(static_cast<uint64_t>(int64_t{pid}), codec.base_.pid); }

  void Text(const std::string& text) {
    if (text.empty()) return Number(kEmpty);
    if (const auto found = codec.strings_.find(text); found != codec.strings_.end()) {
      return Number(kFirstReference + found->second);
    }
    const bool keep = text.size() <= kMaxInternedLength && codec.strings_.size() < kMaxTableStrings &&
                      codec.string_bytes_ + Cost(text) <= kMaxTableBytes;
    if (keep) {
      codec.strings_.emplace(text, static_cast<uint32_t>(codec.strings_.size()));
      codec.string_bytes_ += Cost(text);
    }
    Number(keep ? kDefine : kLiteral);
    Number(text.size());
    out += text;
  }
  // For a field that is mostly what it was in the record before.
  void SameText(const std::string& text, RecordEncoder::Last& last) {
    if (!text.empty() && text == last.text) return Number(kFirstReference + last.number);
    Text(text);
    const auto found = codec.strings_.find(text);
    if (found != codec.strings_.end()) last = {text, found->second};
  }
  void List(const std::vector<std::string>& list) {
    Number(list.size());
    for (const std::string& text : list) Text(text);
  }

  FrameType operator()(const RunInfo& r) {
    Text(r.tool);
    List(r.command);
    Text(r.source_dir);
    Text(r.build_dir);
    Text(r.home);
    Text(r.tmp);
    Text(r.kernel);
    Signed(r.start_unix_ns);
    Time(r.start_ns);
    Text(r.manifest);
    Text(r.host);
    List(r.environment);
    return FrameType::kRunInfo;
  }
  FrameType operator()(const ActionBegin& r) {
    Action(r.action);
    Number(r.parent);
    Time(r.time_ns);
    Byte(static_cast<uint8_t>(r.role));
    Pid(r.pid);
    for (const std::string* text : {&r.cwd, &r.target, &r.target_type, &r.language, &r.depfile}) Text(*text);
    List(r.outputs);
    List(r.argv);
    Byte(r.level);
    Text(r.shape);
    Text(r.test);
    Text(r.policy);
    Text(r.mode);
    return FrameType::kActionBegin;
  }
  FrameType operator()(const Access& r) {
    const bool second = !r.path2.empty() || !r.resolved2.empty();
    uint8_t bits = 0;
    if (r.resolved == r.path) bits |= kSameResolved;
    if (second) bits |= kSecondPath;
    if (r.tid == r.pid) bits |= kMainThread;
    if (r.error != 0) bits |= kHasError;
    if (r.sight == Sight::kObserved) bits |= kObservedBit;
    if (!r.rule.empty()) bits |= kHasRule;
    bits = static_cast<uint8_t>(bits | (static_cast<int>(r.decision) << kDecisionShift));
    Byte(bits);
    Byte(static_cast<uint8_t>(r.op));
    Byte(static_cast<uint8_t>(r.result));
    Action(r.action);
    Time(r.time_ns);
    Pid(r.pid);
    if (r.tid != r.pid) Signed(int64_t{r.tid} - r.pid);
    SameText(r.exe, codec.exe_);
    SameText(r.syscall, codec.syscall_);
    Number(r.flags);
    Text(r.path);
    if (r.resolved != r.path) Text(r.resolved);
    if (second) {
      Text(r.path2);
      Text(r.resolved2);
    }
    if (r.error != 0) Signed(r.error);
    if (!r.rule.empty()) Text(r.rule);
    return FrameType::kAccess;
  }
  FrameType operator()(const Hole& r) {
    Action(r.action);
    Time(r.time_ns);
    Pid(r.pid);
    Text(r.kind);
    Text(r.detail);
    return FrameType::kHole;
  }
  FrameType operator()(const ActionEnd& r) {
    Action(r.action);
    Time(r.time_ns);
    Byte(static_cast<uint8_t>(r.kind));
    Signed(r.status);
    Text(r.step);
    Number(r.cpu_ns);
    Number(r.peak_bytes);
    List(r.left_over);
    Text(r.limit);
    Number(r.peak_processes);
    Text(r.measured);
    return FrameType::kActionEnd;
  }
  FrameType operator()(const RunEnd& r) {
    Time(r.time_ns);
    Signed(r.exit_status);
    Number(r.segments);
    return FrameType::kRunEnd;
  }
  FrameType operator()(const ProcessBegin& r) {
    Action(r.action);
    Time(r.time_ns);
    Pid(r.pid);
    Signed(int64_t{r.parent} - r.pid);
    Text(r.program);
    return FrameType::kProcessBegin;
  }
};

bool RecordEncoder::MustReset(size_t cost) const {
  // A record that is larger than half a table gets what room there is; the rest of it stands as literals.
  return !strings_.empty() && (string_bytes_ + std::min(cost, kMaxTableBytes / 2) > kMaxTableBytes ||
                               strings_.size() + 16 > kMaxTableStrings);
}

uint8_t RecordEncoder::Encode(const Record& record, std::string& out) {
  uint8_t reset = 0;
  if (MustReset(RecordCost(record))) {
    strings_.clear();
    string_bytes_ = 0;
    exe_ = syscall_ = {};
    reset = kResetStrings;
  }
  return static_cast<uint8_t>(static_cast<uint8_t>(std::visit(Encoding{*this, out}, record)) | reset);
}

// ---- decoding ------------------------------------------------------------------------------------------

struct Decoding {
  RecordDecoder& codec;
  Cursor in;
  size_t cost = 0;

  template <typename E>
  E Enum(E last) {
    const uint8_t value = in.Byte();
    if (value > static_cast<uint8_t>(last)) in.Fail("unknown value");
    return in.ok() ? static_cast<E>(value) : E{};
  }
  uint64_t Delta(uint64_t& base) { return base += UnZigZag(in.Varint()); }
  uint64_t Action() { return Delta(codec.base_.action); }
  uint64_t Time() { return Delta(codec.base_.time_ns); }
  int32_t Narrow(int64_t value) {
    if (value < INT32_MIN || value > INT32_MAX) in.Fail("number out of range");
    return in.ok() ? static_cast<int32_t>(value) : 0;
  }
  int32_t Pid() { return Narrow(static_cast<int64_t>(Delta(codec.base_.pid))); }

  // Counts `text` and lets it pass while the record stays within its bound.
  std::string Take(absl::string_view text) {
    cost += text.size() + kStringCost;
    if (cost > kMaxRecordCost) in.Fail("record too large");
    return in.ok() ? std::string(text) : std::string();
  }
  std::string Text() {
    const uint64_t code = in.Varint();
    if (!in.ok()) return "";
    if (code == kEmpty) return Take("");
    if (code >= kFirstReference) {
      const uint64_t id = code - kFirstReference;
      if (id >= codec.strings_.size()) return in.Fail("unknown string"), "";
      return Take(codec.strings_[id]);
    }
    const absl::string_view text = in.Bytes(in.Varint());
    if (!in.ok()) return "";
    if (code == kDefine) {
      codec.string_bytes_ += text.size() + kStringCost;
      if (text.size() > kMaxInternedLength || codec.strings_.size() >= kMaxTableStrings ||
          codec.string_bytes_ > kMaxTableBytes) {
        return in.Fail("string table too large"), "";
      }
      codec.strings_.emplace_back(text);
    }
    return Take(text);
  }
  std::vector<std::string> List() {
    std::vector<std::string> list;
    const uint64_t count = in.Varint();
    if (count > in.left()) in.Fail("cut short");  // each string needs a byte at least
    cost += kStringCost;
    // No reserve(): the count is not to be believed before the strings are there.
    for (uint64_t i = 0; i < count && in.ok(); ++i) list.push_back(Text());
    return list;
  }

  RunInfo ReadRunInfo() {
    RunInfo r;
    r.tool = Text();
    r.command = List();
    r.source_dir = Text();
    r.build_dir = Text();
    r.home = Text();
    r.tmp = Text();
    r.kernel = Text();
    r.start_unix_ns = static_cast<int64_t>(UnZigZag(in.Varint()));
    r.start_ns = Time();
    if (codec.version_ >= 2) r.manifest = Text();
    if (codec.version_ >= 4) {
      r.host = Text();
      r.environment = List();
    }
    return r;
  }
  ActionBegin ReadActionBegin() {
    ActionBegin r;
    r.action = Action();
    r.parent = in.Varint();
    r.time_ns = Time();
    r.role = Enum(Role::kConfigure);
    r.pid = Pid();
    for (std::string* text : {&r.cwd, &r.target, &r.target_type, &r.language, &r.depfile}) *text = Text();
    r.outputs = List();
    r.argv = List();
    r.level = in.Byte();
    r.shape = Text();
    if (codec.version_ >= 3) {
      r.test = Text();
      r.policy = Text();
      r.mode = Text();
    }
    return r;
  }
  Access ReadAccess() {
    Access r;
    const uint8_t bits = in.Byte();
    r.decision = static_cast<Decision>((bits >> kDecisionShift) & 3);
    if (codec.version_ < 3 && ((bits & kHasRule) != 0 || r.decision == Decision::kKernelDenied)) {
      in.Fail("unknown value");
    }
    r.sight = (bits & kObservedBit) != 0 ? Sight::kObserved : Sight::kPredicted;
    r.op = Enum(static_cast<Op>(kOpCount - 1));
    r.result = Enum(Result::kFailed);
    r.action = Action();
    r.time_ns = Time();
    r.pid = Pid();
    r.tid = (bits & kMainThread) != 0 ? r.pid : Beside(r.pid);
    r.exe = Text();
    r.syscall = Text();
    r.flags = in.Varint();
    r.path = Text();
    r.resolved = (bits & kSameResolved) != 0 ? Take(r.path) : Text();
    if ((bits & kSecondPath) != 0) {
      r.path2 = Text();
      r.resolved2 = Text();
    }
    if ((bits & kHasError) != 0) r.error = in.Signed32();
    if ((bits & kHasRule) != 0) r.rule = Text();
    return r;
  }
  int32_t Beside(int32_t pid) {
    return Narrow(static_cast<int64_t>(UnZigZag(in.Varint()) + static_cast<uint64_t>(int64_t{pid})));
  }
  Hole ReadHole() {
    Hole r;
    r.action = Action();
    r.time_ns = Time();
    r.pid = Pid();
    r.kind = Text();
    r.detail = Text();
    return r;
  }
  ActionEnd ReadActionEnd() {
    ActionEnd r;
    r.action = Action();
    r.time_ns = Time();
    r.kind = Enum(ActionEnd::Kind::kSandboxFailed);
    r.status = in.Signed32();
    r.step = Text();
    r.cpu_ns = in.Varint();
    r.peak_bytes = in.Varint();
    r.left_over = List();
    if (codec.version_ >= 3) {
      r.limit = Text();
      r.peak_processes = in.Varint();
      r.measured = Text();
    }
    return r;
  }
  RunEnd ReadRunEnd() {
    RunEnd r;
    r.time_ns = Time();
    r.exit_status = in.Signed32();
    const uint64_t segments = in.Varint();
    if (segments > UINT32_MAX) in.Fail("number out of range");
    r.segments = static_cast<uint32_t>(segments);
    return r;
  }

  ProcessBegin ReadProcessBegin() {
    ProcessBegin r;
    r.action = Action();
    r.time_ns = Time();
    r.pid = Pid();
    r.parent = Beside(r.pid);
    r.program = Text();
    return r;
  }

  Record Read(FrameType type) {
    switch (type) {
      case FrameType::kRunInfo:
        return ReadRunInfo();
      case FrameType::kActionBegin:
        return ReadActionBegin();
      case FrameType::kAccess:
        return ReadAccess();
      case FrameType::kHole:
        return ReadHole();
      case FrameType::kActionEnd:
        return ReadActionEnd();
      case FrameType::kRunEnd:
        return ReadRunEnd();
      case FrameType::kProcessBegin:
        return ReadProcessBegin();
      case FrameType::kSeal:
        break;
    }
    in.Fail("unknown type");
    return RunEnd();
  }
};

absl::StatusOr<Record> RecordDecoder::Decode(uint8_t type, absl::string_view payload) {
  if ((type & kResetStrings) != 0) {
    strings_.clear();
    string_bytes_ = 0;
  }
  Decoding decoding{*this, Cursor(payload)};
  Record record = decoding.Read(static_cast<FrameType>(type & ~kResetStrings));
  RETURN_IF_ERROR(decoding.in.Finish());
  return record;
}

}  // namespace glovebox::access
