#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <thread>

namespace quartet::cli {

// Turns Ctrl-C (SIGINT) and SIGTERM into orderly ends. A command that changes many records is patient: the first
// signal lets the batch in flight finish, so that the totals are exact; a second gives up what is in flight; a third
// ends the process. Other commands give up at the first. A thread of its own waits for the signals; everything here is
// safe to use from any thread.
class Interrupt {
 public:
  // Blocks both signals in this thread and thereby in all that it starts later: make it before gRPC starts threads.
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  // From now on the first signal only requests a stop, and `notice` is written to stderr.
  void BePatient(std::string notice);

  bool StopRequested() const;

  // Waits that long; false as soon as a stop is requested.
  bool WaitFor(std::chrono::milliseconds duration);

  // While it lives, `cancel` is called once when work in flight is to be given up; at once if that is so already.
  class Watch {
   public:
    Watch(Interrupt& interrupt, std::function<void()> cancel);
    ~Watch();
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

   private:
    Interrupt& interrupt_;
    std::list<std::function<void()>>::iterator position_;
  };

 private:
  void Run();
  void OnSignal();

  mutable std::mutex mutex_;
  std::condition_variable stopped_;
  std::list<std::function<void()>> watches_;
  std::string notice_;
  int signals_ = 0;
  bool patient_ = false;
  bool cancelled_ = false;
  int signal_fd_ = -1;
  int end_fd_ = -1;
  std::thread thread_;
};

}  // namespace quartet::cli
