// SPDX-License-Identifier: Apache-2.0
#include "api/http_target.h"

#include <functional>
#include <initializer_list>

#include "json/utf8.h"

namespace hence::api {

namespace {

enum class Plus { literal, space };

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// False where an escape is broken.
bool percent_decode(std::string_view text, Plus plus, std::string& out) {
  out.clear();
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size()) return false;
      const int high = hex_value(text[i + 1]);
      const int low = hex_value(text[i + 2]);
      if (high < 0 || low < 0) return false;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    } else if (c == '+' && plus == Plus::space) {
      c = ' ';
    }
    out.push_back(c);
  }
  return true;
}

bool is_utf8(std::string_view text) { return json::utf8_prefix(text) == text.size(); }

Status refuse(const char* sentence) { return Error(ErrorCode::RequestInvalid, sentence); }

Status check_segment(const std::string& segment) {
  if (segment == "." || segment == "..") {
    return refuse("path: a segment is \".\" or \"..\"; send the path without dot segments");
  }
  for (const char c : segment) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '/' || c == '\\') {
      return refuse("path: a segment holds a slash or backslash; names here have none");
    }
    if (byte < 0x20 || byte == 0x7F) return refuse("path: a segment holds a control character");
  }
  if (!is_utf8(segment)) return refuse("path: a segment is not UTF-8");
  return {};
}

}  // namespace

Status decode_path(std::string_view path, std::vector<std::string>& segments) {
  segments.clear();
  if (path == "/") return {};
  while (!path.empty()) {
    path.remove_prefix(1);  // the slash that opens the segment
    const std::string_view raw = path.substr(0, path.find('/'));
    path.remove_prefix(raw.size());
    std::string& segment = segments.emplace_back();
    if (!percent_decode(raw, Plus::literal, segment)) {
      return refuse("path: '%' is not followed by two hexadecimal digits");
    }
    HENCE_TRY_VOID(check_segment(segment));
  }
  return {};
}

Status decode_query(std::string_view query, size_t parameters_max,
                    std::vector<std::pair<std::string, std::string>>& parameters) {
  parameters.clear();
  while (!query.empty()) {
    const std::string_view part = query.substr(0, query.find('&'));
    query.remove_prefix(part.size() < query.size() ? part.size() + 1 : query.size());
    if (part.empty()) continue;
    if (parameters.size() == parameters_max) return refuse("query: too many parameters");
    const size_t equals = part.find('=');
    auto& [name, value] = parameters.emplace_back();
    const std::string_view raw_value =
        equals == std::string_view::npos ? std::string_view() : part.substr(equals + 1);
    if (!percent_decode(part.substr(0, equals), Plus::space, name) ||
        !percent_decode(raw_value, Plus::space, value)) {
      return refuse("query: '%' is not followed by two hexadecimal digits");
    }
    for (const std::string& text : {std::cref(name), std::cref(value)}) {
      if (text.find('\0') != std::string::npos) return refuse("query: a parameter holds NUL");
      if (!is_utf8(text)) return refuse("query: a parameter is not UTF-8");
    }
  }
  return {};
}

}  // namespace hence::api
