#include "common/commit/matching.h"

#include <algorithm>
#include <map>

#include "common/resource/identities.h"
#include "common/resource/resource_name.h"
#include "common/rpc/error_mapping.h"

namespace quartet::commit {
namespace {

using qualification::v1::PlannedRecord;
using qualification::v1::QualifyOptions;
using qualification::v1::RecordOutcome;

struct Candidate {
  std::string id;
  std::string matched_by;
};

class Matcher {
 public:
  Matcher(storage::Transaction& transaction, const MatchRequest& request, const resource::RecordRepository& records,
          const IntentRepository& intents, const ReferenceStates& known)
      : transaction_(transaction), request_(request), records_(records), intents_(intents), known_(known) {}

  Result<Verdict> Run() {
    if (!request_.given.empty()) return Attach(request_.given, /*given=*/true);
    QUARTET_RETURN_IF_ERROR(FindCandidates());
    if (!blocked_.by.empty()) return Verdict(std::move(blocked_));
    if (request_.duplicate_policy == QualifyOptions::OPEN_ANYWAY || candidates_.empty()) return Open();
    if (request_.duplicate_policy == QualifyOptions::REFUSE)
      return Refusal("DUPLICATE_FOUND", "found " + CandidateList());
    const bool conflict = std::any_of(candidates_.begin(), candidates_.end(),
                                      [&](const Candidate& c) { return c.id != candidates_.front().id; });
    if (conflict && request_.explain_conflicts)
      return Refusal("IDENTITY_CONFLICT", "these lead to different records: " + CandidateList());
    return Attach(candidates_.front().id, /*given=*/false);
  }

 private:
  std::string Name(const std::string& id) const { return resource::NameOf(records_.schema().collection, id); }

  std::string CandidateList() const {
    std::string text;
    for (const Candidate& candidate : candidates_)
      text += (text.empty() ? "" : ", ") + Name(candidate.id) + " by " + candidate.matched_by;
    return text;
  }

  Verdict Refusal(std::string reason, std::string message) const {
    Error error = FailedPrecondition(std::move(reason), std::move(message));
    for (const Candidate& candidate : candidates_) error.metadata[candidate.matched_by] = Name(candidate.id);
    return commit::Refuse(error);
  }

  // Read once each: nothing that is done here changes them.
  Result<std::optional<std::string>> Owner(const identity::Identity& identity) {
    const auto known = owners_.find(identity);
    if (known != owners_.end()) return known->second;
    QUARTET_ASSIGN_OR_RETURN(auto owner, records_.Owner(transaction_, identity));
    return owners_.emplace(identity, std::move(owner)).first->second;
  }

  Result<std::vector<Intent>> OthersOn(const std::string& id) {
    const auto known = others_.find(id);
    if (known != others_.end()) return known->second;
    QUARTET_ASSIGN_OR_RETURN(auto found, intents_.OnRecord(transaction_, id));
    std::erase_if(found, [&](const Intent& i) { return i.qualification_id == request_.own_id; });
    return others_.emplace(id, std::move(found)).first->second;
  }

  // Those by which a record may come, go or change its identities.
  Result<std::vector<Intent>> UnsettledOn(const std::string& id) {
    QUARTET_ASSIGN_OR_RETURN(auto others, OthersOn(id));
    std::erase_if(others, [](const Intent& i) { return !ChangesContent(i.kind); });
    return others;
  }

  void Block(const std::vector<Intent>& by) { blocked_.by.insert(blocked_.by.end(), by.begin(), by.end()); }

  Status FindCandidates() {
    for (const identity::Identity& key : request_.keys) {
      QUARTET_ASSIGN_OR_RETURN(const auto owner, Owner(key));
      if (!owner) continue;
      // Whether it has, and keeps, what leads to it is not known before these are
      // decided. With OPEN_ANYWAY only what is exclusive matters.
      QUARTET_ASSIGN_OR_RETURN(const auto unsettled, UnsettledOn(*owner));
      if (!unsettled.empty()) {
        if (request_.duplicate_policy != QualifyOptions::OPEN_ANYWAY || records_.schema().IsExclusive(key.kind))
          Block(unsettled);
        continue;
      }
      candidates_.push_back({*owner, std::string(identity::KindName(key.kind)) + " " + key.value});
    }
    return {};
  }

  // Whether `identities` can be claimed for `id`; what keeps them from it if not.
  Result<std::optional<Verdict>> CheckClaims(const std::vector<identity::Identity>& identities, const std::string& id) {
    for (const identity::Identity& identity : identities) {
      if (!records_.schema().IsExclusive(identity.kind)) continue;
      QUARTET_ASSIGN_OR_RETURN(const auto owner, Owner(identity));
      if (!owner || *owner == id) continue;
      QUARTET_ASSIGN_OR_RETURN(const auto unsettled, UnsettledOn(*owner));
      if (unsettled.empty()) {
        const auto kind = std::string(identity::KindName(identity.kind));
        return std::optional<Verdict>(
            Refusal("IDENTITY_TAKEN", kind + " " + identity.value + " belongs to " + Name(*owner)));
      }
      Block(unsettled);
    }
    if (!blocked_.by.empty()) return std::optional<Verdict>(std::move(blocked_));
    return std::optional<Verdict>();
  }

