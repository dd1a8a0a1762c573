#pragma once

#include <string_view>
#include <vector>

namespace quartet::events {

// The parts that the `data` of a joined message was made of (Carriage::kJoined): a
// serialised message has its fields in ascending order, so a part ends where the next
// field is not higher than the last. One part if it is no serialised message.
std::vector<std::string_view> SplitJoined(std::string_view data);

}  // namespace quartet::events
