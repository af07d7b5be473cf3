// SPDX-License-Identifier: Apache-2.0
#include "schema/uri.h"

#include <algorithm>

namespace hence::schema {
namespace {

bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_unreserved(char c) { return is_alpha(c) || is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~'; }
bool is_sub_delimiter(char c) { return c != '\0' && std::string_view("!$&'()*+,;=").find(c) != std::string_view::npos; }

std::string without_dot_segments(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    const auto starts = [&](std::string_view what) { return path.substr(0, what.size()) == what; };
    const auto drop_last = [&out] { out.resize(out.find_last_of('/') == std::string::npos ? 0 : out.find_last_of('/')); };
    if (starts("../")) {
      path.remove_prefix(3);
    } else if (starts("./") || starts("/./")) {
      path.remove_prefix(2);
    } else if (path == "/.") {
      path = "/";
    } else if (starts("/../")) {
      path.remove_prefix(3);
      drop_last();
    } else if (path == "/..") {
      path = "/";
      drop_last();
    } else if (path == "." || path == "..") {
      path = {};
    } else {
      const size_t end = std::min(path.find('/', 1), path.size());
      out += path.substr(0, end);
      path.remove_prefix(end);
    }
  }
  return out;
}

/// Characters of one component: unreserved, escapes, sub-delimiters and extra ones.
bool component(std::string_view text, std::string_view extra, UriCharacters characters) {
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size() || !is_hex(text[i + 1]) || !is_hex(text[i + 2])) return false;
      i += 2;
    } else if (static_cast<unsigned char>(c) >= 0x80) {
      if (characters == UriCharacters::ascii) return false;
    } else if (!is_unreserved(c) && !is_sub_delimiter(c) && extra.find(c) == std::string_view::npos) {
      return false;
    }
  }
  return true;
}

bool is_ip_future(std::string_view text) {
  if (text.size() < 4 || (text[0] | 32) != 'v') return false;
  const size_t dot = text.find('.');
  if (dot == std::string_view::npos || dot < 2 || dot + 1 == text.size()) return false;
  return std::all_of(text.begin() + 1, text.begin() + static_cast<long>(dot), is_hex) &&
         std::all_of(text.begin() + static_cast<long>(dot) + 1, text.end(),
                     [](char c) { return is_unreserved(c) || is_sub_delimiter(c) || c == ':'; });
}

bool is_authority(std::string_view text, UriCharacters characters) {
  const size_t at = text.rfind('@');
  if (at != std::string_view::npos) {
    if (!component(text.substr(0, at), ":", characters)) return false;
    text.remove_prefix(at + 1);
  }
  std::string_view host = text, port;
  if (!text.empty() && text[0] == '[') {
    const size_t end = text.find(']');
    if (end == std::string_view::npos) return false;
    host = text.substr(1, end - 1);
    if (!is_ipv6(host) && !is_ip_future(host)) return false;
    port = text.substr(end + 1);
    if (!port.empty() && port[0] != ':') return false;
  } else {
    const size_t colon = text.find(':');
    host = text.substr(0, colon);
    if (colon != std::string_view::npos) port = text.substr(colon);
    if (!component(host, "", characters)) return false;
  }
  return port.empty() || std::all_of(port.begin() + 1, port.end(), is_digit);
}

/// One variable of a template: name, dots, escapes, and a modifier.
bool is_variable(std::string_view text) {
  if (!text.empty() && text.back() == '*') {
    text.remove_suffix(1);
  } else if (const size_t colon = text.find(':'); colon != std::string_view::npos) {
    const std::string_view length = text.substr(colon + 1);
    if (length.empty() || length.size() > 4 || length[0] == '0' ||
        !std::all_of(length.begin(), length.end(), is_digit)) {
      return false;
    }
    text = text.substr(0, colon);
  }
  if (text.empty() || text.front() == '.' || text.back() == '.') return false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (i + 2 >= text.size() || !is_hex(text[i + 1]) || !is_hex(text[i + 2])) return false;
      i += 2;
    } else if (text[i] == '.') {
      if (text[i - 1] == '.') return false;
    } else if (!is_alpha(text[i]) && !is_digit(text[i]) && text[i] != '_') {
      return false;
    }
  }
  return true;
}

