#pragma once

#include <memory>

#include "common/events/inbox/dead_letters.h"
#include "common/rpc/worker_pool.h"
#include "common/storage/database.h"
#include "common/telemetry/counters.h"

namespace grpc {
class Service;
}  // namespace grpc

namespace quartet::app {

// quartet.operations.v1.OperationsService over one service's dead letters and
// counters. All must outlive it.
std::shared_ptr<grpc::Service> MakeOperationsService(events::DeadLetters& dead_letters,
                                                     const telemetry::Counters& counters,
                                                     const storage::Database& database, rpc::WorkerPool& workers);

}  // namespace quartet::app
