// SPDX-License-Identifier: Apache-2.0
#pragma once

// Values of Secret resources, read when they are used and never kept: from the environment or from
// files, and only what the configuration (secrets.env, secrets.files) lets a Secret refer to.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/definitions.h"

namespace hence::server {

class SecretReader {
 public:
  SecretReader(std::vector<std::string> env, std::vector<std::string> folders)
      : env_(std::move(env)), folders_(std::move(folders)) {}

  /// The value of a namespace's secret; of a file without its last line end.
  /// Errors: SecretUnavailable, naming the secret and what to do; never its value.
  Result<std::string> read(const engine::Definitions& definitions, std::string_view name_space,
                           std::string_view name) const;

 private:
  Result<std::string> read_env(const std::string& secret, const std::string& variable) const;
  Result<std::string> read_file(const std::string& secret, const std::string& path) const;

  std::vector<std::string> env_;
  std::vector<std::string> folders_;
};

}  // namespace hence::server
