#include "common/storage/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

namespace quartet::storage {
namespace {

std::string OwnerIn(int descriptor) {
  std::array<char, 32> text{};
  const ssize_t size = ::pread(descriptor, text.data(), text.size(), 0);
  if (size <= 0) return "";
  return " (" + std::string(text.data(), static_cast<std::size_t>(size)) + ")";
}

}  // namespace

Result<FileLock> FileLock::Acquire(const std::filesystem::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) {
    return Unavailable("DATABASE_UNAVAILABLE",
                       "cannot open " + path.string() + ": " + std::generic_category().message(errno));
  }
  FileLock lock(descriptor);
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) {
      return Unavailable("DATABASE_UNAVAILABLE",
                         "cannot lock " + path.string() + ": " + std::generic_category().message(errno));
    }
    return FailedPrecondition("DATABASE_IN_USE", "another process" + OwnerIn(descriptor) + " holds " + path.string() +
                                                     "; a database belongs to one process");
  }
  const std::string owner = "process " + std::to_string(::getpid());
  if (::ftruncate(descriptor, 0) != 0 || ::pwrite(descriptor, owner.data(), owner.size(), 0) < 0) {
    return Unavailable("DATABASE_UNAVAILABLE",
                       "cannot write " + path.string() + ": " + std::generic_category().message(errno));
  }
  return lock;
}

FileLock::FileLock(FileLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

FileLock& FileLock::operator=(FileLock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

FileLock::~FileLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace quartet::storage
