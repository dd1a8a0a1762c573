#pragma once

#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "services/account/account_participant.h"
#include "services/account/account_rules.h"
#include "services/account/migrations.h"
#include "services/contact/contact_participant.h"
#include "services/contact/contact_rules.h"
#include "services/contact/migrations.h"
#include "services/lead/lead_participant.h"
#include "services/lead/lead_rules.h"
#include "services/lead/migrations.h"
#include "services/opportunity/migrations.h"
#include "services/opportunity/opportunity_participant.h"
#include "services/opportunity/opportunity_rules.h"
#include "services/quartet/check/finding.h"
#include "tests/simulation/orchestrator_node.h"
#include "tests/support/database_backend.h"
#include "tests/support/participant_node.h"

namespace quartet::test {

// Decisions as the services ask for them, of an orchestrator that may be away,
// and with whatever else happens while they wait for the answer.
class AskedDecisions final : public commit::DecisionSource {
 public:
  explicit AskedDecisions(OrchestratorNode& orchestrator) : orchestrator_(orchestrator) {}
  Result<commit::Decisions> Ask(std::span<const std::string> ids) override;

  bool reachable = true;
  std::function<void()> meanwhile;

 private:
  OrchestratorNode& orchestrator_;
};

// The five services as they are, two replicas of each over one database, and between them a
// set of messages: one that was sent may arrive any number of times, in any
// order, at any later moment, until the broker loses everything. One seed is one
// history.
class World {
 public:
  using Lead = lead::v1::Lead;

  static constexpr int kLeads = 9;

  World(const DatabaseBackendFactory& backend, unsigned seed);

  // One thing happens. What, is in Trace().
  void Step();
  // One of the services, by chance, keeps a copy of its database.
  void KeepOne();
  // What was kept is put in the place of what its service has by now. From here on what readers meet is not looked at
  // any more, for it may be torn.
  void PutBackKept();

  // No more faults, no more users: everything is delivered and driven again
  // until nothing moves. Whether that was reached.
  bool ComeToRest();

  // Fails the test if an invariant does not hold now.
  void CheckInvariants();
  // What must hold in addition at rest.
  void CheckRest();
  // What is torn apart between the databases, as a reader sees them.
  std::vector<std::string> Torn();
  // What `quartet check` says of the databases, notices left out.
  std::vector<cli::Finding> Findings();
  // The service whose database was put back.
  cli::Service kept() const { return kServices[kept_]; }

  std::string Trace() const;
  // How many qualifications were committed, and how often one made way.
  int committed() const;
  int gave_way() const;

 private:
  enum Place { kLead, kAccount, kContact, kOpportunity, kOrchestrator, kPlaces };
  static constexpr cli::Service kServices[] = {cli::Service::kLead, cli::Service::kAccount, cli::Service::kContact,
                                               cli::Service::kOpportunity, cli::Service::kQualification};
  struct Message {
    Place to;
    std::string data;
  };

  // What readers see at this moment; rows_ are those of the same.
  struct Seen {
    std::vector<lead::v1::Lead> leads;
    std::vector<account::v1::Account> accounts;
    std::vector<contact::v1::Contact> contacts;
    std::vector<opportunity::v1::Opportunity> opportunities;
  };

  bool Chance(int percent) { return Below(100) < percent; }
  int Below(int limit) { return static_cast<int>(random_() % static_cast<unsigned>(limit)); }
  void Note(std::string what);

  // What may happen.
  void BeginOne();
  void DeliverSome();
  void Deliver(Place place, const std::vector<std::string>& data);
  void Collect(Place place);
  void Send(Message message);
  void Restart(Place place);
  // Calls `act` with the node of a place.
  template <class Act>
  void At(Place place, const Act& act);
  void ReadOne();
  void UserActs();
  // A user reads an account, or changes one by the etag that was read last.
  void UserWritesByEtag();
  // Which of two replicas of each service does what comes next.
  void ChooseReplicas();
  void PassTime();
  void Redrive();
  // Each service asks about what it has held for a while, if chance will have it.
  void ResolveHeld(int percent);
  // What a replica does by its timers; another may have been quicker.
  void Drive(qualification::Coordinator& coordinator, bool redrive);

  // An etag names one content for ever, and no acknowledged write is lost.
  template <class Record>
  void CheckEtag(const Record& record);
  void CheckWrites(const Seen& seen);
  // Nobody has seen what cannot be.
  void CheckNoContradiction();
  // How it was decided, and that it stays so.
  void CheckDecisionStays(const qualification::Row& row);
  Seen See();
  std::vector<std::string> Torn(const Seen& seen);
  void FindTorn(const qualification::Row& row, bool reverted, const Seen& seen, std::vector<std::string>& torn);
  template <class Node>
  void CheckOwners(Node& node);
  bool Reverted(const std::string& qualification) const;

  std::mt19937 random_;
  ManualClock clock_;
  UuidV7Source ids_;
  const opportunity::OpportunityTraits opportunity_traits_;
  const lead::LeadKind lead_kind_;
  const account::AccountKind account_kind_;
  const contact::ContactKind contact_kind_;
  const opportunity::OpportunityKind opportunity_kind_;
  const std::unique_ptr<DatabaseBackend> orchestrators_backend_;
  OrchestratorNode orchestrator_;
  std::unique_ptr<qualification::Coordinator> other_;  // a replica of the orchestrator's
  AskedDecisions decisions_;
  ParticipantNode<lead::LeadTraits> leads_;
  ParticipantNode<account::AccountTraits> accounts_;
  ParticipantNode<contact::ContactTraits> contacts_;
  ParticipantNode<opportunity::OpportunityTraits> opportunities_;

  std::vector<Message> messages_;  // on their way
  std::vector<Message> sent_;      // all that the broker has had; any of them may come again
  std::vector<std::string> lead_names_;
  std::string old_account_;  // exists from before; a user may delete it
  bool old_account_deleted_ = false;
  std::vector<qualification::Row> rows_;       // as they are after the last step
  std::vector<qualification::Row> forgotten_;  // as they were when a kept database was put back
  std::map<std::string, std::string> decided_;
  std::map<std::string, std::string> contents_;                   // by name and etag
  std::map<std::string, std::string> etags_;                      // that a user has read, by account
  std::map<std::string, std::vector<std::string>> acknowledged_;  // markers, by account
  int markers_ = 0;
  Place kept_ = kPlaces;  // whose database was kept
  bool is_put_back_ = false;
  std::vector<std::string> trace_;
};

}  // namespace quartet::test
