#include "trace/shims.h"

#include <signal.h>

#include <cerrno>
#include <utility>

#include "child/shim_ring.h"
#include "trace/judge.h"

namespace glovebox::trace {
namespace {

constexpr absl::string_view kPreloadList = "/etc/ld.so.preload";

// fstat(), which the dynamic linker asks of each file that it has opened.
bool AsksOfDescriptor(const Intent& intent) {
  return intent.op == Op::kStat && intent.paths.size() == 1 && intent.paths[0].empty_path;
}

}  // namespace

Shims::Step Shims::Next(const Process& process, const Intent& intent) {
  if (library_ == nullptr || ways_.empty()) return Step::kOrdinary;
  const auto found = ways_.find(process.tgid);
  if (found == ways_.end()) return Step::kOrdinary;
  switch (found->second.way) {
    case Way::kNew:
      ways_.erase(found);
      if (!Names(intent, Op::kAccess, kPreloadList) || process.unknown) return Step::kOrdinary;
      return library_->Suits(process.tgid) ? Step::kOffer : Step::kOrdinary;
    case Way::kOffered:
      if (Names(intent, Op::kOpen, kPreloadList)) return Step::kList;
      break;
    case Way::kListed:
      if (AsksOfDescriptor(intent)) return Step::kHide;
      if (Names(intent, Op::kOpen, GLOVEBOX_SHIM_LIBRARY)) return Step::kLibrary;
      break;
    case Way::kGiven:  // once of the library's file; everything else before its start is the program's
      found->second.way = Way::kLoaded;
      return AsksOfDescriptor(intent) ? Step::kHide : Step::kOrdinary;
    case Way::kLoaded:
      return Names(intent, Op::kOpen, GLOVEBOX_SHIM_RING) ? Step::kRing : Step::kOrdinary;
  }
  ways_.erase(found);
  return Step::kOrdinary;
}

void Shims::Give(Step step, const seccomp_notif& call, const Process& process,
                 kernel::NotifyListener* listener) {
  const pid_t tgid = process.tgid;
  OnTheWay& place = ways_[tgid];
  UniqueFd file;
  int fd = -1;
  std::unique_ptr<ShimRing> ring;
  if (step == Step::kList) {
    place.library = library_->OpenFile();
    if (place.library.valid()) fd = library_->preload_list();
    place.way = Way::kListed;
  } else if (step == Step::kLibrary) {
    file = std::move(place.library);
    fd = file.get();
    place.way = Way::kGiven;
  } else {
    if (MakeRoom()) ring = ShimRing::Make(gate_ - GLOVEBOX_SHIM_GATE_IP_OFFSET, &file);
    fd = file.get();
  }
  const bool given = fd >= 0 && listener->AnswerWithFd(call.id, fd, /*close_on_exec=*/true) == 0;
  // No memory, no descriptor, here or there: the linker and the library go on without.
  if (!given) listener->Answer(call.id, 0, ENOENT);
  if (given && ring != nullptr) {
    Process owner = process;
    owner.memory = nullptr;
    owner.fresh = false;
    rings_[tgid] = {std::move(owner), std::move(ring)};
  }
  if (!given || step == Step::kRing) ways_.erase(tgid);
}

void Shims::ExecNotified(pid_t tgid) {
  if (library_ != nullptr) ways_[tgid] = {};
}

void Shims::DrainOne(Rings::iterator place) {
  if (place == rings_.end() || place->second.ring->empty()) return;
  const Process& process = place->second.process;
  const auto take = [&](absl::string_view path, int error) { sink_->AddLink(process, path, error); };
  if (!place->second.ring->Drain(take)) sink_->RingDamaged(process);
}

void Shims::DrainAll() {
  for (auto place = rings_.begin(); place != rings_.end(); ++place) DrainOne(place);
}

// Rings of the dead, whose last words have been taken, go.
bool Shims::MakeRoom() {
  if (rings_.size() < kMaxRings) return true;
  absl::erase_if(rings_, [](const auto& entry) {
    return entry.second.ring->empty() && kill(entry.first, 0) != 0 && errno == ESRCH;
  });
  return rings_.size() < kMaxRings;
}

}  // namespace glovebox::trace
