// SPDX-License-Identifier: Apache-2.0
#pragma once

// The files of `hence dev`: applied when they change, through the same interface users have.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace hence::cli {

/// The URL of a server by its setting `listen`, as in "127.0.0.1:0" or "[::1]:0", and the port it has.
std::string dev_address(std::string_view listen, uint16_t port);

class DevFiles {
 public:
  /// Runs `hence` with arguments; returns its exit code.
  using Run = std::function<int(const std::vector<std::string>& arguments)>;

  /// paths: files or folders. address: the server's URL.
  DevFiles(std::vector<std::string> paths, std::string address, Run run)
      : paths_(std::move(paths)), address_(std::move(address)), run_(std::move(run)) {}

  /// Applies all of them if any was made, changed or removed since the last time, and says what
  /// came of it on stderr. A fault leaves the server as it was. So does a folder that cannot be read
  /// to its end, which is said once: what was not seen would be deleted.
  void apply_changed();

 private:
  using Times = std::map<std::filesystem::path, std::filesystem::file_time_type>;
  Result<Times> find() const;
  void say(const std::string& fault);

  std::vector<std::string> paths_;
  std::string address_;
  Run run_;
  Times seen_;
  bool first_ = true;
  std::string said_;  ///< the fault there is now
};

}  // namespace hence::cli
