#include "tests/bench/machine/processes.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <vector>

#include <fmt/core.h>

namespace quartet::bench {
namespace {

constexpr std::size_t kParentField = 1;
constexpr std::size_t kUserTicksField = 11;
constexpr std::size_t kSystemTicksField = 12;
constexpr std::size_t kEndedUserTicksField = 13;  // of children that have ended and were waited for
constexpr std::size_t kEndedSystemTicksField = 14;
constexpr std::size_t kResidentPagesField = 21;

using Children = std::multimap<pid_t, pid_t>;

std::string Text(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// The fields of /proc/PID/stat that follow the program's name, which alone may hold blanks. Empty if the process is
// gone.
std::vector<std::string> StatFields(pid_t pid) {
  const std::string text = Text(fmt::format("/proc/{}/stat", pid));
  const auto name_end = text.rfind(')');
  if (name_end == std::string::npos) return {};
  std::istringstream rest(text.substr(name_end + 1));
  std::vector<std::string> fields;
  for (std::string field; rest >> field;) fields.push_back(field);
  return fields;
}

// The program's name as it was started, without its folder: what /proc/PID/exe names is not it where programs share a
// file. Redis puts blanks between its arguments, others NUL.
std::string Program(pid_t pid) {
  std::string command = Text(fmt::format("/proc/{}/cmdline", pid));
  command.resize(std::min(command.size(), command.find_first_of(std::string_view(" \0", 2))));
  return command.substr(command.rfind('/') + 1);
}

// The number behind `key:` in a file like /proc/PID/io.
std::int64_t NumberOf(const std::string& text, const std::string& key) {
  const auto place = text.find(key + ":");
  return place == std::string::npos ? 0 : std::stoll(text.substr(place + key.size() + 1));
}

// All processes of the machine by their parents.
Children AllChildren() {
  Children children;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const pid_t pid = std::stoi(name);
    const auto fields = StatFields(pid);
    if (fields.size() > kResidentPagesField) children.emplace(std::stoi(fields[kParentField]), pid);
  }
  return children;
}

// Adds what `pid` has used, and what its children have: those that run, and those that have ended. False if it is gone.
bool AddUsage(pid_t pid, const Children& children, ProcessUsage& usage) {
  static const double ticks_per_second = static_cast<double>(sysconf(_SC_CLK_TCK));
  static const std::int64_t page_bytes = sysconf(_SC_PAGESIZE);
  const auto fields = StatFields(pid);
  if (fields.size() <= kResidentPagesField) return false;
  double ticks = std::stod(fields[kUserTicksField]) + std::stod(fields[kSystemTicksField]);
  if (pid != getpid()) ticks += std::stod(fields[kEndedUserTicksField]) + std::stod(fields[kEndedSystemTicksField]);
  const std::string io = Text(fmt::format("/proc/{}/io", pid));
  usage.cpu_seconds += ticks / ticks_per_second;
  usage.write_calls += NumberOf(io, "syscw");
  usage.written_bytes += NumberOf(io, "write_bytes");
  usage.resident_bytes += std::stoll(fields[kResidentPagesField]) * page_bytes;
  usage.peak_resident_bytes += NumberOf(Text(fmt::format("/proc/{}/status", pid)), "VmHWM") * 1024;
  if (pid == getpid()) return true;
  // One that has ended meanwhile counts among its parent's next time.
  const auto [first, last] = children.equal_range(pid);
  for (auto child = first; child != last; ++child) AddUsage(child->second, children, usage);
  return true;
}

}  // namespace

Processes::Processes() {
  pids_[kLoadGenerator] = {getpid()};
  const Children children = AllChildren();
  const auto [first, last] = children.equal_range(getpid());
  for (auto child = first; child != last; ++child) {
    if (const std::string program = Program(child->second); !program.empty()) pids_[program].push_back(child->second);
  }
}

std::map<std::string, std::vector<pid_t>> Processes::pids() const {
  const Children children = AllChildren();
  auto all = pids_;
  for (auto& [name, pids] : all) {
    if (pids.front() == getpid()) continue;
    for (std::size_t i = 0; i < pids.size(); ++i) {
      const auto [first, last] = children.equal_range(pids[i]);
      for (auto child = first; child != last; ++child) pids.push_back(child->second);
    }
  }
  return all;
}

std::map<std::string, ProcessUsage> Processes::Usage() const {
  const Children children = AllChildren();
  std::map<std::string, ProcessUsage> usage;
  for (const auto& [name, pids] : pids_) {
    for (const pid_t pid : pids) {
      if (!AddUsage(pid, children, usage[name])) throw std::runtime_error(fmt::format("{} has ended", name));
    }
  }
  return usage;
}

}  // namespace quartet::bench
