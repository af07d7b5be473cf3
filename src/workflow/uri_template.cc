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

namespace {

/// One operator of RFC 6570, section 3.2 (table of appendix A).
struct Operator {
  char sign;
  std::string_view first, separator;
  bool named;
  std::string_view if_empty;
  bool reserved;  ///< reserved characters stay as they are
};
constexpr Operator kOperators[] = {
    {'\0', "", ",", false, "", false}, {'+', "", ",", false, "", true},
    {'#', "#", ",", false, "", true},  {'.', ".", ".", false, "", false},
    {'/', "/", "/", false, "", false}, {';', ";", ";", true, "", false},
    {'?', "?", "&", true, "=", false}, {'&', "&", "&", true, "=", false},
};

void append_encoded(const Operator& op, std::string_view text, std::string& out) {
  if (!op.reserved) return append_percent_encoded(text, out);
  constexpr std::string_view kReserved = ":/?#[]@!$&'()*+,;=";
  const auto is_hex = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
  };
  for (size_t i = 0; i < text.size(); ++i) {
    const bool triplet = text[i] == '%' && i + 2 < text.size() && is_hex(text[i + 1]) &&
                         is_hex(text[i + 2]);
    if (triplet || kReserved.find(text[i]) != std::string_view::npos) {
      out += text[i];
    } else {
      append_percent_encoded(text.substr(i, 1), out);
    }
  }
}

std::string scalar_text(json::View value) {
  return value.is_string() ? std::string(value.as_string()) : value.to_text();
}

/// The first `limit` characters (code points).
std::string_view prefix_of(std::string_view text, size_t limit) {
  size_t end = 0;
  for (size_t count = 0; end < text.size() && count < limit; ++count) {
    ++end;
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) ++end;
  }
  return text.substr(0, end);
}

struct Variable {
  std::string_view name;
  bool explode = false;
  std::optional<size_t> prefix;
};

/// "name", "name*" or "name:3".
Result<Variable> read_variable(std::string_view text) {
  Variable variable{text, false, std::nullopt};
  if (text.ends_with('*')) {
    variable = {text.substr(0, text.size() - 1), true, std::nullopt};
  } else if (const size_t colon = text.rfind(':'); colon != std::string_view::npos) {
    size_t length = 0;
    for (char c : text.substr(colon + 1)) {
      if (c < '0' || c > '9' || length > 1'000) {
        return Error(ErrorCode::ExpressionFailed, "the URI template has a prefix that is no "
                                                  "number: {" + std::string(text) + "}");
      }
      length = length * 10 + static_cast<size_t>(c - '0');
    }
    variable = {text.substr(0, colon), false, length};
  }
  return variable;
}

/// The items of an array or object as RFC 6570, section 3.2.1, has them.
void append_composite(const Operator& op, const Variable& variable, json::View value,
                      std::string& out) {
  bool first = true;
  const std::string_view separator = variable.explode ? op.separator : ",";
  const auto begin = [&] {
    if (!first) out += separator;
    first = false;
  };
  if (op.named && !variable.explode) out.append(variable.name).append("=");
  if (value.is_array()) {
    for (json::View item : value.elements()) {
      if (item.is_null()) continue;
      begin();
      if (op.named && variable.explode) out.append(variable.name).append("=");
      append_encoded(op, scalar_text(item), out);
    }
    return;
  }
  for (auto [name, member] : value.members()) {
    if (member.is_null()) continue;
    begin();
    append_encoded(op, name, out);
    out += variable.explode ? '=' : ',';
    append_encoded(op, scalar_text(member), out);
  }
}

Status append_expression(std::string_view body, json::View input, std::string& out) {
  const Operator* op = &kOperators[0];
  for (const Operator& one : kOperators) {
    if (!body.empty() && body[0] == one.sign) op = &one;
  }
  if (op->sign != '\0') body.remove_prefix(1);
  bool first = true;
  while (true) {
    const size_t comma = std::min(body.find(','), body.size());
    HENCE_TRY(const Variable variable, read_variable(body.substr(0, comma)));
    const auto value = input.find(variable.name);
    const bool composite = value && (value->is_array() || value->is_object());
    if (composite && op->sign == '\0' && !variable.explode) {
      return Error(ErrorCode::ExpressionFailed,
                   "{" + std::string(variable.name) + "} in the URI template is an " +
                       std::string(json::type_name(value->type())) +
                       "; expected a text or number");
    }
    if (value && !value->is_null() && !(composite && value->size() == 0)) {
      out += first ? op->first : op->separator;
      first = false;
      if (composite) {
        append_composite(*op, variable, *value, out);
      } else {
        const std::string text = scalar_text(*value);
        const std::string_view shown = variable.prefix ? prefix_of(text, *variable.prefix) : text;
        if (op->named) out.append(variable.name).append(shown.empty() ? op->if_empty : "=");
        append_encoded(*op, shown, out);
      }
    }
    if (comma == body.size()) return {};
    body.remove_prefix(comma + 1);
  }
}

}  // namespace

Result<std::string> expand_uri(std::string_view uri_template, json::View input) {
  std::string out;
  size_t at = 0;
  while (at < uri_template.size()) {
    const size_t open = uri_template.find('{', at);
    out += uri_template.substr(at, open - at);
    if (open == std::string_view::npos) break;
    const size_t close = uri_template.find('}', open);
    if (close == std::string_view::npos) {
      return Error(ErrorCode::ExpressionFailed, "the URI template has { without }: expected {name}");
    }
    HENCE_TRY_VOID(append_expression(uri_template.substr(open + 1, close - open - 1), input, out));
    at = close + 1;
  }
  return out;
}

}  // namespace hence::workflow
