#pragma once

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/suite/clients.h"

namespace quartet::test {

// What a reader of all four services sees while conversions run. Each method
// looks once and notes every case of half a conversion: a lead that is QUALIFIED
// while one of its three cannot be read, or is not in its list; a record whose
// lead is not QUALIFIED; a lead that was QUALIFIED and is listed as OPEN. What is
// implied is always read after what implies it, so that a conversion in between
// is no excuse. A look that finds a service out of reach (UNAVAILABLE) is given
// up and counted; any other call that fails is noted too. One thread uses it.
class ConversionWatcher {
 public:
  // `leads`: the names of those that are being converted.
  ConversionWatcher(SuiteClients& clients, std::vector<std::string> leads);

  // One of the looks below.
  using Look = void (ConversionWatcher::*)();
  // Takes that look.
  void Take(Look look);

  // Reads the leads by name, then the three of each by name.
  void FollowLeads();
  // Reads the lists of the three, then by name the leads they came from.
  void FollowChildren();
  // Reads the list of QUALIFIED leads, then the lists of the three and of OPEN leads.
  void CompareLists();

  // What was seen so far, each with the method's name in front.
  const std::vector<std::string>& violations() const { return violations_; }
  // Looks that were given up.
  int interrupted() const { return interrupted_; }
  // Looks that found some leads converted and others not.
  int looks_in_the_middle() const { return looks_in_the_middle_; }
  // Leads seen QUALIFIED at the last look.
  std::size_t qualified() const { return qualified_; }

 private:
  std::vector<lead::v1::Lead> ReadLeads(const std::vector<std::string>& names);
  void NoteProgress(std::size_t qualified);
  template <class Records>
  void FollowRecords(const Records& records);

  SuiteClients& clients_;
  const std::vector<std::string> leads_;
  std::vector<std::string> violations_;
  int interrupted_ = 0;
  int looks_in_the_middle_ = 0;
  std::size_t qualified_ = 0;
};

// Watchers at work, each with one kind of look on a thread of its own, from the
// beginning to the end of this object or until told to stop.
class WatchParty {
 public:
  WatchParty(SuiteClients& clients, const std::vector<std::string>& leads);
  ~WatchParty();
  WatchParty(const WatchParty&) = delete;
  WatchParty& operator=(const WatchParty&) = delete;

  // Everybody takes one more look. What was seen by FollowLeads, FollowChildren
  // and CompareLists, in this order.
  const std::vector<ConversionWatcher>& Stop();

 private:
  std::vector<ConversionWatcher> watchers_;
  std::atomic<bool> over_ = false;
  std::vector<std::jthread> threads_;
};

}  // namespace quartet::test
