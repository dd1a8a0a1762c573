#include "tests/bench/sections/call_requests.h"

#include <algorithm>
#include <random>
#include <stdexcept>

#include <fmt/core.h>

#include "quartet/lead/v1/service.pb.h"
#include "quartet/qualification/v1/service.pb.h"

namespace quartet::bench {
namespace {

constexpr int kLeads = 2'000;
constexpr int kPageSize = 50;
constexpr int kPages = 30;
constexpr int kListOfLeads = 3;
constexpr int kListOfCreates = 4;
constexpr double kCreatesPerSecondMax = 15'000;

}  // namespace

const CallMethod& MethodOf(std::string_view name) {
  return *std::ranges::find_if(kCallMethods, [&](const CallMethod& method) { return method.name == name; });
}

CallRequests::CallRequests(BenchSuite& suite, std::vector<std::string> stored)
    : suite_(suite), stored_(std::move(stored)), new_leads_(Companies::kShared, kListOfCreates) {
  MadeLeads leads(Companies::kShared, kListOfLeads);
  leads_ = suite.Import(leads, kLeads);
  std::ranges::shuffle(leads_, std::mt19937(1));
  if (stored_.empty()) stored_ = leads_;
  std::ranges::shuffle(stored_, std::mt19937(2));
  AddGets();
  AddUpdates();
  AddPages();
  AddBatches();
  AddPreviews();
}

const std::vector<std::string>& CallRequests::Of(const CallMethod& method, Duration length) {
  std::vector<std::string>& list = lists_[method.name];
  if (!method.repeatable) list = Creates(static_cast<int>(kCreatesPerSecondMax * length.count()));
  return list;
}

void CallRequests::AddGets() {
  for (const std::string& name : stored_) {
    lead::v1::GetLeadRequest request;
    request.set_name(name);
    lists_["GetLead"].push_back(request.SerializeAsString());
  }
}

// Twice through all leads, with other notes: whoever begins again finds notes to change.
void CallRequests::AddUpdates() {
  for (const char* notes : {"called back; wants the quote by friday", "called back; wants the quote by monday"}) {
    for (const std::string& name : leads_) {
      lead::v1::UpdateLeadRequest request;
      request.mutable_lead()->set_name(name);
      request.mutable_lead()->set_notes(notes);
      request.mutable_update_mask()->add_paths("notes");
      lists_["UpdateLead"].push_back(request.SerializeAsString());
    }
  }
}

// Pages that follow each other.
void CallRequests::AddPages() {
  const test::SuiteClients clients(suite_.processes());
  lead::v1::ListLeadsRequest request;
  request.set_page_size(kPageSize);
  for (int page = 0; page < kPages; ++page) {
    lists_["ListLeads"].push_back(request.SerializeAsString());
    const auto response = test::Call(*clients.leads, &lead::v1::LeadService::Stub::ListLeads, request);
    if (!response.ok()) throw std::runtime_error(fmt::format("ListLeads: {}", ToString(response.error())));
    if (response->next_page_token().empty()) break;
    request.set_page_token(response->next_page_token());
  }
}

void CallRequests::AddBatches() {
  lead::v1::BatchGetLeadsRequest request;
  for (const std::string& name : stored_) {
    request.add_names(name);
    if (request.names_size() < kPageSize) continue;
    lists_["BatchGetLeads"].push_back(request.SerializeAsString());
    request.Clear();
  }
}

void CallRequests::AddPreviews() {
  for (const std::string& name : leads_) {
    qualification::v1::PreviewQualificationRequest request;
    request.set_lead(name);
    lists_["PreviewQualification"].push_back(request.SerializeAsString());
  }
}

std::vector<std::string> CallRequests::Creates(int count) {
  std::vector<std::string> requests;
  for (int i = 0; i < count; ++i) {
    lead::v1::CreateLeadRequest request;
    *request.mutable_lead() = new_leads_.Next();
    request.set_request_id(test::NewRequestId());
    requests.push_back(request.SerializeAsString());
  }
  return requests;
}

}  // namespace quartet::bench
