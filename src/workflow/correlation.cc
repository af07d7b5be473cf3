// SPDX-License-Identifier: Apache-2.0
#include "workflow/correlation.h"

#include <array>

namespace hence::workflow {

std::optional<std::string> canonical_value(json::View value) {
  if (value.is_null() || value.is_array() || value.is_object()) return std::nullopt;
  if (!value.is_number()) return value.to_text();
  if (const auto whole = value.as_int64()) return std::to_string(*whole);
  // Numbers that differ beyond binary64 meet here; whoever delivers compares the values themselves.
  return json::Value::number(value.as_double())->to_text();
}

std::string placing_text(json::View value) {
  if (value.is_string()) return std::string(value.as_string());
  return canonical_value(value).value_or(std::string());
}

Result<json::Value> read_key(const ListenSite::Key& key, json::View event, const expr::Environment& environment) {
  static const std::array<json::View, kArgumentCount> kNoArguments = {};
  return key.from.evaluate(event, kNoArguments, environment);
}

}  // namespace hence::workflow
