// SPDX-License-Identifier: Apache-2.0
#include "workflow/correlation.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <span>

namespace hence::workflow {
namespace {

/// The slots of an expression that reads the event alone: it is compiled with all there are.
std::span<const json::View> no_arguments() {
  static const std::array<json::View, kArgumentCount> kNone = {};
  return kNone;
}

}  // namespace

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
  for (size_t i = 0; i < site.keys.size(); ++i) {
    if (const auto value = expected_value(site, wait, frame, i)) text += ", " + site.keys[i].name + " = " + (*value)->to_text();
  }
  return text;
}

std::optional<json::Value> expected_value(const ListenSite& site, const Wait& wait, const Frame& frame, size_t i) {
  if (i == site.placing_key() && wait.value) return wait.value;
  if (i < wait.expected.size() && !wait.expected[i]->is_null()) return wait.expected[i];
  if (!frame.listen) return std::nullopt;
  for (const Variable& one : frame.listen->bound) {
    if (one.name == site.keys[i].name) return one.value;
  }
  return std::nullopt;
}

std::string_view key_source(const Definition& definition, const ListenSite& site, std::string_view key) {
  // The filter in the document: the site's pointer, a token at a time.
  json::View at = definition.document;
  for (std::string_view rest = site.pointer; !rest.empty();) {
    const size_t end = std::min(rest.find('/', 1), rest.size());
    std::string token(rest.substr(1, end - 1));
    for (size_t i = 0; (i = token.find('~', i)) != std::string::npos; ++i) token.replace(i, 2, token[i + 1] == '1' ? "/" : "~");
    rest.remove_prefix(end);
    std::optional<json::View> next = at.is_object() ? at.find(token) : std::nullopt;
    if (at.is_array()) {
      const auto index = static_cast<uint32_t>(std::strtoul(token.c_str(), nullptr, 10));
      if (index < at.size()) next = at.at(index);
    }
    if (!next) return {};
    at = *next;
  }
  const auto correlate = at.find("correlate");
  const auto one = correlate ? correlate->find(key) : std::nullopt;
  const auto from = one ? one->find("from") : std::nullopt;
  if (!from || !from->is_string()) return {};
  return expr::unwrap(from->as_string()).value_or(from->as_string());
}

Result<json::Value> read_key(const ListenSite::Key& key, json::View event, const expr::Environment& environment) {
  return key.from.evaluate(event, no_arguments(), environment);
}

Result<json::Value> read_expected(const ListenSite::Key& key, json::View event, const expr::Environment& environment) {
  return key.expect.evaluate(event, no_arguments(), environment);
}

json::Value read_event(ListenSpec::Read mode, json::View event) {
  if (mode == ListenSpec::Read::envelope) return json::Value::detached(event);
  if (const auto data = event.find("data")) {
    if (mode == ListenSpec::Read::raw && !data->is_string()) return json::Value::string(data->to_text());
    return json::Value::detached(*data);
  }
  if (const auto binary = event.find("data_base64")) return json::Value::detached(*binary);
  return json::Value();
}

}  // namespace hence::workflow
