// common/rpc: the one adapter between the project and gRPC: errors to statuses
// and back (this header), calls on a bounded worker pool (dispatch.h,
// worker_pool.h), the server (server.h) and channels to other services
// (channel.h). Nothing below this layer knows of gRPC.
#pragma once

#include <cstddef>
#include <string_view>

#include <grpcpp/support/status.h>

#include "common/base/result.h"

namespace google::rpc {
class Status;
}  // namespace google::rpc

namespace quartet::rpc {

// The domain of every ErrorInfo that Quartet makes.
inline constexpr std::string_view kErrorDomain = "quartet.dev";

// An error in the form of google.rpc.Status: ErrorInfo with the reason and the
// metadata, BadRequest with the violations, RetryInfo with the delay. Nothing is
// lost: the functions below give the same error back.
google::rpc::Status ToRpcStatus(const Error& error);

// The same in at most so many bytes (1,024 or more): where all does not fit, texts are
// shortened and what has no room is counted.
google::rpc::Status ToRpcStatus(const Error& error, std::size_t bytes_max);

// The same for the wire, with the details serialised in grpc-status-details-bin; cut to
// what every client takes as headers.
grpc::Status ToGrpcStatus(const Error& error);

// `status` must not be OK. A status that did not come from Quartet (the
// transport's own UNAVAILABLE or DEADLINE_EXCEEDED, say) has no details: its
// reason is then the code's name, and UNAVAILABLE gets a delay to retry after.
Error FromRpcStatus(const google::rpc::Status& status);
Error FromGrpcStatus(const grpc::Status& status);

}  // namespace quartet::rpc
