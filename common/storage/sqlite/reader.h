#pragma once

#include "common/base/result.h"

namespace quartet::storage {

// The name of an SQLite VFS for connections that only read. It is the default
// VFS, but while a NoWait lives on the thread, a read that would have to wait for
// the disk fails instead (RWF_NOWAIT).
//
// Registers the VFS when it is called first. Thread-safe.
// Errors: INTERNAL if SQLite refuses it (out of memory).
Result<const char*> ReaderVfs();

// One at a time on a thread.
class NoWait {
 public:
  NoWait();
  ~NoWait();
  NoWait(const NoWait&) = delete;
  NoWait& operator=(const NoWait&) = delete;

  // Whether a read has failed because of it.
  bool refused() const;
};

}  // namespace quartet::storage
