#pragma once

#include <memory>

#include "common/events/dead_letters.h"
#include "common/rpc/worker_pool.h"

namespace grpc {
class Service;
}  // namespace grpc

namespace quartet::app {

// quartet.operations.v1.OperationsService over one service's dead letters. Both
// must outlive it.
std::shared_ptr<grpc::Service> MakeOperationsService(events::DeadLetters& dead_letters, rpc::WorkerPool& workers);

}  // namespace quartet::app
