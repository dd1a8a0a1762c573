#pragma once

#include "common/events/bus.h"
#include "services/qualification/qualification_rules.h"

namespace quartet::qualification {

// What a row has to say, as messages; without an id, which it gets when it is sent.

// A command to a participant. The row sends it again until it is answered, so it is in no
// outbox.
events::Message CommandMessage(const Row& row, const Send& send);

// Whether what a reply is about, and whom it names, are qualifications.
bool IsWellFormed(const v1::Reply& reply);

// The domain event of a decided row.
events::Message DecidedEvent(const Row& row);

}  // namespace quartet::qualification
