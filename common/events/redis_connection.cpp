#include "common/events/redis_connection.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

#include <fmt/format.h>
#include <hiredis/hiredis.h>

#include "common/telemetry/log.h"

namespace quartet::events {
namespace {

constexpr std::chrono::milliseconds kRetryAfter{200};
// Above this the buffer's memory is given back after a send.
constexpr std::size_t kOutputKeptBytes = 1 << 20;

timeval ToTimeval(std::chrono::milliseconds duration) {
  return timeval{.tv_sec = duration.count() / 1000, .tv_usec = (duration.count() % 1000) * 1000};
}

void AppendLength(std::string& output, char type, std::size_t length) {
  std::array<char, 24> digits;
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), length);
  output += type;
  output.append(digits.data(), end);
  output += "\r\n";
}

}  // namespace

void RedisReplyDeleter::operator()(redisReply* reply) const {
  freeReplyObject(reply);
}

Error BrokerUnavailable(std::string message) {
  return Unavailable("BROKER_UNAVAILABLE", std::move(message), kRetryAfter);
}

Status ReplyStatus(const redisReply& reply) {
  if (reply.type != REDIS_REPLY_ERROR) return {};
  const std::string_view text(reply.str, reply.len);
  if (text.starts_with("NOGROUP") || text.starts_with("UNBLOCKED") || text.starts_with("ERR no such key")) {
    return NotFound("BROKER_NO_GROUP", std::string(text));
  }
  return BrokerUnavailable(fmt::format("Redis refuses: {}", text));
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
  std::string message = fmt::format("Redis at {}:{}: {}", options_.host, options_.port, what);
  Close();
  return BrokerUnavailable(std::move(message));
}

Status RedisConnection::EnsureConnected(bool* is_new) {
  if (is_new != nullptr) *is_new = context_ == nullptr;
  if (context_ != nullptr) return {};
  context_ = redisConnectWithTimeout(options_.host.c_str(), options_.port, ToTimeval(options_.connect_timeout));
  if (context_ == nullptr) return Broken("out of memory");
  if (context_->err != 0) return Broken(context_->errstr);
  if (redisSetTimeout(context_, ToTimeval(options_.command_timeout)) != REDIS_OK) return Broken(context_->errstr);
  if (redisEnableKeepAlive(context_) != REDIS_OK) return Broken(context_->errstr);
  if (Status policy = CheckPolicy(); !policy.ok()) {
    Close();
    return policy;
  }
  return {};
}

Status RedisConnection::CheckPolicy() {
  Append({"CONFIG", "GET", "maxmemory-policy"});
  QUARTET_ASSIGN_OR_RETURN(const std::vector<RedisReply> replies, Exchange());
  const redisReply& reply = *replies.front();
  if (reply.type == REDIS_REPLY_ERROR) {
    const std::string_view text(reply.str, reply.len);
    // Refused for good, where operators hide CONFIG: they answer for the setting.
    const bool hidden = text.starts_with("NOPERM") || text.starts_with("ERR unknown command");
    if (!hidden) return ReplyStatus(reply);
    telemetry::LogWarning("redis does not tell its maxmemory-policy; it must be noeviction",
                          {{"redis", fmt::format("{}:{}", options_.host, options_.port)}});
    return {};
  }
  if (reply.elements != 2) return {};
  const std::string_view policy(reply.element[1]->str, reply.element[1]->len);
  if (policy == "noeviction") return {};
  return FailedPrecondition("BROKER_MAY_EVICT",
                            fmt::format("Redis at {}:{} has maxmemory-policy {}, which throws messages away; set it to "
                                        "noeviction",
                                        options_.host, options_.port, policy));
}

void RedisConnection::Append(std::span<const std::string_view> arguments) {
  AppendLength(output_, '*', arguments.size());
  for (const std::string_view argument : arguments) {
    AppendLength(output_, '$', argument.size());
    output_ += argument;
    output_ += "\r\n";
  }
  ++collected_;
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
    QUARTET_ASSIGN_OR_RETURN(RedisReply reply, ReadReply(options_.command_timeout, -1));
    if (reply->type == REDIS_REPLY_ERROR && std::string_view(reply->str, reply->len).starts_with("READONLY")) {
      must_close = true;
    }
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

Result<RedisReply> RedisConnection::ExchangeBlocking(std::chrono::milliseconds block, int interrupt_fd) {
  QUARTET_RETURN_IF_ERROR(Send());
  return ReadReply(block + options_.command_timeout, interrupt_fd);
}

}  // namespace quartet::events
