// Owning file descriptor. Everything outside kernel/ and child/ keeps descriptors in one of these.
#ifndef GLOVEBOX_BASE_UNIQUE_FD_H_
#define GLOVEBOX_BASE_UNIQUE_FD_H_

#include <unistd.h>

#include <utility>

namespace glovebox {

// Closes its descriptor when it goes out of scope. Movable, not copyable; -1 means empty.
//   UniqueFd fd(open(path, O_RDONLY | O_CLOEXEC));
//   if (!fd.valid()) return ErrnoStatus("open", path, errno);
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) reset(std::exchange(other.fd_, -1));
    return *this;
  }
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  ~UniqueFd() { reset(); }

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  // Gives the descriptor up; the caller owns it now.
  int release() { return std::exchange(fd_, -1); }
  void reset(int fd = -1) {
    // close(2) on Linux always frees the number, also when it reports EINTR: it must not be repeated.
    if (fd_ >= 0) close(fd_);
    fd_ = fd;
  }

 private:
  int fd_ = -1;
};

}  // namespace glovebox

#endif  // GLOVEBOX_BASE_UNIQUE_FD_H_
