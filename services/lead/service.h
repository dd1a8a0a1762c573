#pragma once

#include "common/app/host.h"

namespace quartet::lead {

// Wires the lead service into `host`. Errors: those of its migrations.
Status Bind(app::Host& host);

}  // namespace quartet::lead
