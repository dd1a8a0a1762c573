#pragma once

#include "common/app/host.h"

namespace quartet::qualification {

// Wires the qualification service into `host`. Errors: those of its migrations.
Status Bind(app::Host& host);

}  // namespace quartet::qualification
