#include "services/lead/service.h"

#include "common/methods/resource_service.h"
#include "services/lead/lead_handlers.h"
#include "services/lead/lead_participant.h"
#include "services/lead/migrations.h"

namespace quartet::lead {

Status Bind(app::Host& host) {
  QUARTET_ASSIGN_OR_RETURN(auto* service,
                           methods::ResourceService<LeadTraits>::Bind(host, kMigrations, std::make_unique<LeadKind>()));
  auto& import = host.Own(std::make_shared<LeadImport>(service->store(), service->methods(), host.database(),
                                                       host.outbox(), host.clock(), host.ids()));
  host.AddService(std::make_shared<LeadHandlers>(service->methods(), import, host.clock(), host.workers()));
  return {};
}

}  // namespace quartet::lead
