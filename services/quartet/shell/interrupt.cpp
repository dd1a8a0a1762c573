#include "services/quartet/shell/interrupt.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "services/quartet/shell/exit_code.h"

namespace quartet::cli {

Interrupt::Interrupt() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal_fd_ = signalfd(-1, &signals, SFD_CLOEXEC);
  end_fd_ = eventfd(0, EFD_CLOEXEC);
  if (signal_fd_ < 0 || end_fd_ < 0) {
    std::perror("quartet: cannot wait for signals");
    std::abort();
  }
  thread_ = std::thread([this] { Run(); });
}

Interrupt::~Interrupt() {
  const std::uint64_t one = 1;
  if (write(end_fd_, &one, sizeof(one)) != sizeof(one)) std::abort();  // an eventfd at zero always takes a one
  thread_.join();
  close(signal_fd_);
  close(end_fd_);
}

void Interrupt::BePatient(std::string notice) {
  const std::lock_guard lock(mutex_);
  patient_ = true;
  notice_ = std::move(notice);
}

bool Interrupt::StopRequested() const {
  const std::lock_guard lock(mutex_);
  return signals_ > 0;
}

bool Interrupt::WaitFor(std::chrono::milliseconds duration) {
  std::unique_lock lock(mutex_);
  return !stopped_.wait_for(lock, duration, [this] { return signals_ > 0; });
}

void Interrupt::Run() {
  for (;;) {
    pollfd files[] = {{.fd = signal_fd_, .events = POLLIN, .revents = 0},
                      {.fd = end_fd_, .events = POLLIN, .revents = 0}};
    if (poll(files, 2, -1) < 0) continue;
    if (files[1].revents != 0) return;
    signalfd_siginfo received;
    if (read(signal_fd_, &received, sizeof(received)) == sizeof(received)) OnSignal();
  }
}

void Interrupt::OnSignal() {
  const std::lock_guard lock(mutex_);
  ++signals_;
  stopped_.notify_all();
  if (patient_ && signals_ == 1) {
    std::fputs(notice_.c_str(), stderr);
    return;
  }
  // Nothing in flight that could be given up (or it did not react): there is nobody else to end the process.
  if (watches_.empty() || cancelled_) _exit(kExitInterrupted);
  cancelled_ = true;
  for (const auto& cancel : watches_) cancel();
}

Interrupt::Watch::Watch(Interrupt& interrupt, std::function<void()> cancel) : interrupt_(interrupt) {
  const std::lock_guard lock(interrupt_.mutex_);
  if (interrupt_.cancelled_) cancel();
  position_ = interrupt_.watches_.insert(interrupt_.watches_.end(), std::move(cancel));
}

Interrupt::Watch::~Watch() {
  const std::lock_guard lock(interrupt_.mutex_);
  interrupt_.watches_.erase(position_);
}

}  // namespace quartet::cli
