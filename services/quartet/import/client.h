#pragma once

#include <span>

#include "common/base/result.h"

#include "quartet/lead/v1/service.pb.h"

namespace quartet::cli {

class Rpc;

// One ImportLeads stream with all of `leads`, up to 10,000. Sent again where the service shed it, or where repeating it
// is harmless because duplicates are not created. Errors: those of Rpc::Call.
Result<lead::v1::ImportLeadsResponse> ImportLeads(Rpc& rpc, const lead::v1::ImportOptions& options,
                                                  std::span<const lead::v1::Lead> leads);

}  // namespace quartet::cli
