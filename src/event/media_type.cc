// SPDX-License-Identifier: Apache-2.0
#include "event/media_type.h"

namespace hence::event {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool is_token_char(char c) {
  constexpr std::string_view kSigns = "!#$%&'*+-.^_`|~";
  return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') ||
         kSigns.find(c) != std::string_view::npos;
}

std::string_view take_token(std::string_view& text) {
  size_t size = 0;
  while (size < text.size() && is_token_char(text[size])) ++size;
  const std::string_view token = text.substr(0, size);
  text.remove_prefix(size);
  return token;
}

void skip_space(std::string_view& text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
}

bool take(std::string_view& text, char expected) {
  if (text.empty() || text.front() != expected) return false;
  text.remove_prefix(1);
  return true;
}

/// A token or a quoted string, without the quotes but with its backslashes; false if neither.
bool take_value(std::string_view& text, std::string_view& value) {
  if (!take(text, '"')) {
    value = take_token(text);
    return !value.empty();
  }
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') {
      value = text.substr(0, i);
      text.remove_prefix(i + 1);
      return true;
    }
    if (text[i] == '\\') ++i;
  }
  return false;
}

/// Takes "; name=value" from the front; false at the end and for anything else.
bool take_parameter(std::string_view& text, std::string_view& name, std::string_view& value) {
  skip_space(text);
  if (!take(text, ';')) return false;
  skip_space(text);
  name = take_token(text);
  return !name.empty() && take(text, '=') && take_value(text, value);
}

bool take_type(std::string_view& text) {
  return !take_token(text).empty() && take(text, '/') && !take_token(text).empty();
}

bool ends_ignoring_case(std::string_view text, std::string_view suffix) {
  return text.size() >= suffix.size() &&
         equal_ignoring_case(text.substr(text.size() - suffix.size()), suffix);
}

/// Whether the subtype is name or ends with +name.
bool has_syntax(std::string_view media_type, std::string_view name) {
  const std::string_view type = without_parameters(media_type);
  const size_t slash = type.find('/');
  if (slash == std::string_view::npos || slash == 0) return false;
  const std::string_view subtype = type.substr(slash + 1);
  if (equal_ignoring_case(subtype, name)) return true;
  return ends_ignoring_case(subtype, name) && subtype.size() > name.size() + 1 &&
         subtype[subtype.size() - name.size() - 1] == '+';
}

}  // namespace

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

bool begins_ignoring_case(std::string_view text, std::string_view prefix) {
  return equal_ignoring_case(text.substr(0, prefix.size()), prefix);
}

bool is_media_type(std::string_view text) {
  if (!take_type(text)) return false;
  std::string_view name, value;
  while (!text.empty()) {
    if (!take_parameter(text, name, value)) return false;
  }
  return true;
}

std::string_view without_parameters(std::string_view media_type) {
  std::string_view type = media_type.substr(0, media_type.find(';'));
  skip_space(type);
  while (!type.empty() && (type.back() == ' ' || type.back() == '\t')) type.remove_suffix(1);
  return type;
}

std::string_view charset_of(std::string_view media_type) {
  if (!take_type(media_type)) return {};
  std::string_view name, value;
  while (take_parameter(media_type, name, value)) {
    if (equal_ignoring_case(name, "charset")) return value;
  }
  return {};
}

bool is_json_media_type(std::string_view media_type) { return has_syntax(media_type, "json"); }

bool is_utf8_text_media_type(std::string_view media_type) {
  if (!begins_ignoring_case(media_type, "text/") && !has_syntax(media_type, "xml")) return false;
  const std::string_view charset = charset_of(media_type);
  return charset.empty() || equal_ignoring_case(charset, "utf-8") ||
         equal_ignoring_case(charset, "us-ascii");
}

}  // namespace hence::event
