#include "services/qualification/coordinator.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <latch>
#include <optional>
#include <unordered_map>
#include <utility>

#include "common/resource/resource_name.h"
#include "services/qualification/decision_log.h"
#include "services/qualification/qualification_messages.h"

#include "quartet/qualification/v1/service.pb.h"

namespace quartet::qualification {
namespace {

constexpr std::string_view kCollection = "qualifications";
// Woken together when what they waited for is decided; the others then wait for
// the oldest of these, so that a crowd does not collide again and again.
constexpr int kWakeMax = 32;
constexpr int kAnyNumber = 1'000'000;
// Rows whose kept replies are written down at once, while others wait.
constexpr std::size_t kWrittenDownMax = 128;
// More than enough for a share of one partition in many.
constexpr int kIdTriesMax = 64;

Error NoSuchQualification(const std::string& id) {
  return NotFound("NOT_FOUND", resource::NameOf(kCollection, id) + " does not exist");
}

Error Fenced() {
  return Aborted("QUALIFICATION_FENCED", "the id that it was to get can never begin", std::chrono::milliseconds(100));
}

}  // namespace

Coordinator::Coordinator(const QualificationRepository& repository, storage::Database& database, events::Outbox& outbox,
                         Waiters& waiters, telemetry::Contradictions& contradictions, const Clock& clock, IdSource& ids)
    : repository_(repository),
      database_(database),
      outbox_(outbox),
      waiters_(waiters),
      contradictions_(contradictions),
      clock_(clock),
      ids_(ids) {}

Coordinator::Before::Before(const Row& row)
    : state(row.state()),
      waits_for(row.waits_for),
      redrive_time_us(row.redrive_time_us),
      redrive_count(row.redrive_count),
      unwritten(row.unwritten) {}

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

Status Coordinator::Write(Work work, std::vector<events::Message>* commands) {
  Written written;
  Status status = outbox_.Write(
      [&](storage::Transaction& transaction, std::vector<events::Message>& out) {
        written = {};
        return work(transaction, out, written);
      },
      commands);
  if (status.ok()) Remember(written);
  return status;
}

void Coordinator::Remember(Written& written) {
  for (Row& row : written.rows) recent_.Put(std::move(row));
  for (const auto& qualification : written.decided) waiters_.Notify(qualification);
  for (const std::string& id : written.unknown) ReportUnknown(contradictions_, id, "reply");
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

void Coordinator::BeginQualify(const std::string& lead, const v1::QualifyOptions& options,
                               const std::string& request_id, Begun done) {
  v1::QualifyLeadRequest content;
  content.set_lead(lead);
  *content.mutable_options() = options;
  Begin(
      request_id, UuidV5(content.SerializeAsString()),
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
      request_id, UuidV5("revert/" + qualification_id),
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
        return Apply(transaction, *std::move(row), step, before, out, written);
      }));
  return result;
}

std::vector<Status> Coordinator::Handle(std::span<const events::Delivery> deliveries,
                                        std::vector<events::Message>* commands) {
  std::vector<Status> statuses(deliveries.size());
  std::vector<Hearing> hearings;
  std::unordered_map<std::string, std::size_t> by_id;
  std::vector<std::optional<std::size_t>> heard_in(deliveries.size());
  for (std::size_t i = 0; i < deliveries.size(); ++i) {
    v1::Reply reply;
    if (!reply.ParseFromString(deliveries[i].message.data) || !IsWellFormed(reply)) {
      statuses[i] = events::UnreadableMessage("not a serialised quartet.qualification.v1.Reply");
      continue;
    }
    if (reply.has_acknowledged()) {
      KeepAcknowledgements(reply);
      continue;
    }
    const std::string id = resource::IdOf(reply.qualification());
    const auto known = by_id.find(id);
    if (known == by_id.end() && (recent_.Keep(id, reply) || GoOnUnwritten(id, reply, commands))) continue;
    const std::size_t hearing = known == by_id.end() ? hearings.size() : known->second;
    if (known == by_id.end()) {
      by_id.emplace(id, hearing);
      hearings.push_back(BeginHearing(id));
    }
    hearings[hearing].replies.push_back(std::move(reply));
    heard_in[i] = hearing;
  }
  const std::vector<Status> heard = Hear(std::move(hearings), commands);
  for (std::size_t i = 0; i < deliveries.size(); ++i) {
    if (heard_in[i]) statuses[i] = heard[*heard_in[i]];
  }
  return statuses;
}

