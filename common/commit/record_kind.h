#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/base/id_source.h"
#include "common/base/result.h"
#include "common/commit/intent_repository.h"
#include "common/commit/references.h"
#include "common/events/bus.h"
#include "common/resource/record_repository.h"

#include "quartet/qualification/v1/participant.pb.h"
#include "quartet/qualification/v1/participation.pb.h"

namespace quartet::commit {

// What an intent makes of its record when it is committed.
struct Change {
  std::optional<resource::Record> after;  // nothing: the record is gone
  events::Message event;                  // the domain event that says so
  // What must be known to take it back; nothing if what was there before has not
  // been changed, or nothing was there.
  std::optional<qualification::v1::RecordUndo> undo = std::nullopt;
};

// A Prepare can be done: the intents to write, and the answer.
struct Ready {
  std::vector<Intent> intents;  // qualification, attempt and age are filled in by the participant
  qualification::v1::Prepared prepared;
  std::vector<qualification::v1::PlannedRecord> planned;  // one for each of prepared.records()
};

// A Prepare meets records that other qualifications hold.
struct Blocked {
  std::vector<Intent> by;
};

// The refusal that carries `error`; `holder` is the qualification to blame, if
// there is one.
qualification::v1::Refused Refuse(const Error& error, const std::string& holder = "");

// It must be known first what became of records of other services.
struct Unknown {
  std::vector<std::string> names;
};

using Verdict = std::variant<Ready, Blocked, Unknown, qualification::v1::Refused>;

// What a Prepare comes to, as far as it can be worked out without the database,
// and the rest of the work.
class Evaluation {
 public:
  virtual ~Evaluation() = default;
  // Announces what Run is going to read, in two steps: 0, and 1 when those reads
  // are done. Only called where the database is remote.
  virtual Status Expect(storage::Transaction& /*transaction*/, int /*step*/) const { return {}; }
  // The verdict, given what is final, which intents there are, and what is known of
  // other services' records. Reads only; may be called again.
  virtual Result<Verdict> Run(storage::Transaction& transaction, const ReferenceStates& known) const = 0;
};

// One that needs no database.
std::unique_ptr<Evaluation> Evaluated(Verdict verdict);

// What the commit protocol must know of a service's records. Implemented once
// in each service; stateless, so one object serves all threads.
class RecordKind {
 public:
  virtual ~RecordKind() = default;
  virtual qualification::v1::Participant participant() const = 0;

  // Every business check of `prepare`. All that is given must outlive the result.
  // INVALID_ARGUMENT if it is not this service's work.
  virtual Result<std::unique_ptr<Evaluation>> Evaluate(const qualification::v1::Prepare& prepare,
                                                       const resource::RecordRepository& records,
                                                       const IntentRepository& intents, IdSource& ids) const = 0;

  // Whether `record`, which the qualification `qualification_id` opened or
  // closed, is as that left it, so that it may be given back. FAILED_PRECONDITION
  // RECORD_CHANGED if not.
  virtual Status CheckUntouched(const resource::Record& record, const std::string& qualification_id) const = 0;

  // What the committed `intent` makes of `before` (the final record, if there is
  // one). Pure: a reader shows what the finalising transaction will write.
  virtual Result<Change> Apply(const Intent& intent, const std::optional<resource::Record>& before,
                               const qualification::v1::Decision& decision) const = 0;

  // Adds to the kept `reply` of a held participation what was left out of it because the record has it. DATA_LOSS if
  // the record cannot be read any more.
  virtual Status Complete(storage::Transaction& transaction, const resource::RecordRepository& records,
                          const qualification::v1::Prepare& prepare, qualification::v1::Reply& reply) const;

  // The fields that taking `undo` back would restore in `record`.
  virtual Result<std::vector<std::string>> Restorable(const resource::Record& record,
                                                      const qualification::v1::RecordUndo& undo) const;

  // Whether a change takes away what an attached qualification relies on: its
  // deletion does; a service may know more.
  virtual bool BreaksAttachment(const resource::Record& before, const resource::Record& after) const;

  // The answer when an undecided `holder` has what `prepare` wants; Busy, unless
  // the service says otherwise.
  virtual qualification::v1::Reply HeldBy(const qualification::v1::Prepare& prepare, const Intent& holder) const;
};

}  // namespace quartet::commit
