#include "services/quartet/output/table.h"

#include <algorithm>
#include <ostream>

#include "services/quartet/values/text.h"

namespace quartet::cli {
namespace {

constexpr std::size_t kGap = 2;

std::string Padded(const TableCell& cell, const TableColumn& column, std::size_t width, bool cut,
                   const Console& console) {
  const std::string text = cut ? Truncate(cell.text, width) : cell.text;
  const std::size_t used = DisplayWidth(text);
  const std::string padding(used < width ? width - used : 0, ' ');
  const std::string tinted = console.OutTint(text, cell.tint);
  return column.right_aligned ? padding + tinted : tinted + padding;
}

}  // namespace

Table::Table(std::vector<TableColumn> columns, std::size_t width)
    : columns_(std::move(columns)), width_(width), shown_(columns_.size(), true) {
  for (const auto& column : columns_) widths_.push_back(DisplayWidth(column.header));
}

void Table::Fit(const std::vector<TableRow>& rows) {
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < columns_.size(); ++i) widths_[i] = std::max(widths_[i], DisplayWidth(row[i].text));
  }
  if (width_ == 0) return;
  do {
    Shrink();
  } while (TotalWidth() > width_ && DropOne());
}

std::size_t Table::TotalWidth() const {
  std::size_t total = 0;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (shown_[i]) total += widths_[i] + (total == 0 ? 0 : kGap);
  }
  return total;
}

// Takes from the widest column that can give, one terminal column at a time, so that all lose alike.
void Table::Shrink() {
  while (TotalWidth() > width_) {
    std::size_t widest = columns_.size();
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const bool can_give = shown_[i] && columns_[i].width_min > 0 && widths_[i] > columns_[i].width_min;
      if (can_give && (widest == columns_.size() || widths_[i] > widths_[widest])) widest = i;
    }
    if (widest == columns_.size()) return;
    --widths_[widest];
  }
}

bool Table::DropOne() {
  std::size_t first = columns_.size();
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (!shown_[i] || columns_[i].drop_order == 0) continue;
    if (first == columns_.size() || columns_[i].drop_order > columns_[first].drop_order) first = i;
  }
  if (first == columns_.size()) return false;
  shown_[first] = false;
  return true;
}

std::string Table::HeaderLine(const Console& console) const {
  TableRow header;
  for (const auto& column : columns_) header.push_back({column.header, Tint::kHeading});
  return Line(header, console);
}

std::string Table::Line(const TableRow& row, const Console& console) const {
  std::string line;
  bool first = true;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (!shown_[i]) continue;
    if (!first) line.append(kGap, ' ');
    first = false;
    // A column that must not be cut may be longer here than in the rows that settled its width; without a terminal
    // nothing is cut.
    const bool cut = width_ > 0 && columns_[i].width_min > 0;
    line += Padded(row[i], columns_[i], widths_[i], cut, console);
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

void PrintTable(const Console& console, std::vector<TableColumn> columns, const std::vector<TableRow>& rows) {
  Table table(std::move(columns), console.out_width);
  table.Fit(rows);
  console.out << table.HeaderLine(console) << '\n';
  for (const auto& row : rows) console.out << table.Line(row, console) << '\n';
}

}  // namespace quartet::cli
