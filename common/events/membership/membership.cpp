#include "common/events/membership/membership.h"

#include <algorithm>

namespace quartet::events {

Share Members::share() const {
  const auto mine = std::find(live.begin(), live.end(), slot);
  return {.rank = static_cast<int>(mine - live.begin()), .of = static_cast<int>(live.size())};
}

}  // namespace quartet::events
