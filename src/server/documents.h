// SPDX-License-Identifier: Apache-2.0
#pragma once

// Documents that workflows refer to: functions of catalogues, schemas, scripts, API descriptions. From
// the catalogue, from the folders the configuration names, and over HTTP as calls out go.

#include <string>
#include <vector>

#include "api/apply.h"
#include "base/result.h"
#include "delivery/http_client.h"
#include "delivery/tokens.h"
#include "json/value.h"

namespace hence::server {

class DocumentReader {
 public:
  /// catalog: a folder or a URL, or empty; folders: those whose files may be read.
  DocumentReader(std::string catalog, std::vector<std::string> folders, delivery::HttpClient& http)
      : catalog_(std::move(catalog)), folders_(std::move(folders)), http_(http) {}

  /// The text at the import's URI: http, https, file, or catalog:default/…; waits for it.
  /// tokens: of OAuth, kept for the next import.
  /// Errors: NotFound, ConfigurationInvalid (what setting would allow it), CallFailed, TooLarge,
  /// SecretUnavailable, Unauthenticated; never a secret.
  Result<std::string> read(const workflow::Import& import, const api::SecretOf& secret,
                           delivery::Tokens& tokens, UtcTime now) const;
  /// The text of file:///PATH, if it lies in one of the folders.
  Result<std::string> read_file(const std::string& uri) const;

 private:
  Result<std::string> read_plain(const std::string& uri) const;
  Result<std::string> fetch(delivery::HttpCall call) const;
  Result<std::string> fetch_authenticated(const json::Value& request, delivery::Tokens& tokens, UtcTime now) const;
  Result<std::string> get_token(const std::string& policy, delivery::Tokens& tokens, UtcTime now) const;
  Result<delivery::HttpAnswer> exchange(delivery::HttpCall call) const;

  std::string catalog_;
  std::vector<std::string> folders_;
  delivery::HttpClient& http_;
};

}  // namespace hence::server
