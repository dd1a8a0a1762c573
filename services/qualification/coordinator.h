#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/id_source.h"
#include "common/events/inbox/consumer.h"
#include "common/events/outbox/outbox.h"
#include "common/storage/database.h"
#include "common/telemetry/contradictions.h"
#include "services/qualification/qualification_repository.h"
#include "services/qualification/recent_rows.h"
#include "services/qualification/waiters.h"

namespace quartet::qualification {

// Runs the machine's steps: each reads a row, steps it, writes it back by
// compare-and-set and sends what follows, in one transaction. There is no
// leader: any replica may step any row. Thread-safe.
class Coordinator {
 public:
  Coordinator(const QualificationRepository& repository, storage::Database& database, events::Outbox& outbox,
              Waiters& waiters, telemetry::Contradictions& contradictions, const Clock& clock, IdSource& ids);

  // Begins a qualification, or finds the one that `request_id` began; then
  // `done` gets it as it stands, once that is durable, on the database's thread.
  // Errors: ALREADY_EXISTS REQUEST_ID_REUSED; ABORTED QUALIFICATION_FENCED (RetryInfo) if the ids
  // that it could have got are all taken by tombstones; those of the database.
  using Begun = std::function<void(Result<v1::Qualification>)>;
  void BeginQualify(const std::string& lead, const v1::QualifyOptions& options, const std::string& request_id,
                    Begun done);
  // The same for taking `qualification_id` back. Errors: NOT_FOUND,
  // FAILED_PRECONDITION NOT_COMMITTED.
  void BeginRevert(const std::string& qualification_id, const std::string& request_id, Begun done);

  // Gives up an undecided qualification. Errors: NOT_FOUND, FAILED_PRECONDITION
  // QUALIFICATION_DECIDED.
  Result<v1::Qualification> Cancel(const std::string& qualification_id);

  // Handles Reply messages; positional results. Those from which nothing follows
  // before others come are kept in memory until then, or until KeepUp. Commands
  // that follow are added to `commands`, if given, for the caller to publish.
  std::vector<Status> Handle(std::span<const events::Delivery> deliveries,
                             std::vector<events::Message>* commands = nullptr);

  // Writes down what Handle has kept.
  Status KeepUp();
  // Sends again what rows that have not moved wait for (rule 10).
  Status Redrive();

  // As it stands. Errors: NOT_FOUND.
  Result<v1::Qualification> Read(const std::string& id) const;
  // Reads the qualifications of these names, and tells those who wait for the ones
  // that are decided.
  void TellWaiters(std::span<const std::string> names);

 private:
  using Start = std::function<Status(storage::Transaction&, Row&, Step&)>;
  // What is heard of one qualification at once, in the order in which it came, and the row if
  // this process remembers it.
  struct Hearing {
    std::string id;
    std::vector<v1::Reply> replies;
    std::optional<Row> row;
  };
  // What one operation wrote, for the moment at which that is durable.
  struct Written {
    std::vector<Row> rows;
    std::vector<v1::Qualification> decided;
    std::vector<std::string> unknown;  // ids that somebody spoke of, and that have got a tombstone
  };
  // A row's searched part, as it was when the step began.
  struct Before {
    explicit Before(const Row& row);
    v1::Qualification::State state;
    std::string waits_for;
    std::int64_t redrive_time_us;
    std::int64_t redrive_count;
    bool unwritten;
  };
  using Work = std::function<Status(storage::Transaction&, std::vector<events::Message>&, Written&)>;
  using Announcement = std::function<void(storage::Transaction&)>;

  std::string NewId();
  void Begin(const std::string& request_id, std::string content, Start start, Begun done);
  // The qualification that an earlier `request` with this content began.
  Result<v1::Qualification> BegunBy(storage::Transaction& transaction, const std::string& request_id,
                                    const Request& request, const std::string& content) const;
  // Runs `work` as one operation; when it is durable, remembers the rows and
  // tells who waits for a decision, and then calls `done`. `expect` announces what
  // it reads.
  void Enqueue(Work work, std::function<void(Status)> done, Announcement expect = nullptr);
  Status Write(Work work, std::vector<events::Message>* commands = nullptr);
  void Remember(Written& written);

  // The lead is locked: all that follows is added to `commands`, and nothing is written until
  // the others have answered. False if that cannot be, or if there are no `commands`.
  bool GoOnUnwritten(const std::string& id, const v1::Reply& reply, std::vector<events::Message>* commands);
  // All of them in one operation; if that fails each in one of its own. Positional results.
  std::vector<Status> Hear(std::vector<Hearing> hearings, std::vector<events::Message>* commands = nullptr);
  std::vector<Status> HearEach(std::span<Hearing*> hearings);
  Hearing BeginHearing(const std::string& id);
  void KeepAcknowledgements(const v1::Reply& reply);
  void Expect(storage::Transaction& transaction, const Hearing& hearing) const;
  Status HearOne(storage::Transaction& transaction, const Hearing& hearing, std::vector<events::Message>& out,
                 Written& written) const;
  Result<Step> StepAll(storage::Transaction& transaction, const Hearing& hearing, Row& row, Written& written) const;
  // `remembered`: the row if it is unwritten.
  Status RedriveRow(storage::Transaction& transaction, const std::string& id, std::optional<Row> remembered,
                    std::vector<events::Message>& out, Written& written) const;
  // Writes what the step changed and sends what it says; wakes those who waited
  // for the row if it is decided or has made way now. ABORTED if the row is not the
  // stored one any more.
  Status Apply(storage::Transaction& transaction, Row row, const Step& step, const Before& before,
               std::vector<events::Message>& out, Written& written) const;
  Status Wake(storage::Transaction& transaction, const Row& holder, std::vector<events::Message>& out,
              Written& written) const;
  Result<Holder> LookUpHolder(storage::Transaction& transaction, const std::string& id, Written& written) const;
  // The row that somebody spoke of. If there is none, and it was not deleted, it gets a tombstone:
  // it will not begin after it has been believed to be missing.
  Result<std::optional<Row>> FindOrFence(storage::Transaction& transaction, const std::string& id,
                                         Written& written) const;

  const QualificationRepository& repository_;
  storage::Database& database_;
  events::Outbox& outbox_;
  Waiters& waiters_;
  telemetry::Contradictions& contradictions_;
  const Clock& clock_;
  IdSource& ids_;
  RecentRows recent_;
};

}  // namespace quartet::qualification
