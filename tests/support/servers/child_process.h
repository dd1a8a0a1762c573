#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace quartet::test {

// Whom a program runs as; only root may choose.
struct User {
  uid_t id = 0;
  gid_t group = 0;
};

// A program that runs beside the test. It never outlives this object, nor the
// thread that started it: start it on the thread that owns the test.
class ChildProcess {
 public:
  // Starts `command` (a path or a name on the PATH, then its arguments), its
  // output appended to `log`, as `user` instead of as this process's. Throws
  // std::system_error if it cannot be started.
  ChildProcess(std::vector<std::string> command, const std::filesystem::path& log,
               const std::optional<User>& user = std::nullopt);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  // 0 when it is known to have ended.
  pid_t pid() const { return pid_; }
  // Whether it has not ended yet.
  bool Running();
  // Waits until it `is_up`; false if it ends instead, or takes longer than `limit`.
  bool AwaitStart(const std::function<bool()>& is_up, std::chrono::milliseconds limit);
  // Asks it to end by `signal`; returns when it is gone.
  void End(int signal);
  // kill -9; returns when it is gone.
  void Kill();

 private:
  pid_t pid_ = 0;
};

// What a program that has ended left behind.
struct ProgramResult {
  int exit_code = -1;  // 128 + the signal if one ended it
  std::string out;
  std::string err;
};

// Runs `command` in `folder` to its end, without any QUARTET_… variable and with
// nothing to read. Its output goes through files in `folder`.
ProgramResult RunProgram(std::vector<std::string> command, const std::filesystem::path& folder,
                         const std::optional<User>& user = std::nullopt);

// The contents of a file; "" if there is none.
std::string ReadFile(const std::filesystem::path& path);

}  // namespace quartet::test
