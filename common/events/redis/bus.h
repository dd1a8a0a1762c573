#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "common/config/redis_address.h"
#include "common/events/bus.h"

namespace quartet::events {

class RedisClient;

struct RedisOptions {
  config::RedisAddress address = {};
  // Streams per topic. May be raised from one start to the next, not lowered; all
  // processes are to be started with the same.
  int partitions = 4;
  std::chrono::milliseconds connect_timeout{2'000};
  // How long Redis may be silent on a command before the connection counts as
  // broken; the time that a read is meant to block comes on top.
  std::chrono::milliseconds command_timeout{5'000};
};

// Whether this build can do what `options` ask for. Errors: FAILED_PRECONDITION
// BROKER_NO_TLS.
Status CheckOptions(const RedisOptions& options);

// Redis Streams behind the Bus port. What lies in Redis:
//   quartet:{<topic>.<partition>/<partitions>}  stream; partition = FNV-1a(subject) % partitions
//     an entry's fields: specversion id type source subject time [traceparent] [carriage] data;
//     carriage is "resent" or "joined" where the sender sends it again (Carriage)
//   the same with :dead            stream of dead letters: the same fields, and group, error; the newest
//   the same with :marker          string: the marker's value
//   the same with :marker:<token>  string, for a day: a marker that is being made
//   quartet:{partitions}           string: how many partitions there are and were (redis/layout.h)
// All keys of a partition share its tag, so that they lie in one slot of a cluster.
// Publishing, trimming and markers share one client (redis/servers/client.h) under a lock;
// each subscription has its own. A client connects when it is first needed and
// again after a connection broke. The process must not die of SIGPIPE: where nobody has
// set its disposition the first bus lets it be ignored.
class RedisBus final : public Bus {
 public:
  explicit RedisBus(RedisOptions options);
  ~RedisBus() override;

  // Whether Redis can be reached and is fit for use: no master is set to evict, nor a
  // replica that may become one, and topics have no more partitions there than here.
  // Errors: as Publish.
  Status Check();

  Status Publish(std::span<const Message> messages) override;
  int PartitionOf(const std::string& topic, std::string_view key) const override;
  std::unique_ptr<Subscription> Subscribe(const std::string& topic, const std::string& group,
                                          const std::string& consumer) override;
  Status Trim(const std::string& topic, std::chrono::milliseconds max_age) override;
  Result<Marker> ReadMarker(const std::string& topic) override;
  Result<bool> AdvanceMarker(const std::string& topic, std::int64_t value) override;
  Status BeginMarker(const std::string& topic, const std::string& token) override;
  Result<bool> SetMarker(const std::string& topic, const std::string& token, std::int64_t value) override;

 private:
  // A connection, and agreement on the partitions.
  Status Connect();
  Status Agree();
  std::vector<std::string> Keys(const std::string& topic) const;

  const RedisOptions options_;
  std::mutex mutex_;
  // The rest is guarded by mutex_.
  std::unique_ptr<RedisClient> client_;
  std::vector<int> counts_;             // of partitions, newest first
  std::set<std::string> carried_over_;  // topics, where there are former counts
};

}  // namespace quartet::events
