#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace quartet::test {

// A program that runs beside the test. It never outlives this object, nor the
// thread that started it: start it on the thread that owns the test.
class ChildProcess {
 public:
  // Starts `command` (a path, then its arguments), its output appended to
  // `log`. Throws std::system_error if it cannot be started.
  ChildProcess(std::vector<std::string> command, const std::filesystem::path& log);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  // Whether it has not ended yet.
  bool Running();
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
ProgramResult RunProgram(std::vector<std::string> command, const std::filesystem::path& folder);

// The contents of a file; "" if there is none.
std::string ReadFile(const std::filesystem::path& path);

}  // namespace quartet::test
