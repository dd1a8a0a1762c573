#include "services/quartet/output/output.h"

#include <algorithm>
#include <ostream>

#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <google/protobuf/message.h>

#include "services/quartet/import/csv.h"
#include "services/quartet/output/table.h"
#include "services/quartet/records/text.h"
#include "services/quartet/values/choice.h"
#include "services/quartet/values/text.h"

namespace quartet::cli {
namespace {

using google::protobuf::Message;

constexpr std::size_t kRowsForWidths = 200;

// States worth a colour; other text has none.
Tint TintOf(std::string_view header, std::string_view text) {
  if (header != "STATE") return header == "ID" ? Tint::kQuiet : Tint::kNone;
  if (text == "QUALIFIED" || text == "WON" || text == "COMMITTED" || text == "SERVING") return Tint::kGood;
  if (text == "DISQUALIFIED" || text == "LOST" || text == "ABORTED") return Tint::kBad;
  return Tint::kNone;
}

class TableWriter final : public RecordWriter {
 public:
  TableWriter(const Console& console, std::vector<RecordColumn> columns, std::string noun)
      : console_(console), columns_(std::move(columns)), noun_(std::move(noun)), table_(Columns(), console.out_width) {}

  void Add(const Message& record) override {
    TableRow row;
    for (const auto& column : columns_) {
      std::string text = CellText(record, column.field);
      const Tint tint = TintOf(column.header, text);
      row.push_back({std::move(text), tint});
    }
    if (fitted_) {
      console_.out << table_.Line(row, console_) << '\n';
      return;
    }
    waiting_.push_back(std::move(row));
    if (waiting_.size() == kRowsForWidths) WriteWaiting();
  }

  void End() override {
    if (!fitted_ && waiting_.empty()) {
      console_.err << fmt::format("No {} found.\n", noun_);
    } else if (!fitted_) {
      WriteWaiting();
    }
  }

 private:
  std::vector<TableColumn> Columns() const {
    std::vector<TableColumn> columns;
    for (const auto& column : columns_) {
      columns.push_back({.header = std::string(column.header),
                         .right_aligned = column.right_aligned,
                         .width_min = column.width_min,
                         .drop_order = column.drop_order});
    }
    return columns;
  }

  void WriteWaiting() {
    fitted_ = true;
    table_.Fit(waiting_);
    console_.out << table_.HeaderLine(console_) << '\n';
    for (const auto& row : waiting_) console_.out << table_.Line(row, console_) << '\n';
    waiting_.clear();
  }

  const Console& console_;
  std::vector<RecordColumn> columns_;
  std::string noun_;
  Table table_;
  std::vector<TableRow> waiting_;
  bool fitted_ = false;
};

class JsonWriter final : public RecordWriter {
 public:
  explicit JsonWriter(const Console& console) : out_(console.out) {}
  void Add(const Message& record) override {
    out_ << (std::exchange(first_, false) ? "[\n" : ",\n") << JsonText(record);
  }
  void End() override { out_ << (first_ ? "[]\n" : "\n]\n"); }

 private:
  std::ostream& out_;
  bool first_ = true;
};

class CsvRecordWriter final : public RecordWriter {
 public:
  CsvRecordWriter(const Console& console, const Message& prototype) : out_(console.out), prototype_(prototype) {}

  void Add(const Message& record) override {
    WriteHeader();
    std::vector<std::string> cells;
    for (auto& [column, value] : FlatCells(record)) cells.push_back(std::move(value));
    WriteCsvRow(out_, cells);
  }

  void End() override { WriteHeader(); }

 private:
  void WriteHeader() {
    if (!std::exchange(first_, false)) return;
    std::vector<std::string> header;
    for (auto& [column, value] : FlatCells(prototype_)) header.push_back(std::move(column));
    WriteCsvRow(out_, header);
  }

  std::ostream& out_;
  const Message& prototype_;
  bool first_ = true;
};

}  // namespace

void AddOutputOption(CLI::App& command, Format& format) {
  AddChoice(command, "-o,--output", format, {{"table", Format::kTable}, {"json", Format::kJson}, {"csv", Format::kCsv}},
            "Form of the results");
}

std::unique_ptr<RecordWriter> MakeRecordWriter(Format format, const Console& console, const Message& prototype,
                                               std::vector<RecordColumn> columns, std::string noun) {
  switch (format) {
    case Format::kTable:
      return std::make_unique<TableWriter>(console, std::move(columns), std::move(noun));
    case Format::kJson:
      return std::make_unique<JsonWriter>(console);
    case Format::kCsv:
      return std::make_unique<CsvRecordWriter>(console, prototype);
  }
  std::abort();
}

void WriteRecord(Format format, const Console& console, const Message& record) {
  if (format != Format::kTable) {
    const auto writer = MakeRecordWriter(format, console, record, {}, "");
    writer->Add(record);
    writer->End();
    return;
  }
  const auto card = Card(record);
  std::size_t width = 0;
  for (const auto& [label, text] : card) width = std::max(width, DisplayWidth(label));
  for (const auto& [label, text] : card) {
    const std::string padding(width - DisplayWidth(label), ' ');
    console.out << console.OutTint(label, Tint::kHeading) << padding << "  " << text << '\n';
  }
}

}  // namespace quartet::cli
