#include "common/rpc/client_stream.h"

#include <fmt/format.h>

namespace quartet::rpc::internal {

Status CheckStream(const StreamLimits& limits, std::size_t messages, std::size_t bytes) {
  if (messages > limits.messages_max)
    return InvalidArgument(
        {{"", fmt::format("one call takes at most {} messages; send the rest in another", limits.messages_max)}});
  if (bytes > limits.bytes_max)
    return InvalidArgument(
        {{"", fmt::format("one call takes at most {} bytes; send the rest in another", limits.bytes_max)}});
  return {};
}

}  // namespace quartet::rpc::internal
