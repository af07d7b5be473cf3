// SPDX-License-Identifier: Apache-2.0
#include "event/attribute.h"

#include <cstring>
#include <string>

#include "event/event.h"

namespace hence::event {
namespace {

constexpr std::string_view kReservedPrefix = "hence";
constexpr std::string_view kDepthName = "hencedepth";
constexpr size_t kQuotedBytesMax = 60;

/// Whether every byte is in U+0020..U+007E, eight at a time: nearly every attribute is.
bool is_plain_ascii(std::string_view text) {
  constexpr uint64_t kOnes = 0x0101010101010101ull;
  constexpr uint64_t kHighs = 0x8080808080808080ull;
  uint64_t flags = 0;
  const char* at = text.data();
  size_t left = text.size();
  for (; left >= sizeof(uint64_t); at += sizeof(uint64_t), left -= sizeof(uint64_t)) {
    uint64_t word;
    std::memcpy(&word, at, sizeof word);
    // The high bit of a byte is set if it is beyond ASCII, below 0x20, or, adding 1, was 0x7F.
    flags |= word | (word - 0x20 * kOnes) | (word + kOnes);
  }
  bool plain = (flags & kHighs) == 0;
  for (; left > 0; ++at, --left) plain = plain && *at >= 0x20 && *at != 0x7F;
  return plain;
}

/// Whether the character beginning at text[i], which is not ASCII, is a C1 control or noncharacter.
bool is_refused_beyond_ascii(std::string_view text, size_t i) {
  const auto byte = [&](size_t n) {
    return i + n < text.size() ? static_cast<unsigned char>(text[i + n]) : 0u;
  };
  if (byte(0) == 0xC2) return byte(1) <= 0x9F;                               // U+0080..009F
  if (byte(0) == 0xEF && byte(1) == 0xB7) return byte(2) >= 0x90 && byte(2) <= 0xAF;  // U+FDD0..
  if (byte(0) == 0xEF && byte(1) == 0xBF) return byte(2) >= 0xBE;            // U+FFFE, U+FFFF
  return byte(0) >= 0xF0 && (byte(1) & 0x0F) == 0x0F && byte(2) == 0xBF && byte(3) >= 0xBE;
}

Status check_integer(std::string_view name, json::View value) {
  const std::string_view text = value.number_text();
  if (text.find_first_of(".eE") == std::string_view::npos) {
    const std::optional<int64_t> number = value.as_int64();
    if (number && *number >= INT32_MIN && *number <= INT32_MAX) return {};
  }
  return attribute_error(name, in_quotes(text) +
                                   " is not a whole number from -2147483648 to 2147483647; "
                                   "send other numbers as strings");
}

}  // namespace

std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  if (text.size() <= kQuotedBytesMax) {
    out += text;
  } else {
    size_t size = kQuotedBytesMax;
    while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
    out += text.substr(0, size);
    out += "…";
  }
  return out + "\"";
}

Error attribute_error(std::string_view name, std::string_view sentence) {
  std::string message = "attribute " + in_quotes(name) + ": ";
  message += sentence;
  return Error(ErrorCode::EventInvalid, std::move(message));
}

bool is_attribute_name(std::string_view name) {
  if (name.empty()) return false;
  for (const char c : name) {
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))) return false;
  }
  return true;
}

bool is_attribute_text(std::string_view text) {
  if (is_plain_ascii(text)) return true;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 || byte == 0x7F) return false;
    if (byte >= 0xC2 && is_refused_beyond_ascii(text, i)) return false;
  }
  return true;
}

std::optional<int> read_depth(json::View value) {
  std::string_view text;
  if (value.is_number()) text = value.number_text();
  if (value.is_string()) text = value.as_string();
  if (text.empty() || text.size() > 2 || (text.size() == 2 && text[0] == '0')) return std::nullopt;
  int depth = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    depth = depth * 10 + (c - '0');
  }
  if (depth > kDepthMax) return std::nullopt;
  return depth;
}

Status check_extension(std::string_view name, json::View value) {
  if (!is_attribute_name(name)) {
    return attribute_error(name, "a name has lower-case letters a-z and digits only");
  }
  if (name.size() > kAttributeBytesMax) {
    return attribute_error(name, "a name may take 1024 bytes, better 20");
  }
  if (name.substr(0, kReservedPrefix.size()) == kReservedPrefix) {
    if (value.is_null() || (name == kDepthName && read_depth(value))) return {};
    return attribute_error(name, name == kDepthName
                                     ? "expected a whole number from 0 to 16; beyond that an event "
                                       "goes round in a loop through the outside"
                                     : "names beginning \"hence\" are reserved; choose another");
  }
  switch (value.type()) {
    case json::Type::null:
    case json::Type::boolean:
      return {};
    case json::Type::number:
      return check_integer(name, value);
    case json::Type::string:
      break;
    case json::Type::array:
    case json::Type::object:
      return attribute_error(name, "an attribute is a string, a boolean or a whole number; put "
                                   "objects and arrays into data");
  }
  const std::string_view text = value.as_string();
  if (text.size() > kAttributeBytesMax) {
    return attribute_error(name, "it is over 1024 bytes; put long values into data");
  }
  if (!is_attribute_text(text)) {
    return attribute_error(name, "control characters and noncharacters are not allowed");
  }
  return {};
}

}  // namespace hence::event
