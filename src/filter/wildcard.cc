// SPDX-License-Identifier: Apache-2.0
#include "filter/wildcard.h"

#include <cstring>

namespace hence::filter {

Result<Wildcard> Wildcard::parse(std::string_view pattern) {
  Wildcard out;
  out.pieces_.emplace_back();
  for (size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    const char next = i + 1 < pattern.size() ? pattern[i + 1] : '\0';
    if (c == '*') {
      if (next == '*') {
        return Error(ErrorCode::PatternInvalid, "two * in a row at character " + std::to_string(i + 1) +
                                                    " of the wildcard; one says the same");
      }
      out.pieces_.emplace_back();
    } else if (c == '\\') {
      if (next != '*' && next != '\\') {
        return Error(ErrorCode::PatternInvalid,
                     "\\ at character " + std::to_string(i + 1) +
                         " of the wildcard must stand before * or \\; write \\\\ for a backslash");
      }
      out.pieces_.back().push_back(next);
      ++i;
    } else {
      out.pieces_.back().push_back(c);
    }
  }
  return out;
}

std::string Wildcard::to_string() const {
  std::string out;
  for (size_t i = 0; i < pieces_.size(); ++i) {
    if (i > 0) out += '*';
    for (const char c : pieces_[i]) {
      if (c == '*' || c == '\\') out += '\\';
      out += c;
    }
  }
  return out;
}

bool Wildcard::matches(std::string_view text) const {
  if (is_literal()) return text == pieces_.front();
  if (text.size() < prefix().size() + suffix().size()) return false;
  if (!text.starts_with(prefix()) || !text.ends_with(suffix())) return false;
  text.remove_prefix(prefix().size());
  text.remove_suffix(suffix().size());
  for (size_t i = 1; i + 1 < pieces_.size(); ++i) {
    // memmem is linear whatever both hold; find() is not.
    const void* at = memmem(text.data(), text.size(), pieces_[i].data(), pieces_[i].size());
    if (at == nullptr) return false;
    text.remove_prefix(static_cast<size_t>(static_cast<const char*>(at) - text.data()) + pieces_[i].size());
  }
  return true;
}

}  // namespace hence::filter
