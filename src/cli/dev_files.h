// SPDX-License-Identifier: Apache-2.0
#pragma once

// The files of `hence dev`: applied when they change, through the same interface users have.

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace hence::cli {

class DevFiles {
 public:
  /// paths: files or folders.
  DevFiles(std::vector<std::string> paths, uint16_t port) : paths_(std::move(paths)), port_(port) {}

  /// Applies all of them if any was made, changed or removed since the last time, and says what
  /// came of it on stderr. A fault leaves the server as it was.
  void apply_changed();

 private:
  using Times = std::map<std::filesystem::path, std::filesystem::file_time_type>;
  Times find() const;

  std::vector<std::string> paths_;
  uint16_t port_;
  Times seen_;
  bool first_ = true;
};

}  // namespace hence::cli
