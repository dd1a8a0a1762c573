#include "services/quartet/import/csv.h"

#include <csv.h>

#include <algorithm>
#include <memory>
#include <ostream>
#include <utility>

#include <fmt/core.h>

#include "services/quartet/values/text.h"

namespace quartet::cli {
namespace {

constexpr std::string_view kUtf8Mark = "\xEF\xBB\xBF";
constexpr std::string_view kUtf16Marks[] = {"\xFF\xFE", "\xFE\xFF"};
constexpr std::string_view kDelimiters = ",;\t|";

Error Unreadable(std::string message) {
  return Error{.code = Code::kInvalidArgument, .reason = "CSV_UNREADABLE", .message = std::move(message)};
}

// The delimiter that the header line has most of, outside of quotes.
char SniffDelimiter(std::string_view text) {
  std::array<std::size_t, kDelimiters.size()> counts = {};
  bool quoted = false;
  for (const char c : text) {
    if (c == '"') quoted = !quoted;
    if (quoted) continue;
    if (c == '\n' || c == '\r') break;
    if (const auto which = kDelimiters.find(c); which != std::string_view::npos) ++counts[which];
  }
  const auto most = std::max_element(counts.begin(), counts.end());
  return kDelimiters[static_cast<std::size_t>(most - counts.begin())];
}

// Takes one line with its end ("\n", "\r\n" or "\r") off the front.
std::string_view TakeLine(std::string_view& text) {
  std::size_t end = text.find_first_of("\r\n");
  if (end == std::string_view::npos) {
    end = text.size();
  } else {
    end += text.substr(end, 2) == "\r\n" ? 2 : 1;
  }
  const auto line = text.substr(0, end);
  text.remove_prefix(end);
  return line;
}

// Collects what libcsv reports. It does not say where a row begins, so it is fed line by line.
class Reader {
 public:
  explicit Reader(char delimiter) {
    if (csv_init(&parser_, 0) != 0) std::abort();
    csv_set_delim(&parser_, static_cast<unsigned char>(delimiter));
  }
  ~Reader() { csv_free(&parser_); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  Result<std::vector<CsvRow>> Read(std::string_view text) {
    for (std::size_t line = 1; !text.empty(); ++line) {
      if (between_rows_) row_.line = line;
      const std::string_view fed = TakeLine(text);
      between_rows_ = false;
      if (csv_parse(&parser_, fed.data(), fed.size(), OnCell, OnRow, this) != fed.size())
        std::abort();  // out of memory
      // libcsv reports nothing for a blank line.
      if (row_.cells.empty() && Trim(fed).empty() && !parser_.quoted) between_rows_ = true;
    }
    csv_set_opts(&parser_, CSV_STRICT | CSV_STRICT_FINI);
    if (csv_fini(&parser_, OnCell, OnRow, this) != 0) {
      return Unreadable(fmt::format("the row that begins in line {} has a quote that is never closed", row_.line));
    }
    return std::move(rows_);
  }

 private:
  static void OnCell(void* data, std::size_t size, void* self) {
    static_cast<Reader*>(self)->row_.cells.emplace_back(static_cast<const char*>(data), size);
  }

  static void OnRow(int, void* self) {
    auto& reader = *static_cast<Reader*>(self);
    const bool has_text = std::any_of(reader.row_.cells.begin(), reader.row_.cells.end(),
                                      [](const std::string& cell) { return !Trim(cell).empty(); });
    if (has_text) reader.rows_.push_back(std::move(reader.row_));
    reader.row_ = {};
    reader.between_rows_ = true;
  }

  csv_parser parser_;
  CsvRow row_;
  bool between_rows_ = true;
  std::vector<CsvRow> rows_;
};

}  // namespace

Result<CsvFile> ParseCsv(std::string_view text) {
  for (const auto mark : kUtf16Marks) {
    if (text.starts_with(mark)) return Unreadable("the text is UTF-16; save it as \"CSV UTF-8\"");
  }
  if (text.starts_with(kUtf8Mark)) text.remove_prefix(kUtf8Mark.size());

  CsvFile file;
  std::string converted;
  if (!IsUtf8(text)) {
    file.was_windows_1252 = true;
    converted = Windows1252ToUtf8(text);
    text = converted;
  }
  // Leading blank lines would hide the header from the sniffer.
  file.delimiter = SniffDelimiter(text.substr(std::min(text.find_first_not_of("\r\n"), text.size())));
  QUARTET_ASSIGN_OR_RETURN(file.rows, Reader(file.delimiter).Read(text));
  if (file.rows.empty()) return Unreadable("there is nothing in it, not even a header");
  file.header = std::move(file.rows.front().cells);
  file.rows.erase(file.rows.begin());
  return file;
}

void WriteCsvRow(std::ostream& out, std::span<const std::string> cells, char delimiter) {
  const std::string special = std::string("\"\r\n") + delimiter;
  bool is_first = true;
  for (const auto& cell : cells) {
    if (!std::exchange(is_first, false)) out << delimiter;
    const bool blank_ends = !cell.empty() && (cell.front() == ' ' || cell.back() == ' ');
    if (!blank_ends && cell.find_first_of(special) == std::string::npos) {
      out << cell;
      continue;
    }
    out << '"';
    for (const char c : cell) {
      if (c == '"') out << '"';
      out << c;
    }
    out << '"';
  }
  out << "\r\n";
}

}  // namespace quartet::cli
