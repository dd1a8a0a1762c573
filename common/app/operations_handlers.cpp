#include "common/app/operations_handlers.h"

#include <string>
#include <vector>

#include <google/protobuf/util/time_util.h>

#include "common/app/service_counters.h"
#include "common/rpc/dispatch.h"

#include "quartet/operations/v1/service.grpc.pb.h"

namespace quartet::app {
namespace {

using google::protobuf::util::TimeUtil;
using namespace operations::v1;  // NOLINT(google-build-using-namespace): the file speaks of nothing else

class OperationsHandlers final : public OperationsService::CallbackService {
 public:
  OperationsHandlers(events::DeadLetters& dead_letters, const telemetry::Counters& counters,
                     const storage::Database& database, rpc::WorkerPool& workers)
      : dead_letters_(dead_letters), counters_(counters), database_(database), workers_(workers) {}

  grpc::ServerUnaryReactor* ListDeadLetters(grpc::CallbackServerContext* context, const ListDeadLettersRequest* request,
                                            ListDeadLettersResponse* response) override {
    return rpc::Serve<ListDeadLettersRequest, ListDeadLettersResponse>(
        context, workers_, [this, request, response]() -> Status {
          QUARTET_ASSIGN_OR_RETURN(const auto letters, dead_letters_.List(request->page_size()));
          for (const events::DeadLetter& letter : letters) {
            DeadLetter& shown = *response->add_dead_letters();
            shown.set_id(letter.message.id);
            shown.set_topic(letter.message.topic);
            shown.set_type(letter.message.type);
            shown.set_subject(letter.message.subject);
            shown.set_error(letter.error);
            *shown.mutable_fail_time() = TimeUtil::MicrosecondsToTimestamp(letter.fail_time_us);
          }
          return {};
        });
  }

  grpc::ServerUnaryReactor* ReplayDeadLetters(grpc::CallbackServerContext* context,
                                              const ReplayDeadLettersRequest* request,
                                              ReplayDeadLettersResponse* /*response*/) override {
    return rpc::Serve<ReplayDeadLettersRequest, ReplayDeadLettersResponse>(
        context, workers_, [this, request] { return dead_letters_.Replay(Ids(*request)); });
  }

  grpc::ServerUnaryReactor* DropDeadLetters(grpc::CallbackServerContext* context, const DropDeadLettersRequest* request,
                                            DropDeadLettersResponse* /*response*/) override {
    return rpc::Serve<DropDeadLettersRequest, DropDeadLettersResponse>(
        context, workers_, [this, request] { return dead_letters_.Drop(Ids(*request)); });
  }

  grpc::ServerUnaryReactor* GetCounters(grpc::CallbackServerContext* context, const GetCountersRequest* /*request*/,
                                        GetCountersResponse* response) override {
    return rpc::Serve<GetCountersRequest, GetCountersResponse>(context, workers_, [this, response]() -> Status {
      for (const auto& [name, value] : CounterValues(counters_, database_))
        (*response->mutable_counters())[name] = value;
      return {};
    });
  }

 private:
  template <class Request>
  static std::vector<std::string> Ids(const Request& request) {
    return {request.ids().begin(), request.ids().end()};
  }

  events::DeadLetters& dead_letters_;
  const telemetry::Counters& counters_;
  const storage::Database& database_;
  rpc::WorkerPool& workers_;
};

}  // namespace

std::shared_ptr<grpc::Service> MakeOperationsService(events::DeadLetters& dead_letters,
                                                     const telemetry::Counters& counters,
                                                     const storage::Database& database, rpc::WorkerPool& workers) {
  return std::make_shared<OperationsHandlers>(dead_letters, counters, database, workers);
}

}  // namespace quartet::app