bool Coordinator::GoOnUnwritten(const std::string& id, const v1::Reply& reply, std::vector<events::Message>* commands) {
  if (commands == nullptr || reply.participant() != v1::LEAD || !reply.has_prepared()) return false;
  std::optional<Row> row = recent_.Take(id);
  if (!row) return false;
  const Step step = OnLockedUnwritten(*row, reply, clock_.NowMicros());
  for (const Send& send : step.sends) {
    events::Message& message = commands->emplace_back(CommandMessage(*row, send));
    message.id = ids_.NewUuid();
    message.time_us = clock_.NowMicros();
  }
  recent_.Put(*std::move(row));
  return step.changed;
}

void Coordinator::KeepAcknowledgements(const v1::Reply& reply) {
  for (const std::string& name : reply.acknowledged().qualifications()) {
    v1::Reply one;
    one.set_participant(reply.participant());
    one.mutable_acknowledged();
    recent_.Keep(resource::IdOf(name), one);
  }
}

Coordinator::Hearing Coordinator::BeginHearing(const std::string& id) {
  std::vector<v1::Reply> replies = recent_.BeginHearing(id);
  return {.id = id, .replies = std::move(replies), .row = recent_.Take(id)};
}

std::vector<Status> Coordinator::Hear(std::vector<Hearing> hearings, std::vector<events::Message>* commands) {
  if (hearings.empty()) return {};
  const Status all = Write(
      [&](storage::Transaction& transaction, std::vector<events::Message>& out, Written& written) -> Status {
        if (transaction.IsRemote()) {
          for (const Hearing& hearing : hearings) Expect(transaction, hearing);
        }
        for (const Hearing& hearing : hearings) QUARTET_RETURN_IF_ERROR(HearOne(transaction, hearing, out, written));
        return {};
      },
      commands);
  std::vector<Status> statuses(hearings.size(), all);
  if (!all.ok()) {
    // One that fails holds up no other.
    std::vector<Hearing*> each;
    for (Hearing& hearing : hearings) each.push_back(&hearing);
    statuses = HearEach(each);
  }
  for (std::size_t i = 0; i < hearings.size(); ++i) {
    Hearing& hearing = hearings[i];
    recent_.EndHearing(hearing.id);
    if (statuses[i].ok() || !hearing.row || !hearing.row->unwritten) continue;
    // What is nowhere else is there for the next try, with the replies that were kept; the last one comes again.
    recent_.Put(*std::move(hearing.row));
    for (const v1::Reply& reply : hearing.replies) recent_.Keep(hearing.id, reply);
  }
  return statuses;
}

std::vector<Status> Coordinator::HearEach(std::span<Hearing*> hearings) {
  std::vector<Status> statuses(hearings.size());
  std::latch finished(std::ssize(hearings));
  for (std::size_t i = 0; i < hearings.size(); ++i) {
    Enqueue([this, &hearing = *hearings[i]](auto& transaction, auto& out,
                                            auto& written) { return HearOne(transaction, hearing, out, written); },
            [&status = statuses[i], &finished](Status heard) {
              status = std::move(heard);
              finished.count_down();
            });
  }
  finished.wait();
  // A row that is not as it was remembered is read now.
  std::vector<std::size_t> moved;
  std::vector<Hearing*> again;
  for (std::size_t i = 0; i < hearings.size(); ++i) {
    if (!hearings[i]->row || statuses[i].ok() || statuses[i].error().reason != kMoved) continue;
    hearings[i]->row.reset();
    moved.push_back(i);
    again.push_back(hearings[i]);
  }
  if (again.empty()) return statuses;
  std::vector<Status> heard = HearEach(again);
  for (std::size_t i = 0; i < moved.size(); ++i) statuses[moved[i]] = std::move(heard[i]);
  return statuses;
}

