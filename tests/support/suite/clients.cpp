#include "tests/support/suite/clients.h"

#include "common/base/clock.h"
#include "common/base/id_source.h"
#include "common/rpc/channel.h"
#include "tests/support/eventually.h"
#include "tests/support/suite/process.h"

namespace quartet::test {
namespace {

using qualification::v1::Qualification;
using qualification::v1::QualificationService;

constexpr std::chrono::seconds kTryLimit{2};
constexpr std::chrono::seconds kPatience{60};

bool OutcomeIsUnknown(const Error& error) {
  return error.code == Code::kUnavailable || error.code == Code::kDeadlineExceeded ||
         error.code == Code::kResourceExhausted;
}

}  // namespace

SuiteClients::SuiteClients(const Suite& suite)
    : leads(lead::v1::LeadService::NewStub(rpc::MakeChannel(suite.AddressOf("lead")))),
      contacts(contact::v1::ContactService::NewStub(rpc::MakeChannel(suite.AddressOf("contact")))),
      accounts(account::v1::AccountService::NewStub(rpc::MakeChannel(suite.AddressOf("account")))),
      opportunities(opportunity::v1::OpportunityService::NewStub(rpc::MakeChannel(suite.AddressOf("opportunity")))),
      qualifications(QualificationService::NewStub(rpc::MakeChannel(suite.AddressOf("qualification")))) {}

Result<Qualification> Qualify(SuiteClients& clients, const std::string& lead, const std::string& request_id,
                              std::chrono::milliseconds limit) {
  qualification::v1::QualifyLeadRequest request;
  request.set_lead(lead);
  request.set_request_id(request_id);
  QUARTET_ASSIGN_OR_RETURN(auto response,
                           Call(*clients.qualifications, &QualificationService::Stub::QualifyLead, request, limit));
  return std::move(*response.mutable_qualification());
}

Result<Qualification> QualifyPatiently(SuiteClients& clients, const std::string& lead, const std::string& request_id) {
  Result<Qualification> result = Error{};
  Eventually(
      [&] {
        result = Qualify(clients, lead, request_id, kTryLimit);
        return result.ok() || !OutcomeIsUnknown(result.error());
      },
      kPatience);
  return result;
}

std::string NewRequestId() {
  static const SystemClock clock;
  static UuidV7Source ids(clock);
  return ids.NewUuid();
}

}  // namespace quartet::test
