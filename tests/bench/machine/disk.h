#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace quartet::bench {

// Where the databases lie, and what a durable write costs there.
struct Disk {
  std::string file_system;  // "ext4", "tmpfs", …
  std::string device;       // "vda", "" if it is not on a block device
  double sync_p50_us = 0;   // appending 4 KiB and fdatasync
  double sync_p99_us = 0;
};

// Looks at the disk of `folder`, and writes a little there to time it.
Disk LookAtDisk(const std::filesystem::path& folder);

// How often the device was told to make its cache durable since the machine
// started, by anybody; fsyncs that come together share one. 0 if it is not known.
std::int64_t Flushes(const Disk& disk);

// The sizes of all files below `folder`.
std::int64_t FolderBytes(const std::filesystem::path& folder);

}  // namespace quartet::bench
