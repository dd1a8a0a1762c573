#include "tests/bench/sections/events.h"

#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>

#include <fmt/core.h>

namespace quartet::bench {
namespace {

// The number of a system call's tracepoint, if the kernel has it and shows it to us.
std::optional<unsigned long long> Tracepoint(const char* call) {
  for (const char* root : {"/sys/kernel/tracing", "/sys/kernel/debug/tracing"}) {
    std::ifstream file(fmt::format("{}/events/syscalls/sys_enter_{}/id", root, call));
    if (unsigned long long id = 0; file >> id) return id;
  }
  return std::nullopt;
}

std::vector<pid_t> ThreadsOf(pid_t process) {
  std::vector<pid_t> threads;
  std::error_code gone;
  for (const auto& entry : std::filesystem::directory_iterator(fmt::format("/proc/{}/task", process), gone))
    threads.push_back(std::stoi(entry.path().filename()));
  return threads;
}

}  // namespace

KernelEvents::KernelEvents(const std::map<std::string, std::vector<pid_t>>& processes) {
  std::vector<unsigned long long> syncs;
  // By pwritev2 the services write and sync SQLite's log in one, and nothing else.
  for (const char* call : {"fsync", "fdatasync", "pwritev2"}) {
    if (const auto tracepoint = Tracepoint(call)) syncs.push_back(*tracepoint);
  }
  for (const auto& [name, pids] : processes) {
    for (const pid_t pid : pids) {
      for (const pid_t thread : ThreadsOf(pid)) {
        for (const unsigned long long call : syncs) Open("syncs: " + name, thread, PERF_TYPE_TRACEPOINT, call);
        Open("context switches: " + name, thread, PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CONTEXT_SWITCHES);
      }
    }
  }
}

KernelEvents::~KernelEvents() {
  for (const auto& [name, descriptor] : descriptors_) close(descriptor);
}

void KernelEvents::Open(const std::string& name, pid_t thread, unsigned type, unsigned long long config) {
  perf_event_attr attributes = {};
  attributes.size = sizeof attributes;
  attributes.type = type;
  attributes.config = config;
  attributes.inherit = 1;
  constexpr int kAnyCpu = -1;
  constexpr int kNoGroup = -1;
  const long descriptor = syscall(SYS_perf_event_open, &attributes, thread, kAnyCpu, kNoGroup, PERF_FLAG_FD_CLOEXEC);
  if (descriptor >= 0) descriptors_.emplace(name, static_cast<int>(descriptor));
}

Counts KernelEvents::Read() const {
  Counts counts;
  for (const auto& [name, descriptor] : descriptors_) {
    std::uint64_t value = 0;
    if (read(descriptor, &value, sizeof value) == sizeof value) counts[name] += static_cast<double>(value);
  }
  return counts;
}

}  // namespace quartet::bench
