#include "services/qualification/qualification_handlers.h"

#include <array>
#include <atomic>
#include <mutex>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "common/base/limits.h"
#include "common/resource/page_request.h"
#include "common/resource/resource_name.h"
#include "common/resource/violations.h"
#include "common/rpc/error_mapping.h"
#include "services/qualification/qualification_plan.h"

namespace quartet::qualification {
namespace {

constexpr std::string_view kQualifications = "qualifications";
using limits::kBatchQualifyMax;
using limits::kDecisionsMax;
// So many are looked up on the thread that the question came on.
constexpr int kDecisionsHereMax = 64;

constexpr resource::FilterField kFilterFields[] = {
    resource::EnumField("state", "state", &v1::Qualification::State_descriptor),
    resource::EnumField("kind", "kind", &v1::Qualification::Kind_descriptor),
    resource::TextField("lead", "lead"),
};

Result<std::string> ParseId(const std::string& name) {
  auto id = resource::ParseName(kQualifications, name);
  if (!id) return InvalidArgument({{"name", "must be \"qualifications/{uuid}\""}});
  return *std::move(id);
}

void CheckRequestId(const std::string& request_id, resource::Violations& violations) {
  if (!request_id.empty() && !IsUuid(request_id)) violations.Add("request_id", "must be a UUID in lower case");
}

Status Check(const v1::QualifyLeadRequest& request) {
  resource::Violations violations;
  if (!resource::ParseName("leads", request.lead())) violations.Add("lead", "must be \"leads/{uuid}\"");
  const Status options = CheckOptions(request.options(), "options");
  if (!options.ok()) violations.AddError("options", options.error());
  CheckRequestId(request.request_id(), violations);
  return violations.ToStatus();
}

Result<std::vector<std::string>> DecisionIds(const v1::GetDecisionsRequest& request) {
  if (request.qualifications_size() > kDecisionsMax)
    return InvalidArgument({{"qualifications", fmt::format("at most {}", kDecisionsMax)}});
  std::vector<std::string> ids;
  for (const std::string& name : request.qualifications()) {
    auto id = resource::ParseName(kQualifications, name);
    if (!id) return InvalidArgument({{"qualifications", "must be \"qualifications/{uuid}\" each"}});
    ids.push_back(*std::move(id));
  }
  return ids;
}

Error TooOldToRevert(const std::string& name) {
  return NotFound("NOT_FOUND", name + " is older than qualifications are kept");
}

// Collects the results of a batch; the last one ends the call.
struct Gathering {
  Gathering(rpc::Responder to, v1::BatchQualifyLeadsResponse& into, int count, Admission::Room taken)
      : responder(std::move(to)), response(into), missing(count), room(std::move(taken)) {}

  void Put(int index, Result<v1::Qualification> result) {
    auto& slot = *response.mutable_results(index);
    if (result.ok())
      *slot.mutable_qualification() = *std::move(result);
    else
      *slot.mutable_status() = rpc::ToRpcStatus(result.error(), limits::kErrorDetailsBytesMax);
    if (missing.fetch_sub(1) == 1) responder.Finish({});
  }

