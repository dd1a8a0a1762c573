#pragma once

#include <cstddef>
#include <functional>
#include <iosfwd>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"

namespace quartet::cli {

// One row of a CSV file.
struct CsvRow {
  std::size_t line = 0;  // where the row begins in the file, from 1; quoted fields may hold line breaks
  std::vector<std::string> cells;
};

// The contents of a CSV file: the header and the rows below it, rows without any text left out.
struct CsvFile {
  std::vector<std::string> header;
  std::vector<CsvRow> rows;
  char delimiter = ',';
  bool was_windows_1252 = false;  // the text was not UTF-8
};

// Reads CSV text as spreadsheets and CRM systems write it: RFC 4180, with any of comma, semicolon, tab or bar between
// the cells (the header's most frequent one), any line ends, a byte order mark, and Windows-1252 where the text is not
// UTF-8. Blanks round unquoted cells are dropped. Errors: INVALID_ARGUMENT naming the line when a quote is never
// closed, when the text is UTF-16, and when there is no header.
Result<CsvFile> ParseCsv(std::string_view text);

// Writes one row as RFC 4180 has it: CRLF at the end, quotes only where they are needed. Another `delimiter` is for
// files that go back to where such a one came from.
void WriteCsvRow(std::ostream& out, std::span<const std::string> cells, char delimiter = ',');

}  // namespace quartet::cli
