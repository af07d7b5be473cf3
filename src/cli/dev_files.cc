// SPDX-License-Identifier: Apache-2.0
#include "cli/dev_files.h"

#include <cstdio>

namespace hence::cli {
namespace {

namespace fs = std::filesystem;

bool is_resource_file(const fs::path& path) {
  const std::string extension = path.extension().string();
  if (extension != ".yaml" && extension != ".yml" && extension != ".json") return false;
  return path.stem().extension() != ".test";
}

/// Those of find_resource_files, but that a folder may hold none yet. Errors: FileUnreadable.
Result<std::vector<fs::path>> files_below(const std::string& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (auto it = fs::recursive_directory_iterator(folder, error); !error && it != fs::end(it); it.increment(error)) {
    const bool hidden = it->path().filename().string().starts_with('.');
    std::error_code gone;
    if (hidden) it.disable_recursion_pending();
    else if (it->is_regular_file(gone) && is_resource_file(it->path())) files.push_back(it->path());
  }
  if (error) return Error(ErrorCode::FileUnreadable, folder + " cannot be read: " + error.message());
  return files;
}

}  // namespace

std::string dev_address(std::string_view listen, uint16_t port) {
  std::string host(listen.substr(0, listen.rfind(':')));
  if (host.find(':') != std::string::npos && !host.starts_with('[')) host = "[" + host + "]";
  return "http://" + host + ":" + std::to_string(port);
}

Result<DevFiles::Times> DevFiles::find() const {
  Times times;
  std::error_code error;
  // What is not there was removed; of all else that cannot be seen nobody knows.
  const auto fault = [&](const fs::path& path) -> Status {
    if (!error || error == std::errc::no_such_file_or_directory) return {};
    return Error(ErrorCode::FileUnreadable, path.string() + " cannot be read: " + error.message());
  };
  for (const std::string& path : paths_) {
    std::vector<fs::path> files{path};
    const bool folder = fs::is_directory(path, error);
    HENCE_TRY_VOID(fault(path));
    if (folder) {
      HENCE_TRY(files, files_below(path));
    }
    for (const fs::path& file : files) {
      const auto time = fs::last_write_time(file, error);
      HENCE_TRY_VOID(fault(file));
      if (!error) times[file] = time;
    }
  }
  return times;
}

void DevFiles::say(const std::string& fault) {
  if (fault == said_) return;
  said_ = fault;
  if (!fault.empty()) std::fprintf(stderr, "hence dev: %s; nothing is applied until it can\n", fault.c_str());
}

void DevFiles::apply_changed() {
  Result<Times> now = find();
  say(now.ok() ? "" : now.error().message());
  if (!now.ok() || (*now == seen_ && !first_)) return;
  first_ = false;
  seen_ = std::move(*now);
  if (seen_.empty()) return;
  std::vector<std::string> arguments{"apply", "--prune", "--yes", "--address", address_, "-o", "table"};
  for (const auto& [path, time] : seen_) {
    arguments.push_back("-f");
    arguments.push_back(path.string());
  }
  run_(arguments);
}

}  // namespace hence::cli
