#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "quartet/qualification/v1/participant.pb.h"

namespace quartet::test {

// A service that takes part in qualifications, as far as the orchestrator can tell: it keeps what rules 4,
// 5, 7 and 13 say that it keeps, and nothing else. Its records are held by one qualification at a time.
class ModelParticipant {
 public:
  using Decision = qualification::v1::Decision;
  using Reply = qualification::v1::Reply;
  // The decision about a qualification; nothing if nobody can be asked.
  using Ask = std::function<std::optional<Decision>(const std::string& name)>;

  // `refuses`: whether it finds fault with what it is asked for.
  ModelParticipant(qualification::v1::Participant self, Ask ask, std::function<bool()> refuses)
      : self_(self), ask_(std::move(ask)), refuses_(std::move(refuses)) {}

  // Replies are added to `out`. What the protocol forbids is added to faults().
  void Handle(const qualification::v1::Command& command, std::vector<Reply>& out);
  // Asks about all that it holds, as a participant does about intents that grow old.
  void ResolveHeld(std::vector<Reply>& out);

  const std::vector<std::string>& faults() const { return faults_; }
  // The qualifications that are final here, and those that hold something.
  const std::set<std::string>& final() const { return final_; }
  std::set<std::string> Held() const;

 private:
  struct Part {
    std::int64_t attempt = -1;  // that is held
    std::int64_t void_through = -1;
    std::string record;  // that it holds
  };

  void Prepare(const qualification::v1::Prepare& prepare, std::vector<Reply>& out);
  void Void(Part& part, std::int64_t through);
  void Resolve(const Decision& decision, std::vector<Reply>& out);
  // Who holds the record and is not decided.
  std::optional<std::string> HolderOf(const std::string& record, const std::string& own, bool& unknown,
                                      std::vector<Reply>& out);
  std::string RecordOf(const qualification::v1::Prepare& prepare) const;
  Reply ReplyTo(const qualification::v1::Prepare& prepare) const;

  const qualification::v1::Participant self_;
  const Ask ask_;
  const std::function<bool()> refuses_;
  std::map<std::string, Part> parts_;
  std::map<std::string, std::string> holders_;    // of records
  std::map<std::string, std::string> qualified_;  // LEAD: which qualification closed a lead
  std::map<std::string, std::string> reverts_;    // what a revert takes back
  std::set<std::string> final_;
  std::vector<std::string> faults_;
};

}  // namespace quartet::test
