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

/// References that are followed, parameters, schemas and their choices, for one operation. A document of a
/// few kilobytes can have schemas that come to millions, and the engine's thread looks at them.
inline constexpr size_t kOpenapiVisitsMax = 10'000;
/// Bytes of a text, or elements of an array that a pointer passes, that count as one more.
inline constexpr size_t kOpenapiVisitSize = 1'000;

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
  /// Errors: RequestInvalid, also where the document that it leads to is not here yet: missing();
  /// as visit(), which counts each reference that is followed.
  Result<Place> resolve(Place place);
  /// Counts what is looked at, before it is. Errors: RequestInvalid over kOpenapiVisitsMax.
  Status visit(size_t count = 1);
  /// Whether visit() has counted more than it may.
  bool exhausted() const { return visits_ > kOpenapiVisitsMax; }
  /// The address of the document that the last resolve() looked for and that is not here, or empty.
  const std::string& missing() const { return missing_; }

 private:
  Result<Place> target_of(std::string_view document, std::string_view reference);

  const OpenapiDocuments& documents_;
  std::string missing_;
  size_t visits_ = 0;
};

/// "https://host:443" of "https://host:443/a/b" and of "https://host:443?a"; empty for what has no ://.
std::string_view origin_of(std::string_view uri);

/// Whose message says that it is about OpenAPI.
Error openapi_error(std::string message);

}  // namespace hence::workflow
