#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

namespace quartet::bench {

// A thread that does something with each item it is given, in their order. One other thread uses the object.
template <class Item>
class Handover {
 public:
  // `most`: items that may wait.
  Handover(std::size_t most, std::function<void(const Item&)> work)
      : most_(most), work_(std::move(work)), thread_([this] { Run(); }) {}
  ~Handover() { End(); }
  Handover(const Handover&) = delete;
  Handover& operator=(const Handover&) = delete;

  // Waits for room.
  void Give(Item item) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return items_.size() < most_ || failure_ != nullptr; });
    if (failure_ == nullptr) items_.push_back(std::move(item));
    changed_.notify_all();
  }

  // Returns when all is done; throws what the work has thrown, after which nothing was done any more.
  void Finish() {
    End();
    if (failure_ != nullptr) std::rethrow_exception(failure_);
  }

 private:
  void End() {
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
  }

  void Run() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return ended_ || !items_.empty(); });
      if (items_.empty()) return;
      const Item item = std::move(items_.front());
      items_.pop_front();
      changed_.notify_all();
      lock.unlock();
      try {
        work_(item);
        lock.lock();
      } catch (...) {
        lock.lock();
        failure_ = std::current_exception();
        items_.clear();
        changed_.notify_all();
        return;
      }
    }
  }

  const std::size_t most_;
  const std::function<void(const Item&)> work_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Item> items_;
  std::exception_ptr failure_;
  bool ended_ = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace quartet::bench
