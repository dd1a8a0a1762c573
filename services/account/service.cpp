#include "services/account/service.h"

#include "common/methods/resource_service.h"
#include "services/account/account_handlers.h"
#include "services/account/account_participant.h"
#include "services/account/migrations.h"

namespace quartet::account {

Status Bind(app::Host& host) {
  QUARTET_ASSIGN_OR_RETURN(
      auto* service, methods::ResourceService<AccountTraits>::Bind(host, kMigrations, std::make_unique<AccountKind>()));
  host.AddService(std::make_shared<AccountHandlers>(service->methods(), host.workers()));
  return {};
}

}  // namespace quartet::account
