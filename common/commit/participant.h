#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/commit/resolution.h"
#include "common/events/inbox/consumer.h"
#include "common/events/outbox/outbox.h"
#include "common/storage/database.h"

namespace quartet::commit {

// The service's side of the commit protocol as a second transport: commands
// come in, and once their effects are committed the replies go out. Thread-safe;
// the consumer calls Handle, the timer ResolveOldIntents.
class Participant {
 public:
  Participant(const RecordKind& kind, const resource::RecordRepository& records, const IntentRepository& intents,
              const Resolution& resolution, storage::Database& database, events::Outbox& outbox,
              DecisionSource& decisions, const Clock& clock, IdSource& ids);

  // Handles a batch of Command messages; positional results. Commands that meet
  // another's intent wait for one question about all the holders, then run again
  // with the answers (rule 7). Replies that somebody waits for are added to
  // `replies`, if given, for the caller to publish.
  std::vector<Status> Handle(std::span<const events::Delivery> deliveries,
                             std::vector<events::Message>* replies = nullptr);

  // What `prepare` would come to now; changes nothing but to carry out decisions
  // that have been made. Errors: UNAVAILABLE.
  Result<qualification::v1::PreviewPrepareResponse> Preview(const qualification::v1::Prepare& prepare);

  // Asks about intents that were written `age` ago or earlier and carries the
  // decisions out (rule 10). Errors: UNAVAILABLE.
  Status ResolveOldIntents(std::chrono::microseconds age);

 private:
  struct Job;

  void RunJobs(std::span<Job*> jobs, const Decisions& asked, std::vector<events::Message>* replies);
  // Announces what the jobs are going to read.
  Status Expect(storage::Transaction& transaction, std::span<Job*> jobs, const Decisions& asked) const;
  Status ResolveAll(storage::Transaction& transaction, const Decisions& asked, std::vector<events::Message>& out) const;
  // Leaves in the job the holders that have to be asked about first, if there are any.
  Status RunCommand(storage::Transaction& transaction, Job& job, const Decisions& asked,
                    std::vector<events::Message>& out) const;
  Status Prepare(storage::Transaction& transaction, Job& job, const Decisions& asked,
                 std::vector<events::Message>& out) const;
  Result<std::unique_ptr<Evaluation>> Evaluate(const qualification::v1::Prepare& prepare) const;
  Result<Verdict> EvaluateRevert(storage::Transaction& transaction, const qualification::v1::Prepare& prepare) const;
  Status Hold(storage::Transaction& transaction, const qualification::v1::Prepare& prepare, Ready ready,
              Participation& mine, std::vector<events::Message>& out) const;

  // Leaves in `reserved` what the record does not own, as a former identity, by
  // itself: only that is given back if nothing comes of the intent.
  Status KeepOwned(storage::Transaction& transaction, Intent& intent) const;

  const RecordKind& kind_;
  const resource::RecordRepository& records_;
  const IntentRepository& intents_;
  const Resolution& resolution_;
  storage::Database& database_;
  events::Outbox& outbox_;
  DecisionSource& decisions_;
  const Clock& clock_;
  IdSource& ids_;
};

}  // namespace quartet::commit
