// SPDX-License-Identifier: Apache-2.0
#include "cli/files.h"

#include <algorithm>
#include <filesystem>

#include "json/parse.h"

namespace hence::cli {
namespace {

namespace fs = std::filesystem;

bool is_resource_file(const fs::path& path) {
  const std::string extension = path.extension().string();
  if (extension != ".yaml" && extension != ".yml" && extension != ".json") return false;
  return path.stem().extension() != ".test";
}

}  // namespace

Result<std::vector<std::string>> find_resource_files(const std::vector<std::string>& paths) {
  std::vector<std::string> files;
  for (const std::string& path : paths) {
    std::error_code error;
    if (path == "-" || fs::is_regular_file(path, error) || fs::is_fifo(path, error) ||
        fs::is_character_file(path, error)) {
      files.push_back(path);
      continue;
    }
    if (!fs::is_directory(path, error)) {
      return Error(ErrorCode::FileUnreadable,
                   "there is no file or folder " + path + "; name what to read");
    }
    std::vector<std::string> found;
    for (auto it = fs::recursive_directory_iterator(path, error);
         !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
      const bool hidden = it->path().filename().string().starts_with('.');
      if (hidden && it->is_directory(error)) it.disable_recursion_pending();
      if (!hidden && it->is_regular_file(error) && is_resource_file(it->path()))
        found.push_back(it->path().string());
    }
    if (error)
      return Error(ErrorCode::FileUnreadable, path + " cannot be read: " + error.message());
    if (found.empty()) {
      return Error(ErrorCode::FileUnreadable,
                   "the folder " + path + " holds no .yaml, .yml or .json file; name another");
    }
    std::ranges::sort(found);
    files.insert(files.end(), found.begin(), found.end());
  }
  return files;
}

Result<std::vector<json::Value>> read_events(std::string_view text) {
  std::vector<json::Value> events;
  while (true) {
    HENCE_TRY(const std::optional<json::Value> value, json::parse_next(text));
    if (!value) return events;
    if (!(*value)->is_array()) {
      events.push_back(*value);
      continue;
    }
    for (const json::View event : (*value)->elements())
      events.push_back(json::Value::detached(event));
  }
}

std::string fault_text(std::string_view file, const workflow::Fault& fault) {
  std::string text(file);
  if (fault.place.line != 0)
    text += ":" + std::to_string(fault.place.line) + ":" + std::to_string(fault.place.column);
  text += ": ";
  if (!fault.pointer.empty()) text += fault.pointer + ": ";
  return text + fault.message;
}

}  // namespace hence::cli
