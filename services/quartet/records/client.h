#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"

namespace google::protobuf {
class Message;
}

namespace quartet::cli {

struct ResourceKind;
class Rpc;

// Sets the text field `field`, which must exist.
void SetText(google::protobuf::Message& message, std::string_view field, const std::string& value);

// The text in the field `field`, which must exist.
std::string GetText(const google::protobuf::Message& message, std::string_view field);

// The sub-message `field`, for writing.
google::protobuf::Message& MutableChild(google::protobuf::Message& message, std::string_view field);

// Which records to list.
struct ListQuery {
  std::string filter;
  std::string order_by;
  bool show_deleted = false;
  bool stuck = false;  // qualifications only
  std::int32_t page_size = 500;
  std::int64_t limit = 0;  // 0: all
};

// Reads page after page and hands over each record. Errors: those of the listing; records before it were handed over.
Status ForEachRecord(Rpc& rpc, const ResourceKind& kind, const ListQuery& query,
                     const std::function<void(const google::protobuf::Message&)>& take);

// Reads one record by its full name.
Result<std::unique_ptr<google::protobuf::Message>> GetRecord(Rpc& rpc, const ResourceKind& kind,
                                                             const std::string& name);

// The names to work on: full ones, also where only ids were given; "-" stands for the lines of standard input.
std::vector<std::string> ResolveNames(const ResourceKind& kind, const std::vector<std::string>& given);

}  // namespace quartet::cli
