# Run with -P: writes the C++ header OUTPUT that holds the texts of INPUTS (see quartet_embed_migrations).
set(entries "")
set(count 0)
foreach(input IN LISTS INPUTS)
  get_filename_component(name "${input}" NAME)
  file(READ "${input}" text)
  string(APPEND entries "    {\"${name}\", R\"sql(${text})sql\"},\n")
  math(EXPR count "${count} + 1")
endforeach()
file(WRITE "${OUTPUT}" "#pragma once

#include <array>
#include <string_view>
#include <utility>

namespace ${NAMESPACE} {

inline constexpr std::array<std::pair<std::string_view, std::string_view>, ${count}> kMigrations = {{
${entries}}};

}  // namespace ${NAMESPACE}
")
