// SPDX-License-Identifier: Apache-2.0
#include "workflow/http.h"

namespace hence::workflow {

void append_percent_encoded(std::string_view bytes, std::string& out) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  for (char c : bytes) {
    const bool unreserved = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
        (c >= '0' && c <= '9') ||
                            c == '-' || c == '.' || c == '_' || c == '~';
    if (unreserved) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
}

Result<std::string> expand_uri(std::string_view uri_template, json::View input) {
  std::string out;
  size_t at = 0;
  while (at < uri_template.size()) {
    const size_t open = uri_template.find('{', at);
    out += uri_template.substr(at, open - at);
    if (open == std::string_view::npos) break;
    const size_t close = uri_template.find('}', open);
    if (close == std::string_view::npos) {
      return Error(ErrorCode::ExpressionFailed, "the URI template has { without }");
    }
    const std::string_view name = uri_template.substr(open + 1, close - open - 1);
    at = close + 1;
    const std::optional<json::View> value = input.find(name);
    if (!value || value->is_null()) continue;
    if (value->is_array() || value->is_object()) {
      return Error(ErrorCode::ExpressionFailed,
                   "{" + std::string(name) + "} in the URI template is an " +
                       std::string(json::type_name(value->type())) + "; expected a text or number");
    }
    append_percent_encoded(value->is_string() ? std::string(value->as_string()) : value->to_text(),
                           out);
  }
  return out;
}

}  // namespace hence::workflow
