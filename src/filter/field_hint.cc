// SPDX-License-Identifier: Apache-2.0
#include "filter/field_hint.h"

#include <algorithm>
#include <cstdlib>
#include <optional>

#include "filter/case_fold.h"

namespace hence::filter {

namespace {

constexpr size_t kComparedMembers = 200;
constexpr size_t kComparedBytes = 64;

/// A member of object whose name is nearly key.
std::optional<std::string_view> similar_member(json::View object, std::string_view key) {
  if (key.size() > kComparedBytes) return std::nullopt;
  std::optional<std::string_view> best;
  size_t best_distance = key.size() <= 3 ? 2 : 3;  // fewer edits than this
  size_t compared = 0;
  for (const auto [name, value] : object.members()) {
    if (++compared > kComparedMembers) break;
    if (name.size() > kComparedBytes) continue;
    if (folded(name) == folded(key)) return name;
    const size_t distance = edit_distance(name, key);
    if (distance < best_distance) {
      best = name;
      best_distance = distance;
    }
  }
  return best;
}

std::string dotted(const std::vector<std::string_view>& keys, size_t count, std::string_view last) {
  std::string out;
  for (size_t i = 0; i < count; ++i) out += std::string(keys[i]) + ".";
  return out + std::string(last);
}

std::vector<std::string_view> split_at_dots(std::string_view key) {
  std::vector<std::string_view> out;
  for (size_t begin = 0; begin <= key.size();) {
    const size_t end = std::min(key.find('.', begin), key.size());
    out.push_back(key.substr(begin, end - begin));
    begin = end + 1;
  }
  return out;
}

bool has_path(json::View value, const std::vector<std::string_view>& keys) {
  for (const std::string_view key : keys) {
    const auto next = value.find(key);
    if (!next) return false;
    value = *next;
  }
  return true;
}

/// {"a": {"b": …}} of a and b.
std::string nested_pattern(const std::vector<std::string_view>& keys) {
  std::string out;
  for (const std::string_view key : keys) out += "{\"" + std::string(key) + "\": ";
  return out + "…" + std::string(keys.size(), '}');
}

FieldHint missing_member(json::View event, json::View object,
                         const std::vector<std::string_view>& keys, size_t depth) {
  FieldHint out{"no such field", ""};
  const std::vector<std::string_view> parts = split_at_dots(keys[depth]);
  if (parts.size() > 1 && has_path(object, parts)) {
    out.advice = "a key with a dot is one key; a field inside another is written " + nested_pattern(parts);
    return out;
  }
  if (const auto similar = similar_member(object, keys[depth])) {
    const bool only_case = folded(*similar) == folded(keys[depth]);
    out.advice = "there is \"" + dotted(keys, depth, *similar) + "\"" +
                 (only_case ? "; names are compared with their case" : "");
    return out;
  }
  const auto data = event.find("data");
  if (keys.front() != "data" && data && has_path(*data, keys)) {
    out.advice = "there is \"data." + dotted(keys, keys.size() - 1, keys.back()) +
                 "\"; the payload's fields lie under data";
  }
  return out;
}

}  // namespace

size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

FieldHint explain_absence(json::View event, const std::vector<std::string_view>& keys) {
  json::View at = event;
  for (size_t depth = 0; depth < keys.size(); ++depth) {
    if (at.is_array()) return {"no such field in any element of an array", ""};
    if (!at.is_object() && depth == 0) return {"the event is no object", ""};
    if (!at.is_object()) {
      return {"no such field: \"" + dotted(keys, depth - 1, keys[depth - 1]) + "\" is a " +
                  std::string(json::type_name(at.type())),
              ""};
    }
    const auto next = at.find(keys[depth]);
    if (!next) return missing_member(event, at, keys, depth);
    at = *next;
  }
  if (at.is_object()) return {"an object", "name a field inside it; conditions look at plain values"};
  if (at.is_array()) return {at.size() == 0 ? "an empty array" : "an array without plain values", ""};
  return {"no such field", ""};
}

std::pair<std::string, std::optional<json::View>> look_up(json::View event, std::string_view pointer) {
  std::string text;
  std::optional<json::View> value = event;
  while (pointer.starts_with('/')) {
    pointer.remove_prefix(1);
    const std::string_view written = pointer.substr(0, pointer.find('/'));
    pointer.remove_prefix(written.size());
    std::string key;
    for (size_t i = 0; i < written.size(); ++i) {
      const bool escape = written[i] == '~' && i + 1 < written.size();
      key += !escape ? written[i] : written[++i] == '1' ? '/' : '~';
    }
    text += (text.empty() ? "" : ".") + key;
    if (!value) continue;
    const bool is_index = value->is_array() && !key.empty() && key.size() < 10 &&
                          key.find_first_not_of("0123456789") == std::string::npos;
    if (is_index) {
      const auto index = static_cast<uint32_t>(std::stoul(key));
      value = index < value->size() ? std::optional(value->at(index)) : std::nullopt;
    } else {
      value = value->find(key);
    }
  }
  return {text, value};
}

}  // namespace hence::filter
