#include "tests/support/suite/records.h"

#include <set>
#include <stdexcept>

#include <fmt/core.h>
#include <google/protobuf/util/message_differencer.h>

namespace quartet::test {
namespace {

using account::v1::Account;
using account::v1::AccountService;
using contact::v1::Contact;
using contact::v1::ContactService;
using lead::v1::Lead;
using lead::v1::LeadService;
using opportunity::v1::Opportunity;
using opportunity::v1::OpportunityService;
using qualification::v1::Qualification;
using qualification::v1::QualificationService;

// `records` gives the repeated field of one page.
template <class Record, class Stub, class Method, class Request, class Records>
std::map<std::string, Record> ReadPages(Stub& stub, Method method, Request request, Records records) {
  std::map<std::string, Record> found;
  request.set_page_size(1'000);
  do {
    auto page = Call(stub, method, request);
    if (!page.ok()) throw CallFailed(page.error());
    for (Record& record : *records(&*page)) {
      const std::string name = record.name();
      if (!found.emplace(name, std::move(record)).second) throw std::runtime_error(name + " is listed twice");
    }
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  return found;
}

std::map<std::string, Qualification> ListQualifications(SuiteClients& clients) {
  return ReadPages<Qualification>(*clients.qualifications, &QualificationService::Stub::ListQualifications,
                                  qualification::v1::ListQualificationsRequest(),
                                  [](auto* page) { return page->mutable_qualifications(); });
}

class Checker {
 public:
  explicit Checker(const SuiteRecords& records) : records_(records) {}

  std::vector<std::string> Check() {
    for (const auto& [name, qualification] : records_.qualifications) {
      if (qualification.state() == Qualification::COMMITTED) reverted_.insert(qualification.reverts());
    }
    for (const auto& [name, lead] : records_.leads) CheckLead(lead);
    for (const auto& [name, contact] : records_.contacts)
      CheckChild(contact, [&](const Lead& lead) {
        return lead.contact() == contact.name() && lead.account() == contact.account();
      });
    for (const auto& [name, account] : records_.accounts) {
      CheckChild(account, [&](const Lead& lead) { return lead.account() == account.name(); });
    }
    for (const auto& [name, opportunity] : records_.opportunities)
      CheckChild(opportunity, [&](const Lead& lead) {
        const auto& names = lead.opportunities();
        return std::find(names.begin(), names.end(), opportunity.name()) != names.end() &&
               lead.contact() == opportunity.contact() && lead.account() == opportunity.account();
      });
    for (const auto& [name, qualification] : records_.qualifications) CheckQualification(qualification);
    return std::move(found_);
  }

 private:
  void CheckLead(const Lead& lead) {
    if (lead.state() != Lead::STATE_QUALIFIED) {
      if (!lead.contact().empty() || !lead.account().empty() || !lead.opportunities().empty() ||
          !lead.qualification().empty()) {
        Add("{} is {} and yet names records", lead.name(), Lead::State_Name(lead.state()));
      }
      return;
    }
    if (!records_.contacts.contains(lead.contact())) Add("{} names the contact '{}'", lead.name(), lead.contact());
    if (lead.account().empty() != lead.company().empty()) {
      Add("{} has the company '{}' and the account '{}'", lead.name(), lead.company(), lead.account());
    }
    if (!lead.account().empty() && !records_.accounts.contains(lead.account())) {
      Add("{} names the account {}", lead.name(), lead.account());
    }
    if (lead.opportunities().empty()) Add("{} names no opportunity", lead.name());
    for (const std::string& name : lead.opportunities()) {
      const auto found = records_.opportunities.find(name);
      if (found == records_.opportunities.end() || found->second.lead() != lead.name()) {
        Add("{} names {}, which does not name it back", lead.name(), name);
      }
    }
    const auto found = records_.qualifications.find(lead.qualification());
    if (found == records_.qualifications.end() || found->second.state() != Qualification::COMMITTED ||
        reverted_.contains(lead.qualification())) {
      Add("{} was closed by '{}', which does not hold", lead.name(), lead.qualification());
    }
  }

  // `names_back`: whether the lead of this record names it.
  template <class Record, class NamesBack>
  void CheckChild(const Record& record, NamesBack names_back) {
    if (record.lead().empty()) return;  // created directly
    const auto lead = records_.leads.find(record.lead());
    if (lead == records_.leads.end() || lead->second.state() != Lead::STATE_QUALIFIED) {
      Add("{} names {}, which is not QUALIFIED", record.name(), record.lead());
    } else if (!names_back(lead->second)) {
      Add("{} names {}, which does not name it back", record.name(), record.lead());
    }
  }

  void CheckQualification(const Qualification& qualification) {
    if (qualification.state() == Qualification::ABORTED) return;
    if (qualification.state() != Qualification::COMMITTED) {
      Add("{} is still {}", qualification.name(), Qualification::State_Name(qualification.state()));
    } else if (qualification.kind() == Qualification::REVERT || reverted_.contains(qualification.name())) {
      // What became of the lead since is for other qualifications to tell.
    } else if (const auto lead = records_.leads.find(qualification.lead());
               lead == records_.leads.end() || lead->second.qualification() != qualification.name()) {
      Add("{} is committed, but did not close {}", qualification.name(), qualification.lead());
    }
  }

  template <class... Parts>
  void Add(fmt::format_string<Parts...> text, Parts&&... parts) {
    found_.push_back(fmt::format(text, std::forward<Parts>(parts)...));
  }

  const SuiteRecords& records_;
  std::set<std::string> reverted_;
  std::vector<std::string> found_;
};

template <class Records>
void Compare(const Records& before, const Records& after, std::vector<std::string>& differences) {
  for (const auto& [name, record] : before) {
    const auto found = after.find(name);
    if (found == after.end() || !google::protobuf::util::MessageDifferencer::Equals(record, found->second)) {
      differences.push_back(name);
    }
  }
  for (const auto& [name, record] : after) {
    if (!before.contains(name)) differences.push_back(name);
  }
}

}  // namespace

std::map<std::string, Lead> ListLeads(SuiteClients& clients, const std::string& filter) {
  lead::v1::ListLeadsRequest request;
  request.set_filter(filter);
  return ReadPages<Lead>(*clients.leads, &LeadService::Stub::ListLeads, request,
                         [](auto* page) { return page->mutable_leads(); });
}

std::map<std::string, Contact> ListContacts(SuiteClients& clients) {
  return ReadPages<Contact>(*clients.contacts, &ContactService::Stub::ListContacts, contact::v1::ListContactsRequest(),
                            [](auto* page) { return page->mutable_contacts(); });
}

std::map<std::string, Account> ListAccounts(SuiteClients& clients) {
  return ReadPages<Account>(*clients.accounts, &AccountService::Stub::ListAccounts, account::v1::ListAccountsRequest(),
                            [](auto* page) { return page->mutable_accounts(); });
}

std::map<std::string, Opportunity> ListOpportunities(SuiteClients& clients) {
  return ReadPages<Opportunity>(*clients.opportunities, &OpportunityService::Stub::ListOpportunities,
                                opportunity::v1::ListOpportunitiesRequest(),
                                [](auto* page) { return page->mutable_opportunities(); });
}

SuiteRecords ReadRecords(SuiteClients& clients) {
  return {.leads = ListLeads(clients),
          .contacts = ListContacts(clients),
          .accounts = ListAccounts(clients),
          .opportunities = ListOpportunities(clients),
          .qualifications = ListQualifications(clients)};
}

std::vector<std::string> Contradictions(const SuiteRecords& records) {
  return Checker(records).Check();
}

std::vector<std::string> Differences(const SuiteRecords& before, const SuiteRecords& after) {
  std::vector<std::string> differences;
  Compare(before.leads, after.leads, differences);
  Compare(before.contacts, after.contacts, differences);
  Compare(before.accounts, after.accounts, differences);
  Compare(before.opportunities, after.opportunities, differences);
  Compare(before.qualifications, after.qualifications, differences);
  return differences;
}

}  // namespace quartet::test
