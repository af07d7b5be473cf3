// SPDX-License-Identifier: Apache-2.0
#include "schema/resources.h"

#include <algorithm>
#include <charconv>

#include "json/parse.h"
#include "json/yaml.h"
#include "schema/metaschemas.h"
#include "schema/uri.h"

namespace hence::schema {
namespace {

constexpr size_t kDocumentsMax = 1'000;

enum class Holds : uint8_t { schema, list, map, schema_or_list };
struct Holder {
  std::string_view keyword;
  Holds holds;
};
/// Keywords below which schemas stand.
constexpr Holder kHolders[] = {
    {"$defs", Holds::map},           {"additionalItems", Holds::schema},
    {"additionalProperties", Holds::schema}, {"allOf", Holds::list},
    {"anyOf", Holds::list},          {"contains", Holds::schema},
    {"contentSchema", Holds::schema}, {"definitions", Holds::map},
    {"dependencies", Holds::map},    {"dependentSchemas", Holds::map},
    {"else", Holds::schema},         {"if", Holds::schema},
    {"items", Holds::schema_or_list}, {"not", Holds::schema},
    {"oneOf", Holds::list},          {"patternProperties", Holds::map},
    {"prefixItems", Holds::list},    {"properties", Holds::map},
    {"propertyNames", Holds::schema}, {"then", Holds::schema},
    {"unevaluatedItems", Holds::schema}, {"unevaluatedProperties", Holds::schema},
};

const Holder* find_holder(std::string_view keyword) {
  const auto* found = std::lower_bound(std::begin(kHolders), std::end(kHolders), keyword,
                                       [](const Holder& a, std::string_view b) { return a.keyword < b; });
  return found != std::end(kHolders) && found->keyword == keyword ? found : nullptr;
}

std::string_view without_fragment(std::string_view uri) { return uri.substr(0, uri.find('#')); }

Error invalid(std::string message) { return Error(ErrorCode::SchemaInvalid, std::move(message)); }

struct DraftName {
  std::string_view uri;
  Draft draft;
};
constexpr DraftName kDrafts[] = {
    {"https://json-schema.org/draft/2020-12/schema", Draft::draft2020_12},
    {"https://json-schema.org/draft/2019-09/schema", Draft::draft2019_09},
    {"http://json-schema.org/draft-07/schema", Draft::draft7},
    {"https://json-schema.org/draft-07/schema", Draft::draft7},
    {"http://json-schema.org/draft-06/schema", Draft::draft6},
    {"http://json-schema.org/draft-04/schema", Draft::draft4},
    {"http://json-schema.org/schema", Draft::draft2020_12},
};
constexpr std::pair<std::string_view, Draft> kShortNames[] = {
    {"2020-12", Draft::draft2020_12}, {"2019-09", Draft::draft2019_09}, {"draft-07", Draft::draft7},
    {"draft7", Draft::draft7},        {"7", Draft::draft7},             {"draft-06", Draft::draft6},
    {"draft6", Draft::draft6},        {"6", Draft::draft6},             {"draft-04", Draft::draft4},
    {"draft4", Draft::draft4},        {"4", Draft::draft4},             {"07", Draft::draft7},
    {"06", Draft::draft6},            {"04", Draft::draft4},            {"draft2020-12", Draft::draft2020_12},
    {"draft2019-09", Draft::draft2019_09}};

}  // namespace

std::optional<Draft> find_draft(std::string_view name) {
  for (const DraftName& known : kDrafts) {
    if (without_fragment(name) == known.uri) return known.draft;
  }
  for (const auto& [text, draft] : kShortNames) {
    if (name == text) return draft;
  }
  return std::nullopt;
}

void Registry::add(std::string_view uri, json::Value document) {
  documents_.insert_or_assign(std::string(without_fragment(uri)), std::move(document));
}

const json::Value* Registry::find(std::string_view uri) const {
  const auto found = documents_.find(uri);
  return found == documents_.end() ? nullptr : &found->second;
}

std::string Resources::location(uint32_t document, uint32_t node) const {
  const json::Buffer* buffer = documents_[document].value->buffer();
  return (document == 0 ? "" : documents_[document].uri) + "#" + pointer_of(buffer, 0, node);
}

const json::Value* Resources::known_document(std::string_view uri) const {
  return options_.registry == nullptr ? nullptr : options_.registry->find(uri);
}

Result<Dialect> Resources::dialect_of(json::View schema, const Dialect& otherwise, uint32_t depth) const {
  const auto name = schema.find("$schema");
  if (!name) return otherwise;
  if (!name->is_string()) return invalid("$schema must be a URI, as text");
  const std::string_view uri = without_fragment(name->as_string());
  Dialect dialect;
  if (const auto draft = find_draft(uri); draft && uri.find(':') != std::string_view::npos) {
    dialect.draft = *draft;
    return dialect;
  }
  const json::Value* meta = known_document(uri);
  if (meta == nullptr || depth > 8) {
    return invalid("$schema \"" + std::string(name->as_string()) +
                   "\" is unknown: use a draft from 04 to 2020-12 or give its metaschema in the registry");
  }
  HENCE_TRY(dialect, dialect_of(*meta, otherwise, depth + 1));
  const auto vocabularies = meta->view().find("$vocabulary");
  if (!vocabularies || !vocabularies->is_object()) return dialect;
  dialect.validation = dialect.applicators = dialect.unevaluated = false;
  for (const auto [vocabulary, needed] : vocabularies->members()) {
    const size_t slash = vocabulary.rfind("/vocab/");
    const std::string_view last = slash == std::string_view::npos ? "" : vocabulary.substr(slash + 7);
    const bool standard = vocabulary.substr(0, 31) == "https://json-schema.org/draft/2" && !last.empty();
    if (!standard && needed.is_bool() && needed.as_bool()) {
      return invalid("$schema needs the vocabulary \"" + std::string(vocabulary) + "\", which is not supported");
    }
    if (standard && last == "validation") dialect.validation = true;
    if (standard && last == "unevaluated") dialect.unevaluated = true;
    if (standard && last == "applicator") dialect.applicators = true;
    if (standard && last == "applicator" && dialect.draft == Draft::draft2019_09) dialect.unevaluated = true;
  }
  return dialect;
}

Result<Place> Resources::add_root(json::Value document) {
  Dialect otherwise;
  otherwise.draft = options_.draft;
  HENCE_TRY(const uint32_t resource, add_document(std::move(document), "", otherwise));
  return Place{0, 0, resource};
}

Result<uint32_t> Resources::add_document(json::Value document, std::string uri, const Dialect& otherwise) {
  if (documents_.size() >= kDocumentsMax) return invalid("more than 1,000 documents are referred to");
  const auto number = static_cast<uint32_t>(documents_.size());
  documents_.push_back({std::move(document), uri});
  owners_.emplace_back(documents_.back().value->buffer()->node_count, 0);
  const auto resource = static_cast<uint32_t>(resources_.size());
  Result<Dialect> dialect = dialect_of(documents_.back().value, otherwise, 0);
  if (!dialect.ok()) return dialect.error().in(location(number, 0));
  resources_.push_back({number, 0, uri, *dialect, {}, {}, false});
  if (!uri.empty()) by_uri_.emplace(uri, resource);
  HENCE_TRY_VOID(index(number, 0, resource));
  return resource;
}

/// Notes $id and anchors of one schema; gives the resource that the schema belongs to.
Result<uint32_t> Resources::enter(uint32_t document, json::View schema, uint32_t resource) {
  const bool at_root = resources_[resource].node == schema.node() && resources_[resource].document == document;
  Dialect dialect = resources_[resource].dialect;
  if (!at_root && schema.find("$schema") && schema.find(dialect.draft == Draft::draft4 ? "id" : "$id")) {
    Result<Dialect> own = dialect_of(schema, dialect, 0);
    if (!own.ok()) return own.error().in(location(document, schema.node()));
    dialect = *own;
  }
  const bool old = dialect.draft <= Draft::draft7;
  const std::string_view id = schema.string_or(dialect.draft == Draft::draft4 ? "id" : "$id", "");
  if (!id.empty() && !(old && schema.find("$ref"))) {
    const std::string full = resolve_uri(resources_[resource].uri, id);
    const size_t hash = full.find('#');
    const std::string uri = full.substr(0, hash);
    const std::string fragment = hash == std::string::npos ? "" : full.substr(hash + 1);
    if (id[0] != '#') {
      if (at_root) {
        resources_[resource].uri = uri;
      } else {
        resources_.push_back({document, schema.node(), uri, dialect, {}, {}, false});
        resource = static_cast<uint32_t>(resources_.size() - 1);
      }
      by_uri_.emplace(uri, resource);
    }
    if (old && !fragment.empty()) resources_[resource].anchors.emplace(fragment, schema.node());
  }
  ResourceInfo& owner = resources_[resource];
  if (dialect.draft >= Draft::draft2019_09) {
    const std::string_view anchor = schema.string_or("$anchor", "");
    if (!anchor.empty()) owner.anchors.emplace(anchor, schema.node());
    const auto recursive = schema.find("$recursiveAnchor");
    if (recursive && recursive->is_bool() && recursive->as_bool()) owner.recursive = true;
  }
  if (dialect.draft >= Draft::draft2020_12) {
    const std::string_view anchor = schema.string_or("$dynamicAnchor", "");
    if (!anchor.empty()) {
      owner.anchors.emplace(anchor, schema.node());
      owner.dynamic_anchors.emplace(anchor, schema.node());
    }
  }
  return resource;
}

Status Resources::index(uint32_t document, uint32_t node, uint32_t resource) {
  std::vector<std::pair<uint32_t, uint32_t>> pending{{node, resource}};
  const auto push = [&](json::View view, uint32_t owner) {
    if (view.is_object() || view.is_bool()) pending.emplace_back(view.node(), owner);
  };
  while (!pending.empty()) {
    const auto [at, inherited] = pending.back();
    pending.pop_back();
    const json::View schema = view(document, at);
    uint32_t owner = inherited;
    if (schema.is_object()) {
      HENCE_TRY(owner, enter(document, schema, inherited));
    }
    owners_[document][at] = owner + 1;
    if (!schema.is_object()) continue;
    const size_t first = pending.size();
    for (const auto [key, value] : schema.members()) {
      const Holder* holder = find_holder(key);
      if (holder == nullptr) continue;
      if (value.is_object() && holder->holds == Holds::map) {
        for (const auto [name, part] : value.members()) push(part, owner);
      } else if (value.is_array() && (holder->holds == Holds::list || holder->holds == Holds::schema_or_list)) {
        for (const json::View part : value.elements()) push(part, owner);
      } else if (holder->holds == Holds::schema || holder->holds == Holds::schema_or_list) {
        push(value, owner);
      }
    }
    // In document order, so that the first of two equal ids is the one that counts.
    std::reverse(pending.begin() + static_cast<long>(first), pending.end());
  }
  return {};
}

uint32_t Resources::resource_of(uint32_t document, uint32_t node, uint32_t otherwise) const {
  const uint32_t owner = owners_[document][node];
  return owner == 0 ? otherwise : owner - 1;
}

Result<uint32_t> Resources::load(std::string_view uri) {
  if (const auto known = by_uri_.find(uri); known != by_uri_.end()) return known->second;
  const Dialect& root = resources_[0].dialect;
  Dialect otherwise;
  otherwise.draft = root.draft;
  if (const json::Value* document = known_document(uri)) {
    return add_document(json::Value::detached(*document), std::string(uri), otherwise);
  }
  for (const Metaschema& metaschema : metaschemas()) {
    if (metaschema.uri != uri) continue;
    HENCE_TRY(json::Value document, json::parse(metaschema.text));
    return add_document(std::move(document), std::string(uri), otherwise);
  }
  return invalid("\"" + std::string(uri) + "\" is not known: nothing is fetched, so add it to the registry of schemas");
}

Result<Place> Resources::follow_pointer(uint32_t resource, std::string_view pointer) {
  const uint32_t document = resources_[resource].document;
  json::View at = view(document, resources_[resource].node);
  while (!pointer.empty()) {
    const size_t end = std::min(pointer.find('/', 1), pointer.size());
    std::string token;
    for (size_t i = 1; i < end; ++i) {
      const bool escape = pointer[i] == '~' && i + 1 < end && (pointer[i + 1] == '0' || pointer[i + 1] == '1');
      token += escape ? (pointer[++i] == '0' ? '~' : '/') : pointer[i];
    }
    pointer.remove_prefix(end);
    std::optional<json::View> next;
    if (at.is_array()) {
      uint32_t number = 0;
      const auto read = std::from_chars(token.data(), token.data() + token.size(), number);
      if (read.ec == std::errc() && read.ptr == token.data() + token.size() && number < at.size()) next = at.at(number);
    } else {
      next = at.find(token);
    }
    if (!next) return invalid("there is no \"" + token + "\" at " + location(document, at.node()));
    at = *next;
    resource = resource_of(document, at.node(), resource);
  }
  if (owners_[document][at.node()] == 0) {
    HENCE_TRY_VOID(index(document, at.node(), resource));
    resource = resource_of(document, at.node(), resource);
  }
  return Place{document, at.node(), resource};
}

Result<Place> Resources::resolve(const Place& from, std::string_view reference) {
  const std::string base = resources_[from.resource].uri;
  uint32_t resource = from.resource;
  std::string fragment;
  if (!reference.empty() && reference[0] == '#') {
    fragment = percent_decoded(reference.substr(1));
  } else {
    const std::string full = resolve_uri(base, reference);
    const size_t hash = full.find('#');
    if (hash != std::string::npos) fragment = percent_decoded(std::string_view(full).substr(hash + 1));
    const std::string uri = full.substr(0, hash);
    if (uri != base) {
      HENCE_TRY(resource, load(uri));
    }
  }
  const ResourceInfo& target = resources_[resource];
  if (fragment.empty()) return Place{target.document, target.node, resource};
  if (fragment[0] == '/') return follow_pointer(resource, fragment);
  const auto anchor = target.anchors.find(fragment);
  if (anchor == target.anchors.end()) {
    return invalid("there is no anchor \"" + fragment + "\" in " + (target.uri.empty() ? "this schema" : target.uri));
  }
  return Place{target.document, anchor->second, resource_of(target.document, anchor->second, resource)};
}

}  // namespace hence::schema
