#include "common/events/row_page.h"

#include <vector>

namespace quartet::events {

Result<RowPage> MeasurePage(storage::Transaction& transaction, const storage::Statement& statement,
                            std::initializer_list<storage::Param> parameters, std::int64_t rows_max,
                            std::size_t bytes_max) {
  std::vector<storage::Param> all(parameters);
  all.emplace_back(rows_max);
  RowPage page;
  std::size_t bytes = 0;
  std::int64_t found = 0;
  QUARTET_RETURN_IF_ERROR(transaction.Query(statement, all, [&](const storage::Row& row) {
    ++found;
    bytes += static_cast<std::size_t>(row.Int(1));
    if (page.has_more || (page.rows > 0 && bytes > bytes_max)) {
      page.has_more = true;
      return;
    }
    ++page.rows;
    page.last_id = row.String(0);
  }));
  page.has_more = page.has_more || found == rows_max;
  return page;
}

}  // namespace quartet::events
