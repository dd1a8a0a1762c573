#pragma once

#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/support/suite/clients.h"

namespace quartet::test {

// All that the five services list, by name.
struct SuiteRecords {
  std::map<std::string, lead::v1::Lead> leads;
  std::map<std::string, contact::v1::Contact> contacts;
  std::map<std::string, account::v1::Account> accounts;
  std::map<std::string, opportunity::v1::Opportunity> opportunities;
  std::map<std::string, qualification::v1::Qualification> qualifications;
};

// A call that failed where nothing can go on without its answer.
class CallFailed : public std::runtime_error {
 public:
  explicit CallFailed(Error error) : std::runtime_error(ToString(error)), error_(std::move(error)) {}
  const Error& error() const { return error_; }

 private:
  Error error_;
};

// Reads the lists page by page. Throws CallFailed.
SuiteRecords ReadRecords(SuiteClients& clients);

// Single lists, filtered as the service's List method says.
std::map<std::string, lead::v1::Lead> ListLeads(SuiteClients& clients, const std::string& filter = "");
std::map<std::string, contact::v1::Contact> ListContacts(SuiteClients& clients);
std::map<std::string, account::v1::Account> ListAccounts(SuiteClients& clients);
std::map<std::string, opportunity::v1::Opportunity> ListOpportunities(SuiteClients& clients);

// Every place where conversions are not whole: a QUALIFIED lead whose three are
// not there or do not name it back, a record that names a lead which is not
// QUALIFIED or does not name it, a lead that was converted more than once, one
// that is not QUALIFIED and yet names records, a qualification that is not
// decided. For suites that nothing was deleted in.
std::vector<std::string> Contradictions(const SuiteRecords& records);

// Names of records that are in only one of the two, or differ.
std::vector<std::string> Differences(const SuiteRecords& before, const SuiteRecords& after);

}  // namespace quartet::test