void Coordinator::Expect(storage::Transaction& transaction, const Hearing& hearing) const {
  if (!hearing.row) repository_.ExpectFind(transaction, hearing.id);
  // The last answer of those that prepare decides, and whoever waits is woken.
  const bool may_decide = std::ranges::any_of(
      hearing.replies, [](const v1::Reply& reply) { return reply.has_prepared() && reply.participant() != v1::LEAD; });
  if (may_decide) repository_.ExpectWaitingFor(transaction, hearing.id);
}

Status Coordinator::HearOne(storage::Transaction& transaction, const Hearing& hearing,
                            std::vector<events::Message>& out, Written& written) const {
  if (auto row = hearing.row) {
    const Before before(*row);
    QUARTET_ASSIGN_OR_RETURN(Step step, StepAll(transaction, hearing, *row, written));
    // In the database it is not what these replies are for.
    step.changed |= row->unwritten;
    // What changes nothing may do so because the row is not the stored one.
    if (step.changed) return Apply(transaction, *std::move(row), step, before, out, written);
  }
  QUARTET_ASSIGN_OR_RETURN(auto row, FindOrFence(transaction, hearing.id, written));
  // Over and deleted, or never begun; its intents are void when asked about.
  if (!row || IsTombstone(*row)) return {};
  const Before before(*row);
  QUARTET_ASSIGN_OR_RETURN(const Step step, StepAll(transaction, hearing, *row, written));
  return Apply(transaction, *std::move(row), step, before, out, written);
}

Result<Step> Coordinator::StepAll(storage::Transaction& transaction, const Hearing& hearing, Row& row,
                                  Written& written) const {
  Step all;
  for (const v1::Reply& reply : hearing.replies) {
    Holder holder;
    if (reply.has_busy()) {
      QUARTET_ASSIGN_OR_RETURN(holder, LookUpHolder(transaction, resource::IdOf(reply.busy().holder()), written));
    }
    Step step = OnReply(row, reply, holder, clock_.NowMicros());
    all.changed |= step.changed;
    std::ranges::move(step.sends, std::back_inserter(all.sends));
  }
  return all;
}

Status Coordinator::KeepUp() {
  const std::vector<std::string> ids = recent_.WithReplies();
  for (std::size_t first = 0; first < ids.size(); first += kWrittenDownMax) {
    std::vector<Hearing> hearings;
    for (const std::string& id : std::span(ids).subspan(first, std::min(kWrittenDownMax, ids.size() - first)))
      hearings.push_back(BeginHearing(id));
    for (Status& status : Hear(std::move(hearings))) QUARTET_RETURN_IF_ERROR(std::move(status));
  }
  return {};
}

Status Coordinator::Apply(storage::Transaction& transaction, Row row, const Step& step, const Before& before,
                          std::vector<events::Message>& out, Written& written) const {
  if (step.changed) {
    const QualificationRepository::Changed changed{.plan = row.state() != before.state || before.unwritten,
                                                   .times = row.waits_for != before.waits_for ||
                                                            row.redrive_time_us != before.redrive_time_us ||
                                                            row.redrive_count != before.redrive_count};
    QUARTET_RETURN_IF_ERROR(repository_.Update(transaction, row, changed));
    row.unwritten = false;
    // Who decides the holder wakes those that it sees waiting, so it must see this one.
    if (row.waits_for != before.waits_for && !row.waits_for.empty())
      QUARTET_RETURN_IF_ERROR(repository_.Touch(transaction, row.waits_for));
  }
  for (const Send& send : step.sends) out.push_back(CommandMessage(row, send));
  if (row.state() != before.state && row.decided()) {
    out.push_back(DecidedEvent(row));
    written.decided.push_back(row.qualification());
  }
  if (row.state() != before.state && (row.decided() || row.state() == v1::Qualification::PARKED))
    QUARTET_RETURN_IF_ERROR(Wake(transaction, row, out, written));
  written.rows.push_back(std::move(row));
  return {};
}