  Ready Answer(const std::string& id, RecordOutcome::Kind kind, Intent intent) const {
    Ready ready;
    RecordOutcome* outcome = ready.prepared.add_records();
    outcome->set_name(Name(id));
    outcome->set_kind(kind);
    PlannedRecord& planned = ready.planned.emplace_back();
    for (const Candidate& candidate : candidates_) {
      PlannedRecord::Candidate* shown = planned.add_candidates();
      shown->set_name(Name(candidate.id));
      shown->set_matched_by(candidate.matched_by);
    }
    ready.intents.push_back(std::move(intent));
    return ready;
  }

  Result<Verdict> Open() {
    QUARTET_ASSIGN_OR_RETURN(auto obstacle, CheckClaims(request_.identities, request_.new_id));
    if (obstacle) return *std::move(obstacle);
    Ready ready = Answer(request_.new_id, RecordOutcome::OPENED,
                         Intent{.record_id = request_.new_id,
                                .qualification_id = "",
                                .kind = IntentKind::kOpen,
                                .proposal = request_.proposal,
                                .reserved = request_.identities});
    *ready.planned.front().mutable_outcome() = ready.prepared.records(0);
    QUARTET_RETURN_IF_ERROR(request_.complete(ready, nullptr, ""));
    return Verdict(std::move(ready));
  }

  Result<Verdict> Attach(const std::string& id, bool given) {
    QUARTET_ASSIGN_OR_RETURN(auto others, OthersOn(id));
    QUARTET_ASSIGN_OR_RETURN(const auto record, records_.Find(transaction_, id));
    if (!record && !others.empty()) return Verdict(Blocked{std::move(others)});
    if (!record || record->delete_time_us != 0)
      return Refusal("RECORD_NOT_FOUND", Name(id) + (record ? " is deleted" : " does not exist"));
    std::string named;
    if (request_.named) {
      QUARTET_ASSIGN_OR_RETURN(named, request_.named(*record));
    }
    const auto known = known_.find(named);
    if (!named.empty() && known == known_.end()) return Verdict(Unknown{{named}});
    const std::string dead = named.empty() || known->second == ReferenceState::kLive ? "" : named;
    QUARTET_ASSIGN_OR_RETURN(Filled filled, request_.fill(*record, dead));
    // Attaches that fill nothing share; one that fills is alone (rule 8).
    if (filled.fields.empty()) std::erase_if(others, [](const Intent& i) { return !ChangesContent(i.kind); });
    if (!others.empty()) return Verdict(Blocked{std::move(others)});
    const auto added = resource::Added(filled.identities_before, filled.identities_after);
    QUARTET_ASSIGN_OR_RETURN(auto obstacle, CheckClaims(added, id));
    if (obstacle) return *std::move(obstacle);
    if (given) candidates_.push_back({id, "being given"});
    const bool fills = !filled.fields.empty();
    Ready ready = Answer(id, RecordOutcome::ATTACHED,
                         Intent{.record_id = id,
                                .qualification_id = "",
                                .kind = fills ? IntentKind::kFill : IntentKind::kAttach,
                                .proposal = !fills                    ? ""
                                            : filled.proposal.empty() ? request_.proposal
                                                                      : std::move(filled.proposal),
                                .reserved = added});
    for (const std::string& field : filled.fields) ready.prepared.mutable_records(0)->add_filled_fields(field);
    *ready.planned.front().mutable_outcome() = ready.prepared.records(0);
    QUARTET_RETURN_IF_ERROR(request_.complete(ready, &*record, dead));
    return Verdict(std::move(ready));
  }

  storage::Transaction& transaction_;
  const MatchRequest& request_;
  const resource::RecordRepository& records_;
  const IntentRepository& intents_;
  const ReferenceStates& known_;
  std::map<identity::Identity, std::optional<std::string>> owners_;
  std::map<std::string, std::vector<Intent>> others_;
  std::vector<Candidate> candidates_;
  Blocked blocked_;
};

class Matching final : public Evaluation {
 public:
  Matching(MatchRequest request, const resource::RecordRepository& records, const IntentRepository& intents)
      : request_(std::move(request)), records_(records), intents_(intents) {}

  Status Expect(storage::Transaction& transaction, int step) const override {
    if (!request_.given.empty()) {
      if (step == 0) ExpectRecord(transaction, request_.given);
      return {};
    }
    for (const auto* keys : {&request_.keys, &request_.identities}) {
      for (const identity::Identity& key : *keys) {
        if (step == 0) {
          records_.ExpectOwner(transaction, key);
          continue;
        }
        QUARTET_ASSIGN_OR_RETURN(const auto owner, records_.Owner(transaction, key));
        if (owner) ExpectRecord(transaction, *owner);
      }
    }
    return {};
  }

  Result<Verdict> Run(storage::Transaction& transaction, const ReferenceStates& known) const override {
    return Matcher(transaction, request_, records_, intents_, known).Run();
  }

 private:
  void ExpectRecord(storage::Transaction& transaction, const std::string& id) const {
    intents_.ExpectOnRecord(transaction, id);
    records_.ExpectFind(transaction, id);
  }

  const MatchRequest request_;
  const resource::RecordRepository& records_;
  const IntentRepository& intents_;
};

}  // namespace

std::unique_ptr<Evaluation> AttachOrOpen(MatchRequest request, const resource::RecordRepository& records,
                                         const IntentRepository& intents) {
  return std::make_unique<Matching>(std::move(request), records, intents);
}

}  // namespace quartet::commit
