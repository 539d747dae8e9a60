#include "trace/network_call.h"

#include <limits.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "kernel/syscall_table.h"
#include "trace/intent_registers.h"

namespace glovebox::trace {
namespace {

constexpr int64_t kMaxAddress = 128;    // sizeof(sockaddr_storage)
constexpr uint64_t kMaxVectors = 1024;  // UIO_MAXIOV
constexpr uint64_t kMaxControl = 128u << 10;

uint64_t Word(const std::string& bytes, size_t at, size_t width) {
  uint64_t value = 0;
  std::memcpy(&value, bytes.data() + at, width);
  return value;
}

class Reader {
 public:
  Reader(const Registers& registers, const kernel::MemoryReader& memory, NetworkCall* out)
      : call_(registers), memory_(memory), out_(*out), width_(registers.compat ? 4 : 8) {}

  void Run(const kernel::SyscallRow& row) {
    out_.fd = static_cast<int>(call_.args[0]);
    if (row.op == Op::kListen) {
      out_.backlog = static_cast<int>(call_.args[1]);
    } else if (row.op != Op::kSend) {
      out_.error = ReadAddress(call_.args[1], static_cast<int>(call_.args[2]), &out_.address);
    } else if (row.args[1] == kernel::Arg::kMsghdr) {
      out_.flags = static_cast<int>(call_.args[2]);
      out_.error = ReadMessage(call_.args[1], &out_.messages.emplace_back());
    } else if (row.args[1] == kernel::Arg::kMmsghdr) {
      ReadMany();
    } else {
      ReadSendTo();
    }
    if (!out_.many && out_.error != 0) out_.messages.clear();
  }

 private:
  // 0 or EFAULT; all of it or nothing.
  int Read(uint64_t address, size_t size, std::string* bytes) {
    bytes->resize(size);
    size_t done = 0;
    while (done < size) {
      const ssize_t n = memory_.Read(call_.tid, address + done, bytes->data() + done, size - done);
      if (n <= 0) return EFAULT;
      done += static_cast<size_t>(n);
    }
    return 0;
  }

  // move_addr_to_kernel(), net/socket.c.
  int ReadAddress(uint64_t address, int64_t size, std::string* bytes) {
    if (size < 0 || size > kMaxAddress) return EINVAL;
    return Read(address, static_cast<size_t>(size), bytes);
  }

  int ReadData(uint64_t address, uint64_t size, NetworkMessage* message) {
    const uint64_t room = kMostData - std::min<uint64_t>(total_, kMostData);
    if (size > room) message->cut = true;
    size = std::min(size, room);
    total_ += size;
    std::string part;
    if (const int error = Read(address, static_cast<size_t>(size), &part); error != 0) return error;
    message->data += part;
    return 0;
  }

  void ReadSendTo() {
    out_.flags = static_cast<int>(call_.args[3]);
    NetworkMessage& message = out_.messages.emplace_back();
    if (call_.args[4] != 0)
      out_.error = ReadAddress(call_.args[4], static_cast<int>(call_.args[5]), &message.address);
    if (out_.error == 0) out_.error = ReadData(call_.args[1], call_.args[2], &message);
  }

  // copy_msghdr_from_user(): 56 bytes, 28 of a program with 32-bit pointers.
  int ReadMessage(uint64_t address, NetworkMessage* message) {
    std::string head;
    if (const int error = Read(address, call_.compat ? 28 : 56, &head); error != 0) return error;
    const uint64_t name = Word(head, 0, width_);
    const auto name_size = static_cast<int32_t>(Word(head, width_, 4));
    const uint64_t vectors = Word(head, 2 * width_, width_);
    const uint64_t count = Word(head, 3 * width_, width_);
    const uint64_t control = Word(head, 4 * width_, width_);
    const uint64_t control_size = Word(head, 5 * width_, width_);
    if (name_size < 0) return EINVAL;
    if (name != 0) {
      const int64_t size = std::min<int64_t>(name_size, kMaxAddress);
      if (const int error = ReadAddress(name, size, &message->address); error != 0) return error;
    }
    if (count > kMaxVectors) return EMSGSIZE;
    if (const int error = ReadVectors(vectors, static_cast<size_t>(count), message); error != 0) return error;
    if (control == 0 || control_size == 0) return 0;
    return control_size > kMaxControl ? ENOBUFS : ReadControl(control, control_size, message);
  }

  int ReadVectors(uint64_t address, size_t count, NetworkMessage* message) {
    std::string vectors;
    if (const int error = Read(address, count * 2 * width_, &vectors); error != 0) return error;
    for (size_t i = 0; i < count; ++i) {
      const uint64_t base = Word(vectors, 2 * i * width_, width_);
      const uint64_t size = Word(vectors, (2 * i + 1) * width_, width_);
      if ((size >> 63) != 0) return EINVAL;
      if (const int error = ReadData(base, size, message); error != 0) return error;
      if (message->cut) break;
    }
    return 0;
  }

  // A header is a length, which counts it, a level and a type; each begins at a multiple of a word.
  int ReadControl(uint64_t address, uint64_t size, NetworkMessage* message) {
    std::string bytes;
    if (const int error = Read(address, static_cast<size_t>(size), &bytes); error != 0) return error;
    const size_t head = width_ + 8;
    for (size_t at = 0; at + head <= bytes.size();) {
      const uint64_t length = Word(bytes, at, width_);
      if (length < head || length > bytes.size() - at) return EINVAL;  // CMSG_OK()
      NetworkMessage::Control& control = message->control.emplace_back();
      control.level = static_cast<int>(Word(bytes, at + width_, 4));
      control.type = static_cast<int>(Word(bytes, at + width_ + 4, 4));
      control.data = bytes.substr(at + head, static_cast<size_t>(length) - head);
      at += (static_cast<size_t>(length) + width_ - 1) / width_ * width_;
    }
    return 0;
  }

  void ReadMany() {
    out_.many = true;
    out_.flags = static_cast<int>(call_.args[3]);
    const uint64_t count = std::min<uint64_t>(static_cast<uint32_t>(call_.args[2]), kMaxVectors);
    const uint64_t head = call_.compat ? 28 : 56, stride = call_.compat ? 32 : 64;
    for (uint64_t i = 0; i < count && out_.error == 0; ++i) {
      const uint64_t at = call_.args[1] + i * stride;
      NetworkMessage message;
      message.length_at = at + head;
      out_.error = ReadMessage(at, &message);
      // So much in one call: the rest is for the next one, as the kernel may always say.
      if (i > 0 && message.cut) return;
      if (out_.error == 0) out_.messages.push_back(std::move(message));
    }
  }

  const Registers& call_;
  const kernel::MemoryReader& memory_;
  NetworkCall& out_;
  const size_t width_;
  uint64_t total_ = 0;
};

}  // namespace

NetworkCall ReadNetworkCall(const seccomp_notif& call, Op op, const kernel::MemoryReader& memory) {
  NetworkCall out;
  Registers registers = ReadRegisters(call);
  const kernel::SyscallRow* row = kernel::FindSyscall(registers.arch, registers.number);
  if (row != nullptr && row->args[0] == kernel::Arg::kSocketcall) {
    Intent ignored;
    out.changing = true;
    row = UnpackSocketcall(&registers, memory, &ignored);
  }
  // Its memory says something else than a moment ago, or nothing.
  if (row == nullptr || row->op != op) {
    out.error = EFAULT;
    return out;
  }
  Reader(registers, memory, &out).Run(*row);
  return out;
}

}  // namespace glovebox::trace
