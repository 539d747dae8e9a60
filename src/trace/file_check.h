// What a rule about files is asked when the supervisor makes a call itself: about the object that is held by
// a descriptor, and not about a name that may mean another one a moment later.
#ifndef GLOVEBOX_TRACE_FILE_CHECK_H_
#define GLOVEBOX_TRACE_FILE_CHECK_H_

#include <sys/stat.h>

#include <cstdint>
#include <string>

#include "trace/ruler.h"

namespace glovebox::trace {

struct FileTarget {
  enum class Use : uint8_t {
    kOpen,      // an object that is there; see `flags`
    kCreate,    // an open that makes it
    kTruncate,  // by path
    kChange,    // its mode, owner, times, attributes
    kSetFlags,  // F_SETFL of a descriptor: to `flags`, of one that was opened with `opened`
    kGoes,      // the name goes away: unlink, rmdir, the first name of a rename
    kComes,   // the name comes to mean something: mkdir, mknod, symlink, the second name of a rename or link
    kLinked,  // it gets another name: the first of a link
    kReach,   // a unix socket is connected or sent to
  };
  Use use = Use::kOpen;
  // The name by which the kernel knows it at this moment, as our own root sees it: no symlink on the way. Of
  // a removed object it ends in " (deleted)", of a pipe it is "pipe:[7]".
  std::string path;
  bool there = false;
  struct stat is = {};     // where it is there
  uint64_t flags = 0;      // of kOpen and kCreate: the call's; a check may narrow them
  int opened = 0;          // of a descriptor: its F_GETFL
  std::string moves_from;  // of kComes in a rename: what comes, and
  bool moves_dir = false;  // whether that is a directory
};

class FileCheck {
 public:
  virtual ~FileCheck() = default;
  // kNone: nothing against it. kRefuse: it is not made. kGoOn: it is made, and `rule` goes on record.
  virtual Ruling Check(const RulerCall& call, FileTarget* target) = 0;
  // `target` was created; `is` is what it became.
  virtual void Created(const FileTarget& target, const struct stat& is) {
    static_cast<void>(target);
    static_cast<void>(is);
  }
};

// A ruler that has a word in what is made here, too.
class CheckingRuler : public Ruler, public FileCheck {};

}  // namespace glovebox::trace

#endif  // GLOVEBOX_TRACE_FILE_CHECK_H_
