#include "common/storage/postgres/params.h"

#include <variant>

namespace quartet::storage {
namespace {

constexpr std::size_t kLengthAt = 12;
constexpr std::size_t kSizeSize = 4;

void Put(std::string& bytes, std::size_t at, std::size_t value) {
  for (std::size_t i = 0; i < kSizeSize; ++i) bytes[at + i] = static_cast<char>(value >> (24 - 8 * i));
}

void Append(std::string& bytes, std::size_t value) {
  bytes.resize(bytes.size() + kSizeSize);
  Put(bytes, bytes.size() - kSizeSize, value);
}

// A null pointer would be NULL, and an empty view may carry one.
WireValue ValueOf(std::string_view bytes) {
  return {bytes.empty() ? "" : bytes.data(), bytes.size()};
}

}  // namespace

std::string_view SqlName(PostgresType type) {
  if (type == PostgresType::kInt8) return "int8";
  return type == PostgresType::kBytea ? "bytea" : "text";
}

WireParams::WireParams(std::span<const Param> params)
    : integers_(params.size()), values_(params.size()), types_(params.size()) {
  for (std::size_t i = 0; i < params.size(); ++i) {
    if (const auto* number = std::get_if<std::int64_t>(&params[i])) {
      for (std::size_t byte = 0; byte < sizeof(std::int64_t); ++byte)
        integers_[i][byte] = static_cast<char>(static_cast<std::uint64_t>(*number) >> (56 - 8 * byte));
      values_[i] = {integers_[i].data(), integers_[i].size()};
      types_[i] = PostgresType::kInt8;
    } else if (const auto* text = std::get_if<std::string_view>(&params[i])) {
      values_[i] = ValueOf(*text);
      types_[i] = PostgresType::kText;
    } else if (const auto* blob = std::get_if<Blob>(&params[i])) {
      values_[i] = ValueOf(blob->bytes);
      types_[i] = PostgresType::kBytea;
    }
  }
}

WireArray::WireArray(PostgresType type) {
  for (const std::size_t value :
       {std::size_t{1}, std::size_t{0}, static_cast<std::size_t>(type), std::size_t{0}, std::size_t{1}})
    Append(bytes_, value);
}

void WireArray::Add(WireValue value) {
  Put(bytes_, kLengthAt, ++length_);
  Append(bytes_, value.size);
  bytes_.append(value.bytes());
}

}  // namespace quartet::storage
