#pragma once

#include <cstddef>
#include <fstream>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "services/quartet/import/run.h"
#include "services/quartet/output/console.h"

namespace quartet::cli {

// The file of rejected rows: the columns of the imported one, then the row's line and its reasons. Corrected, it can
// be imported as it is, so it has the same delimiter, which tells how numbers are written. It is made with the first
// row.
class RejectsFile {
 public:
  RejectsFile(std::string path, std::vector<std::string> header, char delimiter);

  // Errors: a usage error that says why the file cannot be written.
  Status Add(const RejectedRow& rejected);

  // Whether everything is on the disk; with the path, if there is a file at all.
  Status Close();
  std::size_t rows() const { return rows_; }
  const std::string& path() const { return path_; }

 private:
  Error Unwritable() const;

  std::string path_;
  std::vector<std::string> header_;
  char delimiter_;
  std::ofstream file_;
  std::size_t rows_ = 0;
};

// "line 17: Email: …; Phone: …".
std::string RejectedLine(const RejectedRow& rejected);

// "line 17: not added, …".
std::string LeftOutLine(const CsvRow& row, const std::vector<std::string>& values);

// "1,200 rows: …" for a person.
std::string TotalsText(const ImportRun::Totals& totals, bool dry_run);

// The totals and the rejected rows as JSON, one array with one object.
std::string TotalsJson(const ImportRun::Totals& totals,
                       std::span<const std::pair<std::size_t, std::vector<std::string>>> rejected);

}  // namespace quartet::cli
