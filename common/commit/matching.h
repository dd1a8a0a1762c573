#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/commit/record_kind.h"

namespace quartet::commit {

// What attaching would make of a record.
struct Filled {
  std::vector<std::string> fields;                    // the ones that were empty
  std::vector<identity::Identity> identities_before;  // sorted
  std::vector<identity::Identity> identities_after;   // sorted
  std::string proposal;                               // serialised, if another than the request's
};

// How an account or a contact is found, or opened, for a qualification.
struct MatchRequest {
  std::string own_id;  // the qualification; empty for a preview
  std::string given;   // id to attach to, instead of matching
  // What may find a record, the strongest first.
  std::vector<identity::Identity> keys;
  qualification::v1::QualifyOptions::DuplicatePolicy duplicate_policy;
  // Whether keys that find different records are a conflict to explain, or the
  // strongest decides.
  bool explain_conflicts = false;
  // What to open: its id, serialised message, and sorted identities.
  std::string new_id;
  std::string proposal;
  std::vector<identity::Identity> identities;
  // The record of another service that `before` names, and of which must be known
  // whether it counts; null or empty: none.
  std::function<Result<std::string>(const resource::Record& before)> named;
  // `dead`: the one that it names, if that is deleted or gone and so counts as none.
  std::function<Result<Filled>(const resource::Record& before, const std::string& dead)> fill;
  // Completes the answer; `attached` is the record that is attached to.
  std::function<Status(Ready& ready, const resource::Record* attached, const std::string& dead)> complete;
};

// Attach or open (rules 7, 8, 15): examines every key, and only a final record
// is attached to. Refusals: RECORD_NOT_FOUND, DUPLICATE_FOUND,
// IDENTITY_CONFLICT, IDENTITY_TAKEN.
// The repositories must outlive the result.
std::unique_ptr<Evaluation> AttachOrOpen(MatchRequest request, const resource::RecordRepository& records,
                                         const IntentRepository& intents);

}  // namespace quartet::commit
