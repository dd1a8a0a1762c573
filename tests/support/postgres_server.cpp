#include "tests/support/postgres_server.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <fmt/core.h>
#include <libpq-fe.h>

#include "tests/support/eventually.h"
#include "tests/support/redis_server.h"

namespace quartet::test {
namespace {

constexpr std::chrono::seconds kStartLimit{30};
constexpr int kLaunches = 5;
constexpr const char* kStandbyName = "standby";

// Whom the server runs as: it refuses root.
struct User {
  uid_t id = 0;
  gid_t group = 0;
};

User ServerUser() {
  if (geteuid() != 0) return {.id = geteuid(), .group = getegid()};
  const passwd* nobody = getpwnam("nobody");
  if (nobody == nullptr) throw std::runtime_error("there is no user nobody to run PostgreSQL as");
  return {.id = nobody->pw_uid, .group = nobody->pw_gid};
}

// The newest installed server's programs; Debian keeps them off the PATH.
std::filesystem::path Program(const std::string& name) {
  if (const char* folder = std::getenv("QUARTET_POSTGRES_BIN"); folder != nullptr) {
    return std::filesystem::path(folder) / name;
  }
  std::filesystem::path newest;
  int newest_version = 0;
  const std::filesystem::path root = "/usr/lib/postgresql";
  if (std::filesystem::is_directory(root)) {
    for (const auto& entry : std::filesystem::directory_iterator(root)) {
      const int version = std::atoi(entry.path().filename().c_str());
      if (version > newest_version && std::filesystem::exists(entry.path() / "bin" / name)) {
        newest_version = version;
        newest = entry.path() / "bin" / name;
      }
    }
  }
  return newest.empty() ? std::filesystem::path(name) : newest;
}

void Own(const std::filesystem::path& path, const User& user) {
  if (chown(path.c_str(), user.id, user.group) != 0) {
    throw std::system_error(errno, std::generic_category(), path.string());
  }
}

struct ConnectionCloser {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
struct ResultCloser {
  void operator()(PGresult* result) const { PQclear(result); }
};

bool Runs(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  std::string stat;
  if (!std::getline(file, stat)) return false;
  const std::size_t state = stat.rfind(") ");
  return state != std::string::npos && stat[state + 2] != 'Z' && stat[state + 2] != 'X';
}

}  // namespace

PostgresServer::PostgresServer(std::vector<std::string> settings, int port)
    : settings_(std::move(settings)), data_(directory_.path() / "data") {
  Own(directory_.path(), ServerUser());
  MakeData();
  TakePort(port);
}

PostgresServer::PostgresServer(FromBackup /*how*/, const PostgresServer& primary, int port)
    : settings_(primary.settings_), data_(directory_.path() / "data") {
  Own(directory_.path(), ServerUser());
  Run({Program("pg_basebackup"), "--pgdata", data_, "--dbname",
       primary.Target("postgres") + " application_name=" + kStandbyName, "--write-recovery-conf", "--checkpoint=fast",
       "--no-sync"});
  TakePort(port);
}

PostgresServer::~PostgresServer() {
  Kill();
  RemoveSharedMemory();
}

// initdb takes a second, a copy of what it has made a tenth of one. The copies' model is made once for all tests.
void PostgresServer::MakeData() {
  const auto model =
      std::filesystem::temp_directory_path() /
      fmt::format("quartet-test-postgres-{}-{}-{}", Program("initdb").parent_path().parent_path().filename().string(),
                  PQlibVersion(), ServerUser().id);
  if (!std::filesystem::exists(model)) {
    Run({Program("initdb"), "--pgdata", data_, "--username=postgres", "--auth=trust", "--locale=C", "--encoding=UTF8",
         "--no-sync", "--wal-segsize=4"});
    std::error_code taken;  // another test was quicker, and both are the same
    const auto copy = directory_.path() / "model";
    Run({"/bin/cp", "-a", data_, copy});
    std::filesystem::rename(copy, model, taken);
    return;
  }
  Run({"/bin/cp", "-a", model, data_});
}

void PostgresServer::TakePort(int port) {
  for (int i = 0; i < kLaunches; ++i) {
    port_ = port != 0 ? port : FreePort();
    if (Launch()) return;
  }
  std::ifstream log(directory_.path() / "postgres.log");
  throw std::runtime_error("postgres does not start:\n" + std::string(std::istreambuf_iterator<char>(log), {}));
}

pid_t PostgresServer::Spawn(std::vector<std::string> command) const {
  // Built before the fork: afterwards the child must not allocate.
  std::vector<char*> argv;
  argv.reserve(command.size() + 1);
  for (std::string& text : command) argv.push_back(text.data());
  argv.push_back(nullptr);
  const std::string log = (directory_.path() / "postgres.log").string();
  const User user = ServerUser();
  const bool is_root = geteuid() == 0;
  const pid_t parent = getpid();

  const pid_t pid = fork();
  if (pid < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (pid > 0) return pid;
  if (is_root && (setgroups(0, nullptr) != 0 || setgid(user.group) != 0 || setuid(user.id) != 0)) _exit(126);
  // After the change of user, which clears it.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int output = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  if (getppid() != parent || output < 0 || chdir("/") != 0) _exit(126);
  dup2(output, STDOUT_FILENO);
  dup2(output, STDERR_FILENO);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  execvp(argv[0], argv.data());
  _exit(127);
}

void PostgresServer::Run(std::vector<std::string> command) const {
  const std::string name = command.front();
  int status = 0;
  waitpid(Spawn(std::move(command)), &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return;
  std::ifstream log(directory_.path() / "postgres.log");
  throw std::runtime_error(name + " failed:\n" + std::string(std::istreambuf_iterator<char>(log), {}));
}

bool PostgresServer::Launch() {
  std::vector<std::string> command = {Program("postgres"), "-D", data_, "-p", std::to_string(port_)};
  const std::vector<std::string> common = {
      "listen_addresses=127.0.0.1", "unix_socket_directories=" + directory_.path().string(), "shared_buffers=32MB",
      "max_connections=200", "wal_level=replica", "max_wal_senders=4", "min_wal_size=16MB", "lc_messages=C",
      // Quicker after a crash than to sync each file, and as safe.
      "recovery_init_sync_method=syncfs"};
  for (const auto* list : {&common, &std::as_const(settings_)}) {
    for (const std::string& setting : *list) command.insert(command.end(), {"-c", setting});
  }
  pid_ = Spawn(std::move(command));
  bool answers = false;
  Eventually(
      [&] {
        // An ended process is nobody's to kill any more.
        if (waitpid(pid_, nullptr, WNOHANG) == pid_) pid_ = 0;
        answers = pid_ > 0 && Answers();
        return answers || pid_ == 0;
      },
      kStartLimit);
  if (!answers) Kill();
  return answers;
}

bool PostgresServer::Answers() const {
  // By its own socket, so that it is no other's answer.
  const std::string target =
      fmt::format("host={} port={} user=postgres dbname=postgres", directory_.path().string(), port_);
  const std::unique_ptr<PGconn, ConnectionCloser> connection(PQconnectdb(target.c_str()));
  return PQstatus(connection.get()) == CONNECTION_OK;
}

std::string PostgresServer::Target(const std::vector<int>& ports, const std::string& database) {
  std::string hosts;
  std::string numbers;
  for (const int port : ports) {
    const std::string comma = hosts.empty() ? "" : ",";
    hosts += comma + "127.0.0.1";
    numbers += comma + std::to_string(port);
  }
  return fmt::format("host={} port={} user=postgres dbname={}", hosts, numbers, database);
}

std::string PostgresServer::Target(const std::string& database) const {
  return Target(std::vector<int>{port_}, database);
}

std::string PostgresServer::Query(const std::string& sql, const std::string& database) const {
  const std::unique_ptr<PGconn, ConnectionCloser> connection(PQconnectdb(Target(database).c_str()));
  const std::unique_ptr<PGresult, ResultCloser> result(PQexec(connection.get(), sql.c_str()));
  const ExecStatusType status = PQresultStatus(result.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
    throw std::runtime_error(PQerrorMessage(connection.get()));
  return PQntuples(result.get()) == 0 ? "" : PQgetvalue(result.get(), 0, 0);
}

void PostgresServer::CreateDatabase(const std::string& name) const {
  Query(fmt::format("CREATE DATABASE {}", name));
}

std::unique_ptr<PostgresServer> PostgresServer::StartStandby(int port) {
  std::unique_ptr<PostgresServer> standby(new PostgresServer(FromBackup(), *this, port));
  Query(fmt::format("ALTER SYSTEM SET synchronous_standby_names = '{}'", kStandbyName));
  Query("SELECT pg_reload_conf()");
  const auto is_synchronous = [&] {
    return Query("SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'") == "1";
  };
  if (!Eventually(is_synchronous, kStartLimit)) throw std::runtime_error("the standby does not follow");
  return standby;
}

void PostgresServer::Promote() {
  if (Query("SELECT pg_promote(true, 30)") != "t") throw std::runtime_error("the standby is not promoted");
  ForgetStandby();
}

void PostgresServer::ForgetStandby() {
  Query("ALTER SYSTEM RESET synchronous_standby_names");
  Query("SELECT pg_reload_conf()");
}

std::vector<pid_t> PostgresServer::Processes() const {
  std::vector<pid_t> processes = {pid_};
  std::ifstream children(fmt::format("/proc/{}/task/{}/children", pid_, pid_));
  for (pid_t child = 0; children >> child;) processes.push_back(child);
  return processes;
}

void PostgresServer::Kill() {
  if (pid_ <= 0) return;
  // Stopped first, so that it makes no new ones meanwhile.
  kill(pid_, SIGSTOP);
  const std::vector<pid_t> processes = Processes();
  for (const pid_t process : processes) kill(process, SIGKILL);
  waitpid(std::exchange(pid_, 0), nullptr, 0);
  const bool gone = Eventually([&] { return std::ranges::none_of(processes, Runs); }, kStartLimit);
  if (!gone) throw std::runtime_error("a process of postgres survives SIGKILL");
}

void PostgresServer::Restart() {
  Kill();
  if (!Launch()) throw std::runtime_error("postgres does not start again");
}

void PostgresServer::Stop() {
  if (pid_ <= 0) return;
  kill(pid_, SIGINT);
  waitpid(std::exchange(pid_, 0), nullptr, 0);
}

void PostgresServer::Freeze() {
  kill(pid_, SIGSTOP);
  for (const pid_t process : Processes()) kill(process, SIGSTOP);
}

void PostgresServer::Thaw() {
  for (const pid_t process : Processes()) kill(process, SIGCONT);
}

// What a killed server leaves behind is removed by its next start; the last one has none. The seventh line of
// postmaster.pid holds the key and the id.
void PostgresServer::RemoveSharedMemory() const {
  std::ifstream file(data_ / "postmaster.pid");
  std::string line;
  for (int i = 0; i < 6; ++i) std::getline(file, line);
  long key = 0;
  int id = 0;
  if (file >> key >> id) shmctl(id, IPC_RMID, nullptr);
}

}  // namespace quartet::test
