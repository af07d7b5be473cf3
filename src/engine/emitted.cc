// SPDX-License-Identifier: Apache-2.0
#include "engine/emitted.h"

#include "json/builder.h"
#include "json/parse.h"

namespace hence::engine {

Result<std::string> complete_event(json::View attributes, const std::vector<std::pair<std::string_view, std::string>>& fill) {
  if (!attributes.is_object()) {
    return Error(ErrorCode::ExpressionFailed, "emit must give an object, not " +
                                                  std::string(json::type_name(attributes.type())));
  }
  json::Builder builder;
  builder.begin_object();
  builder.member("specversion", "1.0");
  for (const auto& [name, value] : fill) {
    if (!value.empty() && !attributes.find(name)) builder.member(name, value);
  }
  for (const auto [key, value] : attributes.members()) {
    if (key == "specversion" || value.is_null()) continue;
    builder.member(key, value);
  }
  if (attributes.find("data") && !attributes.find("datacontenttype")) builder.member("datacontenttype", "application/json");
  builder.end_object();
  return std::move(builder).finish()->to_text();
}

json::Value kept_event_value(const json::Value& text) {
  Result<json::Value> event = json::parse(text->as_string(), {.depth_max = 1'000, .duplicate_keys = json::DuplicateKeys::last_wins});
  HENCE_CHECK(event.ok());
  return std::move(*event);
}

std::string text_of(json::View value) {
  if (value.is_string()) return std::string(value.as_string());
  return value.to_text();
}

}  // namespace hence::engine
