#include "common/events/joined_parts.h"

#include <cstddef>
#include <cstdint>

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

namespace quartet::events {

std::vector<std::string_view> SplitJoined(std::string_view data) {
  using google::protobuf::internal::WireFormatLite;
  google::protobuf::io::CodedInputStream input(reinterpret_cast<const std::uint8_t*>(data.data()),
                                               static_cast<int>(data.size()));
  std::vector<std::string_view> parts;
  std::size_t begin = 0;
  int last_field = 0;
  while (true) {
    const auto at = static_cast<std::size_t>(input.CurrentPosition());
    const std::uint32_t tag = input.ReadTag();
    if (tag == 0 && at == data.size()) break;
    const int field = WireFormatLite::GetTagFieldNumber(tag);
    if (field <= last_field && at > begin) {
      parts.push_back(data.substr(begin, at - begin));
      begin = at;
    }
    last_field = field;
    if (tag == 0 || !WireFormatLite::SkipField(&input, tag)) return {data};
  }
  parts.push_back(data.substr(begin));
  return parts;
}

}  // namespace quartet::events
