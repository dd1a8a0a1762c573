#include "tests/support/qualification_messages.h"

#include <fmt/format.h>

#include "common/resource/resource_name.h"
#include "common/rpc/error_mapping.h"

namespace quartet::test {
namespace {

using qualification::Row;
using qualification::v1::Participant;
using qualification::v1::RecordOutcome;
using qualification::v1::Reply;

Reply ReplyTo(const Row& row, Participant from) {
  Reply reply;
  reply.set_qualification(resource::NameOf("qualifications", row.id));
  reply.set_attempt(row.qualification().attempt());
  reply.set_participant(from);
  return reply;
}

std::string CollectionOf(Participant participant) {
  switch (participant) {
    case qualification::v1::ACCOUNT:
      return "accounts";
    case qualification::v1::CONTACT:
      return "contacts";
    case qualification::v1::OPPORTUNITY:
      return "opportunities";
    default:
      return "leads";
  }
}

}  // namespace

std::string TestUuid(int number) {
  return fmt::format("00000000-0000-7000-8000-{:012}", number);
}

std::string TestName(const std::string& collection, int number) {
  return resource::NameOf(collection, TestUuid(number));
}

lead::v1::Lead TestLead(int number, const std::string& company) {
  lead::v1::Lead lead;
  lead.set_name(TestName("leads", number));
  lead.mutable_person()->set_given_name("Jane");
  lead.mutable_person()->set_family_name(fmt::format("Doe {}", number));
  lead.add_emails()->set_address(fmt::format("jane{}@example.com", number));
  lead.set_company(company);
  lead.set_state(lead::v1::Lead::STATE_OPEN);
  return lead;
}

Row NewQualification(int number) {
  Row row;
  row.id = TestUuid(number);
  row.qualification().set_name(TestName("qualifications", number));
  row.qualification().set_kind(qualification::v1::Qualification::QUALIFY);
  row.qualification().set_lead(TestName("leads", number));
  return row;
}

Row NewRevert(int number, const Row& reverted) {
  Row row;
  row.id = TestUuid(number);
  row.qualification().set_name(TestName("qualifications", number));
  row.qualification().set_kind(qualification::v1::Qualification::REVERT);
  row.qualification().set_lead(reverted.qualification().lead());
  row.qualification().set_reverts(resource::NameOf("qualifications", reverted.id));
  return row;
}

Reply LockedReply(const Row& row, const lead::v1::Lead& lead) {
  Reply reply = ReplyTo(row, qualification::v1::LEAD);
  *reply.mutable_prepared()->mutable_lead() = lead;
  reply.mutable_prepared()->add_records()->set_name(lead.name());
  return reply;
}

Reply PreparedReply(const Row& row, Participant from) {
  Reply reply = ReplyTo(row, from);
  RecordOutcome& record = *reply.mutable_prepared()->add_records();
  record.set_name(TestName(CollectionOf(from), 100 + static_cast<int>(row.qualification().attempt())));
  record.set_kind(RecordOutcome::OPENED);
  return reply;
}

Reply BusyReply(const Row& row, Participant from, const std::string& holder) {
  Reply reply = ReplyTo(row, from);
  reply.mutable_busy()->set_holder(holder);
  return reply;
}

Reply RefusedReply(const Row& row, Participant from, const std::string& reason) {
  Reply reply = ReplyTo(row, from);
  *reply.mutable_refused()->mutable_status() = rpc::ToRpcStatus(FailedPrecondition(reason, "because"));
  return reply;
}

Reply AcknowledgedReply(const Row& row, Participant from) {
  Reply reply;
  reply.set_participant(from);
  reply.mutable_acknowledged()->add_qualifications(resource::NameOf("qualifications", row.id));
  return reply;
}

std::vector<std::string> Describe(const qualification::Step& step) {
  std::vector<std::string> lines;
  for (const qualification::Send& send : step.sends) {
    const std::string to = qualification::v1::Participant_Name(send.to);
    const auto& command = send.command;
    if (command.has_prepare())
      lines.push_back(fmt::format("PREPARE {} {}", to, command.prepare().attempt()));
    else if (command.has_release())
      lines.push_back(fmt::format("RELEASE {} {}", to, command.release().attempt()));
    else
      lines.push_back(fmt::format(
          "{} {}", qualification::v1::Decision::Outcome_Name(command.decisions().decisions(0).outcome()), to));
  }
  return lines;
}

}  // namespace quartet::test
