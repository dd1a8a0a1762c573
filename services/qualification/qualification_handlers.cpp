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

constexpr std::string_view kCollection = "qualifications";
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
  auto id = resource::ParseName(kCollection, name);
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
    auto id = resource::ParseName(kCollection, name);
    if (!id) return InvalidArgument({{"qualifications", "must be \"qualifications/{uuid}\" each"}});
    ids.push_back(*std::move(id));
  }
  return ids;
}

// Collects the results of a batch; the last one ends the call.
struct Gathering {
  Gathering(rpc::Responder to, v1::BatchQualifyLeadsResponse& into, int count)
      : responder(std::move(to)), response(into), missing(count) {}

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
};

}  // namespace

QualificationHandlers::Caller QualificationHandlers::CallerOf(const rpc::Responder& responder,
                                                              v1::Qualification& answer) {
  // gRPC keeps `answer` until the call is finished.
  return {.done =
              [responder, &answer](Result<v1::Qualification> result) {
                if (!result.ok()) return responder.Finish(std::move(result).error());
                answer = *std::move(result);
                responder.Finish({});
              },
          .gone = [responder] { return responder.Cancelled(); }};
}

void QualificationHandlers::Qualify(const v1::QualifyLeadRequest& request, Caller caller) {
  if (const Status status = Check(request); !status.ok()) {
    caller.done(status.error());
    return;
  }
  auto options = std::make_shared<const v1::QualifyOptions>(request.options());
  coordinator_.BeginQualify(request.lead(), request.options(), request.request_id(),
                            [this, options, caller = std::move(caller)](Result<v1::Qualification> begun) {
                              Conclude(std::move(begun), options, caller);
                            });
}

void QualificationHandlers::Conclude(Result<v1::Qualification> begun, std::shared_ptr<const v1::QualifyOptions> same_as,
                                     const Caller& caller) {
  if (!begun.ok()) {
    caller.done(std::move(begun).error());
    return;
  }
  const auto tell = [this, same_as, caller](const v1::Qualification& decided) {
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
  if (!holder.ok()) {
    caller.done(std::move(holder).error());
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
      context, workers_, [this, request, response](rpc::Responder responder) {
        Qualify(*request, CallerOf(responder, *response->mutable_qualification()));
      });
}

grpc::ServerUnaryReactor* QualificationHandlers::BatchQualifyLeads(grpc::CallbackServerContext* context,
                                                                   const v1::BatchQualifyLeadsRequest* request,
                                                                   v1::BatchQualifyLeadsResponse* response) {
  return rpc::ServeAsync<v1::BatchQualifyLeadsRequest, v1::BatchQualifyLeadsResponse>(
      context, workers_, [this, request, response](rpc::Responder responder) {
        const int count = request->requests_size();
        if (count < 1 || count > kBatchQualifyMax)
          return responder.Finish(
              InvalidArgument({{"requests", fmt::format("1 to {} requests, not {}", kBatchQualifyMax, count)}}));
        for (int i = 0; i < count; ++i) response->add_results();
        auto gathering = std::make_shared<Gathering>(responder, *response, count);
        // The request lives until the last result is put.
        for (int i = 0; i < count; ++i) {
          Qualify(request->requests(i),
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
        QUARTET_ASSIGN_OR_RETURN(const auto page, resource::PageRequest::Parse({.collection = kCollection,
                                                                                .page_size = request->page_size(),
                                                                                .page_token = request->page_token(),
                                                                                .filter = request->filter(),
                                                                                .order_by = request->order_by()},
                                                                               kFilterFields));
        return database_.Read([&](storage::Transaction& transaction) -> Status {
          response->Clear();
          QUARTET_ASSIGN_OR_RETURN(auto found,
                                   repository_.List(transaction, page, *response->mutable_next_page_token()));
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
      context, workers_, [this, request, response](rpc::Responder responder) {
        resource::Violations violations;
        const auto id = ParseId(request->name());
        if (!id.ok()) violations.AddError("name", id.error());
        CheckRequestId(request->request_id(), violations);
        if (!violations.empty()) return responder.Finish(violations.ToStatus());
        coordinator_.BeginRevert(*id, request->request_id(),
                                 [this, response, responder](Result<v1::Qualification> begun) {
                                   Conclude(std::move(begun), nullptr, CallerOf(responder, *response));
                                 });
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
