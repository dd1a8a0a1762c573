#include "tests/bench/processes.h"

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
constexpr std::size_t kResidentPagesField = 21;

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

// The number behind `key: ` in /proc/PID/io.
std::int64_t IoCount(const std::string& io, const std::string& key) {
  const auto place = io.find(key + ": ");
  return place == std::string::npos ? 0 : std::stoll(io.substr(place + key.size() + 2));
}

}  // namespace

Processes::Processes() {
  pids_["load generator"] = getpid();
  const std::string parent = std::to_string(getpid());
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const pid_t pid = std::stoi(name);
    const auto fields = StatFields(pid);
    if (fields.size() <= kResidentPagesField || fields[kParentField] != parent) continue;
    if (const std::string program = Program(pid); !program.empty()) pids_[program] = pid;
  }
}

std::map<std::string, ProcessUsage> Processes::Usage() const {
  static const double ticks_per_second = static_cast<double>(sysconf(_SC_CLK_TCK));
  static const std::int64_t page_bytes = sysconf(_SC_PAGESIZE);
  std::map<std::string, ProcessUsage> usage;
  for (const auto& [name, pid] : pids_) {
    const auto fields = StatFields(pid);
    if (fields.size() <= kResidentPagesField) throw std::runtime_error(fmt::format("{} has ended", name));
    const std::string io = Text(fmt::format("/proc/{}/io", pid));
    usage[name] = {
        .cpu_seconds = (std::stod(fields[kUserTicksField]) + std::stod(fields[kSystemTicksField])) / ticks_per_second,
        .write_calls = IoCount(io, "syscw"),
        .written_bytes = IoCount(io, "write_bytes"),
        .resident_bytes = std::stoll(fields[kResidentPagesField]) * page_bytes};
  }
  return usage;
}

}  // namespace quartet::bench
