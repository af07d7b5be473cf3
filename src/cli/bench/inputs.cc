// SPDX-License-Identifier: Apache-2.0
#include "cli/bench/inputs.h"

#include <zlib.h>

#include "json/parse.h"

namespace hence::cli::bench {
namespace {

/// The bytes of a file, packed with gzip or not. Errors: FileUnreadable.
Result<std::string> unpack(const std::string& path) {
  gzFile file = gzopen(path.c_str(), "rb");
  if (file == nullptr) return Error(ErrorCode::FileUnreadable, path + " cannot be read");
  std::string all;
  std::string block(1 << 18, '\0');
  int got = 0;
  while ((got = gzread(file, block.data(), static_cast<unsigned>(block.size()))) > 0) {
    all.append(block.data(), static_cast<size_t>(got));
  }
  gzclose(file);
  if (got < 0) return Error(ErrorCode::FileUnreadable, path + " is damaged");
  return all;
}

}  // namespace

Result<std::vector<std::string>> read_lines(const std::string& path) {
  HENCE_TRY(const std::string all, unpack(path));
  std::vector<std::string> out;
  for (size_t begin = 0; begin < all.size();) {
    const size_t end = std::min(all.find('\n', begin), all.size());
    if (end > begin) out.push_back(all.substr(begin, end - begin));
    begin = end + 1;
  }
  return out;
}

Result<std::vector<json::Value>> read_values(const std::string& path) {
  HENCE_TRY(const std::string all, unpack(path));
  std::vector<json::Value> values;
  std::string_view rest = all;
  while (true) {
    Result<std::optional<json::Value>> value = json::parse_next(rest);
    if (!value.ok()) return value.error().in(path);
    if (!*value) return values;
    values.push_back(std::move(**value));
  }
}

}  // namespace hence::cli::bench
