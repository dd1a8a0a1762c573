// quartet-bench: how fast the suite is, measured from outside as its callers are.

#include <signal.h>

#include <cstdlib>
#include <exception>
#include <fstream>
#include <iostream>
#include <thread>

#include <fmt/core.h>

#include "tests/bench/measure.h"
#include "tests/bench/options.h"
#include "tests/bench/report/report.h"
#include "tests/support/temp_directory.h"

namespace quartet::bench {
namespace {

constexpr int kInterrupted = 130;

// Asks `stop` to stop when the user does (SIGINT, SIGTERM, SIGHUP). Made before
// any other thread, so that none takes the signals.
class StopOnSignal {
 public:
  explicit StopOnSignal(std::stop_source& stop) {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, signal);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    watcher_ = std::jthread([signals, &stop](const std::stop_token& ended) {
      const timespec pace{.tv_sec = 0, .tv_nsec = 100'000'000};
      while (!ended.stop_requested()) {
        if (sigtimedwait(&signals, nullptr, &pace) > 0) stop.request_stop();
      }
    });
  }

 private:
  std::jthread watcher_;
};

void Set(const char* variable, const std::filesystem::path& path) {
  setenv(variable, path.c_str(), /*replace=*/1);
}

// Writes `text` to `path`, if there is one; whether that went well.
bool Save(const std::optional<std::filesystem::path>& path, const std::string& text) {
  if (!path) return true;
  std::ofstream file(*path);
  file << text;
  if (file.flush()) return true;
  std::cerr << fmt::format("quartet-bench: cannot write {}\n", path->string());
  return false;
}

int Run(const Options& options) {
  std::stop_source stop;
  const StopOnSignal watcher(stop);
  // All that the suite writes goes into one folder, which is gone at the end.
  Set("TMPDIR", std::filesystem::absolute(options.folder));
  const test::TempDirectory folder;
  // PostgreSQL runs as another user, who must be able to reach its own folder below.
  std::filesystem::permissions(folder.path(), std::filesystem::perms::others_exec, std::filesystem::perm_options::add);
  Set("TMPDIR", folder.path());
  Set("QUARTET_BIN_DIR", std::filesystem::read_symlink("/proc/self/exe").parent_path());
  const Report report = Measure(options, stop.get_token());
  if (stop.stop_requested()) {
    std::cerr << "quartet-bench: interrupted\n";
    return kInterrupted;
  }
  std::cout << ToTable(report);
  if (!Save(options.json, ToJson(report)) || !Save(options.svg, ToSvg(report))) return 1;
  return report.Failures() == 0 ? 0 : 1;
}

}  // namespace
}  // namespace quartet::bench

int main(int argc, char** argv) {
  try {
    int exit_code = 0;
    const auto options = quartet::bench::ParseOptions(argc, argv, exit_code);
    return options ? quartet::bench::Run(*options) : exit_code;
  } catch (const std::exception& error) {
    std::cerr << "quartet-bench: " << error.what() << '\n';
    return 1;
  }
}
