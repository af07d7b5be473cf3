// SPDX-License-Identifier: Apache-2.0
#include "server/secrets.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace hence::server {
namespace {

constexpr size_t kSecretBytesMax = 64 << 10;

Error unavailable(const std::string& secret, const std::string& why) {
  return Error(ErrorCode::SecretUnavailable, "secret " + secret + " " + why);
}

bool fits(std::string_view name, std::string_view pattern) {
  if (!pattern.empty() && pattern.back() == '*') {
    return name.substr(0, pattern.size() - 1) == pattern.substr(0, pattern.size() - 1);
  }
  return name == pattern;
}

}  // namespace

Result<std::string> SecretReader::read(const engine::Definitions& definitions, std::string_view name_space,
                                       std::string_view name) const {
  const std::string secret(name);
  const engine::Stored* stored = definitions.find(name_space, resource::Kind::secret, name);
  if (stored == nullptr) {
    return unavailable(secret, "does not exist in namespace " + std::string(name_space) +
                                   "; apply a resource of kind Secret with that name");
  }
  const auto& spec = std::get<resource::SecretSpec>(stored->resource->spec);
  return spec.from == resource::SecretSpec::From::env ? read_env(secret, spec.reference) : read_file(secret, spec.reference);
}

Result<std::string> SecretReader::read_env(const std::string& secret, const std::string& variable) const {
  bool allowed = false;
  for (const std::string& pattern : env_) allowed = allowed || fits(variable, pattern);
  if (!allowed) {
    return unavailable(secret, "refers to the environment variable " + variable +
                                   ", which secrets.env in hence.yaml does not allow");
  }
  const char* value = std::getenv(variable.c_str());
  if (value == nullptr) return unavailable(secret, "refers to the environment variable " + variable + ", which is not set");
  return std::string(value);
}

Result<std::string> SecretReader::read_file(const std::string& secret, const std::string& path) const {
  std::error_code error;
  const std::filesystem::path real = std::filesystem::canonical(path, error);
  if (error) return unavailable(secret, "refers to the file " + path + ", which is not there");
  bool allowed = false;
  for (const std::string& folder : folders_) {
    const std::filesystem::path base = std::filesystem::canonical(folder, error);
    if (error) continue;
    const auto [end, rest] = std::mismatch(base.begin(), base.end(), real.begin(), real.end());
    allowed = allowed || end == base.end();
  }
  if (!allowed) return unavailable(secret, "refers to the file " + path + ", which is in no folder of secrets.files in hence.yaml");
  std::ifstream file(real, std::ios::binary);
  std::string value(kSecretBytesMax + 1, '\0');
  file.read(value.data(), static_cast<std::streamsize>(value.size()));
  if (file.bad() || file.gcount() == 0) return unavailable(secret, "refers to the file " + path + ", which cannot be read or is empty");
  if (static_cast<size_t>(file.gcount()) > kSecretBytesMax) return unavailable(secret, "refers to the file " + path + ", which is over 64 KiB");
  value.resize(static_cast<size_t>(file.gcount()));
  if (!value.empty() && value.back() == '\n') value.pop_back();
  if (!value.empty() && value.back() == '\r') value.pop_back();
  return value;
}

}  // namespace hence::server
