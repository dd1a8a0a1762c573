#pragma once

#include <memory>
#include <string>

namespace quartet::test {

// Stands between the four services and the orchestrator where they ask for
// decisions: give its address to them as --qualification. It passes questions
// on, or claims that nothing is decided, and then nobody can resolve an intent:
// records become final only by the message that tells of the decision.
class DecisionProxy {
 public:
  // Listens on a free port of the loopback interface. Throws std::runtime_error
  // if it cannot.
  DecisionProxy();
  ~DecisionProxy();
  DecisionProxy(const DecisionProxy&) = delete;
  DecisionProxy& operator=(const DecisionProxy&) = delete;

  // "host:port".
  std::string address() const;
  // Where the orchestrator is, "host:port"; UNAVAILABLE to all who ask before.
  void PassOnTo(const std::string& orchestrator);
  // From now on everything is UNDECIDED.
  void ClaimUndecided();

  // Decisions that were COMMITTED and passed on.
  int committed() const;

 private:
  class Service;
  struct Parts;
  const std::unique_ptr<Parts> parts_;
};

}  // namespace quartet::test
