#include "services/opportunity/service.h"

#include "common/methods/resource_service.h"
#include "services/opportunity/migrations.h"
#include "services/opportunity/opportunity_handlers.h"
#include "services/opportunity/opportunity_participant.h"

namespace quartet::opportunity {

Status Bind(app::Host& host) {
  QUARTET_ASSIGN_OR_RETURN(Stages stages, ParsePipeline(host.settings().pipeline));
  const OpportunityTraits traits{.stages = stages};
  QUARTET_ASSIGN_OR_RETURN(auto* service, methods::ResourceService<OpportunityTraits>::Bind(
                                              host, kMigrations, std::make_unique<OpportunityKind>(traits), traits));
  host.AddService(std::make_shared<OpportunityHandlers>(service->methods(), service->store(), stages, host.clock(),
                                                        host.workers()));
  return {};
}

}  // namespace quartet::opportunity
