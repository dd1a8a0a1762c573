#include "services/qualification/coordinator.h"

#include <latch>
#include <optional>
#include <utility>

#include "common/resource/resource_name.h"
#include "services/qualification/qualification_plan.h"

#include "quartet/qualification/v1/events.pb.h"
#include "quartet/qualification/v1/service.pb.h"

namespace quartet::qualification {
namespace {

constexpr std::string_view kCollection = "qualifications";
// Woken together when what they waited for is decided; the others then wait for
// the oldest of these, so that a crowd does not collide again and again.
constexpr int kWakeMax = 32;
constexpr int kAnyNumber = 1'000'000;
constexpr int kRedriveMax = 500;

std::string_view TopicOf(v1::Participant participant) {
  switch (participant) {
    case v1::LEAD:
      return "lead.commands";
    case v1::ACCOUNT:
      return "account.commands";
    case v1::CONTACT:
      return "contact.commands";
    case v1::OPPORTUNITY:
      return "opportunity.commands";
    default:
      return "";
  }
}

events::Message CommandMessage(const Row& row, const Send& send) {
  events::Message message;
  message.topic = TopicOf(send.to);
  message.type = "quartet.qualification.v1.Command";
  message.source = "/qualification";
  message.subject = row.qualification().name();
  message.data = send.command.SerializeAsString();
  return message;
}

events::Message DecidedEvent(const Row& row) {
  const bool committed = row.state() == v1::Qualification::COMMITTED;
  v1::QualificationEvent event;
  event.set_change(committed ? v1::QualificationEvent::COMMITTED : v1::QualificationEvent::ABORTED);
  event.set_version(row.version);
  *event.mutable_qualification() = row.qualification();
  events::Message message;
  message.topic = "qualification.events";
  message.type = std::string("quartet.qualification.v1.") + (committed ? "committed" : "aborted");
  message.source = "/qualification";
  message.subject = row.qualification().name();
  message.time_us = row.update_time_us;
  message.data = event.SerializeAsString();
  return message;
}

Error NoSuchQualification(const std::string& id) {
  return NotFound("NOT_FOUND", resource::NameOf(kCollection, id) + " does not exist");
}

}  // namespace

Coordinator::Coordinator(const QualificationRepository& repository, storage::Database& database, events::Outbox& outbox,
                         Waiters& waiters, const Clock& clock, IdSource& ids)
    : repository_(repository), database_(database), outbox_(outbox), waiters_(waiters), clock_(clock), ids_(ids) {}

void Coordinator::Begin(const std::string& request_id, std::string content, Start start, Begun done) {
  auto result = std::make_shared<v1::Qualification>();
  outbox_.Enqueue(
      [this, request_id, content = std::move(content), start = std::move(start), result](
          storage::Transaction& transaction, std::vector<events::Message>& out) -> Status {
        if (!request_id.empty()) {
          QUARTET_ASSIGN_OR_RETURN(const auto request, repository_.FindRequest(transaction, request_id));
          if (request && request->content != content)
            return AlreadyExists("REQUEST_ID_REUSED", "request_id " + request_id + " was used for something else");
          if (request) {
            QUARTET_ASSIGN_OR_RETURN(auto row, repository_.Find(transaction, request->qualification_id));
            if (!row) return Internal("a request whose qualification is missing");
            *result = row->qualification();
            return {};
          }
        }
        Row row;
        row.id = ids_.NewUuid();
        row.version = 1;
        row.qualification().set_name(resource::NameOf(kCollection, row.id));
        Step step;
        QUARTET_RETURN_IF_ERROR(start(transaction, row, step));
        QUARTET_RETURN_IF_ERROR(repository_.Insert(transaction, row));
        if (!request_id.empty())
          QUARTET_RETURN_IF_ERROR(
              repository_.InsertRequest(transaction, request_id, {.content = content, .qualification_id = row.id}));
        for (const Send& send : step.sends) out.push_back(CommandMessage(row, send));
        *result = row.qualification();
        return {};
      },
      [result, done = std::move(done)](Status status) {
        if (status.ok())
          done(std::move(*result));
        else
          done(std::move(status).error());
      });
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
        if (!reverted) return NoSuchQualification(qualification_id);
        if (reverted->state() != v1::Qualification::COMMITTED ||
            reverted->qualification().kind() != v1::Qualification::QUALIFY)
          return FailedPrecondition("NOT_COMMITTED",
                                    reverted->qualification().name() + " is not a committed qualification of a lead");
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
  Decided decided;
  QUARTET_RETURN_IF_ERROR(
      outbox_.Write([&](storage::Transaction& transaction, std::vector<events::Message>& out) -> Status {
        decided.clear();
        QUARTET_ASSIGN_OR_RETURN(auto row, repository_.Find(transaction, qualification_id));
        if (!row) return NoSuchQualification(qualification_id);
        if (row->decided())
          return FailedPrecondition("QUALIFICATION_DECIDED", row->qualification().name() + " is decided already");
        const auto before = row->state();
        const Step step = qualification::Cancel(*row, clock_.NowMicros());
        QUARTET_RETURN_IF_ERROR(Apply(transaction, *row, step, before, out, decided));
        result = row->qualification();
        return {};
      }));
  for (const auto& qualification : decided) waiters_.Notify(qualification);
  return result;
}

std::vector<Status> Coordinator::Handle(std::span<const events::Delivery> deliveries) {
  struct Job {
    v1::Reply reply;
    Status status;
    Decided decided;
  };
  std::vector<Job> jobs(deliveries.size());
  std::latch finished(static_cast<std::ptrdiff_t>(jobs.size()));
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    Job& job = jobs[i];
    if (!job.reply.ParseFromString(deliveries[i].message.data)) {
      job.status = Internal("not a serialised quartet.qualification.v1.Reply");
      finished.count_down();
      continue;
    }
    outbox_.Enqueue(
        [this, &job](storage::Transaction& transaction, std::vector<events::Message>& out) {
          job.decided.clear();
          return OnReplyMessage(transaction, job.reply, out, job.decided);
        },
        [this, &job, &finished](Status status) {
          if (status.ok()) {
            for (const auto& qualification : job.decided) waiters_.Notify(qualification);
          }
          job.status = std::move(status);
          finished.count_down();
        });
  }
  finished.wait();
  std::vector<Status> statuses;
  statuses.reserve(jobs.size());
  for (Job& job : jobs) statuses.push_back(std::move(job.status));
  return statuses;
}

