#include "common/commit/record_kind.h"

#include <utility>

#include "common/resource/resource_name.h"
#include "common/rpc/error_mapping.h"

namespace quartet::commit {
namespace {

class Decided final : public Evaluation {
 public:
  explicit Decided(Verdict verdict) : verdict_(std::move(verdict)) {}
  Result<Verdict> Run(storage::Transaction& /*transaction*/, const ReferenceStates& /*known*/) const override {
    return verdict_;
  }

 private:
  const Verdict verdict_;
};

}  // namespace

std::unique_ptr<Evaluation> Evaluated(Verdict verdict) {
  return std::make_unique<Decided>(std::move(verdict));
}

qualification::v1::Refused Refuse(const Error& error, const std::string& holder) {
  qualification::v1::Refused refused;
  *refused.mutable_status() = rpc::ToRpcStatus(error);
  refused.set_holder(holder);
  return refused;
}

Status RecordKind::Complete(storage::Transaction& /*transaction*/, const resource::RecordRepository& /*records*/,
                            const qualification::v1::Prepare& /*prepare*/, qualification::v1::Reply& /*reply*/) const {
  return {};
}

Result<std::vector<std::string>> RecordKind::Restorable(const resource::Record& /*record*/,
                                                        const qualification::v1::RecordUndo& /*undo*/) const {
  return std::vector<std::string>();
}

bool RecordKind::BreaksAttachment(const resource::Record& /*before*/, const resource::Record& after) const {
  return after.delete_time_us != 0;
}

qualification::v1::Reply RecordKind::HeldBy(const qualification::v1::Prepare& /*prepare*/, const Intent& holder) const {
  qualification::v1::Reply reply;
  reply.mutable_busy()->set_holder(resource::NameOf("qualifications", holder.qualification_id));
  return reply;
}

}  // namespace quartet::commit
