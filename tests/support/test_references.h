#pragma once

#include <map>
#include <set>
#include <string>

#include "common/commit/references.h"

namespace quartet::test {

// Other services as one that is tested alone knows them: what is not said to be
// deleted is there, and nobody names anything unless it is said so. The real ones
// are asked in the tests of whole suites.
class TestReferences final : public commit::ReferenceSource {
 public:
  Result<commit::ReferenceStates> LookUp(std::span<const std::string> names) override {
    ++questions;
    if (!reachable) return Unavailable("REFERENCES_UNAVAILABLE", "the other service cannot be reached");
    commit::ReferenceStates states;
    for (const std::string& name : names)
      states[name] = deleted.contains(name) ? commit::ReferenceState::kDeleted : commit::ReferenceState::kLive;
    return states;
  }
  bool MayBeUsed() const override { return true; }
  Result<std::map<std::string, commit::Uses>> CountUses(const std::string& name) override {
    ++questions;
    if (!reachable) return Unavailable("REFERENCES_UNAVAILABLE", "the other service cannot be reached");
    const auto found = uses.find(name);
    return found == uses.end() ? std::map<std::string, commit::Uses>() : found->second;
  }

  std::set<std::string> deleted;
  std::map<std::string, std::map<std::string, commit::Uses>> uses;
  bool reachable = true;
  int questions = 0;
};

}  // namespace quartet::test
