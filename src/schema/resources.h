// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which schema a URI means. Every document that takes part is looked through once for its
// resources (a root, and every subschema with an $id) and their anchors.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "schema/block.h"

namespace hence::schema {

/// What the metaschema of a resource brings.
struct Dialect {
  Draft draft = Draft::draft2020_12;
  bool validation = true;   ///< type, minimum and the like; a vocabulary can be absent
  bool applicators = true;
  bool unevaluated = true;
};

struct ResourceInfo {
  uint32_t document;
  uint32_t node;
  std::string uri;  ///< without fragment
  Dialect dialect;
  std::map<std::string, uint32_t, std::less<>> anchors;          ///< $anchor and $dynamicAnchor
  std::map<std::string, uint32_t, std::less<>> dynamic_anchors;
  bool recursive = false;  ///< $recursiveAnchor at its root
};

/// A place of a schema.
struct Place {
  uint32_t document;
  uint32_t node;
  uint32_t resource;
};

class Resources {
 public:
  explicit Resources(const CompileOptions& options) : options_(options) {}

  /// Takes in the document that is compiled. Errors: SchemaInvalid.
  Result<Place> add_root(json::Value document);

  /// The place that a reference at `from` means. Errors: SchemaInvalid.
  Result<Place> resolve(const Place& from, std::string_view reference);

  const ResourceInfo& resource(uint32_t index) const { return resources_[index]; }
  uint32_t resource_count() const { return static_cast<uint32_t>(resources_.size()); }
  /// The resource that a node below a known schema belongs to.
  uint32_t resource_of(uint32_t document, uint32_t node, uint32_t otherwise) const;
  json::View view(uint32_t document, uint32_t node) const {
    return json::View::at_node(documents_[document].value->buffer(), node);
  }
  const std::vector<ProgramDocument>& documents() const { return documents_; }
  std::vector<ProgramDocument> take_documents() { return std::move(documents_); }
  /// "#/properties/a/type", with the document's URI before it if that is not the root document.
  std::string location(uint32_t document, uint32_t node) const;

 private:
  Result<uint32_t> add_document(json::Value document, std::string uri, const Dialect& otherwise);
  Result<Dialect> dialect_of(json::View schema, const Dialect& otherwise, uint32_t depth) const;
  Result<uint32_t> load(std::string_view uri);
  Status index(uint32_t document, uint32_t node, uint32_t resource);
  Result<uint32_t> enter(uint32_t document, json::View schema, uint32_t resource);
  Result<Place> follow_pointer(uint32_t resource, std::string_view pointer);
  const json::Value* known_document(std::string_view uri) const;

  CompileOptions options_;
  std::vector<ProgramDocument> documents_;
  std::vector<std::vector<uint32_t>> owners_;  ///< by document and node: resource + 1
  std::vector<ResourceInfo> resources_;
  std::map<std::string, uint32_t, std::less<>> by_uri_;
};

}  // namespace hence::schema