  const rpc::Responder responder;
  v1::BatchQualifyLeadsResponse& response;
  std::atomic<int> missing;
  const Admission::Room room;
};

}  // namespace

QualificationHandlers::Caller QualificationHandlers::AnswerTo(const rpc::Responder& responder,
                                                              v1::Qualification& answer, Admission::Room room) {
  // gRPC keeps `answer` until the call is finished.
  return {.done =
              [responder, &answer, room = std::move(room)](Result<v1::Qualification> result) {
                if (!result.ok()) return responder.Finish(std::move(result).error());
                answer = *std::move(result);
                responder.Finish({});
              },
          .gone = [responder] { return responder.Cancelled(); }};
}

void QualificationHandlers::Qualify(const v1::QualifyLeadRequest& request, const std::string& from, Caller caller) {
  if (const Status status = Check(request); !status.ok()) {
    caller.done(status.error());
    return;
  }
  auto options = std::make_shared<const v1::QualifyOptions>(request.options());
  // The request lives until the caller is answered.
  Begin(
      {.request_id = request.request_id(),
       .from = from,
       .begin =
           [this, &request](auto done) {
             coordinator_.BeginQualify(request.lead(), request.options(), request.request_id(), std::move(done));
           },
       .find = [this,
                &request] { return coordinator_.FindQualify(request.lead(), request.options(), request.request_id()); },
       .same_as = options},
      std::move(caller));
}

void QualificationHandlers::Begin(Work work, Caller caller, Status refused) {
  if (refused.ok()) refused = pruner_.CheckClock();
  const Status entered = refused.ok() ? admission_.Enter(work.from) : std::move(refused);
  if (entered.ok()) {
    work.begin(
        [this, from = work.from, same_as = work.same_as, caller = std::move(caller)](Result<v1::Qualification> begun) {
          if (begun.ok())
            admission_.Began(from, resource::IdOf(begun->name()), IsDecided(*begun));
          else
            admission_.Refused(from);
          Conclude(std::move(begun), same_as, caller);
        });
    return;
  }
  if (work.request_id.empty()) return caller.done(entered.error());
  // Reading takes time, which gRPC's threads have not. There is a limit to who waits for it.
  const bool accepted = workers_.TrySubmit([this, work = std::move(work), entered, caller] {
    auto found = work.find();
    if (!found.ok()) return caller.done(std::move(found).error());
    if (!*found) return caller.done(entered.error());
    Conclude(**std::move(found), work.same_as, caller);
  });
  if (!accepted) caller.done(Overloaded());
}

void QualificationHandlers::Conclude(Result<v1::Qualification> begun, std::shared_ptr<const v1::QualifyOptions> same_as,
                                     const Caller& caller) {
  if (!begun.ok()) {
    caller.done(std::move(begun).error());
    return;
  }
  const auto tell = [this, same_as, caller](const v1::Qualification& decided) {
    admission_.Decided(resource::IdOf(decided.name()));
    if (decided.state() == v1::Qualification::COMMITTED) {
      caller.done(decided);
      return;
    }
    Error failure = rpc::FromRpcStatus(decided.failure());
    if (same_as == nullptr || failure.reason != "LEAD_BEING_QUALIFIED" || decided.holder().empty()) {
      caller.done(std::move(failure));
      return;
    }
    // The database must not be asked on its own thread.
    if (!workers_.TrySubmit([this, decided, same_as, caller] { FollowHolder(decided, *same_as, caller); }))
      caller.done(std::move(failure));
  };
  waiters_.Await(*begun, {.tell = tell, .gone = caller.gone});
}

void QualificationHandlers::FollowHolder(const v1::Qualification& refused, const v1::QualifyOptions& same_as,
                                         const Caller& caller) {
  auto holder = coordinator_.Read(resource::IdOf(refused.holder()));
  if (!holder.ok() && holder.error().code != Code::kNotFound) {
    caller.done(std::move(holder).error());
  } else if (!holder.ok()) {
    // It was over so long ago that nobody knows it any more.
    caller.done(rpc::FromRpcStatus(refused.failure()));
  } else if (holder->kind() != v1::Qualification::QUALIFY || !SameOptions(holder->options(), same_as)) {
    caller.done(rpc::FromRpcStatus(refused.failure()));
  } else {
    // Its result is final for this caller: nobody else is followed.
    Conclude(*std::move(holder), nullptr, caller);
  }
}

grpc::ServerUnaryReactor* QualificationHandlers::QualifyLead(grpc::CallbackServerContext* context,
                                                             const v1::QualifyLeadRequest* request,
                                                             v1::QualifyLeadResponse* response) {
  return rpc::ServeQueued<v1::QualifyLeadRequest, v1::QualifyLeadResponse>(
      context, workers_, [this, request, response, from = CallerOf(context->peer())](rpc::Responder responder) {
        auto room = admission_.TakeRoom(1, static_cast<std::int64_t>(request->ByteSizeLong()));
        if (!room.ok()) return responder.Finish(std::move(room).error());
        Qualify(*request, from, AnswerTo(responder, *response->mutable_qualification(), *std::move(room)));
      });
}

grpc::ServerUnaryReactor* QualificationHandlers::BatchQualifyLeads(grpc::CallbackServerContext* context,
                                                                   const v1::BatchQualifyLeadsRequest* request,
                                                                   v1::BatchQualifyLeadsResponse* response) {
  return rpc::ServeAsync<v1::BatchQualifyLeadsRequest, v1::BatchQualifyLeadsResponse>(
      context, workers_, [this, request, response, from = CallerOf(context->peer())](rpc::Responder responder) {
        const int count = request->requests_size();
        if (count < 1 || count > kBatchQualifyMax)
          return responder.Finish(
              InvalidArgument({{"requests", fmt::format("1 to {} requests, not {}", kBatchQualifyMax, count)}}));
        auto room = admission_.TakeRoom(count, static_cast<std::int64_t>(request->ByteSizeLong()));
        if (!room.ok()) return responder.Finish(std::move(room).error());
        for (int i = 0; i < count; ++i) response->add_results();
        auto gathering = std::make_shared<Gathering>(responder, *response, count, *std::move(room));
        // The request lives until the last result is put.
        for (int i = 0; i < count; ++i) {
          Qualify(request->requests(i), from,
                  {.done = [gathering, i](Result<v1::Qualification> result) { gathering->Put(i, std::move(result)); },
                   .gone = [gathering] { return gathering->responder.Cancelled(); }});
        }
      });
}

grpc::ServerUnaryReactor* QualificationHandlers::PreviewQualification(grpc::CallbackServerContext* context,
                                                                      const v1::PreviewQualificationRequest* request,
                                                                      v1::PreviewQualificationResponse* response) {
  return rpc::ServeAsync<v1::PreviewQualificationRequest, v1::PreviewQualificationResponse>(
      context, lanes_.previews, [this, request, response](const rpc::Responder& responder) {
        v1::QualifyLeadRequest same;
        same.set_lead(request->lead());
        *same.mutable_options() = request->options();
        Status status = Check(same);
        if (status.ok()) status = preview_.Run(request->lead(), request->options(), responder.deadline(), *response);
        responder.Finish(std::move(status));
      });
}

grpc::ServerUnaryReactor* QualificationHandlers::GetQualification(grpc::CallbackServerContext* context,
                                                                  const v1::GetQualificationRequest* request,
                                                                  v1::Qualification* response) {
  return rpc::Serve<v1::GetQualificationRequest, v1::Qualification>(
      context, workers_, [this, request, response]() -> Status {
        QUARTET_ASSIGN_OR_RETURN(const std::string id, ParseId(request->name()));
        QUARTET_ASSIGN_OR_RETURN(*response, coordinator_.Read(id));
        return {};
      });
}

grpc::ServerUnaryReactor* QualificationHandlers::ListQualifications(grpc::CallbackServerContext* context,
                                                                    const v1::ListQualificationsRequest* request,
                                                                    v1::ListQualificationsResponse* response) {
  return rpc::Serve<v1::ListQualificationsRequest, v1::ListQualificationsResponse>(
      context, workers_, [this, request, response]() -> Status {
        // A page token of the one list is none of the other.
        QUARTET_ASSIGN_OR_RETURN(
            const auto page,
            resource::PageRequest::Parse({.collection = request->stuck() ? "stuck qualifications" : kQualifications,
                                          .page_size = request->page_size(),
                                          .page_token = request->page_token(),
                                          .filter = request->filter(),
                                          .order_by = request->order_by()},
                                         kFilterFields));
        const auto stuck_at_us = request->stuck() ? std::optional(clock_.NowMicros()) : std::nullopt;
        return database_.Read([&](storage::Transaction& transaction) -> Status {
          response->Clear();
          QUARTET_ASSIGN_OR_RETURN(
              auto found, repository_.List(transaction, page, stuck_at_us, *response->mutable_next_page_token()));
          for (auto& qualification : found) *response->add_qualifications() = std::move(qualification);
          return {};
        });
      });
}

grpc::ServerUnaryReactor* QualificationHandlers::CancelQualification(grpc::CallbackServerContext* context,
                                                                     const v1::CancelQualificationRequest* request,
                                                                     v1::Qualification* response) {
  return rpc::Serve<v1::CancelQualificationRequest, v1::Qualification>(
      context, workers_, [this, request, response]() -> Status {
        QUARTET_ASSIGN_OR_RETURN(const std::string id, ParseId(request->name()));
        QUARTET_ASSIGN_OR_RETURN(*response, coordinator_.Cancel(id));
        return {};
      });
}

grpc::ServerUnaryReactor* QualificationHandlers::RevertQualification(grpc::CallbackServerContext* context,
                                                                     const v1::RevertQualificationRequest* request,
                                                                     v1::Qualification* response) {
  return rpc::ServeAsync<v1::RevertQualificationRequest, v1::Qualification>(
      context, workers_, [this, request, response, from = CallerOf(context->peer())](rpc::Responder responder) {
        resource::Violations violations;
        const auto id = ParseId(request->name());
        if (!id.ok()) violations.AddError("name", id.error());
        CheckRequestId(request->request_id(), violations);
        if (!violations.empty()) return responder.Finish(violations.ToStatus());
        auto room = admission_.TakeRoom(1, static_cast<std::int64_t>(request->ByteSizeLong()));
        if (!room.ok()) return responder.Finish(std::move(room).error());
        const std::string& request_id = request->request_id();
        Begin({.request_id = request_id,
               .from = from,
               .begin = [this, id = *id,
                         request_id](auto done) { coordinator_.BeginRevert(id, request_id, std::move(done)); },
               .find = [this, id = *id, request_id] { return coordinator_.FindRevert(id, request_id); },
               .same_as = nullptr},
              AnswerTo(responder, *response, *std::move(room)),
              pruner_.MayBeReverted(*id) ? Status() : TooOldToRevert(request->name()));
      });
}

grpc::ServerUnaryReactor* QualificationHandlers::PreviewRevert(grpc::CallbackServerContext* context,
                                                               const v1::PreviewRevertRequest* request,
                                                               v1::PreviewRevertResponse* response) {
  return rpc::ServeAsync<v1::PreviewRevertRequest, v1::PreviewRevertResponse>(
      context, lanes_.previews, [this, request, response](const rpc::Responder& responder) {
        const auto run = [&]() -> Status {
          QUARTET_ASSIGN_OR_RETURN(const std::string id, ParseId(request->name()));
          QUARTET_ASSIGN_OR_RETURN(const v1::Qualification qualification, coordinator_.Read(id));
          return preview_.RunRevert(qualification, responder.deadline(), *response);
        };
        responder.Finish(run());
      });
}

grpc::ServerUnaryReactor* QualificationHandlers::GetDecisions(grpc::CallbackServerContext* context,
                                                              const v1::GetDecisionsRequest* request,
                                                              v1::GetDecisionsResponse* response) {
  return rpc::ServeLookup<v1::GetDecisionsRequest, v1::GetDecisionsResponse>(
      context, lanes_.decisions, [this, request, response](bool may_wait) -> std::optional<Status> {
        // Checking many, and reading them, would hold up gRPC's own thread.
        if (!may_wait && request->qualifications_size() > kDecisionsHereMax) return std::nullopt;
        auto ids = DecisionIds(*request);
        if (!ids.ok()) return Status(std::move(ids).error());
        auto decisions = may_wait ? std::optional(decisions_.Read(*ids)) : decisions_.TryRead(*ids);
        if (!decisions) return std::nullopt;
        if (!decisions->ok()) return Status(std::move(*decisions).error());
        *response = std::move(*decisions).value();
        return Status();
      });
}

}  // namespace quartet::qualification
