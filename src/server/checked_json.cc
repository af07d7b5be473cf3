// SPDX-License-Identifier: Apache-2.0
#include "server/checked_json.h"

#include <array>
#include <charconv>

#include "base/hash.h"
#include "json/write.h"

namespace hence::server {
namespace {

constexpr std::string_view kMember = ",\n  \"checksum\": \"";
constexpr std::string_view kEnd = "\"\n}\n";

std::string hex(uint32_t value) {
  std::array<char, 8> digits;
  const auto [end, error] = std::to_chars(digits.begin(), digits.end(), value, 16);
  return {digits.begin(), end};
}

}  // namespace

std::string with_checksum(const json::Value& object) {
  std::string text;
  json::write_pretty(object, text);
  while (!text.empty() && (text.back() == '\n' || text.back() == '}')) text.pop_back();
  const std::string checksum = hex(crc32c(text));
  return text.append(kMember).append(checksum).append(kEnd);
}

bool checksum_fits(std::string_view text, json::View object, size_t members_without) {
  const auto checksum = object.find("checksum");
  if (!checksum) return object.size() <= members_without;
  const size_t at = text.rfind(kMember);
  if (at == std::string_view::npos || !checksum->is_string()) return false;
  const std::string expected = hex(crc32c(text.substr(0, at)));
  return text.substr(at) == std::string(kMember) + expected + std::string(kEnd);
}

}  // namespace hence::server
