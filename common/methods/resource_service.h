#pragma once

#include <memory>
#include <span>
#include <string>

#include "common/app/host.h"
#include "common/commit/participant.h"
#include "common/commit/pruning.h"
#include "common/methods/identity_backfill.h"
#include "common/methods/inspection/inspection_service.h"
#include "common/methods/participant_service.h"
#include "common/methods/reference_source.h"
#include "common/methods/standard_methods.h"
#include "common/storage/migrations.h"

namespace quartet::methods {

// The tables of the commit protocol, then the service's own.
Status MigrateTables(app::Host& host, const std::string& service, std::span<const storage::MigrationFile> migrations);

// Intents that grow old are resolved on their own (rule 10).
void AddResolver(app::Host& host, commit::Participant& participant);

// Participations that are over are deleted, by one replica.
void AddPruning(app::Host& host, commit::Pruning& pruning);

// Does a chunk of it now and then until it is done.
void AddBackfill(app::Host& host, IdentityBackfill& backfill);

// Asks for decisions and carries them out, acknowledging those that had been carried out before.
InspectionHandlers::ResolveAll ResolverOf(commit::DecisionSource& decisions, const commit::Resolution& resolution,
                                          events::Outbox& outbox);

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
    host.AddService(std::make_shared<ParticipantHandlers>(
        service.participant_, service.store_,
        [&service](const std::string& name) { return service.methods_.CountReferring(name); }, host.workers()));
    host.AddService(std::make_shared<InspectionHandlers>(
        service.inspector_, service.participations_, ResolverOf(service.decisions_, service.resolution_, host.outbox()),
        host.workers()));
    host.AddConsumer(std::string(Traits::kSchema.table) + ".commands",
                     [&service](std::span<const events::Delivery> deliveries) {
                       events::Handled handled;
                       handled.statuses = service.participant_.Handle(deliveries, &handled.replies);
                       return handled;
                     });
    QUARTET_RETURN_IF_ERROR(service.pruning_.Load());
    AddResolver(host, service.participant_);
    AddPruning(host, service.pruning_);
    if constexpr (Traits::kSchema.exclusive_identities && Traits::kHasIdentities) {
      auto& backfill = host.Own(std::make_shared<IdentityBackfill>(host.database(), service.records_, service.intents_,
                                                                   &TypedRecord<Traits>::IdentitiesOf, host.clock()));
      AddBackfill(host, backfill);
    }
    return &service;
  }

  ResourceService(app::Host& host, std::unique_ptr<commit::RecordKind> kind, Traits traits)
      : kind_(std::move(kind)),
        records_(Traits::kSchema),
        intents_(Traits::kSchema.table),
        decisions_(FetchDecisions(host.ChannelTo("qualification"))),
        resolution_(*kind_, records_, intents_, host.clock(), host.contradictions()),
        references_([&host](std::string_view service) { return host.ChannelTo(service); }, Traits::kSchema),
        store_(*kind_, records_, intents_, resolution_, host.database(), host.outbox(), decisions_, references_,
               host.clock()),
        participant_(*kind_, records_, intents_, resolution_, host.database(), host.outbox(), decisions_, references_,
                     watermark_, host.clock(), host.ids()),
        pruning_(host.database(), decisions_, watermark_, host.contradictions(), host.clock()),
        inspector_(InspectedKind::Of<TypedRecord<Traits>, Traits>(), host.database(), host.clock()),
        participations_(Traits::kSchema, host.database(), host.clock()),
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
  RemoteReferences references_;
  commit::RecordStore store_;
  commit::Watermark watermark_;
  commit::Participant participant_;
  commit::Pruning pruning_;
  const RecordInspector inspector_;
  const ParticipationInspector participations_;
  StandardMethods<Traits> methods_;
};

}  // namespace quartet::methods
