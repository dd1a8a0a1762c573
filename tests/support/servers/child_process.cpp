#include "tests/support/servers/child_process.h"

#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

#include "tests/support/eventually.h"

namespace quartet::test {
namespace {

constexpr int kOutputFlags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC;

struct Spawn {
  std::vector<std::string> command;
  std::filesystem::path out;
  std::filesystem::path err;
  std::filesystem::path folder;  // to run in; empty: this process's own
  std::optional<User> user;
};

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// The environment without what would tell Quartet's programs anything.
std::vector<char*> PlainEnvironment() {
  std::vector<char*> variables;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    if (std::strncmp(*variable, "QUARTET_", 8) != 0) variables.push_back(*variable);
  }
  variables.push_back(nullptr);
  return variables;
}

pid_t Start(Spawn spawn) {
  // Built before the fork: afterwards the child must not allocate, for another
  // thread may have held the allocator's lock.
  const auto arguments = Pointers(spawn.command);
  const auto environment = PlainEnvironment();
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (pid > 0) return pid;

  const int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
  const int out = open(spawn.out.c_str(), kOutputFlags, 0600);
  const int err = open(spawn.err.c_str(), kOutputFlags, 0600);
  if (in < 0 || out < 0 || err < 0) _exit(126);
  if (!spawn.folder.empty() && chdir(spawn.folder.c_str()) != 0) _exit(126);
  if (spawn.user && (setgroups(0, nullptr) != 0 || setgid(spawn.user->group) != 0 || setuid(spawn.user->id) != 0))
    _exit(126);
  // After the change of user, which clears it.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(126);
  dup2(in, STDIN_FILENO);
  dup2(out, STDOUT_FILENO);
  dup2(err, STDERR_FILENO);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  execvpe(arguments[0], arguments.data(), environment.data());
  _exit(127);
}

}  // namespace

ChildProcess::ChildProcess(std::vector<std::string> command, const std::filesystem::path& log,
                           const std::optional<User>& user)
    : pid_(Start({.command = std::move(command),
                  .out = log,
                  .err = log,
                  // Any other may be closed to the user.
                  .folder = user ? "/" : "",
                  .user = user})) {}

ChildProcess::~ChildProcess() {
  Kill();
}

bool ChildProcess::Running() {
  if (pid_ != 0 && waitpid(pid_, nullptr, WNOHANG) == pid_) pid_ = 0;
  return pid_ != 0;
}

bool ChildProcess::AwaitStart(const std::function<bool()>& is_up, std::chrono::milliseconds limit) {
  bool up = false;
  Eventually(
      [&] {
        if (!Running()) return true;
        up = is_up();
        return up;
      },
      limit);
  return up;
}

void ChildProcess::End(int signal) {
  if (!Running()) return;
  kill(pid_, signal);
  waitpid(std::exchange(pid_, 0), nullptr, 0);
}

void ChildProcess::Kill() {
  End(SIGKILL);
}

ProgramResult RunProgram(std::vector<std::string> command, const std::filesystem::path& folder,
                         const std::optional<User>& user) {
  const auto out = folder / "program.out";
  const auto err = folder / "program.err";
  std::filesystem::remove(out);
  std::filesystem::remove(err);
  const pid_t pid = Start({.command = std::move(command), .out = out, .err = err, .folder = folder, .user = user});
  int status = 0;
  waitpid(pid, &status, 0);
  return {.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
          .out = ReadFile(out),
          .err = ReadFile(err)};
}

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace quartet::test
