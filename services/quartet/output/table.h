#pragma once

#include <cstddef>
#include <iosfwd>
#include <string>
#include <vector>

#include "services/quartet/output/console.h"

namespace quartet::cli {

// One column of a table for people.
struct TableColumn {
  std::string header;
  bool right_aligned = false;  // numbers
  // Columns that it may be cut to; 0: never cut.
  std::size_t width_min = 0;
  // The column that goes first when the terminal is too narrow has the highest; 0: never left out.
  int drop_order = 0;
};

struct TableCell {
  std::string text;  // one line, printable
  Tint tint = Tint::kNone;
};

using TableRow = std::vector<TableCell>;

// Lines up rows. The first rows decide the widths, so that a listing of any length starts at once and fits the
// terminal; what is longer in later rows is cut.
class Table {
 public:
  // Fits into `width` terminal columns; 0: no limit. Each row must have as many cells as there are columns.
  Table(std::vector<TableColumn> columns, std::size_t width);

  // Settles the widths by these rows; before the first line is made.
  void Fit(const std::vector<TableRow>& rows);

  // One line each, without the line break and without blanks at the end.
  std::string HeaderLine(const Console& console) const;
  std::string Line(const TableRow& row, const Console& console) const;

 private:
  std::size_t TotalWidth() const;
  void Shrink();
  bool DropOne();

  std::vector<TableColumn> columns_;
  std::size_t width_;
  std::vector<std::size_t> widths_;
  std::vector<bool> shown_;
};

// Writes a whole table to console.out.
void PrintTable(const Console& console, std::vector<TableColumn> columns, const std::vector<TableRow>& rows);

}  // namespace quartet::cli
