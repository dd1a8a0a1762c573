#pragma once

#include <map>
#include <string>

#include <gtest/gtest.h>

#include "common/resource/resource_name.h"
#include "common/rpc/error_mapping.h"
#include "services/account/account_participant.h"
#include "services/account/account_rules.h"
#include "services/account/migrations.h"
#include "services/contact/contact_participant.h"
#include "services/contact/contact_rules.h"
#include "services/contact/migrations.h"
#include "services/lead/lead_participant.h"
#include "services/lead/lead_rules.h"
#include "services/lead/migrations.h"
#include "services/qualification/qualification_plan.h"
#include "tests/support/database_backend.h"
#include "tests/support/participant_node.h"
#include "tests/support/qualification_messages.h"

namespace quartet::test {

// The orchestrator as its participants know it: decisions on demand.
class KnownDecisions final : public commit::DecisionSource {
 public:
  Result<commit::Decisions> Ask(std::span<const std::string> ids) override;

  // Qualification `number` is at `attempt`, or decided. What was never mentioned
  // is ABORTED, for it can never start.
  void SetUndecided(int number, std::int64_t attempt = 0);
  qualification::v1::Decision Commit(int number, std::int64_t attempt = 0, const qualification::v1::Names& names = {});
  qualification::v1::Decision Abort(int number);

  bool reachable = true;
  int questions = 0;
  std::size_t asked = 0;  // qualifications, in all questions together

 private:
  std::map<std::string, qualification::v1::Decision> decisions_;
};

// A lead, an account and a contact service with the tests as their orchestrator.
class ParticipantTest : public EveryDatabase {
 protected:
  using Command = qualification::v1::Command;
  using Decision = qualification::v1::Decision;
  using Options = qualification::v1::QualifyOptions;
  using Outcome = qualification::v1::RecordOutcome;
  using Reply = qualification::v1::Reply;

  // Parts of the plan for a lead, as commands of qualification `number`; the
  // smaller the number, the older.
  static Command LockLead(int number, const std::string& lead);
  static Command PrepareAccount(int number, const lead::v1::Lead& lead, std::int64_t attempt = 0,
                                const Options& options = {});
  static Command PrepareContact(int number, const lead::v1::Lead& lead, std::int64_t attempt = 0,
                                const Options& options = {});
  static Command PrepareOpportunities(int number, const lead::v1::Lead& lead, std::int64_t attempt = 0,
                                      const Options& options = {});
  // `gone`: what the reverted one opened.
  static Command PrepareRevert(int number, int reverted, std::int64_t attempt = 0,
                               const std::vector<std::string>& gone = {});
  static Command Release(int number, std::int64_t attempt);
  static Command Tell(const Decision& decision);

  static std::string ReasonOf(const Reply& reply) { return rpc::FromRpcStatus(reply.refused().status()).reason; }
  // The one record of a Prepared.
  static const Outcome& RecordOf(const Reply& reply) { return reply.prepared().records(0); }

  // A company that exists already, and a person.
  std::string CreateAccount(const std::string& company = "Example GmbH");
  std::string CreateContact(const std::string& email, const std::string& phone = "");

  ManualClock clock_;
  UuidV7Source ids_{clock_, 7};
  KnownDecisions decisions_;
  const lead::LeadKind lead_kind_;
  const account::AccountKind account_kind_;
  const contact::ContactKind contact_kind_;
  ParticipantNode<lead::LeadTraits> leads_{GetParam(), clock_, ids_, lead_kind_, decisions_, lead::kMigrations};
  ParticipantNode<account::AccountTraits> accounts_{GetParam(),    clock_,     ids_,
                                                    account_kind_, decisions_, account::kMigrations};
  ParticipantNode<contact::ContactTraits> contacts_{GetParam(),    clock_,     ids_,
                                                    contact_kind_, decisions_, contact::kMigrations};
};

}  // namespace quartet::test
