#pragma once

#include "common/app/host.h"

namespace quartet::account {

// Wires the account service into `host`. Errors: those of its migrations.
Status Bind(app::Host& host);

}  // namespace quartet::account
