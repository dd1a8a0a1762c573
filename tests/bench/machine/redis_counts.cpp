#include "tests/bench/machine/redis_counts.h"

#include <sstream>

namespace quartet::bench {

Counts RedisCounts(const test::RedisServer& redis) {
  Counts counts;
  // "cmdstat_xadd:calls=7,usec=…"
  std::istringstream commands(redis.Command({"INFO", "commandstats"}));
  for (std::string line; std::getline(commands, line);) {
    const auto colon = line.find(":calls=");
    if (!line.starts_with("cmdstat_") || colon == std::string::npos) continue;
    const std::string command = line.substr(8, colon - 8);
    if (command == "info" || command == "ping" || command.starts_with("config")) continue;
    counts["redis commands: " + command] = std::stod(line.substr(colon + 7));
  }
  std::istringstream stats(redis.Command({"INFO", "stats"}));
  for (std::string line; std::getline(stats, line);) {
    const auto value = line.find(':') + 1;
    if (line.starts_with("total_net_input_bytes:")) counts["redis bytes in"] = std::stod(line.substr(value));
    if (line.starts_with("total_net_output_bytes:")) counts["redis bytes out"] = std::stod(line.substr(value));
  }
  return counts;
}

}  // namespace quartet::bench
