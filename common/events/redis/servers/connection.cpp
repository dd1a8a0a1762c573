#include "common/events/redis/servers/connection.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

#include <fmt/format.h>
#include <hiredis/hiredis.h>

#include "common/events/redis/servers/tls.h"
#include "common/telemetry/log.h"

namespace quartet::events {
namespace {

constexpr std::chrono::milliseconds kRetryAfter{200};
// Above this the buffer's memory is given back after a send.
constexpr std::size_t kOutputKeptBytes = 1 << 20;

timeval ToTimeval(std::chrono::milliseconds duration) {
  return timeval{.tv_sec = duration.count() / 1000, .tv_usec = (duration.count() % 1000) * 1000};
}

// What stands between two arguments: the end of the one and the length of the next.
class Separator {
 public:
  explicit Separator(std::size_t length) {
    char* end = std::to_chars(text_.data() + 3, text_.data() + text_.size() - 2, length).ptr;
    *end++ = '\r';
    *end++ = '\n';
    size_ = static_cast<std::size_t>(end - text_.data());
  }
  std::string_view text() const { return {text_.data(), size_}; }

 private:
  std::array<char, 32> text_ = {'\r', '\n', '$'};
  std::size_t size_;
};

}  // namespace

void RedisReplyDeleter::operator()(redisReply* reply) const {
  freeReplyObject(reply);
}

std::string_view ReplyText(const redisReply& reply) {
  return reply.str == nullptr ? std::string_view() : std::string_view(reply.str, reply.len);
}

Error BrokerUnavailable(std::string message) {
  return Unavailable("BROKER_UNAVAILABLE", std::move(message), kRetryAfter);
}

Status ReplyStatus(const redisReply& reply) {
  if (reply.type != REDIS_REPLY_ERROR) return {};
  const std::string_view text = ReplyText(reply);
  if (text.starts_with("NOGROUP") || text.starts_with("UNBLOCKED") || text.starts_with("ERR no such key")) {
    return NotFound("BROKER_NO_GROUP", std::string(text));
  }
  if (text.starts_with(kExhausted)) {
    return FailedPrecondition("BROKER_PARTITIONS",
                              "the topic has more partitions by now; start this service with the new --partitions");
  }
  return BrokerUnavailable(fmt::format("Redis refuses: {}", text));
}

void EncodeCommand(std::string& output, std::span<const std::string_view> arguments) {
  output += '*';
  output += std::to_string(arguments.size());
  for (const std::string_view argument : arguments) {
    output += Separator(argument.size()).text();
    output += argument;
  }
  output += "\r\n";
}

RedisConnection::RedisConnection(const RedisOptions& options) : options_(options) {}

RedisConnection::~RedisConnection() {
  Close();
}

void RedisConnection::Close() {
  if (context_ != nullptr) redisFree(context_);
  context_ = nullptr;
  output_.clear();
  collected_ = 0;
}

Error RedisConnection::Broken(std::string_view what) {
  std::string message = fmt::format("Redis at {}: {}", config::FormatServer(address_), what);
  Close();
  return BrokerUnavailable(std::move(message));
}

Status RedisConnection::Open(const config::Address& address) {
  return Connect(address, options_.address.user, options_.address.password);
}

Status RedisConnection::OpenSentinel(const config::Address& address) {
  return Connect(address, "", options_.address.sentinel_password);
}

Status RedisConnection::Connect(const config::Address& address, const std::string& user, const std::string& password) {
  Close();
  address_ = address;
  const timeval timeout = ToTimeval(options_.connect_timeout);
  const bool is_socket = config::IsSocket(address_);
  context_ = is_socket ? redisConnectUnixWithTimeout(address_.host.c_str(), timeout)
                       : redisConnectWithTimeout(address_.host.c_str(), address_.port, timeout);
  if (context_ == nullptr) return Broken("out of memory");
  if (context_->err != 0) return Broken(context_->errstr);
  if (redisSetTimeout(context_, ToTimeval(options_.command_timeout)) != REDIS_OK) return Broken(context_->errstr);
  if (!is_socket && redisEnableKeepAlive(context_) != REDIS_OK) return Broken(context_->errstr);
  if (options_.address.tls) {
    if (const Status started = StartTls(context_, options_.address, address_.host); !started.ok()) {
      return Broken(started.error().message);
    }
  }
  return password.empty() ? Status() : LogIn(user, password);
}

Status RedisConnection::LogIn(const std::string& user, const std::string& password) {
  if (user.empty()) {
    Append({"AUTH", password});
  } else {
    Append({"AUTH", user, password});
  }
  QUARTET_ASSIGN_OR_RETURN(const std::vector<RedisReply> replies, Exchange());
  // The reply repeats no password.
  if (replies.front()->type == REDIS_REPLY_ERROR) {
    return Broken(fmt::format("logging in: {}", ReplyText(*replies.front())));
  }
  return {};
}

Status RedisConnection::CheckPolicy() {
  Append({"CONFIG", "GET", "maxmemory-policy"});
  QUARTET_ASSIGN_OR_RETURN(const std::vector<RedisReply> replies, Exchange());
  const redisReply& reply = *replies.front();
  if (reply.type == REDIS_REPLY_ERROR) {
    const std::string_view text = ReplyText(reply);
    // Refused for good, where operators hide CONFIG: they answer for the setting.
    const bool hidden = text.starts_with("NOPERM") || text.starts_with("ERR unknown command");
    if (!hidden) return ReplyStatus(reply);
    telemetry::LogWarning("redis does not tell its maxmemory-policy; it must be noeviction",
                          {{"redis", config::FormatServer(address_)}});
    return {};
  }
  if (reply.elements != 2) return {};
  const std::string_view policy = ReplyText(*reply.element[1]);
  if (policy == "noeviction") return {};
  return FailedPrecondition(
      "BROKER_MAY_EVICT",
      fmt::format("Redis at {} has maxmemory-policy {}, which throws messages away; set it to noeviction",
                  config::FormatServer(address_), policy));
}

void RedisConnection::Append(std::span<const std::string_view> arguments) {
  EncodeCommand(output_, arguments);
  ++collected_;
}

void RedisConnection::AppendEncoded(std::string_view command) {
  output_ += command;
  ++collected_;
}

int RedisConnection::fd() const {
  return context_ == nullptr ? -1 : context_->fd;
}

Status RedisConnection::Send() {
  const int appended = redisAppendFormattedCommand(context_, output_.data(), output_.size());
  output_.clear();
  if (output_.capacity() > kOutputKeptBytes) output_.shrink_to_fit();
  collected_ = 0;
  if (appended != REDIS_OK) return Broken(context_->errstr);
  int done = 0;
  while (done == 0) {
    if (redisBufferWrite(context_, &done) != REDIS_OK) return Broken(context_->errstr);
  }
  return {};
}

Result<RedisReply> RedisConnection::ReadReply(std::chrono::milliseconds timeout, int interrupt_fd) {
  while (true) {
    void* reply = nullptr;
    if (redisGetReplyFromReader(context_, &reply) != REDIS_OK) return Broken(context_->errstr);
    if (reply != nullptr) return RedisReply(static_cast<redisReply*>(reply));

    std::array<pollfd, 2> fds = {pollfd{.fd = context_->fd, .events = POLLIN, .revents = 0},
                                 pollfd{.fd = interrupt_fd, .events = POLLIN, .revents = 0}};
    const int ready = poll(fds.data(), fds.size(), static_cast<int>(timeout.count()));
    if (ready < 0 && errno != EINTR) return Broken(std::strerror(errno));
    if (ready == 0) return Broken(fmt::format("no answer within {} ms", timeout.count()));
    if (ready < 0) continue;
    if (fds[0].revents != 0) {
      if (redisBufferRead(context_) != REDIS_OK) return Broken(context_->errstr);
    } else {
      Close();
      return RedisReply();
    }
  }
}

Result<std::vector<RedisReply>> RedisConnection::Exchange() {
  const int count = collected_;
  QUARTET_RETURN_IF_ERROR(Send());
  std::vector<RedisReply> replies;
  replies.reserve(static_cast<std::size_t>(count));
  bool must_close = false;
  for (int i = 0; i < count; ++i) {
    QUARTET_ASSIGN_OR_RETURN(RedisReply reply, ReadReply());
    must_close = must_close || (reply->type == REDIS_REPLY_ERROR && ReplyText(*reply).starts_with("READONLY"));
    replies.push_back(std::move(reply));
  }
  // A replica, since a failover: the same name may lead to the new primary.
  if (must_close) Close();
  return replies;
}

Result<RedisReply> RedisConnection::Command(std::initializer_list<std::string_view> arguments) {
  Append(arguments);
  QUARTET_ASSIGN_OR_RETURN(std::vector<RedisReply> replies, Exchange());
  QUARTET_RETURN_IF_ERROR(ReplyStatus(*replies.front()));
  return std::move(replies.front());
}

Result<std::vector<RedisReply>> RedisConnection::ExchangeBlocking(std::chrono::milliseconds block, int interrupt_fd) {
  const int count = collected_;
  QUARTET_RETURN_IF_ERROR(Send());
  std::vector<RedisReply> replies;
  replies.reserve(static_cast<std::size_t>(count));
  for (int i = 1; i < count; ++i) {
    QUARTET_ASSIGN_OR_RETURN(RedisReply reply, ReadReply());
    replies.push_back(std::move(reply));
  }
  QUARTET_ASSIGN_OR_RETURN(RedisReply last, ReadReply(block + options_.command_timeout, interrupt_fd));
  replies.push_back(std::move(last));
  return replies;
}

}  // namespace quartet::events