Status Coordinator::Wake(storage::Transaction& transaction, const Row& holder, std::vector<events::Message>& out,
                         Written& written) const {
  QUARTET_ASSIGN_OR_RETURN(const auto first, repository_.WaitingFor(transaction, holder.id, std::nullopt, 1));
  if (first.empty()) return {};
  // An older one that waits in PREPARING asks again as soon as the younger has
  // made way; one that is parked only when its holder is decided (rule 9).
  QUARTET_ASSIGN_OR_RETURN(auto woken,
                           repository_.WaitingFor(transaction, holder.id, v1::Qualification::PREPARING, kAnyNumber));
  std::string next;
  if (holder.decided()) {
    QUARTET_ASSIGN_OR_RETURN(const auto parked,
                             repository_.WaitingFor(transaction, holder.id, v1::Qualification::PARKED, kWakeMax));
    woken.insert(woken.end(), parked.begin(), parked.end());
    if (!parked.empty()) next = parked.front();
  }
  for (const std::string& id : woken) {
    QUARTET_ASSIGN_OR_RETURN(auto row, repository_.Find(transaction, id));
    const Before before(*row);
    const Step step = OnHolderGone(*row, holder.decided(), clock_.NowMicros());
    QUARTET_RETURN_IF_ERROR(Apply(transaction, *std::move(row), step, before, out, written));
  }
  // The rest wait for the oldest that was woken. It is older than they are, so
  // waits still never form a circle.
  if (next.empty()) return {};
  return repository_.WaitForNext(transaction, holder.id, next);
}

Result<Holder> Coordinator::LookUpHolder(storage::Transaction& transaction, const std::string& id,
                                         Written& written) const {
  if (id.empty()) return Holder{};
  QUARTET_ASSIGN_OR_RETURN(const auto row, FindOrFence(transaction, id, written));
  if (!row) return Holder{};
  return Holder{.create_time_us = row->create_time_us, .decided = row->decided()};
}

Result<std::optional<Row>> Coordinator::FindOrFence(storage::Transaction& transaction, const std::string& id,
                                                    Written& written) const {
  QUARTET_ASSIGN_OR_RETURN(auto row, repository_.Find(transaction, id));
  if (row) return row;
  QUARTET_ASSIGN_OR_RETURN(const std::int64_t watermark_us, repository_.Watermark(transaction));
  if (IsForgotten(id, watermark_us)) return row;
  QUARTET_RETURN_IF_ERROR(repository_.Fence(transaction, id, clock_.NowMicros()));
  written.unknown.push_back(id);
  return repository_.Find(transaction, id);
}

Result<v1::Qualification> Coordinator::Read(const std::string& id) const {
  std::optional<Row> row;
  QUARTET_RETURN_IF_ERROR(database_.Read([&](storage::Transaction& transaction) -> Status {
    QUARTET_ASSIGN_OR_RETURN(row, repository_.Find(transaction, id));
    return {};
  }));
  if (!row || IsTombstone(*row)) return NoSuchQualification(id);
  return std::move(row->qualification());
}

void Coordinator::TellWaiters(std::span<const std::string> names) {
  if (names.empty()) return;
  std::vector<v1::Qualification> found;
  const Status read = database_.Read([&](storage::Transaction& transaction) -> Status {
    found.clear();
    for (const std::string& name : names) {
      QUARTET_ASSIGN_OR_RETURN(auto row, repository_.Find(transaction, resource::IdOf(name)));
      if (row && row->decided()) found.push_back(std::move(row->qualification()));
    }
    return {};
  });
  // What cannot be read now is asked for again when it is due next.
  if (!read.ok()) return;
  for (const v1::Qualification& qualification : found) waiters_.Notify(qualification);
}

}  // namespace quartet::qualification
