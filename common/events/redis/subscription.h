#pragma once

#include <chrono>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/events/bus.h"
#include "common/events/redis/bus.h"
#include "common/events/redis/read_size.h"
#include "common/events/redis/servers/client.h"
#include "common/events/redis/waiting_reads.h"

namespace quartet::events {

// A consumer of one topic with connections of its own. One server is read by one
// command that waits for all partitions. It may be interrupted, which gives up the
// connection: what Redis had begun to hand over is read again first thing on the next
// one, like everything that this consumer holds unacknowledged. A cluster refuses
// commands that span slots: there each partition is read by itself, pipelined by
// server, and if there is nothing a read waits for each (redis/waiting_reads.h).
class RedisSubscription final : public Subscription {
 public:
  RedisSubscription(const RedisOptions& options, std::string topic, std::string group, std::string consumer);
  ~RedisSubscription() override;

  void Take(Share share) override;
  Result<std::vector<Delivery>> Receive(int max, std::chrono::milliseconds timeout) override;
  Result<std::vector<Delivery>> Reclaim(int max, std::chrono::milliseconds min_idle) override;
  Status Hold(std::span<const Delivery> deliveries) override;
  Status Settle(std::span<const Delivery> finished, std::span<const Message> replies) override;
  Result<std::vector<Delivery>> SettleAndReceive(std::span<const Delivery> finished, std::span<const Message> replies,
                                                 int max, std::chrono::milliseconds timeout) override;
  Status Bury(const Delivery& delivery, const Error& error) override;
  void Interrupt() override;

 private:
  struct Partition {
    std::string key;
    int number = 0;     // of as many
    int of = 0;         // as there are with this count
    bool mine = false;  // in this consumer's share, and of the count that is read now
    // How far this consumer's own pending entries have been read, while reading
    // them; empty once that is done.
    std::string history_cursor;
    std::string reclaim_cursor;
  };

  // A connection whose groups exist.
  Status Prepare();
  Status Begin();
  void ListPartitions();
  Status CreateGroups();
  // While the topic has former streams that are not empty for the group, reads those,
  // the oldest first; see redis/layout.h.
  bool reads_former() const { return counts_[reading_] != counts_.front(); }
  Status GoOnIfDrained();
  // Reads from now on the streams of the count at `reading`.
  void Read(std::size_t reading);
  // The error of a reply; a missing group is made again first.
  Status Check(const redisReply& reply);
  bool TakeInterrupt();
  int CountPerPartition(int max) const;
  // Waits like a Receive that finds nothing.
  void WaitIdle(std::chrono::milliseconds timeout);

  // Whether all that a Receive needs is one command to one server.
  bool receives_at_once();
  // Sends what was collected, too.
  Result<std::vector<Delivery>> ReceiveFromServer(RedisConnection& connection, int max,
                                                  std::chrono::milliseconds timeout);
  Result<std::vector<Delivery>> ReceiveFromCluster(int asked, std::chrono::milliseconds timeout);
  // Adds what an XREADGROUP of new messages gave.
  Status CollectStreams(const redisReply& reply, std::vector<Delivery>& deliveries);
  // One piece of this consumer's own pending entries; none when all are read.
  Result<std::vector<Delivery>> ReceiveHistory(int max);
  // One XAUTOCLAIM for each partition that still has some to look at.
  Status ReclaimRound(const std::string& count, const std::string& min_idle, std::vector<bool>& finished,
                      std::vector<Delivery>& claimed);
  // Adds the messages of `entries` to `deliveries`; acknowledges those that the
  // stream no longer has, and seals.
  Status Collect(const redisReply& entries, const Partition& partition, std::vector<Delivery>& deliveries);
  Status ReadDeliveryCounts(std::vector<Delivery>& deliveries);
  Status CollectSettling(std::span<const Delivery> finished, std::span<const Message> replies);
  // Collects `command key group [middle…] ids… [last]` for each partition's deliveries.
  void ForEachPartition(std::span<const Delivery> deliveries, std::string_view command,
                        std::initializer_list<std::string_view> middle, std::string_view last);
  // Sends what was collected, if anything; every reply must be good.
  Status ExchangeAll();

  const std::string topic_;
  const std::string group_;
  const std::string consumer_;
  std::vector<int> counts_;             // of partitions, newest first
  std::set<std::string> carried_over_;  // topics; see CarryOver
  std::size_t reading_ = 0;             // which of them is read now
  Share share_;
  std::vector<Partition> partitions_;  // with every count
  int mine_ = 0;                       // how many of them this consumer reads
  const std::unique_ptr<RedisClient> client_;
  ReadSize read_size_;
  WaitingReads waiting_reads_;  // in a cluster only
  int interrupt_fd_;
};

}  // namespace quartet::events
