// SPDX-License-Identifier: Apache-2.0
#pragma once

// Values of Secret resources. A resource only refers to a variable or a file; which ones may be
// referred to is the configuration's (`secrets: {env: [...], files: [...]}`), or else whoever may
// apply resources could read everything the server can.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "resource/resource.h"

namespace hence::delivery {

struct SecretSettings {
  std::vector<std::string> env;    ///< names of variables; a last `*` stands for any rest
  std::vector<std::string> files;  ///< folders, absolute; files in and below them
};

class SecretReader {
 public:
  explicit SecretReader(SecretSettings settings) : settings_(std::move(settings)) {}

  /// The value as it is now; one line break at the end of a file does not count. Any thread.
  /// Errors: SecretUnavailable (not allowed, not there, empty, over 64 KiB), never with the value.
  Result<std::string> read(const resource::SecretSpec& spec) const;

 private:
  Result<std::string> read_variable(const std::string& name) const;
  Result<std::string> read_file(const std::string& path) const;

  SecretSettings settings_;
};

}  // namespace hence::delivery
