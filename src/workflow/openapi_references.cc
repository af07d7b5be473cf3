// SPDX-License-Identifier: Apache-2.0
#include "workflow/openapi_references.h"

#include <algorithm>
#include <charconv>

#include "schema/uri.h"

namespace hence::workflow {
namespace {

constexpr int kReferencesMax = 8;  ///< $ref that leads to $ref

/// walked: gets how many elements of arrays it passed.
std::optional<json::View> at_pointer(json::View value, std::string_view pointer, size_t& walked) {
  while (!pointer.empty()) {
    pointer.remove_prefix(1);
    const size_t end = std::min(pointer.find('/'), pointer.size());
    std::string key;
    for (size_t i = 0; i < end; ++i) {
      const std::string_view rest = pointer.substr(i);
      if (rest.starts_with("~1") || rest.starts_with("~0")) {
        key += rest[1] == '1' ? '/' : '~';
        ++i;
      } else {
        key += pointer[i];
      }
    }
    pointer.remove_prefix(end);
    std::optional<json::View> next;
    if (value.is_object()) {
      next = value.find(key);
    } else if (value.is_array()) {
      size_t index = 0;
      const auto [stop, error] = std::from_chars(key.data(), key.data() + key.size(), index);
      if (error != std::errc() || index >= value.size()) return std::nullopt;
      walked += index;
      next = value.at(static_cast<uint32_t>(index));
    }
    if (!next) return std::nullopt;
    value = *next;
  }
  return value;
}

}  // namespace

Error openapi_error(std::string message) {
  return Error(ErrorCode::RequestInvalid, "OpenAPI: " + std::move(message));
}

std::string_view origin_of(std::string_view uri) {
  const size_t authority = uri.find("://");
  if (authority == std::string_view::npos) return {};
  return uri.substr(0, uri.find_first_of("/?#", authority + 3));
}

std::optional<Place> Place::find(std::string_view key) const {
  const auto member = value.is_object() ? value.find(key) : std::nullopt;
  if (!member) return std::nullopt;
  return Place{*member, document};
}

Place References::root() const {
  const auto main = documents_.by_address.find(documents_.main);
  if (main == documents_.by_address.end()) return {json::View(), documents_.main};
  return {main->second, main->first};
}

Result<Place> References::target_of(std::string_view document, std::string_view reference) {
  const std::string uri = schema::resolve_uri(document, reference);
  const size_t hash = std::min(uri.find('#'), uri.size());
  const std::string address = uri.substr(0, hash);
  const std::string_view written = std::string_view(uri).substr(std::min(hash + 1, uri.size()));
  const std::string pointer = schema::percent_decoded(written);
  if (!pointer.empty() && !pointer.starts_with('/')) {
    return openapi_error("the reference " + std::string(reference) + " leads to an anchor, not to a JSON pointer");
  }
  const auto found = documents_.by_address.find(address);
  if (found == documents_.by_address.end()) {
    const std::string_view origin = origin_of(documents_.main);
    if (origin.empty() || origin_of(address) != origin) {
      return openapi_error("the reference " + std::string(reference) + " leads to another document, which is not read" +
                           (origin.empty() ? " where the first one is inline or at an address of a secret"
                                           : ": it is not of " + std::string(origin)) +
                           "; bundle them into one document");
    }
    missing_ = address;
    return openapi_error("the document " + address + " is not here");
  }
  size_t walked = 0;
  auto value = at_pointer(found->second, pointer, walked);
  // A key that holds %XX itself is often referred to as it stands.
  if (!value && written.starts_with('/')) value = at_pointer(found->second, written, walked);
  HENCE_TRY_VOID(visit(walked / kOpenapiVisitSize));
  if (!value) return openapi_error("the reference " + std::string(reference) + " leads nowhere");
  return Place{*value, found->first};
}

Status References::visit(size_t count) {
  visits_ += count;
  if (!exhausted()) return {};
  missing_.clear();
  return openapi_error("the description is too intricate: more than " + std::to_string(kOpenapiVisitsMax) +
                       " references and schemas for one operation; simplify or bundle it");
}

Result<Place> References::resolve(Place place) {
  missing_.clear();
  for (int i = 0; i < kReferencesMax; ++i) {
    const auto reference = place.value.is_object() ? place.value.find("$ref") : std::nullopt;
    if (!reference || !reference->is_string()) return place;
    HENCE_TRY_VOID(visit(1 + reference->as_string().size() / kOpenapiVisitSize));
    HENCE_TRY(place, target_of(place.document, reference->as_string()));
  }
  return openapi_error("references lead to references more than " + std::to_string(kReferencesMax) +
                       " times");
}

}  // namespace hence::workflow
