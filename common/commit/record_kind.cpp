#include "common/commit/record_kind.h"

#include "common/resource/resource_name.h"

namespace quartet::commit {

bool RecordKind::BreaksAttachment(const resource::Record& /*before*/,
                                  const resource::Record& after) const {
  return after.delete_time_us != 0;
}

qualification::v1::Reply RecordKind::HeldBy(const Intent& holder) const {
  qualification::v1::Reply reply;
  reply.mutable_busy()->set_holder(resource::NameOf("qualifications", holder.qualification_id));
  reply.mutable_busy()->set_holder_create_time_us(holder.age_us);
  return reply;
}

}  // namespace quartet::commit
