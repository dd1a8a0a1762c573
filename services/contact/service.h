#pragma once

#include "common/app/host.h"

namespace quartet::contact {

// Wires the contact service into `host`. Errors: those of its migrations.
Status Bind(app::Host& host);

}  // namespace quartet::contact
