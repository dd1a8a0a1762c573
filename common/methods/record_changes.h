#pragma once

#include <optional>
#include <string>

#include <google/protobuf/util/time_util.h>

#include "common/commit/record_kind.h"
#include "common/methods/fields.h"
#include "common/methods/typed_record.h"
#include "common/methods/undo.h"

namespace quartet::methods {

// What committed intents make of the records that a qualification opens or
// attaches to; for the accounts, contacts and opportunities alike. Beside
// TypedRecord's, Traits has:
//   static void SetReferences(Message&, const Message& proposal, const qualification::v1::Names&);
//                           fills the cross references that are empty, or that
//                           `proposal` names because they count as none
template <class Traits>
class RecordChanges {
 public:
  using Message = typename Traits::Message;
  using Event = typename Traits::Event;
  using Typed = TypedRecord<Traits>;
  using Decision = qualification::v1::Decision;

  static Result<commit::Change> Apply(const commit::Intent& intent, const std::optional<resource::Record>& before,
                                      const Decision& decision) {
    if (intent.kind == commit::IntentKind::kOpen) return Open(intent, decision);
    // Intents on a record keep it from being removed, so it is there.
    if (!before) return Internal("an intent on a record that does not exist");
    QUARTET_ASSIGN_OR_RETURN(Message message, Typed::Decode(*before));
    if (intent.kind == commit::IntentKind::kRevert) return Revert(*before, message, decision);
    if (intent.kind == commit::IntentKind::kRestore) return TakeBack(intent, *before, message, decision);
    std::optional<qualification::v1::RecordUndo> undo;
    if (intent.kind == commit::IntentKind::kFill) {
      const Message empty = message;
      QUARTET_ASSIGN_OR_RETURN(const Message proposal, Parse(intent.proposal));
      FillEmptyFields(proposal, message);
      Traits::SetReferences(message, proposal, decision.names());
      undo = FilledBetween(empty, message);
    }
    if constexpr (requires { Event::ATTACHED; }) {
      auto change = ChangeTo(Event::ATTACHED, Typed::Next(*before, message, decision.decide_time_us()), message);
      change.undo = std::move(undo);
      return change;
    } else {
      return Internal("nothing attaches to such a record");
    }
  }

  static Result<std::vector<std::string>> Restorable(const resource::Record& record,
                                                     const qualification::v1::RecordUndo& undo) {
    QUARTET_ASSIGN_OR_RETURN(const Message message, Typed::Decode(record));
    return methods::Restorable(message, undo);
  }

  // A record is as its qualification left it while it has its first version.
  static Status CheckUntouched(const resource::Record& record) {
    if (record.version == 1) return {};
    return FailedPrecondition(
        "RECORD_CHANGED", resource::NameOf(Traits::kSchema.collection, record.id) + " was changed since it was opened");
  }

  static Result<Message> Parse(const std::string& bytes) {
    Message message;
    if (!message.ParseFromString(bytes)) return DataLoss("a stored proposal cannot be read");
    return message;
  }

 private:
  static commit::Change ChangeTo(typename Event::Change change, resource::Record record, Message& message) {
    commit::Change result{.after = std::nullopt, .event = Typed::EventOf(change, record, message)};
    result.after = std::move(record);
    return result;
  }

  static Result<commit::Change> Open(const commit::Intent& intent, const Decision& decision) {
    QUARTET_ASSIGN_OR_RETURN(Message message, Parse(intent.proposal));
    Traits::SetReferences(message, message, decision.names());
    return ChangeTo(Event::OPENED,
                    Typed::Encode(message, intent.record_id, 1, decision.decide_time_us(), decision.decide_time_us()),
                    message);
  }

  static Result<commit::Change> TakeBack(const commit::Intent& intent, const resource::Record& before, Message& message,
                                         const Decision& decision) {
    qualification::v1::RecordUndo undo;
    if (!undo.ParseFromString(intent.proposal)) return DataLoss("a stored undo cannot be read");
    Restore(undo, message);
    return ChangeTo(Event::QUALIFICATION_REVERTED, Typed::Next(before, message, decision.decide_time_us()), message);
  }

  // The event tells of the record's end; the record itself is gone.
  static commit::Change Revert(const resource::Record& before, Message& message, const Decision& decision) {
    const resource::Record last = Typed::Deleted(before, message, decision.decide_time_us());
    return {.after = std::nullopt, .event = Typed::EventOf(Event::QUALIFICATION_REVERTED, last, message)};
  }
};

}  // namespace quartet::methods
