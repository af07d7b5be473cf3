// SPDX-License-Identifier: Apache-2.0
#pragma once

// Documents that workflows refer to: functions of catalogues, schemas, scripts, API descriptions. From
// the catalogue, from the folders the configuration names, and over HTTP as calls out go.

#include <string>
#include <vector>

#include "base/result.h"
#include "delivery/http_client.h"

namespace hence::server {

class DocumentReader {
 public:
  /// catalog: a folder or a URL, or empty; folders: those whose files may be read.
  DocumentReader(std::string catalog, std::vector<std::string> folders, delivery::HttpClient& http)
      : catalog_(std::move(catalog)), folders_(std::move(folders)), http_(http) {}

  /// The text at a URI: http, https, file, or catalog:default/…; waits for it.
  /// Errors: NotFound, ConfigurationInvalid (what setting would allow it), CallFailed, TooLarge.
  Result<std::string> read(const std::string& uri) const;
  /// The text of file:///PATH, if it lies in one of the folders.
  Result<std::string> read_file(const std::string& uri) const;

 private:
  Result<std::string> fetch(const std::string& url) const;

  std::string catalog_;
  std::vector<std::string> folders_;
  delivery::HttpClient& http_;
};

}  // namespace hence::server
