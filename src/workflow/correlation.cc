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

std::string describe_wait(const Definition& definition, const Wait& wait, const Frame& frame) {
  const ListenSite& site = definition.sites.at(wait.site);
  std::string text = "event";
  if (site.with->is_object()) {
    if (const auto type = site.with->find("type")) text += " " + (type->is_string() ? std::string(type->as_string()) : type->to_text());
  }
  const auto add = [&](const std::string& name, json::View value) { text += ", " + name + " = " + value.to_text(); };
  for (size_t i = 0; i < site.keys.size(); ++i) {
    const ListenSite::Key& key = site.keys[i];
    if (i == site.placing_key() && wait.value) {
      add(key.name, *wait.value);
    } else if (i < wait.expected.size() && !wait.expected[i]->is_null()) {
      add(key.name, wait.expected[i]);
    } else if (frame.listen) {
      for (const Variable& one : frame.listen->bound) {
        if (one.name == key.name) add(key.name, one.value);
      }
    }
  }
  return text;
}

Result<json::Value> read_key(const ListenSite::Key& key, json::View event, const expr::Environment& environment) {
  static const std::array<json::View, kArgumentCount> kNoArguments = {};
  return key.from.evaluate(event, kNoArguments, environment);
}

}  // namespace hence::workflow
