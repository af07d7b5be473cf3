// SPDX-License-Identifier: Apache-2.0
// The @ formats of jq.
#include <array>

#include "expr/operations.h"
#include "json/parse.h"

namespace hence::expr {

namespace {

/// Bytes that are looked at one by one within a step.
constexpr size_t kBytesOfStep = 4;

Flow rows(Run& run, const Val& value, bool tabs, Val& out) {
  const std::string_view name = tabs ? "tsv" : "csv";
  if (!value.is_array()) {
    return run.fail(described(run, value) + " cannot be " + std::string(name) +
                    "-formatted, only an array can be");
  }
  std::string text;
  Flow flow = Flow::value;
  bool first = true;
  each_element(value, [&](const Val& item) {
    if (!first) text += tabs ? '\t' : ',';
    first = false;
    if (item.is_array() || item.is_object()) {
      flow = run.fail(described(run, item) + " is not valid in a csv row");
      return false;
    }
    if (!item.is_string()) {
      if (!item.is_null()) write_text(run, item, text);
      return run.step();
    }
    if (!run.step(1 + item.size() / kBytesOfStep)) return false;
    text.reserve(text.size() + item.size());
    if (!tabs) text += '"';
    for (const char c : item.text()) {
      if (!tabs && c == '"') text += "\"\"";
      else if (tabs && c == '\t') text += "\\t";
      else if (tabs && c == '\n') text += "\\n";
      else if (tabs && c == '\r') text += "\\r";
      else if (tabs && c == '\\') text += "\\\\";
      else text += c;
    }
    if (!tabs) text += '"';
    return true;
  });
  if (flow == Flow::value) out = make_string(run, text);
  return flow;
}

std::string html(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '&': out += "&amp;"; break;
      case '\'': out += "&apos;"; break;
      case '"': out += "&quot;"; break;
      default: out += c;
    }
  }
  return out;
}

std::string uri(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
        (byte >= '0' && byte <= '9') || c == '-' || c == '_' || c == '.' || c == '~') {
      out += c;
    } else {
      out += '%';
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
  return out;
}

int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}
bool uri_decode(std::string_view text, std::string& out) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size() || hex(text[i + 1]) < 0 || hex(text[i + 2]) < 0) return false;
    out += static_cast<char>(hex(text[i + 1]) * 16 + hex(text[i + 2]));
    i += 2;
  }
  return json::is_utf8(out);
}

Flow shell(Run& run, const Val& value, Val& out) {
  std::string text;
  Flow flow = Flow::value;
  auto add = [&](const Val& item) {
    if (item.is_array() || item.is_object()) {
      flow = run.fail(described(run, item) + " can not be escaped for shell");
      return false;
    }
    if (!text.empty()) text += ' ';
    if (!item.is_string()) {
      write_text(run, item, text);
      return run.step();
    }
    if (!run.step(1 + item.size() / kBytesOfStep)) return false;
    text.reserve(text.size() + item.size());
    text += '\'';
    for (const char c : item.text()) {
      if (c == '\'') text += "'\\''";
      else text += c;
    }
    text += '\'';
    return true;
  };
  if (value.is_array()) each_element(value, add);
  else add(value);
  if (flow == Flow::value) out = make_string(run, text);
  return flow;
}

constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kBase32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// bits: of one digit; group: digits that fill whole bytes together.
std::string encode(std::string_view text, std::string_view alphabet, int bits, size_t group) {
  std::string out;
  out.reserve((text.size() * 8 / static_cast<size_t>(bits) / group + 1) * group);
  uint32_t buffer = 0;
  int held = 0;
  for (const char c : text) {
    buffer = buffer << 8 | static_cast<unsigned char>(c);
    held += 8;
    while (held >= bits) {
      held -= bits;
      out += alphabet[buffer >> held & ((1u << bits) - 1)];
    }
    buffer &= (1u << held) - 1;
  }
  if (held > 0) out += alphabet[buffer << (bits - held) & ((1u << bits) - 1)];
  while (out.size() % group != 0) out += '=';
  return out;
}

/// False where nothing at all can be decoded of a text that is not empty, or a digit is unknown.
bool decode(std::string_view text, std::string_view alphabet, int bits, std::string& out) {
  constexpr uint8_t kUnknown = 0xFF;
  std::array<uint8_t, 256> values;
  values.fill(kUnknown);
  for (size_t i = 0; i < alphabet.size(); ++i) values[static_cast<unsigned char>(alphabet[i])] = static_cast<uint8_t>(i);
  uint32_t buffer = 0;
  int held = 0;
  size_t digits = 0;
  while (!text.empty() && text.back() == '=') text.remove_suffix(1);
  for (const char c : text) {
    const uint8_t digit = values[static_cast<unsigned char>(c)];
    if (digit == kUnknown) return false;
    ++digits;
    buffer = buffer << bits | digit;
    held += bits;
    if (held >= 8) {
      held -= 8;
      out += static_cast<char>(buffer >> held & 0xFF);
    }
    buffer &= (1u << held) - 1;
  }
  return digits == 0 || !out.empty();
}

/// Bytes that are no UTF-8 become U+FFFD.
std::string repaired(std::string_view bytes) {
  std::string out;
  for (size_t i = 0; i < bytes.size();) {
    size_t n = 1;
    while (n < 4 && i + n < bytes.size() && !json::is_utf8(bytes.substr(i, n))) ++n;
    if (json::is_utf8(bytes.substr(i, n))) {
      out += bytes.substr(i, n);
      i += n;
      continue;
    }
    out += "\xEF\xBF\xBD";
    ++i;
    while (i < bytes.size() && (bytes[i] & 0xC0) == 0x80) ++i;
  }
  return out;
}

Flow decoded(Run& run, const Val& text, bool is_64, Val& out) {
  std::string bytes;
  if (!decode(text.text(), is_64 ? kBase64 : kBase32, is_64 ? 6 : 5, bytes)) {
    return run.fail(described(run, text) + (is_64 ? " is not valid base64 data" : " is not valid base32 data"));
  }
  const bool is_text = json::is_utf8(bytes);
  if (!is_text && !run.step(bytes.size())) return Flow::error;
  out = make_string(run, is_text ? bytes : repaired(bytes));
  return Flow::value;
}

}  // namespace

Flow format_value(Run& run, Format format, const Val& value, Val& out) {
  switch (format) {
    case Format::csv: return rows(run, value, false, out);
    case Format::tsv: return rows(run, value, true, out);
    case Format::sh: return shell(run, value, out);
    case Format::json: {
      std::string text;
      write_text(run, value, text);
      out = make_string(run, text);
      return Flow::value;
    }
    default: break;
  }
  const Val text = to_string_value(run, value);
  if (!run.step(1 + text.size() / kBytesOfStep)) return Flow::error;
  switch (format) {
    case Format::text: out = text; break;
    case Format::html: out = make_string(run, html(text.text())); break;
    case Format::uri: out = make_string(run, uri(text.text())); break;
    case Format::base64: out = make_string(run, encode(text.text(), kBase64, 6, 4)); break;
    case Format::base32: out = make_string(run, encode(text.text(), kBase32, 5, 8)); break;
    case Format::base64d: return decoded(run, text, true, out);
    case Format::base32d: return decoded(run, text, false, out);
    case Format::urid: {
      std::string decoded_text;
      if (!uri_decode(text.text(), decoded_text)) {
        return run.fail(described(run, text) + " is not a valid uri encoding");
      }
      out = make_string(run, decoded_text);
      break;
    }
    default: break;
  }
  return Flow::value;
}

}  // namespace hence::expr
