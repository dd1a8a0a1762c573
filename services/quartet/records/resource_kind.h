#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "services/quartet/connection/suite_address.h"
#include "services/quartet/output/output.h"

namespace google::protobuf {
class FileDescriptor;
class Message;
}  // namespace google::protobuf

namespace quartet::cli {

// What the commands must know of a kind of record. All kinds have the same standard methods (AIP-131 to 135), so one
// set of commands serves them all through their descriptors; another kind is another entry in the table.
struct ResourceKind {
  Service service;
  std::string_view singular;                    // "lead": the command, and the record's field in requests
  std::string_view plural;                      // "leads": the collection, and the field of a listing
  std::string_view type;                        // "Lead"
  std::string_view plural_type;                 // "Leads"
  const google::protobuf::Message& record;      // prototype
  const google::protobuf::FileDescriptor& api;  // the file that defines the requests
  std::vector<RecordColumn> columns;
  std::string_view filter_fields;  // for the help
  std::string_view create_example;

  // A new request or response by the name of its type, for instance "GetLeadRequest", which must exist.
  std::unique_ptr<google::protobuf::Message> NewMessage(std::string_view type_name) const;

  // An empty record.
  std::unique_ptr<google::protobuf::Message> NewRecord() const;

  // "leads/{id}" of a name or a bare id.
  std::string FullName(std::string_view name_or_id) const;
};

const ResourceKind& LeadKind();
const ResourceKind& ContactKind();
const ResourceKind& AccountKind();
const ResourceKind& OpportunityKind();
// Has no Create, Update, Delete.
const ResourceKind& QualificationKind();

}  // namespace quartet::cli
