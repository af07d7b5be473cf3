// SPDX-License-Identifier: Apache-2.0
#include "delivery/secret_reader.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace hence::delivery {
namespace {

namespace fs = std::filesystem;

constexpr size_t kSecretBytesMax = 64 << 10;

Error unavailable(std::string sentence) {
  return Error(ErrorCode::SecretUnavailable, std::move(sentence));
}

bool matches(std::string_view pattern, std::string_view name) {
  if (!pattern.ends_with('*')) return pattern == name;
  return name.starts_with(pattern.substr(0, pattern.size() - 1));
}

/// Whether path, with all links followed, is below folder.
bool is_below(const fs::path& path, const std::string& folder) {
  std::error_code error;
  const fs::path root = fs::canonical(folder, error);
  if (error) return false;
  const auto [root_end, path_at] = std::mismatch(root.begin(), root.end(), path.begin(), path.end());
  return root_end == root.end() && path_at != path.end();
}

}  // namespace

Result<std::string> SecretReader::read(const resource::SecretSpec& spec) const {
  return spec.from == resource::SecretSpec::From::env ? read_variable(spec.reference)
                                                      : read_file(spec.reference);
}

Result<std::string> SecretReader::read_variable(const std::string& name) const {
  const bool allowed = std::any_of(settings_.env.begin(), settings_.env.end(),
                                   [&](const auto& pattern) { return matches(pattern, name); });
  if (!allowed) {
    return unavailable("the variable " + name +
                       " may not be read; add it to secrets.env in hence.yaml");
  }
  const char* value = std::getenv(name.c_str());
  if (value == nullptr || *value == '\0') {
    return unavailable("the variable " + name + " is not set where the server runs");
  }
  return std::string(value);
}

Result<std::string> SecretReader::read_file(const std::string& path) const {
  std::error_code error;
  const fs::path real = fs::canonical(path, error);
  const bool allowed = !error && fs::path(path).is_absolute() &&
                       std::any_of(settings_.files.begin(), settings_.files.end(),
                                   [&](const auto& folder) { return is_below(real, folder); });
  if (!allowed) {
    // Whether it exists outside of the folders is not said.
    return unavailable("the file " + path +
                       " is not there or may not be read; its folder must be in secrets.files in "
                       "hence.yaml");
  }
  std::ifstream file(real, std::ios::binary);
  std::string value(kSecretBytesMax + 1, '\0');
  file.read(value.data(), static_cast<std::streamsize>(value.size()));
  value.resize(static_cast<size_t>(file.gcount()));
  if (value.size() > kSecretBytesMax) return unavailable("the file " + path + " is over 64 KiB");
  if (value.ends_with('\n')) value.pop_back();
  if (value.ends_with('\r')) value.pop_back();
  if (value.empty()) return unavailable("the file " + path + " is empty or cannot be read");
  return value;
}

}  // namespace hence::delivery
