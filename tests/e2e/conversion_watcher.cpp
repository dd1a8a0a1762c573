#include "tests/e2e/conversion_watcher.h"

#include <algorithm>
#include <set>

#include <fmt/core.h>

#include "tests/support/suite/records.h"

namespace quartet::test {
namespace {

using account::v1::AccountService;
using contact::v1::ContactService;
using lead::v1::Lead;
using lead::v1::LeadService;
using opportunity::v1::OpportunityService;

constexpr std::size_t kBatchMax = 1'000;

bool Names(const Lead& lead, const std::string& record) {
  const auto& opportunities = lead.opportunities();
  return lead.contact() == record || lead.account() == record ||
         std::find(opportunities.begin(), opportunities.end(), record) != opportunities.end();
}

// The error of reading `names` in one call, by name; "" if all are there.
// Throws CallFailed if that cannot be known.
template <class Request, class Stub, class Method>
std::string MissingOf(Stub& stub, Method method, const std::set<std::string>& names) {
  if (names.empty()) return "";
  Request request;
  for (const std::string& name : names) request.add_names(name);
  const auto answer = Call(stub, method, request);
  if (!answer.ok() && answer.error().code != Code::kNotFound) throw CallFailed(answer.error());
  return answer.ok() ? "" : ToString(answer.error());
}

}  // namespace

ConversionWatcher::ConversionWatcher(SuiteClients& clients, std::vector<std::string> leads)
    : clients_(clients), leads_(std::move(leads)) {}

void ConversionWatcher::Take(Look look) {
  try {
    (this->*look)();
  } catch (const CallFailed& failed) {
    if (failed.error().code == Code::kUnavailable) {
      ++interrupted_;
    } else {
      violations_.push_back(failed.what());
    }
  }
}

std::vector<Lead> ConversionWatcher::ReadLeads(const std::vector<std::string>& names) {
  std::vector<Lead> leads;
  for (std::size_t begin = 0; begin < names.size(); begin += kBatchMax) {
    lead::v1::BatchGetLeadsRequest request;
    for (std::size_t i = begin; i < std::min(begin + kBatchMax, names.size()); ++i) request.add_names(names[i]);
    const auto answer = Call(*clients_.leads, &LeadService::Stub::BatchGetLeads, request);
    if (!answer.ok()) throw CallFailed(answer.error());
    leads.insert(leads.end(), answer->leads().begin(), answer->leads().end());
  }
  return leads;
}

void ConversionWatcher::NoteProgress(std::size_t qualified) {
  qualified_ = qualified;
  if (qualified > 0 && qualified < leads_.size()) ++looks_in_the_middle_;
}

void ConversionWatcher::FollowLeads() {
  std::set<std::string> contacts;
  std::set<std::string> accounts;
  std::set<std::string> opportunities;
  std::size_t qualified = 0;
  for (const Lead& lead : ReadLeads(leads_)) {
    if (lead.state() != Lead::STATE_QUALIFIED) continue;
    ++qualified;
    contacts.insert(lead.contact());
    accounts.insert(lead.account());
    opportunities.insert(lead.opportunities().begin(), lead.opportunities().end());
  }
  NoteProgress(qualified);
  for (const std::string& missing :
       {MissingOf<contact::v1::BatchGetContactsRequest>(*clients_.contacts, &ContactService::Stub::BatchGetContacts,
                                                        contacts),
        MissingOf<account::v1::BatchGetAccountsRequest>(*clients_.accounts, &AccountService::Stub::BatchGetAccounts,
                                                        accounts),
        MissingOf<opportunity::v1::BatchGetOpportunitiesRequest>(
            *clients_.opportunities, &OpportunityService::Stub::BatchGetOpportunities, opportunities)}) {
    if (!missing.empty()) violations_.push_back("FollowLeads: " + missing);
  }
}

template <class Records>
void ConversionWatcher::FollowRecords(const Records& records) {
  std::vector<std::string> names;
  std::vector<std::string> children;
  for (const auto& [name, record] : records) {
    if (record.lead().empty()) continue;
    names.push_back(record.lead());
    children.push_back(name);
  }
  const auto leads = ReadLeads(names);
  for (std::size_t i = 0; i < leads.size(); ++i) {
    if (leads[i].state() == Lead::STATE_QUALIFIED && Names(leads[i], children[i])) continue;
    violations_.push_back(fmt::format("FollowChildren: {} is there, but {} is {}", children[i], leads[i].name(),
                                      Lead::State_Name(leads[i].state())));
  }
}

void ConversionWatcher::FollowChildren() {
  FollowRecords(ListContacts(clients_));
  FollowRecords(ListAccounts(clients_));
  FollowRecords(ListOpportunities(clients_));
}

void ConversionWatcher::CompareLists() {
  const auto qualified = ListLeads(clients_, "state = QUALIFIED");
  const auto contacts = ListContacts(clients_);
  const auto accounts = ListAccounts(clients_);
  const auto opportunities = ListOpportunities(clients_);
  const auto open = ListLeads(clients_, "state = OPEN");
  // Others may have been converted before.
  NoteProgress(static_cast<std::size_t>(
      std::ranges::count_if(leads_, [&](const std::string& lead) { return qualified.contains(lead); })));
  for (const auto& [name, lead] : qualified) {
    bool is_whole = contacts.contains(lead.contact()) && accounts.contains(lead.account());
    for (const std::string& opportunity : lead.opportunities()) is_whole &= opportunities.contains(opportunity);
    if (!is_whole) violations_.push_back(fmt::format("CompareLists: {} is listed without its three", name));
    if (open.contains(name)) violations_.push_back(fmt::format("CompareLists: {} is listed as OPEN again", name));
  }
}

WatchParty::WatchParty(SuiteClients& clients, const std::vector<std::string>& leads)
    : watchers_(3, ConversionWatcher(clients, leads)) {
  const ConversionWatcher::Look looks[] = {&ConversionWatcher::FollowLeads, &ConversionWatcher::FollowChildren,
                                           &ConversionWatcher::CompareLists};
  for (std::size_t i = 0; i < watchers_.size(); ++i) {
    threads_.emplace_back([this, &watcher = watchers_[i], look = looks[i]] {
      while (!over_) watcher.Take(look);
      watcher.Take(look);
    });
  }
}

WatchParty::~WatchParty() {
  Stop();
}

const std::vector<ConversionWatcher>& WatchParty::Stop() {
  over_ = true;
  threads_.clear();
  return watchers_;
}

}  // namespace quartet::test
