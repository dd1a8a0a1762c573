#include "tests/bench/machine/disk.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <fstream>
#include <sstream>
#include <system_error>
#include <vector>

#include <fmt/core.h>

namespace quartet::bench {
namespace {

constexpr int kSyncs = 300;

// "major:minor" of the device that holds `folder`.
std::string DeviceNumber(const std::filesystem::path& folder) {
  struct stat status = {};
  if (stat(folder.c_str(), &status) != 0) throw std::system_error(errno, std::generic_category(), folder.string());
  return fmt::format("{}:{}", major(status.st_dev), minor(status.st_dev));
}

std::string FileSystem(const std::string& device_number) {
  std::ifstream mounts("/proc/self/mountinfo");
  for (std::string line; std::getline(mounts, line);) {
    std::istringstream fields(line);
    std::string skipped;
    std::string number;
    fields >> skipped >> skipped >> number;
    const auto separator = line.find(" - ");
    if (number != device_number || separator == std::string::npos) continue;
    return line.substr(separator + 3, line.find(' ', separator + 3) - separator - 3);
  }
  return "unknown";
}

std::vector<double> TimeSyncs(const std::filesystem::path& path) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) throw std::system_error(errno, std::generic_category(), path.string());
  std::array<char, 4096> block = {};
  std::vector<double> times_us;
  for (int i = 0; i < kSyncs; ++i) {
    const auto start = std::chrono::steady_clock::now();
    if (write(file, block.data(), block.size()) < 0 || fdatasync(file) != 0) break;
    times_us.push_back(std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count());
  }
  close(file);
  std::filesystem::remove(path);
  std::ranges::sort(times_us);
  return times_us;
}

}  // namespace

Disk LookAtDisk(const std::filesystem::path& folder) {
  Disk disk;
  const std::string number = DeviceNumber(folder);
  disk.file_system = FileSystem(number);
  std::error_code none;
  const auto device = std::filesystem::read_symlink("/sys/dev/block/" + number, none);
  if (!none) disk.device = device.filename();
  const std::vector<double> times_us = TimeSyncs(folder / "sync-probe");
  if (!times_us.empty()) {
    disk.sync_p50_us = times_us[times_us.size() / 2];
    disk.sync_p99_us = times_us[times_us.size() * 99 / 100];
  }
  return disk;
}

std::int64_t Flushes(const Disk& disk) {
  // Documentation/admin-guide/iostats.rst: three names, then 17 numbers, of which the 16th counts flushes.
  constexpr int kFlushField = 16;
  std::ifstream stats("/proc/diskstats");
  for (std::string line; std::getline(stats, line);) {
    std::istringstream fields(line);
    std::string number;
    std::string name;
    fields >> number >> number >> name;
    if (name != disk.device) continue;
    std::int64_t value = 0;
    for (int i = 0; i < kFlushField; ++i) fields >> value;
    return fields ? value : 0;
  }
  return 0;
}

std::int64_t FolderBytes(const std::filesystem::path& folder) {
  std::int64_t bytes = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    std::error_code gone;
    const auto size = entry.file_size(gone);
    if (entry.is_regular_file() && !gone) bytes += static_cast<std::int64_t>(size);
  }
  return bytes;
}

}  // namespace quartet::bench
