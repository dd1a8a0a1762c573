#include "tests/integration/commit/participant_fixture.h"

namespace quartet::test {

using qualification::v1::Command;
using qualification::v1::Decision;
using qualification::v1::Prepare;

Result<commit::Decisions> KnownDecisions::Ask(std::span<const std::string> ids) {
  ++questions;
  asked += ids.size();
  if (!reachable) return Unavailable("DECISIONS_UNAVAILABLE", "the orchestrator cannot be reached");
  commit::Decisions answer;
  for (const std::string& id : ids) {
    Decision decision;
    decision.set_qualification(resource::NameOf("qualifications", id));
    decision.set_outcome(Decision::ABORTED);
    const auto known = decisions_.find(id);
    answer[id] = known == decisions_.end() ? decision : known->second;
  }
  return answer;
}

void KnownDecisions::SetUndecided(int number, std::int64_t attempt) {
  Decision& decision = decisions_[TestUuid(number)];
  decision.set_qualification(TestName("qualifications", number));
  decision.set_outcome(Decision::UNDECIDED);
  decision.set_attempt(attempt);
}

Decision KnownDecisions::Commit(int number, std::int64_t attempt, const qualification::v1::Names& names) {
  SetUndecided(number, attempt);
  Decision& decision = decisions_[TestUuid(number)];
  decision.set_outcome(Decision::COMMITTED);
  decision.set_decide_time_us(1'700'000'000'000'000);
  *decision.mutable_names() = names;
  return decision;
}

Decision KnownDecisions::Abort(int number) {
  SetUndecided(number, 0);
  Decision& decision = decisions_[TestUuid(number)];
  decision.set_outcome(Decision::ABORTED);
  return decision;
}

namespace {

Command CommandOf(int number, std::int64_t attempt, Prepare prepare) {
  Command command;
  prepare.set_qualification(TestName("qualifications", number));
  prepare.set_attempt(attempt);
  prepare.set_create_time_us(1'600'000'000'000'000 + number);
  *command.mutable_prepare() = std::move(prepare);
  return command;
}

Prepare PartOf(const qualification::v1::Plan& plan, Prepare::WorkCase work) {
  for (const Prepare& prepare : plan.prepares()) {
    if (prepare.work_case() == work) return prepare;
  }
  throw std::logic_error("the plan has no such part");
}

}  // namespace

Command ParticipantTest::LockLead(int number, const std::string& lead) {
  Prepare prepare;
  prepare.mutable_lead()->set_name(lead);
  return CommandOf(number, 0, std::move(prepare));
}

Command ParticipantTest::PrepareAccount(int number, const lead::v1::Lead& lead, std::int64_t attempt,
                                        const Options& options) {
  const auto plan = qualification::MakePlan(lead, options, TestName("qualifications", number));
  return CommandOf(number, attempt, PartOf(plan, Prepare::kAccount));
}

Command ParticipantTest::PrepareContact(int number, const lead::v1::Lead& lead, std::int64_t attempt,
                                        const Options& options) {
  const auto plan = qualification::MakePlan(lead, options, TestName("qualifications", number));
  return CommandOf(number, attempt, PartOf(plan, Prepare::kContact));
}

Command ParticipantTest::PrepareOpportunities(int number, const lead::v1::Lead& lead, std::int64_t attempt,
                                              const Options& options) {
  const auto plan = qualification::MakePlan(lead, options, TestName("qualifications", number));
  return CommandOf(number, attempt, PartOf(plan, Prepare::kOpportunities));
}

Command ParticipantTest::PrepareRevert(int number, int reverted, std::int64_t attempt,
                                       const std::vector<std::string>& gone) {
  Prepare prepare;
  prepare.mutable_revert()->set_qualification(TestName("qualifications", reverted));
  prepare.mutable_revert()->mutable_gone()->Assign(gone.begin(), gone.end());
  return CommandOf(number, attempt, std::move(prepare));
}

Command ParticipantTest::Release(int number, std::int64_t attempt) {
  Command command;
  command.mutable_release()->set_qualification(TestName("qualifications", number));
  command.mutable_release()->set_attempt(attempt);
  return command;
}

Command ParticipantTest::Tell(const Decision& decision) {
  Command command;
  *command.mutable_decisions()->add_decisions() = decision;
  return command;
}

std::string ParticipantTest::CreateAccount(const std::string& company) {
  account::v1::Account account;
  account.set_display_name(company);
  return accounts_.Create(account);
}

std::string ParticipantTest::CreateContact(const std::string& email, const std::string& phone) {
  contact::v1::Contact contact;
  if (!email.empty()) contact.add_emails()->set_address(email);
  if (!phone.empty()) contact.add_phones()->set_number(phone);
  return contacts_.Create(contact);
}

}  // namespace quartet::test