bool is_template_expression(std::string_view text) {
  if (!text.empty() && std::string_view("+#./;?&").find(text[0]) != std::string_view::npos) text.remove_prefix(1);
  while (true) {
    const size_t comma = text.find(',');
    if (!is_variable(text.substr(0, comma))) return false;
    if (comma == std::string_view::npos) return true;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace

UriParts split_uri(std::string_view text) {
  UriParts parts;
  if (const size_t hash = text.find('#'); hash != std::string_view::npos) {
    parts.fragment = text.substr(hash + 1);
    parts.has_fragment = true;
    text = text.substr(0, hash);
  }
  if (const size_t mark = text.find('?'); mark != std::string_view::npos) {
    parts.query = text.substr(mark + 1);
    parts.has_query = true;
    text = text.substr(0, mark);
  }
  const size_t colon = text.find_first_of(":/");
  if (colon != std::string_view::npos && colon > 0 && text[colon] == ':' && is_alpha(text[0]) &&
      std::all_of(text.begin(), text.begin() + static_cast<long>(colon), [](char c) {
        return is_alpha(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
      })) {
    parts.scheme = text.substr(0, colon);
    parts.has_scheme = true;
    text.remove_prefix(colon + 1);
  }
  if (text.substr(0, 2) == "//") {
    const size_t end = std::min(text.find('/', 2), text.size());
    parts.authority = text.substr(2, end - 2);
    parts.has_authority = true;
    text.remove_prefix(end);
  }
  parts.path = text;
  return parts;
}

std::string resolve_uri(std::string_view base, std::string_view reference) {
  const UriParts from = split_uri(base);
  UriParts to = split_uri(reference);
  std::string path;
  if (to.has_scheme || to.has_authority) {
    path = without_dot_segments(to.path);
  } else if (to.path.empty()) {
    path = from.path;
    if (!to.has_query) {
      to.query = from.query;
      to.has_query = from.has_query;
    }
  } else if (to.path[0] == '/') {
    path = without_dot_segments(to.path);
  } else if (from.has_authority && from.path.empty()) {
    path = without_dot_segments("/" + std::string(to.path));
  } else {
    const size_t slash = from.path.rfind('/');
    path = slash == std::string_view::npos ? "" : std::string(from.path.substr(0, slash + 1));
    path = without_dot_segments(path + std::string(to.path));
  }
  const UriParts& site = to.has_scheme || to.has_authority ? to : from;
  const UriParts& scheme = to.has_scheme ? to : from;
  std::string out;
  if (scheme.has_scheme) out += std::string(scheme.scheme) + ":";
  if (site.has_authority) out += "//" + std::string(site.authority);
  out += path;
  if (to.has_query) out += "?" + std::string(to.query);
  if (to.has_fragment) out += "#" + std::string(to.fragment);
  return out;
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  const auto digit = [](char c) { return is_digit(c) ? c - '0' : (c | 32) - 'a' + 10; };
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && is_hex(text[i + 1]) && is_hex(text[i + 2])) {
      out += static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

bool is_uri(std::string_view text, UriKind kind, UriCharacters characters) {
  const UriParts parts = split_uri(text);
  if (kind == UriKind::absolute && !parts.has_scheme) return false;
  // A first segment with a colon would read as a scheme.
  if (!parts.has_scheme && !parts.has_authority) {
    if (parts.path.substr(0, parts.path.find('/')).find(':') != std::string_view::npos) return false;
  }
  if (parts.has_authority && !is_authority(parts.authority, characters)) return false;
  return component(parts.path, ":@/", characters) && component(parts.query, ":@/?", characters) &&
         component(parts.fragment, ":@/?", characters);
}

bool is_uri_template(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '{') {
      const size_t end = text.find('}', i);
      if (end == std::string_view::npos || !is_template_expression(text.substr(i + 1, end - i - 1))) return false;
      i = end;
    } else if (c == '%') {
      if (i + 2 >= text.size() || !is_hex(text[i + 1]) || !is_hex(text[i + 2])) return false;
      i += 2;
    } else if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7F ||
               std::string_view("\"'<>\\^`|}").find(c) != std::string_view::npos) {
      return false;
    }
  }
  return true;
}

bool is_ipv4(std::string_view text) {
  for (int part = 0; part < 4; ++part) {
    const size_t dot = text.find('.');
    if ((dot == std::string_view::npos) != (part == 3)) return false;
    const std::string_view number = text.substr(0, dot);
    if (number.empty() || number.size() > 3 || (number.size() > 1 && number[0] == '0')) return false;
    int value = 0;
    for (const char c : number) {
      if (!is_digit(c)) return false;
      value = value * 10 + (c - '0');
    }
    if (value > 255) return false;
    if (part < 3) text.remove_prefix(dot + 1);
  }
  return true;
}

bool is_ipv6(std::string_view text) {
  int groups = 0;
  bool gap = false;
  if (text.substr(0, 2) == "::") {
    gap = true;
    text.remove_prefix(2);
  } else if (text.empty() || text[0] == ':') {
    return false;
  }
  while (!text.empty()) {
    const size_t colon = text.find(':');
    const std::string_view group = text.substr(0, colon);
    if (colon == std::string_view::npos && group.find('.') != std::string_view::npos) {
      if (!is_ipv4(group)) return false;
      groups += 2;
      break;
    }
    if (group.empty() || group.size() > 4 || !std::all_of(group.begin(), group.end(), is_hex)) return false;
    ++groups;
    if (colon == std::string_view::npos) break;
    text.remove_prefix(colon + 1);
    if (text.empty()) return false;
    if (text[0] == ':') {
      if (gap) return false;
      gap = true;
      text.remove_prefix(1);
    }
  }
  return gap ? groups <= 7 : groups == 8;
}

}  // namespace hence::schema
