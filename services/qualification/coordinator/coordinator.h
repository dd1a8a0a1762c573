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
#include "services/qualification/coordinator/recent_rows.h"
#include "services/qualification/coordinator/step_writer.h"
#include "services/qualification/pending/resend_pace.h"
#include "services/qualification/qualification_repository.h"
#include "services/qualification/waiters.h"

namespace quartet::qualification {

// Runs the machine's steps: each reads a row, steps it, writes it back by
// compare-and-set and sends what follows, in one transaction. There is no
// leader: any replica may step any row. Thread-safe.
class Coordinator {
 public:
  Coordinator(const QualificationRepository& repository, storage::Database& database, events::Outbox& outbox,
              Waiters& waiters, telemetry::Contradictions& contradictions, const Clock& clock, IdSource& ids,
              RecentRows::Limits memory = RecentRows::Limits());

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

  // What an earlier call with this request_id began, as it stands; nothing if there was none.
  // Errors: ALREADY_EXISTS REQUEST_ID_REUSED; those of the database.
  using Found = Result<std::optional<v1::Qualification>>;
  Found FindQualify(const std::string& lead, const v1::QualifyOptions& options, const std::string& request_id) const;
  Found FindRevert(const std::string& qualification_id, const std::string& request_id) const;

  // Gives up an undecided qualification. Errors: NOT_FOUND, FAILED_PRECONDITION
  // QUALIFICATION_DECIDED.
  Result<v1::Qualification> Cancel(const std::string& qualification_id);

  // Applies Reply messages; positional results. Those from which nothing follows
  // before others come are kept in memory until then, or until FlushPending. Commands
  // that follow are added to `commands`, if given, for the caller to publish.
  std::vector<Status> Handle(std::span<const events::Delivery> deliveries,
                             std::vector<events::Message>* commands = nullptr);

  // Writes down what Handle has kept. The first failure, if there is any; one row's holds up no other.
  Status FlushPending();

  // Sends again what rows that have not moved wait for (rule 10), all that are due at this moment, in
  // bounded pieces; before each it asks whether it is to go on. The first failure, if
  // there is any; one row's holds up no other.
  Status Redrive(const std::function<bool()>& goes_on = nullptr);

  // As it stands. Errors: NOT_FOUND.
  Result<v1::Qualification> Read(const std::string& id) const;

 private:
  using Start = std::function<Status(storage::Transaction&, Row&, Step&)>;
  using Work = std::function<Status(storage::Transaction&, std::vector<events::Message>&, Written&)>;
  using Announcement = std::function<void(storage::Transaction&)>;
  // Work on many rows, some of which this process remembers; see events::ItemWork.
  struct RowsWork {
    std::size_t count = 0;
    std::function<Status(std::size_t item, storage::Transaction&, std::vector<events::Message>&, Written&)> run;
    std::function<Status(std::span<const std::size_t> items, storage::Transaction&)> expect;
    std::function<std::size_t(std::size_t item)> bytes_of;
    // Lets go of the row that it remembered, which somebody else has moved; false if there was none.
    std::function<bool(std::size_t item)> forget;
  };
  // What has been replied to one qualification and is applied at once, in the order in which it
  // came, and the row if this process remembers it.
  struct ReplyBatch {
    std::string id;
    std::vector<v1::Reply> kept;       // nobody else has these any more
    std::vector<v1::Reply> delivered;  // come again if they are not applied
    std::size_t bytes = 0;             // of all of it
    std::optional<Row> row;
  };
  // A row that is driven again, and the row itself if it is unwritten.
  struct Driven {
    DueRow due;
    std::optional<Row> unwritten;
  };

  std::string NewId();
  void Begin(const std::string& request_id, std::string content, Start start, Begun done);
  Found FindBegun(const std::string& request_id, const std::string& content) const;
  // The qualification that an earlier `request` with this content began.
  Result<v1::Qualification> BegunBy(storage::Transaction& transaction, const std::string& request_id,
                                    const Request& request, const std::string& content) const;
  // Runs `work` as one operation; when it is durable, remembers the rows and
  // tells who waits for a decision, and then calls `done`. `expect` announces what
  // it reads.
  void Enqueue(Work work, std::function<void(Status)> done, Announcement expect);
  Status Write(const Work& work);
  void Remember(Written& written);
  // As WriteItems does it, and those whose remembered row has moved once more, with the row that is read then.
  std::vector<Status> WriteRows(const RowsWork& work, std::vector<events::Message>* commands = nullptr);

  // The lead is locked: all that follows is added to `commands`, and nothing is written until
  // the others have answered. False if that cannot be, or if there are no `commands`.
  bool AdvanceUnwritten(const std::string& id, const v1::Reply& reply, std::vector<events::Message>* commands);

  // Positional results.
  std::vector<Status> ApplyReplies(std::vector<ReplyBatch> batches, std::vector<events::Message>* commands);
  ReplyBatch BeginBatch(const std::string& id);
  void EndBatch(ReplyBatch batch, const Status& status);
  void Expect(storage::Transaction& transaction, const ReplyBatch& batch) const;
  Status ApplyBatch(storage::Transaction& transaction, const ReplyBatch& batch, std::vector<events::Message>& out,
                    Written& written) const;
  Result<Step> StepAll(storage::Transaction& transaction, const ReplyBatch& batch, Row& row, Written& written) const;

  std::vector<Status> RedriveAll(const std::vector<DueRow>& due);
  Status ExpectRedrive(storage::Transaction& transaction, std::span<Driven* const> driven) const;
  Status RedriveRow(storage::Transaction& transaction, const Driven& driven, std::vector<events::Message>& out,
                    Written& written) const;
  // Those that fail as they are, and not because of the database, wait longer, so that
  // they do not fail with every pass.
  void Postpone(const std::vector<DueRow>& due, std::span<const Status> statuses);

  const QualificationRepository& repository_;
  storage::Database& database_;
  events::Outbox& outbox_;
  Waiters& waiters_;
  telemetry::Contradictions& contradictions_;
  const Clock& clock_;
  IdSource& ids_;
  const StepWriter steps_;
  RecentRows recent_;
  mutable ResendPace pace_;
};

}  // namespace quartet::qualification
