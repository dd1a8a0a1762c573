#pragma once

#include "common/base/result.h"

namespace quartet::storage {

// The name of an SQLite VFS for databases whose log is written by one connection
// at a time and synced by each commit (synchronous=FULL). It is the default VFS,
// but gathers what goes to the log until the commit's sync and then writes it at
// once: SQLite itself makes two system calls for each page, a header of 24 bytes
// and the page, which cost more than the copying. Written and synced it is by one
// call (RWF_DSYNC), which waits for the disk once where fdatasync waits again.
//
// What others may read of the log is what the sync has passed, so nobody can tell
// the difference; the writer's own reads of the log write first. A write that
// fails is reported by the sync, and SQLite then takes the commit back.
//
// Registers the VFS when it is called first. Thread-safe.
// Errors: INTERNAL if SQLite refuses it (out of memory).
Result<const char*> LogBufferVfs();

}  // namespace quartet::storage
