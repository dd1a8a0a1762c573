#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/bench/machine/cost.h"
#include "tests/support/suite/process.h"

#include "quartet/operations/v1/service.grpc.pb.h"

namespace quartet::bench {

// Asks the services of a suite, every replica, what their databases have done for them.
class ServiceCounts {
 public:
  explicit ServiceCounts(const test::Suite& suite);

  // Since the processes were started, replicas summed up: "statements: lead", "round trips: lead" (where there is a
  // server), "operations: lead", "commits: lead" (transactions of the service's own making) and "reads: lead", and so
  // on for each service. Throws std::runtime_error if one does not answer.
  Counts Read() const;

 private:
  using Stub = operations::v1::OperationsService::Stub;
  std::vector<std::pair<std::string, std::unique_ptr<Stub>>> replicas_;  // by service
};

}  // namespace quartet::bench
