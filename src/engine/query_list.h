// SPDX-License-Identifier: Apache-2.0
#pragma once

// Pages of a list: rows of an index, newest first, from a cursor on.

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "engine/query.h"
#include "engine/rows.h"
#include "json/builder.h"

namespace hence::engine {

inline Error unreadable_cursor() {
  return Error(ErrorCode::RequestInvalid, "the cursor is not one this server gave; leave it out to begin at the start");
}

/// Cursors are index keys in hexadecimal.
inline std::string to_hex(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    text.push_back(kDigits[static_cast<unsigned char>(c) >> 4]);
    text.push_back(kDigits[static_cast<unsigned char>(c) & 15]);
  }
  return text;
}

inline std::optional<std::string> from_hex(std::string_view text) {
  const auto digit = [](char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; };
  if (text.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  for (size_t i = 0; i < text.size(); i += 2) {
    const int high = digit(text[i]), low = digit(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes.push_back(static_cast<char>(high * 16 + low));
  }
  return bytes;
}

/// Walks an index newest first; take adds a row's item to the builder and says whether it counted.
template <typename Row>
Result<json::Value> list_index(const store::Snapshot& snapshot, char letter, std::string_view name_space,
                               const ListOptions& options,
                               const std::function<bool(json::Builder&, std::string_view key, const Row&)>& take) {
  const std::string prefix = keys::index_prefix(letter, name_space);
  std::string from = prefix;
  if (!options.cursor.empty()) {
    const std::optional<std::string> key = from_hex(options.cursor);
    if (!key || key->compare(0, prefix.size(), prefix) != 0) return unreadable_cursor();
    from = *key;
  }
  json::Builder builder;
  builder.begin_object().key("items").begin_array();
  uint32_t count = 0, looked_at = 0;
  std::string next;
  std::optional<Error> damage;
  HENCE_TRY_VOID(snapshot.scan(store::Family::index, {prefix, from}, [&](std::string_view key, std::string_view value) {
    if (count >= options.limit || ++looked_at > kListScanMax) {
      next = key;
      return false;
    }
    Result<Row> row = decode<Row>(value, "an index row");
    if (!row.ok()) {
      damage = row.error();
      return false;
    }
    if (take(builder, key, *row)) ++count;
    return true;
  }));
  if (damage) return *damage;
  builder.end_array();
  if (!next.empty()) builder.member("next", to_hex(next));
  builder.end_object();
  return std::move(builder).finish();
}

}  // namespace hence::engine
