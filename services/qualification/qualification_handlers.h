#pragma once

#include <memory>
#include <string>

#include "common/rpc/dispatch.h"
#include "common/rpc/worker_pool.h"
#include "common/telemetry/counters.h"
#include "services/qualification/coordinator/coordinator.h"
#include "services/qualification/decision_log.h"
#include "services/qualification/pending/admission.h"
#include "services/qualification/pending/pruner.h"
#include "services/qualification/preview.h"

#include "quartet/qualification/v1/service.grpc.pb.h"

namespace quartet::qualification {

// Workers for what must not wait for the others, and for what the others must not wait for.
struct Lanes {
  explicit Lanes(telemetry::Counters& counters) : decisions(4, 1'024, &counters), previews(16, 128, &counters) {}
  void Stop() {
    previews.Stop();
    decisions.Stop();
  }

  // Every service reads through these: wait for nothing but the database.
  rpc::WorkerPool decisions;
  // Each holds a thread until four services have answered, which may be hanging.
  rpc::WorkerPool previews;
};

// QualificationService over gRPC. A call that waits for a decision holds no
// worker meanwhile.
class QualificationHandlers final : public v1::QualificationService::CallbackService {
 public:
  QualificationHandlers(Coordinator& coordinator, DecisionLog& decisions, const QualificationRepository& repository,
                        storage::Database& database, Waiters& waiters, Preview& preview, Lanes& lanes,
                        Admission& admission, const Pruner& pruner, rpc::WorkerPool& workers, const Clock& clock)
      : coordinator_(coordinator),
        decisions_(decisions),
        repository_(repository),
        database_(database),
        waiters_(waiters),
        preview_(preview),
        lanes_(lanes),
        admission_(admission),
        pruner_(pruner),
        workers_(workers),
        clock_(clock) {}

  grpc::ServerUnaryReactor* QualifyLead(grpc::CallbackServerContext* context, const v1::QualifyLeadRequest* request,
                                        v1::QualifyLeadResponse* response) override;
  grpc::ServerUnaryReactor* BatchQualifyLeads(grpc::CallbackServerContext* context,
                                              const v1::BatchQualifyLeadsRequest* request,
                                              v1::BatchQualifyLeadsResponse* response) override;
  grpc::ServerUnaryReactor* PreviewQualification(grpc::CallbackServerContext* context,
                                                 const v1::PreviewQualificationRequest* request,
                                                 v1::PreviewQualificationResponse* response) override;
  grpc::ServerUnaryReactor* GetQualification(grpc::CallbackServerContext* context,
                                             const v1::GetQualificationRequest* request,
                                             v1::Qualification* response) override;
  grpc::ServerUnaryReactor* ListQualifications(grpc::CallbackServerContext* context,
                                               const v1::ListQualificationsRequest* request,
                                               v1::ListQualificationsResponse* response) override;
  grpc::ServerUnaryReactor* CancelQualification(grpc::CallbackServerContext* context,
                                                const v1::CancelQualificationRequest* request,
                                                v1::Qualification* response) override;
  grpc::ServerUnaryReactor* RevertQualification(grpc::CallbackServerContext* context,
                                                const v1::RevertQualificationRequest* request,
                                                v1::Qualification* response) override;
  grpc::ServerUnaryReactor* PreviewRevert(grpc::CallbackServerContext* context, const v1::PreviewRevertRequest* request,
                                          v1::PreviewRevertResponse* response) override;
  grpc::ServerUnaryReactor* GetDecisions(grpc::CallbackServerContext* context, const v1::GetDecisionsRequest* request,
                                         v1::GetDecisionsResponse* response) override;

 private:
  // Who is told how it ended.
  struct Caller {
    // Gets the committed qualification, or why there is none.
    std::function<void(Result<v1::Qualification>)> done;
    // Whether nobody waits any more.
    std::function<bool()> gone;
  };

  // What is to be begun, unless it has been.
  struct Work {
    std::string request_id;
    std::string from;  // see CallerOf
    std::function<void(Coordinator::Begun)> begin;
    // What an earlier call with this request_id began, or nothing.
    std::function<Result<std::optional<v1::Qualification>>()> find;
    // See Conclude.
    std::shared_ptr<const v1::QualifyOptions> same_as;
  };

  // The caller of a method whose answer is, or holds, one qualification; keeps `room` until it has its answer.
  static Caller AnswerTo(const rpc::Responder& responder, v1::Qualification& answer, Admission::Room room);
  void Qualify(const v1::QualifyLeadRequest& request, const std::string& from, Caller caller);
  // Begins it if there is room for one more. If not, or if it may not be begun for the reason `refused`, what is begun
  // already is joined all the same: that is no new work.
  void Begin(Work work, Caller caller, Status refused = {});
  // Waits for the decision. `same_as`: options under which another's result will
  // do, too (rule 13), or null.
  void Conclude(Result<v1::Qualification> begun, std::shared_ptr<const v1::QualifyOptions> same_as,
                const Caller& caller);
  void FollowHolder(const v1::Qualification& refused, const v1::QualifyOptions& same_as, const Caller& caller);

  Coordinator& coordinator_;
  DecisionLog& decisions_;
  const QualificationRepository& repository_;
  storage::Database& database_;
  Waiters& waiters_;
  Preview& preview_;
  Lanes& lanes_;
  Admission& admission_;
  const Pruner& pruner_;
  rpc::WorkerPool& workers_;
  const Clock& clock_;
};

}  // namespace quartet::qualification
