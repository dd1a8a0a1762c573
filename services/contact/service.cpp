#include "services/contact/service.h"

#include "common/methods/resource_service.h"
#include "services/contact/contact_handlers.h"
#include "services/contact/contact_participant.h"
#include "services/contact/migrations.h"

namespace quartet::contact {

Status Bind(app::Host& host) {
  QUARTET_ASSIGN_OR_RETURN(
      auto* service, methods::ResourceService<ContactTraits>::Bind(host, kMigrations, std::make_unique<ContactKind>()));
  host.AddService(std::make_shared<ContactHandlers>(service->methods(), host.workers()));
  return {};
}

}  // namespace quartet::contact
