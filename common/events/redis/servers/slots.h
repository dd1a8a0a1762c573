#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/config/address.h"

struct redisReply;

// Where a key lies in a Redis Cluster, as its specification has it.
namespace quartet::events {

inline constexpr int kSlots = 16'384;

// CRC16 (XMODEM) of the key, or of what it has between its first { and the next },
// modulo kSlots.
int SlotOf(std::string_view key);

struct SlotRange {
  int first = 0;
  int last = 0;  // included
  config::Address master;
  std::vector<config::Address> replicas;
};

// The answer to CLUSTER SLOTS by the server at `asked`, whose host stands for those
// that it does not know. Nothing if it is of another form.
std::optional<std::vector<SlotRange>> ParseSlots(const redisReply& reply, const config::Address& asked);

// An error reply that sends a command elsewhere.
struct Redirect {
  bool ask = false;  // for this command alone: the slot is under way; otherwise it has moved
  int slot = 0;
  config::Address server;
};

// "MOVED 3999 127.0.0.1:6381" or "ASK …", from the server at `asked`; nothing for any
// other text.
std::optional<Redirect> ParseRedirect(std::string_view error, const config::Address& asked);

}  // namespace quartet::events
