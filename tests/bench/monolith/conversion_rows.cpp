#include "tests/bench/monolith/conversion_rows.h"

#include "common/commit/intent_repository.h"
#include "common/resource/identities.h"
#include "common/resource/record_repository.h"
#include "services/account/account_rules.h"
#include "services/contact/contact_rules.h"
#include "services/lead/lead_rules.h"
#include "services/opportunity/opportunity_rules.h"
#include "services/qualification/qualification_repository.h"

namespace quartet::bench {
namespace {

Status WriteRecord(storage::Transaction& transaction, const resource::RecordRepository& repository,
                   const resource::Record& record) {
  QUARTET_RETURN_IF_ERROR(repository.Insert(transaction, record));
  return resource::ClaimIdentities(transaction, repository, record.identities, record.id);
}

// The reply that each service keeps.
std::string ReplyOf(const ConversionRecords& records) {
  qualification::v1::Reply reply;
  reply.set_qualification(records.decision.qualification());
  reply.set_participant(qualification::v1::CONTACT);
  auto& outcome = *reply.mutable_prepared()->add_records();
  outcome.set_name(records.decision.names().contact());
  outcome.set_kind(qualification::v1::RecordOutcome::OPENED);
  return reply.SerializeAsString();
}

Status WriteParticipation(storage::Transaction& transaction, const ConversionRecords& records) {
  static const commit::IntentRepository repository("lead");
  const commit::Participation participation{.qualification_id = records.qualification_id,
                                            .attempt = 0,
                                            .state = commit::Participation::State::kFinal,
                                            .reply = ReplyOf(records)};
  return repository.SaveParticipation(transaction, participation, records.lead.update_time_us);
}

// The commit record, as it is when all have acknowledged.
qualification::Row RowOf(const ConversionRecords& records) {
  using qualification::v1::RecordOutcome;
  qualification::Row row;
  row.id = records.qualification_id;
  row.version = 5;
  row.create_time_us = row.update_time_us = records.lead.update_time_us;
  row.plan = records.plan;
  qualification::v1::Qualification& body = *row.stored.mutable_qualification();
  body.set_name(records.decision.qualification());
  body.set_kind(qualification::v1::Qualification::QUALIFY);
  body.set_state(qualification::v1::Qualification::COMMITTED);
  body.set_lead(records.decision.names().lead());
  body.mutable_contact()->set_name(records.decision.names().contact());
  body.mutable_contact()->set_kind(RecordOutcome::OPENED);
  body.mutable_account()->set_name(records.decision.names().account());
  body.mutable_account()->set_kind(records.account ? RecordOutcome::OPENED : RecordOutcome::ATTACHED);
  body.add_opportunities()->set_name(records.decision.names().opportunities(0));
  for (const auto participant : {qualification::v1::LEAD, qualification::v1::ACCOUNT, qualification::v1::CONTACT,
                                 qualification::v1::OPPORTUNITY}) {
    row.stored.add_participants(participant);
    row.stored.add_prepared(participant);
    row.stored.add_acknowledged(participant);
  }
  return row;
}

WriteRows WriterOf(const resource::Schema& schema, resource::Record ConversionRecords::*member) {
  return [repository = resource::RecordRepository(schema), member](storage::Transaction& transaction,
                                                                   const ConversionRecords& records) -> Status {
    QUARTET_RETURN_IF_ERROR(WriteRecord(transaction, repository, records.*member));
    return WriteParticipation(transaction, records);
  };
}

Status WriteAccount(storage::Transaction& transaction, const ConversionRecords& records) {
  static const resource::RecordRepository repository(account::AccountTraits::kSchema);
  if (records.account) QUARTET_RETURN_IF_ERROR(WriteRecord(transaction, repository, *records.account));
  return WriteParticipation(transaction, records);
}

Status WriteQualification(storage::Transaction& transaction, const ConversionRecords& records) {
  static const qualification::QualificationRepository repository;
  return repository.Insert(transaction, RowOf(records));
}

}  // namespace

std::map<std::string, WriteRows> ConversionWriters() {
  return {{"lead", WriterOf(lead::LeadTraits::kSchema, &ConversionRecords::lead)},
          {"contact", WriterOf(contact::ContactTraits::kSchema, &ConversionRecords::contact)},
          {"opportunity", WriterOf(opportunity::OpportunityTraits::kSchema, &ConversionRecords::opportunity)},
          {"account", WriteAccount},
          {"qualification", WriteQualification}};
}

}  // namespace quartet::bench
