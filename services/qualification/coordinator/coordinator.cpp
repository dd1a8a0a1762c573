#include "services/qualification/coordinator/coordinator.h"

#include <chrono>
#include <numeric>
#include <optional>
#include <utility>

#include "common/events/outbox/write_items.h"
#include "common/resource/resource_name.h"
#include "services/qualification/decision_log.h"
#include "services/qualification/pending/view.h"
#include "services/qualification/qualification_messages.h"

#include "quartet/qualification/v1/service.pb.h"

namespace quartet::qualification {
namespace {

constexpr std::string_view kCollection = "qualifications";
// More than enough for a share of one partition in many.
constexpr int kIdTriesMax = 64;

Error NoSuchQualification(const std::string& id) {
  return NotFound("NOT_FOUND", resource::NameOf(kCollection, id) + " does not exist");
}

Error Fenced() {
  return Aborted("QUALIFICATION_FENCED", "the id that it was to get can never begin", std::chrono::milliseconds(100));
}

// What a request_id stands for.
std::string ContentOf(const std::string& lead, const v1::QualifyOptions& options) {
  v1::QualifyLeadRequest content;
  content.set_lead(lead);
  *content.mutable_options() = options;
  return UuidV5(content.SerializeAsString());
}

std::string ContentOf(const std::string& reverted_id) {
  return UuidV5("revert/" + reverted_id);
}

}  // namespace

Coordinator::Coordinator(const QualificationRepository& repository, storage::Database& database, events::Outbox& outbox,
                         Waiters& waiters, telemetry::Contradictions& contradictions, const Clock& clock, IdSource& ids,
                         RecentRows::Limits memory)
    : repository_(repository),
      database_(database),
      outbox_(outbox),
      waiters_(waiters),
      contradictions_(contradictions),
      clock_(clock),
      ids_(ids),
      steps_(repository, clock),
      recent_(memory) {}

void Coordinator::Enqueue(Work work, std::function<void(Status)> done, Announcement expect) {
  auto written = std::make_shared<Written>();
  outbox_.Enqueue(
      [written, work = std::move(work)](storage::Transaction& transaction, std::vector<events::Message>& out) {
        *written = {};
        return work(transaction, out, *written);
      },
      [this, written, done = std::move(done)](Status status) {
        if (status.ok()) Remember(*written);
        done(std::move(status));
      },
      std::move(expect));
}

Status Coordinator::Write(const Work& work) {
  Written written;
  Status status = outbox_.Write([&](storage::Transaction& transaction, std::vector<events::Message>& out) {
    written = {};
    return work(transaction, out, written);
  });
  if (status.ok()) Remember(written);
  return status;
}

void Coordinator::Remember(Written& written) {
  for (Row& row : written.rows) recent_.Put(std::move(row));
  for (const auto& qualification : written.decided) waiters_.Notify(qualification);
  for (const std::string& id : written.unknown) ReportUnknown(contradictions_, id, "reply");
}

std::vector<Status> Coordinator::WriteRows(const RowsWork& work, std::vector<events::Message>* commands) {
  std::vector<Status> statuses(work.count);
  std::vector<std::size_t> todo(work.count);
  std::iota(todo.begin(), todo.end(), std::size_t{0});
  while (!todo.empty()) {
    std::vector<Written> written(todo.size());
    const events::ItemWork items{
        .count = todo.size(),
        .run =
            [&](std::size_t item, storage::Transaction& transaction, std::vector<events::Message>& out) {
              written[item] = {};
              return work.run(todo[item], transaction, out, written[item]);
            },
        .expect =
            [&](std::span<const std::size_t> some, storage::Transaction& transaction) {
              std::vector<std::size_t> mapped;
              for (const std::size_t item : some) mapped.push_back(todo[item]);
              return work.expect(mapped, transaction);
            },
        .bytes_of = [&](std::size_t item) { return work.bytes_of(todo[item]); }};
    std::vector<Status> results = events::WriteItems(outbox_, items, commands);
    std::vector<std::size_t> again;
    for (std::size_t item = 0; item < todo.size(); ++item) {
      if (results[item].ok())
        Remember(written[item]);
      else if (results[item].error().reason == kMoved && work.forget(todo[item]))
        again.push_back(todo[item]);
      statuses[todo[item]] = std::move(results[item]);
    }
    todo = std::move(again);
  }
  return statuses;
}

// An id whose replies come to this replica, so that it decides what its own
// callers wait for. Any other does as well, only slower: where this replica reads
// no replies there is none to be found.
std::string Coordinator::NewId() {
  std::string id = ids_.NewUuid();
  for (int tries = 1; tries < kIdTriesMax && !waiters_.IsNearHere(resource::NameOf(kCollection, id)); ++tries) {
    id = ids_.NewUuid();
  }
  return id;
}

void Coordinator::Begin(const std::string& request_id, std::string content, Start start, Begun done) {
  auto result = std::make_shared<v1::Qualification>();
  Enqueue(
      [this, request_id, content = std::move(content), start = std::move(start), result](
          storage::Transaction& transaction, std::vector<events::Message>& out, Written& written) -> Status {
        if (!request_id.empty()) {
          QUARTET_ASSIGN_OR_RETURN(const auto request, repository_.FindRequest(transaction, request_id));
          if (request) {
            QUARTET_ASSIGN_OR_RETURN(*result, BegunBy(transaction, request_id, *request, content));
            return {};
          }
        }
        Row row;
        row.id = NewId();
        row.version = 1;
        row.qualification().set_name(resource::NameOf(kCollection, row.id));
        Step step;
        QUARTET_RETURN_IF_ERROR(start(transaction, row, step));
        if (!request_id.empty()) {
          QUARTET_RETURN_IF_ERROR(
              repository_.InsertRequest(transaction, request_id, {.content = content, .qualification_id = row.id}));
        }
        QUARTET_RETURN_IF_ERROR(repository_.Insert(transaction, row));
        for (const Send& send : step.sends) out.push_back(CommandMessage(row, send));
        *result = row.qualification();
        written.rows.push_back(std::move(row));
        return {};
      },
      [result, done = std::move(done)](Status status) {
        if (status.ok()) return done(std::move(*result));
        // The request_id is looked up whenever this runs again; only the id can be taken by somebody else.
        if (status.error().reason == "UNIQUE_VIOLATION") status = Fenced();
        done(std::move(status).error());
      },
      [this, request_id](storage::Transaction& transaction) {
        if (!request_id.empty()) repository_.ExpectRequest(transaction, request_id);
      });
}

Result<v1::Qualification> Coordinator::BegunBy(storage::Transaction& transaction, const std::string& request_id,
                                               const Request& request, const std::string& content) const {
  if (request.content != content)
    return AlreadyExists("REQUEST_ID_REUSED", "request_id " + request_id + " was used for something else");
  QUARTET_ASSIGN_OR_RETURN(auto row, repository_.Find(transaction, request.qualification_id));
  if (!row) return Internal("a request whose qualification is missing");
  return std::move(row->qualification());
}

Coordinator::Found Coordinator::FindBegun(const std::string& request_id, const std::string& content) const {
  std::optional<v1::Qualification> begun;
  QUARTET_RETURN_IF_ERROR(database_.Read([&](storage::Transaction& transaction) -> Status {
    QUARTET_ASSIGN_OR_RETURN(const auto request, repository_.FindRequest(transaction, request_id));
    if (!request) return {};
    QUARTET_ASSIGN_OR_RETURN(begun, BegunBy(transaction, request_id, *request, content));
    return {};
  }));
  return begun;
}

Coordinator::Found Coordinator::FindQualify(const std::string& lead, const v1::QualifyOptions& options,
                                            const std::string& request_id) const {
  return FindBegun(request_id, ContentOf(lead, options));
}

Coordinator::Found Coordinator::FindRevert(const std::string& qualification_id, const std::string& request_id) const {
  return FindBegun(request_id, ContentOf(qualification_id));
}

void Coordinator::BeginQualify(const std::string& lead, const v1::QualifyOptions& options,
                               const std::string& request_id, Begun done) {
  Begin(
      request_id, ContentOf(lead, options),
      [this, lead, options](storage::Transaction&, Row& row, Step& step) -> Status {
        row.qualification().set_kind(v1::Qualification::QUALIFY);
        row.qualification().set_lead(lead);
        *row.qualification().mutable_options() = options;
        step = StartQualify(row, clock_.NowMicros());
        return {};
      },
      std::move(done));
}

void Coordinator::BeginRevert(const std::string& qualification_id, const std::string& request_id, Begun done) {
  Begin(
      request_id, ContentOf(qualification_id),
      [this, qualification_id](storage::Transaction& transaction, Row& row, Step& step) -> Status {
        QUARTET_ASSIGN_OR_RETURN(const auto reverted, repository_.Find(transaction, qualification_id));
        if (!reverted || IsTombstone(*reverted)) return NoSuchQualification(qualification_id);
        if (auto refused = CheckRevertible(reverted->qualification())) return *std::move(refused);
        row.qualification().set_kind(v1::Qualification::REVERT);
        row.qualification().set_lead(reverted->qualification().lead());
        row.qualification().set_reverts(reverted->qualification().name());
        step = StartRevert(row, *reverted, clock_.NowMicros());
        return {};
      },
      std::move(done));
}

Result<v1::Qualification> Coordinator::Cancel(const std::string& qualification_id) {
  v1::Qualification result;
  QUARTET_RETURN_IF_ERROR(
      Write([&](storage::Transaction& transaction, std::vector<events::Message>& out, Written& written) -> Status {
        QUARTET_ASSIGN_OR_RETURN(auto row, repository_.Find(transaction, qualification_id));
        if (!row || IsTombstone(*row)) return NoSuchQualification(qualification_id);
        if (row->decided())
          return FailedPrecondition("QUALIFICATION_DECIDED", row->qualification().name() + " is decided already");
        const Before before(*row);
        const Step step = qualification::Cancel(*row, clock_.NowMicros());
        result = row->qualification();
        return steps_.Apply(transaction, *std::move(row), step, before, out, written);
      }));
  return result;
}

Result<v1::Qualification> Coordinator::Read(const std::string& id) const {
  std::optional<Row> row;
  QUARTET_RETURN_IF_ERROR(database_.Read([&](storage::Transaction& transaction) -> Status {
    QUARTET_ASSIGN_OR_RETURN(row, repository_.Find(transaction, id));
    return {};
  }));
  if (!row || IsTombstone(*row)) return NoSuchQualification(id);
  return ViewOf(*row);
}

}  // namespace quartet::qualification
