// SPDX-License-Identifier: Apache-2.0
#include "server/documents.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <future>
#include <memory>

#include "delivery/outgoing.h"
#include "delivery/redaction.h"
#include "workflow/deferred.h"
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

delivery::HttpCall get_of(const std::string& url) {
  delivery::HttpCall call;
  call.method = "GET";
  call.url = url;
  return call;
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

Result<delivery::HttpAnswer> DocumentReader::exchange(delivery::HttpCall call) const {
  const auto answer = std::make_shared<std::promise<Result<delivery::HttpAnswer>>>();
  auto future = answer->get_future();
  // Nobody cancels it, so its number is never looked up.
  http_.start(0, std::move(call),
              [answer](Result<delivery::HttpAnswer> given) { answer->set_value(std::move(given)); });
  return future.get();
}

Result<std::string> DocumentReader::fetch(delivery::HttpCall call) const {
  const std::string url = call.url;
  call.response_bytes_max = workflow::kImportBytesMax;
  HENCE_TRY(delivery::HttpAnswer got, exchange(std::move(call)));
  if (got.status == 200) return std::move(got.body);
  return Error(ErrorCode::NotFound, "GET " + url + " was answered with status " + std::to_string(got.status));
}

Result<std::string> DocumentReader::get_token(const std::string& policy, delivery::Tokens& tokens, UtcTime now) const {
  if (auto token = tokens.find(policy, now)) return std::move(*token);
  tokens.begin(policy);
  while (true) {  // discovery, then the token: each answer is a step on
    HENCE_TRY(delivery::HttpCall call, tokens.next_call(policy));
    if (auto over = tokens.take_answer(policy, exchange(std::move(call)), now)) return std::move(*over);
  }
}

Result<std::string> DocumentReader::fetch_authenticated(const json::Value& request, delivery::Tokens& tokens,
                                                        UtcTime now) const {
  delivery::HttpCall call = delivery::call_of(request);
  if (!call.token_policy.empty()) {
    HENCE_TRY(const std::string token, get_token(call.token_policy, tokens, now));
    call.headers.emplace_back("authorization", "Bearer " + token);
  }
  return fetch(std::move(call));
}

Result<std::string> DocumentReader::read(const workflow::Import& import, const api::SecretOf& secret,
                                         delivery::Tokens& tokens, UtcTime now) const {
  if (import.authentication.scheme == workflow::AuthenticationSpec::Scheme::none) return read_plain(import.uri);
  HENCE_TRY(const json::Value secrets, workflow::secrets_object(import.secrets, secret));
  const std::vector<std::string> hidden = delivery::hidden_texts(secrets);
  const Result<json::Value> request = workflow::build_import_request(import, secrets, now);
  if (!request.ok()) return delivery::redacted(request.error(), hidden);
  Result<std::string> text = fetch_authenticated(*request, tokens, now);
  if (!text.ok()) return delivery::redacted(text.error(), hidden);
  return text;
}

Result<std::string> DocumentReader::read_plain(const std::string& uri) const {
  if (uri.starts_with(workflow::kDefaultCatalog)) {
    const std::string rest = uri.substr(workflow::kDefaultCatalog.size());
    if (catalog_.empty()) {
      return Error(ErrorCode::ConfigurationInvalid,
                   "this server has no catalogue; name a folder or URL as workflows.catalog in hence.yaml");
    }
    if (catalog_.find("://") != std::string::npos) return fetch(get_of(catalog_ + rest));
    if (auto text = read_inside(catalog_, catalog_ + rest)) return std::move(*text);
    return Error(ErrorCode::NotFound, "there is no file " + catalog_ + rest);
  }
  if (uri.starts_with(kFileScheme)) return read_file(uri);
  return fetch(get_of(uri));
}

}  // namespace hence::server
