#pragma once

#include <memory>
#include <span>
#include <string>

#include "common/app/host.h"
#include "common/commit/participant.h"
#include "common/methods/participant_service.h"
#include "common/methods/standard_methods.h"
#include "common/storage/migrations.h"

namespace quartet::methods {

// The tables of the commit protocol, then the service's own.
Status MigrateTables(app::Host& host, const std::string& service, std::span<const storage::MigrationFile> migrations);

// Intents that grow old are resolved on their own (rule 10).
void AddResolver(app::Host& host, commit::Participant& participant);

// What every service that keeps a resource consists of, wired in one place:
// records, intents, the participant with its consumer and timer, the standard
// methods. The service adds its own tables, RecordKind and handlers.
template <class Traits>
class ResourceService {
 public:
  // Brings the tables up to date (`migrations`: the service's own) and hangs the
  // participant into the host. The host keeps the object alive.
  static Result<ResourceService*> Bind(app::Host& host, std::span<const storage::MigrationFile> migrations,
                                       std::unique_ptr<commit::RecordKind> kind, Traits traits = {}) {
    QUARTET_RETURN_IF_ERROR(MigrateTables(host, std::string(Traits::kSchema.table), migrations));
    auto& service = host.Own(std::make_shared<ResourceService>(host, std::move(kind), std::move(traits)));
    host.AddService(std::make_shared<ParticipantHandlers>(service.participant_, host.workers()));
    host.AddConsumer(std::string(Traits::kSchema.table) + ".commands",
                     [&service](std::span<const events::Delivery> deliveries) {
                       events::Handled handled;
                       handled.statuses = service.participant_.Handle(deliveries, &handled.replies);
                       return handled;
                     });
    AddResolver(host, service.participant_);
    return &service;
  }

  ResourceService(app::Host& host, std::unique_ptr<commit::RecordKind> kind, Traits traits)
      : kind_(std::move(kind)),
        records_(Traits::kSchema),
        intents_(Traits::kSchema.table),
        decisions_(FetchDecisions(host.ChannelTo("qualification"))),
        resolution_(*kind_, records_, intents_, host.clock()),
        store_(*kind_, records_, intents_, resolution_, host.database(), host.outbox(), decisions_, host.clock()),
        participant_(*kind_, records_, intents_, resolution_, host.database(), host.outbox(), decisions_, host.clock(),
                     host.ids()),
        methods_(
            store_, host.clock(), host.ids(),
            [&host](std::function<void()> task) { return host.workers().TrySubmit(std::move(task)); },
            std::move(traits)) {}

  commit::RecordStore& store() { return store_; }
  StandardMethods<Traits>& methods() { return methods_; }

 private:
  const std::unique_ptr<commit::RecordKind> kind_;
  const resource::RecordRepository records_;
  const commit::IntentRepository intents_;
  commit::CachingDecisionSource decisions_;
  const commit::Resolution resolution_;
  commit::RecordStore store_;
  commit::Participant participant_;
  StandardMethods<Traits> methods_;
};

}  // namespace quartet::methods
