// SPDX-License-Identifier: Apache-2.0
#pragma once

// Where `$ref` leads: within the OpenAPI document, or to another one of the same origin (scheme, host
// and port), which is then fetched as the first one was. A document of another origin would get the
// first one's credentials, so it is refused.

#include <optional>
#include <string>
#include <string_view>

#include "json/value.h"
#include "workflow/openapi.h"

namespace hence::workflow {

/// A value and the address of the document it stands in, to which its references are relative.
struct Place {
  json::View value;
  std::string_view document;

  std::optional<Place> find(std::string_view key) const;
};

class References {
 public:
  /// Borrows the documents.
  explicit References(const OpenapiDocuments& documents) : documents_(documents) {}

  Place root() const;
  /// What a `$ref` leads to; the value itself if it is none.
  /// Errors: RequestInvalid, also where the document that it leads to is not here yet: missing().
  Result<Place> resolve(Place place);
  /// The address of the document that the last resolve() looked for and that is not here, or empty.
  const std::string& missing() const { return missing_; }

 private:
  Result<Place> target_of(std::string_view document, std::string_view reference);

  const OpenapiDocuments& documents_;
  std::string missing_;
};

/// "https://host:443" of "https://host:443/a/b"; empty for what has no ://.
std::string_view origin_of(std::string_view uri);

/// Whose message says that it is about OpenAPI.
Error openapi_error(std::string message);

}  // namespace hence::workflow
