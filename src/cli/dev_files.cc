// SPDX-License-Identifier: Apache-2.0
#include "cli/dev_files.h"

#include <unistd.h>

#include <algorithm>

#include "cli/spawn_self.h"

namespace hence::cli {
namespace {

bool is_resource_file(const std::filesystem::path& path) {
  const std::string name = path.filename().string();
  const std::string extension = path.extension().string();
  return (extension == ".yaml" || extension == ".yml" || extension == ".json") && name.find(".test.") == std::string::npos;
}

}  // namespace

DevFiles::Times DevFiles::find() const {
  Times times;
  std::error_code error;
  const auto add = [&](const std::filesystem::path& path) {
    const auto time = std::filesystem::last_write_time(path, error);
    if (!error) times[path] = time;
  };
  for (const std::string& path : paths_) {
    if (!std::filesystem::is_directory(path, error)) {
      add(path);
      continue;
    }
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path, error)) {
      if (entry.is_regular_file(error) && is_resource_file(entry.path())) add(entry.path());
    }
  }
  return times;
}

void DevFiles::apply_changed() {
  Times now = find();
  if (now == seen_ && !first_) return;
  first_ = false;
  seen_ = std::move(now);
  if (seen_.empty()) return;
  std::vector<std::string> arguments{"apply", "--prune", "--yes", "--address", "http://127.0.0.1:" + std::to_string(port_), "-o", "table"};
  for (const auto& [path, time] : seen_) {
    arguments.push_back("-f");
    arguments.push_back(path.string());
  }
  run_self(arguments);
}

}  // namespace hence::cli
