#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/commit/pruning.h"
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
              DecisionSource& decisions, ReferenceSource& references, const Watermark& watermark, const Clock& clock,
              IdSource& ids);

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
  // What has been learned from others since the batch was begun.
  struct Answers {
    Decisions decisions;  // of the last question
    ReferenceStates references;
  };

  // Asks about all that `jobs` wait for.
  Status Ask(std::span<Job*> jobs, Answers& answers);
  void RunJobs(std::span<Job*> jobs, const Answers& answers, std::vector<events::Message>* replies);
  // Announces what the jobs are going to read, and what decisions about `decided` are.
  Status Expect(storage::Transaction& transaction, std::span<Job* const> jobs, std::vector<std::string> decided) const;
  // Leaves in the job what has to be asked about first, if there is anything.
  Status RunCommand(storage::Transaction& transaction, Job& job, const Answers& answers,
                    std::vector<events::Message>& out) const;
  Status Prepare(storage::Transaction& transaction, Job& job, const Answers& answers,
                 std::vector<events::Message>& out) const;
  Result<std::unique_ptr<Evaluation>> Evaluate(const qualification::v1::Prepare& prepare) const;
  Result<Verdict> EvaluateRevert(storage::Transaction& transaction, const qualification::v1::Prepare& prepare) const;
  // What taking `outcome`, which the qualification `reverted` came to, back means
  // here: adds an intent, its holders, or nothing to do. An error refuses the revert.
  Status GiveBack(storage::Transaction& transaction, const qualification::v1::RecordOutcome& outcome,
                  const std::string& reverted, const qualification::v1::Undo& undo, const std::string& own,
                  Ready& ready, Blocked& blocked) const;
  // FAILED_PRECONDITION RECORD_IN_USE if a record other than those of `ready` names
  // one that will be gone.
  Status CheckUnused(storage::Transaction& transaction, const qualification::v1::Prepare::Revert& revert,
                     const Ready& ready) const;
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
  ReferenceSource& references_;
  const Watermark& watermark_;
  const Clock& clock_;
  IdSource& ids_;
};

}  // namespace quartet::commit
