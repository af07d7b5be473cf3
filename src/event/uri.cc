// SPDX-License-Identifier: Apache-2.0
#include "event/uri.h"

#include <array>

namespace hence::event {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

// Unreserved and reserved characters; '%' and '#' have rules of their own.
constexpr std::array<bool, 256> make_allowed() {
  std::array<bool, 256> allowed{};
  for (int c = 'a'; c <= 'z'; ++c) allowed[static_cast<size_t>(c)] = true;
  for (int c = 'A'; c <= 'Z'; ++c) allowed[static_cast<size_t>(c)] = true;
  for (int c = '0'; c <= '9'; ++c) allowed[static_cast<size_t>(c)] = true;
  for (const char c : std::string_view("-._~:/?[]@!$&'()*+,;=")) {
    allowed[static_cast<unsigned char>(c)] = true;
  }
  return allowed;
}
constexpr std::array<bool, 256> kAllowed = make_allowed();

bool has_valid_characters(std::string_view text) {
  bool in_fragment = false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (kAllowed[static_cast<unsigned char>(text[i])]) continue;
    if (text[i] == '#' && !in_fragment) {
      in_fragment = true;
    } else if (text[i] == '%' && i + 2 < text.size() && is_hex(text[i + 1]) &&
               is_hex(text[i + 2])) {
      i += 2;
    } else {
      return false;
    }
  }
  return true;
}

/// The place of the colon that ends a scheme; npos where the text claims none.
size_t scheme_end(std::string_view text) {
  const size_t end = text.find_first_of(":/?#");
  return end != std::string_view::npos && text[end] == ':' ? end : std::string_view::npos;
}

bool is_scheme(std::string_view text) {
  if (text.empty() || !is_letter(text.front())) return false;
  for (const char c : text) {
    if (!is_letter(c) && !is_digit(c) && c != '+' && c != '-' && c != '.') return false;
  }
  return true;
}

}  // namespace

bool is_uri_reference(std::string_view text) {
  if (text.empty() || !has_valid_characters(text)) return false;
  const size_t colon = scheme_end(text);
  return colon == std::string_view::npos || is_scheme(text.substr(0, colon));
}

bool is_absolute_uri(std::string_view text) {
  return is_uri_reference(text) && scheme_end(text) != std::string_view::npos;
}

}  // namespace hence::event
