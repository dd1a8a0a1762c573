#pragma once

#include "common/app/host.h"

namespace quartet::opportunity {

// Wires the opportunity service into `host`. Errors: those of its migrations.
Status Bind(app::Host& host);

}  // namespace quartet::opportunity
