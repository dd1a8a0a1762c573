#include "tests/bench/fill.h"

#include <algorithm>
#include <map>
#include <stdexcept>

#include "common/base/clock.h"
#include "common/commit/intent_repository.h"
#include "common/resource/identities.h"
#include "common/resource/resource_name.h"
#include "services/account/account_rules.h"
#include "services/contact/contact_rules.h"
#include "services/lead/lead_rules.h"
#include "services/opportunity/opportunity_rules.h"
#include "services/qualification/qualification_repository.h"
#include "tests/bench/conversion_records.h"

namespace quartet::bench {
namespace {

constexpr int kListOfLeads = 5;
constexpr int kRowsPerTransaction = 2'000;
constexpr int kNamesGiven = 2'000;
// The past in which the records were made.
constexpr std::int64_t kPastUs = 365LL * 86'400 * 1'000'000;

void Check(const Status& status) {
  if (!status.ok()) throw std::runtime_error(ToString(status.error()));
}

// What one service has of a conversion.
using Write = std::function<Status(storage::Transaction&, const ConversionRecords&)>;

Status WriteRecord(storage::Transaction& transaction, const resource::RecordRepository& repository,
                   const resource::Record& record) {
  QUARTET_RETURN_IF_ERROR(repository.Insert(transaction, record));
  const auto claimed = resource::ClaimIdentities(transaction, repository, record.identities, record.id);
  return claimed.ok() ? Status() : Status(claimed.error());
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

Write WriterOf(const resource::Schema& schema, resource::Record ConversionRecords::*member) {
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

std::map<std::string, Write> Writers() {
  return {{"lead", WriterOf(lead::LeadTraits::kSchema, &ConversionRecords::lead)},
          {"contact", WriterOf(contact::ContactTraits::kSchema, &ConversionRecords::contact)},
          {"opportunity", WriterOf(opportunity::OpportunityTraits::kSchema, &ConversionRecords::opportunity)},
          {"account", WriteAccount},
          {"qualification", WriteQualification}};
}

}  // namespace

std::vector<std::string> Fill(BenchSuite& suite, int count) {
  const auto writers = Writers();
  std::map<std::string, std::unique_ptr<storage::Database>> databases;
  suite.StopServices();
  for (const auto& [service, write] : writers) databases[service] = suite.OpenDatabase(service);
  const SystemClock clock;
  const std::int64_t first_us = clock.NowMicros() - kPastUs;
  ManualClock then(first_us);
  UuidV7Source ids(then);
  MadeLeads leads(Companies::kShared, kListOfLeads);
  std::map<std::string, std::string> accounts;
  std::vector<std::string> names;
  for (int done = 0; done < count; done += kRowsPerTransaction) {
    std::vector<ConversionRecords> part;
    for (int i = done; i < std::min(count, done + kRowsPerTransaction); ++i) {
      then.Advance(kPastUs / count);
      lead::v1::Lead lead = leads.Next();
      auto [account, opens] = accounts.try_emplace(lead.company());
      if (opens) account->second = ids.NewUuid();
      const auto record = LeadRecord(std::move(lead), ids.NewUuid(), then.NowMicros());
      part.push_back(Convert(record, account->second, opens, ids, then.NowMicros()));
      if (i % std::max(1, count / kNamesGiven) == 0) names.push_back(resource::NameOf("leads", record.id));
    }
    for (const auto& [service, write] : writers) {
      Check(databases.at(service)->Write([&](storage::Transaction& transaction) -> Status {
        for (const ConversionRecords& records : part) QUARTET_RETURN_IF_ERROR(write(transaction, records));
        return {};
      }));
    }
  }
  databases.clear();
  suite.StartServices();
  return names;
}

}  // namespace quartet::bench
