#include "services/quartet/import/client.h"

#include <memory>

#include <grpcpp/grpcpp.h>

#include "services/quartet/connection/rpc.h"
#include "services/quartet/shell/interrupt.h"

#include "quartet/lead/v1/service.grpc.pb.h"

namespace quartet::cli {
namespace {

using lead::v1::ImportLeadsRequest;
using lead::v1::ImportLeadsResponse;

constexpr int kSendsMax = 5;
constexpr std::size_t kMessageBytesMax = 1 << 20;

// Writes the leads in messages of a size that any server takes. A failed write shows in the call's status.
void WriteAll(grpc::ClientWriter<ImportLeadsRequest>& writer, const lead::v1::ImportOptions& options,
              std::span<const lead::v1::Lead> leads) {
  ImportLeadsRequest message;
  *message.mutable_options() = options;
  std::size_t bytes = 0;
  for (const auto& lead : leads) {
    bytes += lead.ByteSizeLong();
    if (bytes > kMessageBytesMax && message.leads_size() > 0) {
      if (!writer.Write(message)) return;
      message.Clear();
      bytes = lead.ByteSizeLong();
    }
    *message.add_leads() = lead;
  }
  if (writer.Write(message)) writer.WritesDone();
}

}  // namespace

Result<ImportLeadsResponse> ImportLeads(Rpc& rpc, const lead::v1::ImportOptions& options,
                                        std::span<const lead::v1::Lead> leads) {
  const auto stub = lead::v1::LeadService::NewStub(rpc.Channel(Service::kLead));
  const bool is_repeatable = options.validate_only() || options.duplicate_action() != lead::v1::DUPLICATE_ACTION_CREATE;
  for (int attempt = 1;; ++attempt) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + rpc.timeout());
    const Interrupt::Watch watch(rpc.interrupt(), [&context] { context.TryCancel(); });
    ImportLeadsResponse response;
    const auto writer = stub->ImportLeads(&context, &response);
    WriteAll(*writer, options, leads);
    const grpc::Status status = writer->Finish();
    if (status.ok()) return response;
    Error error = rpc.ErrorOf(Service::kLead, status);
    const bool was_shed = error.code == Code::kResourceExhausted;
    const bool may_repeat = error.retry_after && (was_shed || (is_repeatable && error.code == Code::kUnavailable));
    if (!may_repeat || attempt == kSendsMax || !rpc.interrupt().WaitFor(*error.retry_after)) return error;
  }
}

}  // namespace quartet::cli
