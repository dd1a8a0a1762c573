#pragma once

#include <chrono>
#include <memory>
#include <string>

#include <grpcpp/grpcpp.h>

#include "common/base/result.h"
#include "common/rpc/error_mapping.h"

#include "quartet/account/v1/service.grpc.pb.h"
#include "quartet/contact/v1/service.grpc.pb.h"
#include "quartet/lead/v1/service.grpc.pb.h"
#include "quartet/operations/v1/service.grpc.pb.h"
#include "quartet/opportunity/v1/service.grpc.pb.h"
#include "quartet/qualification/v1/service.grpc.pb.h"

namespace quartet::test {

class Suite;

inline constexpr std::chrono::seconds kCallLimit{30};

// What another program of the company would hold: a stub for each service.
// Many threads may use one.
struct SuiteClients {
  explicit SuiteClients(const Suite& suite);

  std::unique_ptr<lead::v1::LeadService::Stub> leads;
  std::unique_ptr<contact::v1::ContactService::Stub> contacts;
  std::unique_ptr<account::v1::AccountService::Stub> accounts;
  std::unique_ptr<opportunity::v1::OpportunityService::Stub> opportunities;
  std::unique_ptr<qualification::v1::QualificationService::Stub> qualifications;
};

// One call; its answer or its error. While there is no connection it waits for
// one, until `limit` has passed.
template <class Stub, class Request, class Response>
Result<Response> Call(Stub& stub, grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                      const std::type_identity_t<Request>& request, std::chrono::milliseconds limit = kCallLimit) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + limit);
  context.set_wait_for_ready(true);
  Response response;
  const grpc::Status status = (stub.*method)(&context, request, &response);
  if (!status.ok()) return rpc::FromGrpcStatus(status);
  return response;
}

// Qualifies one lead with all defaults.
Result<qualification::v1::Qualification> Qualify(SuiteClients& clients, const std::string& lead,
                                                 const std::string& request_id,
                                                 std::chrono::milliseconds limit = kCallLimit);

// The same as one who does not give up: sends the same request again while
// nobody can know what became of it, for at most a minute.
Result<qualification::v1::Qualification> QualifyPatiently(SuiteClients& clients, const std::string& lead,
                                                          const std::string& request_id);

// A fresh UUID, as callers put into request_id.
std::string NewRequestId();

}  // namespace quartet::test
