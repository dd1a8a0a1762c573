#include "tests/support/servers/postgres_server.h"

#include <pwd.h>
#include <signal.h>
#include <sys/shm.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <fmt/core.h>
#include <libpq-fe.h>

#include "tests/support/eventually.h"
#include "tests/support/servers/redis_server.h"

namespace quartet::test {
namespace {

constexpr std::chrono::seconds kPostgresStartLimit{30};
constexpr int kPostgresLaunches = 5;
constexpr const char* kStandbyName = "standby";

// Whom the server runs as: it refuses root.
std::optional<User> ServerUser() {
  if (geteuid() != 0) return std::nullopt;
  const passwd* nobody = getpwnam("nobody");
  if (nobody == nullptr) throw std::runtime_error("there is no user nobody to run PostgreSQL as");
  return User{.id = nobody->pw_uid, .group = nobody->pw_gid};
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

struct ConnectionCloser {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
struct ResultCloser {
  void operator()(PGresult* result) const { PQclear(result); }
};

// As /proc has it: 'T' is a stopped one, 'Z' one that has ended. 'X' if there is none.
char StateOf(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  std::string stat;
  if (!std::getline(file, stat)) return 'X';
  const std::size_t name_end = stat.rfind(") ");
  return name_end == std::string::npos ? 'X' : stat[name_end + 2];
}

bool Runs(pid_t pid) {
  const char state = StateOf(pid);
  return state != 'Z' && state != 'X';
}

}  // namespace

PostgresServer::PostgresServer(std::vector<std::string> settings, int port)
    : settings_(std::move(settings)), data_(directory_.path() / "data") {
  Own(directory_.path());
  MakeData();
  TakePort(port);
}

PostgresServer::PostgresServer(FromBackup /*how*/, const PostgresServer& primary, int port)
    : settings_(primary.settings_), data_(directory_.path() / "data") {
  Own(directory_.path());
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
                  PQlibVersion(), ServerUser() ? ServerUser()->id : geteuid());
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
  for (int i = 0; i < kPostgresLaunches; ++i) {
    port_ = port != 0 ? port : FreePort();
    if (Launch()) return;
  }
  throw std::runtime_error("postgres does not start:\n" + ReadFile(directory_.path() / "postgres.log"));
}

void PostgresServer::Run(std::vector<std::string> command) const {
  const std::string name = command.front();
  const ProgramResult result = RunProgram(std::move(command), directory_.path(), ServerUser());
  if (result.exit_code != 0) throw std::runtime_error(name + " failed:\n" + result.err);
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
  process_ = std::make_unique<ChildProcess>(std::move(command), directory_.path() / "postgres.log", ServerUser());
  if (process_->AwaitStart([this] { return Answers(); }, kPostgresStartLimit)) return true;
  Kill();
  return false;
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
  if (!Eventually(is_synchronous, kPostgresStartLimit)) throw std::runtime_error("the standby does not follow");
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
  const pid_t server = process_->pid();
  std::vector<pid_t> processes = {server};
  std::ifstream children(fmt::format("/proc/{}/task/{}/children", server, server));
  for (pid_t child = 0; children >> child;) processes.push_back(child);
  return processes;
}

void PostgresServer::Kill() {
  if (process_ == nullptr || !process_->Running()) return;
  // Stopped first, so that it makes no new ones meanwhile and forgets none that has ended.
  const pid_t server = process_->pid();
  kill(server, SIGSTOP);
  const bool stopped = Eventually([&] { return StateOf(server) == 'T' || !Runs(server); }, kPostgresStartLimit);
  const bool alone = Eventually(
      [&] {
        bool none = true;
        for (const pid_t process : Processes()) {
          if (process == server || !Runs(process)) continue;
          kill(process, SIGKILL);
          none = false;
        }
        return none;
      },
      kPostgresStartLimit);
  process_->Kill();
  if (!stopped || !alone) throw std::runtime_error("a process of postgres survives SIGKILL");
}

void PostgresServer::Restart() {
  Kill();
  if (!Launch()) throw std::runtime_error("postgres does not start again");
}

void PostgresServer::Stop() {
  if (process_ != nullptr) process_->End(SIGINT);
}

// The server's own user may do so; root without CAP_SYS_RESOURCE, as in a container, may not.
void PostgresServer::LimitFileSize(std::optional<std::size_t> size_bytes_max) const {
  const std::string limit = size_bytes_max ? std::to_string(*size_bytes_max) : "unlimited";
  // Only the soft limit, which can be raised again.
  for (const pid_t process : Processes()) Run({"prlimit", "--pid", std::to_string(process), "--fsize=" + limit + ":"});
}

void PostgresServer::Own(const std::filesystem::path& path) {
  const auto user = ServerUser();
  if (user && chown(path.c_str(), user->id, user->group) != 0) {
    throw std::system_error(errno, std::generic_category(), path.string());
  }
}

void PostgresServer::Freeze() {
  kill(process_->pid(), SIGSTOP);
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
