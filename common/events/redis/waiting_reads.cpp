#include "common/events/redis/waiting_reads.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <hiredis/hiredis.h>

#include "common/events/redis/servers/slots.h"

namespace quartet::events {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// How much later than told a read may come back by itself.
constexpr milliseconds kGrace{50};
// How long the others wait on while one stream cannot be waited for, because it is on
// its way to another server.
constexpr milliseconds kUnderWay{20};

}  // namespace

WaitingReads::WaitingReads(const RedisOptions& options, RedisClient& client) : options_(options), client_(client) {}

Status WaitingReads::Open(const std::string& key, Place& place) {
  QUARTET_ASSIGN_OR_RETURN(const config::Address server, client_.ServerOf(key));
  if (place.connection.connected() && server == place.server) return {};
  QUARTET_RETURN_IF_ERROR(place.connection.Open(server));
  place.server = server;
  QUARTET_ASSIGN_OR_RETURN(const RedisReply id, place.connection.Command({"CLIENT", "ID"}));
  place.id = std::to_string(id->integer);
  return {};
}

Result<std::vector<RedisReply>> WaitingReads::Wait(const Reader& reader, std::span<const std::string_view> keys,
                                                   std::chrono::milliseconds timeout, int interrupt_fd) {
  // Streams that are read no longer.
  std::erase_if(places_,
                [&](const auto& place) { return std::find(keys.begin(), keys.end(), place.first) == keys.end(); });
  std::vector<RedisReply> found;
  const auto wait = [&]() -> Status {
    QUARTET_RETURN_IF_ERROR(Begin(reader, keys, timeout));
    QUARTET_RETURN_IF_ERROR(WaitForFirst(timeout, interrupt_fd, found));
    return End(found);
  };
  if (Status waited = wait(); !waited.ok()) {
    // No reply may be taken for that of a later read.
    places_.clear();
    return std::move(waited).error();
  }
  return found;
}

Status WaitingReads::Begin(const Reader& reader, std::span<const std::string_view> keys,
                           std::chrono::milliseconds timeout) {
  const std::string block = std::to_string(timeout.count());
  for (const std::string_view key : keys) {
    auto& [name, place] = *places_.try_emplace(std::string(key)).first;
    if (place == nullptr) place = std::make_unique<Place>(options_);
    QUARTET_RETURN_IF_ERROR(Open(name, *place));
    place->connection.Append({"XREADGROUP", "GROUP", reader.group, reader.consumer, "COUNT", reader.count, "BLOCK",
                              block, "STREAMS", key, ">"});
    QUARTET_RETURN_IF_ERROR(place->connection.Send());
    place->waiting = true;
  }
  return {};
}

Status WaitingReads::WaitForFirst(milliseconds timeout, int interrupt_fd, std::vector<RedisReply>& found) {
  auto end = steady_clock::now() + timeout + kGrace;
  bool under_way = false;
  while (found.empty()) {
    std::vector<pollfd> fds = {{.fd = interrupt_fd, .events = POLLIN, .revents = 0}};
    std::vector<Place*> places;
    for (const auto& [key, place] : places_) {
      if (!place->waiting) continue;
      places.push_back(place.get());
      fds.push_back({.fd = place->connection.fd(), .events = POLLIN, .revents = 0});
    }
    const auto left = std::chrono::ceil<milliseconds>(end - steady_clock::now());
    if ((places.empty() && !under_way) || left.count() <= 0) return {};
    const int ready = poll(fds.data(), fds.size(), static_cast<int>(left.count()));
    if (ready < 0 && errno != EINTR) return BrokerUnavailable(std::strerror(errno));
    if (ready > 0 && fds.front().revents != 0) return {};
    for (std::size_t i = 0; ready > 0 && i < places.size(); ++i) {
      if (fds[i + 1].revents == 0) continue;
      QUARTET_ASSIGN_OR_RETURN(const bool failed, Take(*places[i], found));
      if (!failed) continue;
      under_way = true;
      end = std::min(end, steady_clock::now() + kUnderWay);
    }
  }
  return {};
}

Result<bool> WaitingReads::Take(Place& place, std::vector<RedisReply>& found) {
  QUARTET_ASSIGN_OR_RETURN(RedisReply reply, place.connection.ReadReply());
  place.waiting = false;
  const bool failed = reply->type == REDIS_REPLY_ERROR;
  if (reply->type == REDIS_REPLY_ARRAY) found.push_back(std::move(reply));
  return failed;
}

Status WaitingReads::End(std::vector<RedisReply>& found) {
  for (const auto& [key, place] : places_) {
    if (place->waiting) client_.Append(key, {"CLIENT", "UNBLOCK", place->id});
  }
  if (client_.collected_commands() == 0) return {};
  // Harmless for those that have come back meanwhile.
  QUARTET_ASSIGN_OR_RETURN(const std::vector<RedisReply> replies, client_.Exchange());
  for (const RedisReply& reply : replies) QUARTET_RETURN_IF_ERROR(ReplyStatus(*reply));
  for (const auto& [key, place] : places_) {
    if (place->waiting) {
      QUARTET_ASSIGN_OR_RETURN([[maybe_unused]] const bool failed, Take(*place, found));
    }
  }
  return {};
}

}  // namespace quartet::events
