#include "tests/e2e/lead_making.h"

#include <atomic>
#include <future>
#include <stdexcept>

#include <fmt/core.h>

namespace quartet::test {

using lead::v1::Lead;

Lead MakeLead(int number) {
  Lead lead;
  lead.mutable_person()->set_given_name("Ada");
  lead.mutable_person()->set_family_name(fmt::format("Person{:05}", number));
  lead.add_emails()->set_address(fmt::format("ada.person{:05}@firm{:05}.example", number, number));
  lead.add_phones()->set_number(fmt::format("+49 30 {:07}", 1'000'000 + number));
  lead.set_company(fmt::format("Firm {:05}", number));
  lead.set_website(fmt::format("www.firm{:05}.example", number));
  return lead;
}

std::string CreateLead(SuiteClients& clients, const Lead& lead) {
  lead::v1::CreateLeadRequest request;
  *request.mutable_lead() = lead;
  request.set_request_id(NewRequestId());
  const auto created = Call(*clients.leads, &lead::v1::LeadService::Stub::CreateLead, request);
  if (!created.ok()) throw std::runtime_error(ToString(created.error()));
  return created->name();
}

std::vector<std::string> CreateLeads(SuiteClients& clients, int first, int count) {
  std::vector<std::string> names(static_cast<std::size_t>(count));
  RunOnThreads(16, count,
               [&](int i) { names[static_cast<std::size_t>(i)] = CreateLead(clients, MakeLead(first + i)); });
  return names;
}

void RunOnThreads(int threads, int count, const std::function<void(int)>& task) {
  std::atomic<int> next = 0;
  std::vector<std::future<void>> running;
  running.reserve(static_cast<std::size_t>(threads));
  for (int i = 0; i < threads; ++i) {
    running.push_back(std::async(std::launch::async, [&] {
      for (int number = next++; number < count; number = next++) task(number);
    }));
  }
  for (auto& thread : running) thread.wait();
  for (auto& thread : running) thread.get();
}

}  // namespace quartet::test
