// SPDX-License-Identifier: Apache-2.0
#include "server/documents.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <future>
#include <memory>

#include "workflow/definition.h"
#include "workflow/imports.h"

namespace hence::server {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFileScheme = "file://";

/// The text of a file inside folder; links out of it do not count. Nothing: it is not inside.
std::optional<Result<std::string>> read_inside(const std::string& folder, const std::string& path) {
  std::error_code error;
  const fs::path base = fs::canonical(folder, error);
  if (error) return std::nullopt;
  const fs::path real = fs::canonical(path, error);
  if (error) return std::nullopt;
  const auto [end, rest] = std::mismatch(base.begin(), base.end(), real.begin(), real.end());
  if (end != base.end()) return std::nullopt;
  std::ifstream file(real, std::ios::binary);
  std::string text(workflow::kImportBytesMax + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) return Result<std::string>(Error(ErrorCode::FileUnreadable, path + " cannot be read"));
  text.resize(static_cast<size_t>(file.gcount()));
  return Result<std::string>(std::move(text));
}

}  // namespace

Result<std::string> DocumentReader::read_file(const std::string& uri) const {
  const std::string path = uri.substr(std::min(uri.size(), kFileScheme.size()));
  for (const std::string& folder : folders_) {
    if (auto text = read_inside(folder, path)) return std::move(*text);
  }
  return Error(ErrorCode::NotFound, "there is no file " + path +
                                        " in a folder of workflows.files in hence.yaml");
}

Result<std::string> DocumentReader::fetch(const std::string& url) const {
  delivery::HttpCall call;
  call.method = "GET";
  call.url = url;
  call.response_bytes_max = workflow::kImportBytesMax;
  const auto answer = std::make_shared<std::promise<Result<delivery::HttpAnswer>>>();
  auto future = answer->get_future();
  // Nobody cancels it, so its number is never looked up.
  http_.start(0, std::move(call),
              [answer](Result<delivery::HttpAnswer> given) { answer->set_value(std::move(given)); });
  HENCE_TRY(delivery::HttpAnswer got, future.get());
  if (got.status == 200) return std::move(got.body);
  return Error(ErrorCode::NotFound, "GET " + url + " was answered with status " + std::to_string(got.status));
}

Result<std::string> DocumentReader::read(const std::string& uri) const {
  if (uri.starts_with(workflow::kDefaultCatalog)) {
    const std::string rest = uri.substr(workflow::kDefaultCatalog.size());
    if (catalog_.empty()) {
      return Error(ErrorCode::ConfigurationInvalid,
                   "this server has no catalogue; name a folder or URL as workflows.catalog in hence.yaml");
    }
    if (catalog_.find("://") != std::string::npos) return fetch(catalog_ + rest);
    if (auto text = read_inside(catalog_, catalog_ + rest)) return std::move(*text);
    return Error(ErrorCode::NotFound, "there is no file " + catalog_ + rest);
  }
  if (uri.starts_with(kFileScheme)) return read_file(uri);
  return fetch(uri);
}

}  // namespace hence::server
