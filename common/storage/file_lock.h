#pragma once

#include <filesystem>

#include "common/base/result.h"

namespace quartet::storage {

// Keeps a second process (or a second opener in this one) away from a file's
// neighbourhood: an advisory lock that the kernel drops with the process,
// however it ends. The lock file holds the owner's process id, for people.
class FileLock {
 public:
  // Errors: FAILED_PRECONDITION DATABASE_IN_USE with the owner's process id;
  // UNAVAILABLE DATABASE_UNAVAILABLE if the file cannot be made.
  static Result<FileLock> Acquire(const std::filesystem::path& path);

  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&& other) noexcept;
  ~FileLock();

 private:
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}

  int descriptor_ = -1;
};

}  // namespace quartet::storage
