#include "common/methods/undo.h"

#include <memory>

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include "common/base/id_source.h"
#include "common/methods/fields.h"

namespace quartet::methods {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using qualification::v1::RecordUndo;

// Of one field's value, the same for the same value in whatever process.
std::string DigestOf(const Message& message, const FieldDescriptor& field) {
  const std::unique_ptr<Message> alone(message.New());
  CopyField(message, field, *alone);
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    alone->SerializeToCodedStream(&coded);
  }
  return UuidV5(bytes);
}

// The field that `filled` names if it still holds that; null if not.
const FieldDescriptor* StillFilled(const Message& message, const RecordUndo::Field& filled) {
  const FieldDescriptor* const field = message.GetDescriptor()->FindFieldByName(filled.name());
  return field != nullptr && DigestOf(message, *field) == filled.digest() ? field : nullptr;
}

}  // namespace

RecordUndo FilledBetween(const Message& before, const Message& after) {
  RecordUndo undo;
  for (const FieldDescriptor* field : FieldsThatDiffer(before, after)) {
    RecordUndo::Field& filled = *undo.add_fields();
    filled.set_name(field->name());
    filled.set_digest(DigestOf(after, *field));
    // A reference alone is put in the place of another.
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING && !field->is_repeated())
      filled.set_previous(before.GetReflection()->GetString(before, field));
  }
  return undo;
}

std::vector<std::string> Restorable(const Message& message, const RecordUndo& undo) {
  std::vector<std::string> names;
  for (const RecordUndo::Field& filled : undo.fields()) {
    if (StillFilled(message, filled) != nullptr) names.push_back(filled.name());
  }
  return names;
}

void Restore(const RecordUndo& undo, Message& message) {
  for (const RecordUndo::Field& filled : undo.fields()) {
    const FieldDescriptor* const field = StillFilled(message, filled);
    if (field == nullptr) continue;
    message.GetReflection()->ClearField(&message, field);
    if (!filled.previous().empty()) message.GetReflection()->SetString(&message, field, filled.previous());
  }
}

}  // namespace quartet::methods
