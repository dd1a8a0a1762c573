#include "tests/support/servers/redis_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <hiredis/hiredis.h>

namespace quartet::test {
namespace {

constexpr std::chrono::seconds kStartLimit{20};
constexpr int kLaunches = 5;

struct ContextDeleter {
  void operator()(redisContext* context) const { redisFree(context); }
};
struct ReplyDeleter {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};

std::string Text(const redisReply& reply) {
  if (reply.type == REDIS_REPLY_INTEGER) return std::to_string(reply.integer);
  if (reply.type != REDIS_REPLY_ARRAY) return reply.str == nullptr ? std::string() : std::string(reply.str, reply.len);
  std::string lines;
  for (std::size_t i = 0; i < reply.elements; ++i) lines += Text(*reply.element[i]) + "\n";
  return lines;
}

}  // namespace

int FreePort() {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (listener < 0 || bind(listener, generic, size) != 0 || getsockname(listener, generic, &size) != 0) {
    throw std::system_error(errno, std::generic_category(), "no free port");
  }
  close(listener);
  return ntohs(address.sin_port);
}

RedisServer::RedisServer(bool append_only, std::vector<std::string> arguments, int port) {
  const bool has_file = !arguments.empty() && !arguments.front().starts_with("-");
  arguments_ = {"redis-server"};
  if (has_file) arguments_.push_back(arguments.front());
  const std::initializer_list<std::string> common = {"--bind",        "127.0.0.1",
                                                     "--unixsocket",  socket(),
                                                     "--dir",         directory_.path().string(),
                                                     "--save",        "",
                                                     "--appendonly",  append_only ? "yes" : "no",
                                                     "--appendfsync", "always",
                                                     "--loglevel",    "warning"};
  arguments_.insert(arguments_.end(), common);
  arguments_.insert(arguments_.end(), arguments.begin() + (has_file ? 1 : 0), arguments.end());
  for (int i = 0; i < kLaunches; ++i) {
    port_ = port != 0 ? port : FreePort();
    if (Launch()) return;
  }
  throw std::runtime_error("redis-server does not start");
}

RedisServer::~RedisServer() = default;

bool RedisServer::Launch() {
  std::vector<std::string> command = arguments_;
  command.insert(command.end(), {"--port", std::to_string(port_)});
  process_ = std::make_unique<ChildProcess>(std::move(command), directory_.path() / "redis.log");
  if (!process_->AwaitStart([this] { return Answers(); }, kStartLimit)) Kill();
  return process_ != nullptr;
}

bool RedisServer::Answers() const {
  // Whoever else got the port has another process id.
  const std::unique_ptr<redisContext, ContextDeleter> context(redisConnect("127.0.0.1", port_));
  if (context == nullptr || context->err != 0) return false;
  const std::unique_ptr<redisReply, ReplyDeleter> reply(
      static_cast<redisReply*>(redisCommand(context.get(), "INFO server")));
  if (reply == nullptr || reply->type == REDIS_REPLY_ERROR) return false;
  return Text(*reply).find("process_id:" + std::to_string(process_->pid()) + "\r") != std::string::npos;
}

void RedisServer::Kill() {
  process_.reset();
}

void RedisServer::Restart(Data data) {
  Kill();
  if (data == Data::kLost) {
    for (const auto& entry : std::filesystem::directory_iterator(directory_.path())) {
      std::filesystem::remove_all(entry.path());
    }
  }
  if (!Launch()) throw std::runtime_error("redis-server does not start again");
}

std::string RedisServer::Command(std::initializer_list<std::string> arguments) const {
  const std::unique_ptr<redisContext, ContextDeleter> context(redisConnect("127.0.0.1", port_));
  if (context == nullptr || context->err != 0) throw std::runtime_error("redis-server cannot be reached");
  std::vector<const char*> argv;
  std::vector<std::size_t> sizes;
  for (const std::string& argument : arguments) {
    argv.push_back(argument.data());
    sizes.push_back(argument.size());
  }
  const std::unique_ptr<redisReply, ReplyDeleter> reply(static_cast<redisReply*>(
      redisCommandArgv(context.get(), static_cast<int>(argv.size()), argv.data(), sizes.data())));
  if (reply == nullptr) throw std::runtime_error(context->errstr);
  return Text(*reply);
}

std::int64_t RedisMillis(const RedisServer& server) {
  // Seconds and microseconds, one per line.
  const std::string time = server.Command({"TIME"});
  return std::stoll(time) * 1'000 + std::stoll(time.substr(time.find('\n') + 1)) / 1'000;
}

}  // namespace quartet::test
