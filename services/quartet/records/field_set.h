#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"

namespace google::protobuf {
class Message;
}

namespace quartet::cli {

// Changes to a record as the command line gives them: `--set field=value`.
//
// A field is named as in the proto, with dots into what it holds ("person.given_name", "custom_attributes.floor"), or
// by a short name ("given_name", "email", "country"). Values are written as people do: "1200 EUR", "2025-03-31",
// "trade show". Several e-mails, phones, tags or opportunities are separated by commas. An empty value clears.

// Applies one assignment to `record` and gives the top-level field that it touched. Errors: INVALID_ARGUMENT with a
// violation that names the field: no '=', no such field, or a value that it cannot take.
Result<std::string> SetField(google::protobuf::Message& record, std::string_view assignment);

// Whether the assignment changes only a part of a top-level field, so that the rest of it must be read first.
bool SetsPartOfField(const google::protobuf::Message& record, std::string_view assignment);

// A record from JSON, with the top-level fields that the JSON names and a caller may change.
struct JsonRecord {
  std::shared_ptr<google::protobuf::Message> record;
  std::vector<std::string> fields;
};

// Reads one record, or an array of them, in protobuf JSON form. Errors: INVALID_ARGUMENT: no JSON, unknown fields.
Result<std::vector<JsonRecord>> ParseRecords(std::string_view json, const google::protobuf::Message& prototype);

// The contents of a file, or of standard input for "-". Errors: a usage error that says why it cannot be read.
Result<std::string> ReadInput(const std::string& path);

}  // namespace quartet::cli