Status Coordinator::OnReplyMessage(storage::Transaction& transaction, const v1::Reply& reply,
                                   std::vector<events::Message>& out, Decided& decided) const {
  QUARTET_ASSIGN_OR_RETURN(auto row, repository_.Find(transaction, resource::IdOf(reply.qualification())));
  // An id without a row can never start; its intents are void when asked about.
  if (!row) return {};
  Holder holder;
  if (reply.has_busy()) {
    QUARTET_ASSIGN_OR_RETURN(holder, LookUpHolder(transaction, resource::IdOf(reply.busy().holder())));
  }
  const auto before = row->state();
  const Step step = OnReply(*row, reply, holder, clock_.NowMicros());
  return Apply(transaction, *row, step, before, out, decided);
}

Status Coordinator::Redrive() {
  std::vector<std::string> due;
  QUARTET_RETURN_IF_ERROR(database_.Read([&](storage::Transaction& transaction) -> Status {
    QUARTET_ASSIGN_OR_RETURN(due, repository_.DueBy(transaction, clock_.NowMicros(), kRedriveMax));
    return {};
  }));
  // A row that fails must not hold up those that come after it.
  Status first_failure;
  for (const std::string& id : due) {
    Decided decided;
    Status driven = outbox_.Write([&](storage::Transaction& transaction, std::vector<events::Message>& out) {
      decided.clear();
      return RedriveRow(transaction, id, out, decided);
    });
    if (!driven.ok() && first_failure.ok()) first_failure = std::move(driven);
  }
  return first_failure;
}

