#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace google::protobuf {
class FieldDescriptor;
class Message;
}  // namespace google::protobuf

namespace quartet::cli {

// Records as text. All of it is read off the messages' descriptors, so a field that is added to a proto appears in
// cards and CSV files by itself.

// A field's value for a person: one line, money and names composed, times in the local zone. `brief` shows the first
// of several values and how many more there are.
std::string PeopleText(const google::protobuf::Message& record, const google::protobuf::FieldDescriptor& field,
                       bool brief);

// The same by the field's name, brief. A resource name ("accounts/{id}") is cut to its id.
std::string CellText(const google::protobuf::Message& record, std::string_view field);

// The record's populated fields in the order of its proto: pairs of label and text.
std::vector<std::pair<std::string, std::string>> Card(const google::protobuf::Message& record);

// The record as cells of a flat table for machines: pairs of column and value, the same columns for every record of a
// type. A person's name and an address lie open ("given_name", "locality"), money has its currency beside it, several
// values are joined by "; ", times are RFC 3339.
std::vector<std::pair<std::string, std::string>> FlatCells(const google::protobuf::Message& record);

// The protobuf JSON form, indented.
std::string JsonText(const google::protobuf::Message& record);

// "leads/{id}" → "{id}"; other text stays.
std::string IdOf(std::string_view name);

}  // namespace quartet::cli
