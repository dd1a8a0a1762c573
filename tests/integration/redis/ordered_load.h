#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "common/events/bus.h"

namespace quartet::test {

// One publisher and one consumer at work on a topic until told to stop, as relay and
// consumer are: what fails is tried again. Each subject's messages carry a number that
// counts up, so that it shows when one comes too late or is missing.
class OrderedLoad {
 public:
  // Both buses must outlive the load.
  OrderedLoad(events::Bus& publishers, events::Bus& consumers, std::string topic);
  ~OrderedLoad();
  OrderedLoad(const OrderedLoad&) = delete;
  OrderedLoad& operator=(const OrderedLoad&) = delete;

  // Messages that the broker has confirmed, and different ones that came.
  std::int64_t confirmed() const { return confirmed_; }
  std::int64_t arrived() const { return arrived_; }
  // Waits until so many more have made the whole way; whether they did.
  bool Passed(std::int64_t more);

  // No more is published; whether all that was confirmed has come then.
  bool Drain();
  // Messages that came for the first time after a later one of their subject.
  std::vector<std::string> overtaken();
  std::int64_t failures() const { return failures_; }

 private:
  void Publish();
  void Consume();
  void Note(const events::Message& message);

  events::Bus& publishers_;
  events::Bus& consumers_;
  const std::string topic_;
  std::atomic<bool> publishing_ = true;
  std::atomic<bool> consuming_ = true;
  std::atomic<std::int64_t> confirmed_ = 0;
  std::atomic<std::int64_t> arrived_ = 0;
  std::atomic<std::int64_t> failures_ = 0;
  std::mutex mutex_;
  std::map<std::string, std::int64_t> newest_;  // of each subject, guarded by mutex_
  std::map<std::string, std::vector<bool>> seen_;
  std::vector<std::string> overtaken_;
  std::thread publisher_;
  std::thread consumer_;
};

}  // namespace quartet::test