Status Coordinator::RedriveRow(storage::Transaction& transaction, const std::string& id,
                               std::vector<events::Message>& out, Decided& decided) const {
  QUARTET_ASSIGN_OR_RETURN(auto row, repository_.Find(transaction, id));
  const std::int64_t now_us = clock_.NowMicros();
  if (!row || row->redrive_time_us == 0 || row->redrive_time_us > now_us) return {};
  QUARTET_ASSIGN_OR_RETURN(const Holder holder, LookUpHolder(transaction, row->waits_for));
  const auto before = row->state();
  const Step step = OnRedrive(*row, holder.decided, now_us);
  return Apply(transaction, *row, step, before, out, decided);
}

Status Coordinator::Apply(storage::Transaction& transaction, Row& row, const Step& step,
                          v1::Qualification::State before, std::vector<events::Message>& out, Decided& decided) const {
  if (step.changed) QUARTET_RETURN_IF_ERROR(repository_.Update(transaction, row));
  for (const Send& send : step.sends) out.push_back(CommandMessage(row, send));
  if (row.state() == before) return {};
  if (row.decided()) {
    out.push_back(DecidedEvent(row));
    decided.push_back(row.qualification());
  }
  if (row.decided() || row.state() == v1::Qualification::PARKED) return Wake(transaction, row, out, decided);
  return {};
}

Status Coordinator::Wake(storage::Transaction& transaction, const Row& holder, std::vector<events::Message>& out,
                         Decided& decided) const {
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
    const auto before = row->state();
    const Step step = OnHolderGone(*row, holder.decided(), clock_.NowMicros());
    QUARTET_RETURN_IF_ERROR(Apply(transaction, *row, step, before, out, decided));
  }
  // The rest wait for the oldest that was woken. It is older than they are, so
  // waits still never form a circle.
  if (next.empty()) return {};
  return repository_.WaitForNext(transaction, holder.id, next);
}

Result<Holder> Coordinator::LookUpHolder(storage::Transaction& transaction, const std::string& id) const {
  if (id.empty()) return Holder{};
  QUARTET_ASSIGN_OR_RETURN(const auto row, repository_.Find(transaction, id));
  if (!row) return Holder{};
  return Holder{.create_time_us = row->create_time_us, .decided = row->decided()};
}

Result<v1::Qualification> Coordinator::Read(const std::string& id) const {
  std::optional<Row> row;
  QUARTET_RETURN_IF_ERROR(database_.Read([&](storage::Transaction& transaction) -> Status {
    QUARTET_ASSIGN_OR_RETURN(row, repository_.Find(transaction, id));
    return {};
  }));
  if (!row) return NoSuchQualification(id);
  return std::move(row->qualification());
}

Result<std::vector<v1::Decision>> Coordinator::Decisions(std::span<const std::string> ids) const {
  std::vector<v1::Decision> decisions;
  QUARTET_RETURN_IF_ERROR(database_.Read([&](storage::Transaction& transaction) -> Status {
    for (const std::string& id : ids) {
      QUARTET_ASSIGN_OR_RETURN(const auto row, repository_.Find(transaction, id));
      if (row) {
        decisions.push_back(DecisionOf(*row));
        continue;
      }
      v1::Decision& unknown = decisions.emplace_back();
      unknown.set_qualification(resource::NameOf(kCollection, id));
      unknown.set_outcome(v1::Decision::ABORTED);
    }
    return {};
  }));
  return decisions;
}

void Coordinator::PollWaiters() {
  for (const std::string& name : waiters_.Sweep()) {
    const auto qualification = Read(resource::IdOf(name));
    // What cannot be read now is asked for again at the next tick.
    if (qualification.ok()) waiters_.Notify(*qualification);
  }
}

}  // namespace quartet::qualification
