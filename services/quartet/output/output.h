#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "services/quartet/output/console.h"

namespace CLI {
class App;
}
namespace google::protobuf {
class Message;
}

namespace quartet::cli {

enum class Format { kTable, kJson, kCsv };

// Gives `command` the option -o, --output.
void AddOutputOption(CLI::App& command, Format& format);

// A column of the table of one kind of record.
struct RecordColumn {
  std::string_view header;
  std::string_view field;  // of the record
  bool right_aligned = false;
  std::size_t width_min = 0;  // as in TableColumn
  int drop_order = 0;
};

// Writes records to console.out as they come: a table, one JSON array of their protobuf JSON forms, or CSV with all
// fields. A listing that breaks off is left without End(), so that what was written of it cannot pass for all.
class RecordWriter {
 public:
  virtual ~RecordWriter() = default;
  virtual void Add(const google::protobuf::Message& record) = 0;
  // After the last record; also where there is none.
  virtual void End() = 0;
};

// `prototype` is any record of the kind (the CSV header comes from it), `columns` are for the table; `noun` ("leads")
// says what there is none of. The prototype must outlive the writer.
std::unique_ptr<RecordWriter> MakeRecordWriter(Format format, const Console& console,
                                               const google::protobuf::Message& prototype,
                                               std::vector<RecordColumn> columns, std::string noun);

// Writes a single record: every populated field on a line of its own, or as above.
void WriteRecord(Format format, const Console& console, const google::protobuf::Message& record);

}  // namespace quartet::cli
