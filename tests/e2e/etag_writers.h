#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/suite/clients.h"

namespace quartet::test {

// Callers who change accounts by etag, each change with a marker of its own in the
// notes, while conversions attach to them: from the beginning to the end of this
// object or until told to stop. An etag must name one content for all of them, and no
// change that was acknowledged may be lost. Notes that grow long are begun anew, which
// is a change like others.
class EtagWriters {
 public:
  explicit EtagWriters(SuiteClients& clients, int threads = 2);
  ~EtagWriters();
  EtagWriters(const EtagWriters&) = delete;
  EtagWriters& operator=(const EtagWriters&) = delete;

  // Everybody ends, and the accounts are read once more. What went wrong.
  std::vector<std::string> Stop();
  // Changes that were acknowledged.
  int acknowledged() const { return acknowledged_; }

 private:
  // What is known of one account's notes: "beginning;[marker][marker]…".
  struct Notes {
    std::map<std::string, std::int64_t> markers;     // acknowledged, with the version that each made
    std::map<std::string, std::int64_t> beginnings;  // that were tried, with the version they were to replace
  };

  void Work(int thread);
  void ChangeOne(const std::string& name, const std::string& marker);
  // Looks at an account that somebody was shown.
  void Saw(const account::v1::Account& account);

  SuiteClients& clients_;
  std::atomic<bool> over_ = false;
  std::atomic<int> acknowledged_ = 0;
  std::mutex mutex_;
  // Guarded by mutex_.
  std::map<std::string, std::size_t> contents_;  // a digest, by name and etag
  std::map<std::string, Notes> notes_;           // by name
  std::vector<std::string> violations_;
  std::vector<std::jthread> threads_;
};

}  // namespace quartet::test
