#pragma once

#include <string>
#include <vector>

#include "tests/support/suite_clients.h"

namespace quartet::test {

// What a reader of all four services sees while conversions run. Each method
// looks once and notes every case of half a conversion: a lead that is QUALIFIED
// while one of its three cannot be read, or is not in its list; a record whose
// lead is not QUALIFIED; a lead that was QUALIFIED and is listed as OPEN. What is
// implied is always read after what implies it, so that a conversion in between
// is no excuse. A call that fails is noted too. One thread uses it.
class ConversionWatcher {
 public:
  // `leads`: the names of those that are being converted.
  ConversionWatcher(SuiteClients& clients, std::vector<std::string> leads);

  // Reads the leads by name, then the three of each by name.
  void FollowLeads();
  // Reads the lists of the three, then by name the leads they came from.
  void FollowChildren();
  // Reads the list of QUALIFIED leads, then the lists of the three and of OPEN leads.
  void CompareLists();

  // What was seen so far, each with the method's name in front.
  const std::vector<std::string>& violations() const { return violations_; }
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
  int looks_in_the_middle_ = 0;
  std::size_t qualified_ = 0;
};

}  // namespace quartet::test
