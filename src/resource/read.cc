// SPDX-License-Identifier: Apache-2.0
#include "resource/read.h"

#include <algorithm>

#include "json/builder.h"
#include "resource/digest.h"

namespace hence::resource {

using workflow::child_pointer;
using workflow::Shape;
using workflow::ShapeKey;
using enum Shape::Kind;

namespace {

constexpr std::string_view kApiVersion = "hence/v1";
constexpr std::string_view kKinds[] = {"Rule", "Source", "Sink", "Secret", "EventType", "Schedule"};
constexpr std::string_view kLaterKinds[] = {"Policy", "Projection"};

bool is_fixed_duration(std::string_view text) { return parse_duration(text).ok(); }

const Shape kDurationText{
    .kind = text, .what = "a duration such as PT10S or 10s", .accepts = is_fixed_duration};

const Shape kLabels{.kind = map, .item = &workflow::kStringShape};
const ShapeKey kMetadataKeys[] = {
    {"name", &kNameShape, true}, {"namespace", &kNameShape}, {"labels", &kLabels}};
const Shape kMetadata{.kind = object, .keys = kMetadataKeys};
const ShapeKey kResourceKeys[] = {{"apiVersion", &workflow::kAnyShape, true},
                                  {"kind", &workflow::kAnyShape, true},
                                  {"metadata", &kMetadata, true},
                                  {"spec", &workflow::kAnyShape, true}};
const Shape kResourceShape{.kind = object, .keys = kResourceKeys};

const Shape& shape_of(Kind kind) {
  switch (kind) {
    case Kind::rule: return kRuleShape;
    case Kind::source: return kSourceShape;
    case Kind::sink: return kSinkShape;
    case Kind::event_type: return kEventTypeShape;
    case Kind::schedule: return kScheduleShape;
    default: return kSecretShape;
  }
}

/// The kind of a document that says apiVersion and kind; faults where it does not.
std::optional<Kind> read_kind(const Site& root, Faults& faults, Faults& unsupported) {
  const std::string version = root.text("apiVersion");
  if (version.empty()) {
    faults.add("", "this is no workflow (`document`, `do`) and no resource (`apiVersion: hence/v1`)");
    return std::nullopt;
  }
  if (version != kApiVersion) {
    faults.add("/apiVersion", "unknown version \"" + version + "\"; expected hence/v1");
    return std::nullopt;
  }
  const std::string kind = root.text("kind");
  for (std::string_view later : kLaterKinds) {
    if (kind != later) continue;
    unsupported.add_unsupported("/kind", "resources of kind " + kind + " are not supported yet");
    return std::nullopt;
  }
  for (std::string_view known : kKinds) {
    if (kind == known) return find_kind(kind);
  }
  if (kind == "Workflow") {
    faults.add("/kind", "a workflow is written as it is, without apiVersion, kind and spec");
  } else {
    faults.add("/kind", "unknown kind \"" + kind + "\"" + workflow::suggestion(kind, kKinds));
  }
  return std::nullopt;
}

/// The document with metadata.namespace written out.
json::Value complete(json::View document, const std::string& resource_namespace) {
  json::Builder b;
  b.begin_object();
  for (auto [key, value] : document.members()) {
    if (key != "metadata" || !value.is_object()) {
      b.member(key, value);
      continue;
    }
    b.key("metadata").begin_object();
    for (auto [name, member] : value.members()) {
      if (name != "namespace") b.member(name, member);
    }
    b.member("namespace", resource_namespace).end_object();
  }
  b.end_object();
  return std::move(b).finish();
}

void read_metadata(const Site& root, Resource& resource) {
  const auto metadata = root.find("metadata");
  if (!metadata) return;
  resource.name = metadata->text("name");
  resource.resource_namespace = metadata->text("namespace", resource.resource_namespace);
  const auto labels = metadata->find("labels");
  if (!labels || !labels->value.is_object()) return;
  for (auto [key, value] : labels->value.members()) {
    if (value.is_string()) resource.labels[std::string(key)] = value.as_string();
  }
}

void read_spec(const Site& spec, Resource& resource, Faults& faults, Faults& unsupported) {
  switch (resource.kind) {
    case Kind::rule: resource.spec = read_rule(spec, faults, unsupported); break;
    case Kind::source: resource.spec = read_source(spec); break;
    case Kind::sink: resource.spec = read_sink(spec); break;
    case Kind::event_type: resource.spec = read_event_type(spec, faults); break;
    case Kind::schedule: resource.spec = read_schedule(spec, faults); break;
    default: resource.spec = read_secret(spec); break;
  }
}

/// One document; nothing where it has faults.
std::optional<Resource> read_document(json::View document, const json::YamlDocument* places,
                                      std::string_view resource_namespace, Parsed& parsed,
                                      workflow::Permissions permissions = {}) {
  Resource resource;
  resource.resource_namespace = resource_namespace;
  Faults faults(places, ErrorCode::ResourceInvalid), unsupported(places,
                                                                 ErrorCode::ResourceInvalid);
  if (workflow::is_workflow_document(document)) {
    workflow::Compiled compiled = places ? workflow::compile(*places, permissions)
                                         : workflow::compile(document, permissions);
    faults = std::move(compiled.faults);
    unsupported = std::move(compiled.unsupported);
    for (const auto& warning : compiled.warnings) parsed.warnings.add(warning);
    resource.imports = std::move(compiled.imports);
    resource.kind = Kind::workflow;
    if (compiled.definition) resource.name = compiled.definition->id();
    resource.document = json::Value::detached(document);
    resource.spec = WorkflowSpec{std::move(compiled.definition)};
  } else if (!document.is_object()) {
    faults.add("", "expected an object: a workflow or a resource");
  } else if (const auto kind = read_kind({document, ""}, faults, unsupported)) {
    const Site root{document, ""};
    resource.kind = *kind;
    check_shape(kResourceShape, document, "", faults);
    read_metadata(root, resource);
    if (const auto spec = root.find("spec")) {
      check_shape(shape_of(*kind), spec->value, spec->pointer, faults);
      read_spec(*spec, resource, faults, unsupported);
    }
    resource.document = complete(document, resource.resource_namespace);
  } else if (faults.empty()) {
    resource.document = json::Value();  // of a kind that comes later
  }
  faults.sort();
  const bool whole = faults.empty() && !resource.name.empty();
  for (const auto& fault : faults) parsed.faults.add(fault);
  for (const auto& fault : unsupported) parsed.unsupported.add(fault);
  if (!whole) return std::nullopt;
  resource.digest = digest_of(resource.document);
  return resource;
}

}  // namespace

const Shape kNameShape{.kind = text,
                       .what = "a name of letters, digits and dashes, 63 at most",
                       .accepts = workflow::is_dsl_name};
const Shape kFixedDuration{
    .kind = by_type, .as_string = &kDurationText, .as_object = &workflow::kDurationObjectShape};

namespace {
const ShapeKey kSecretReferenceKeys[] = {{"secret", &kNameShape, true}};
}
const Shape kSecretReference{.kind = object, .keys = kSecretReferenceKeys};

std::optional<Site> Site::find(std::string_view key) const {
  const auto member = value.find(key);
  if (!member) return std::nullopt;
  return Site{*member, child_pointer(pointer, key)};
}

std::string Site::text(std::string_view key, std::string_view otherwise) const {
  return std::string(value.string_or(key, otherwise));
}

Formula read_template(const std::optional<Site>& site, Faults& faults) {
  if (!site) return {};
  bool fits = true;
  bool constant = true;
  workflow::visit_texts(site->value, site->pointer, [&](std::string_view words,
                                                        const std::string& at) {
    const auto source = expr::unwrap(words);
    if (!source) return;
    constant = false;
    const Result<expr::Program> program = expr::Program::compile(*source);
    if (program.ok()) return;
    fits = false;
    faults.add(at, "the expression does not compile: " + program.error().message());
  });
  if (!fits) return {};
  if (constant) return Formula::constant(json::Value::detached(site->value));
  Result<expr::Template> compiled = expr::Template::compile(site->value, {});
  if (compiled.ok()) return Formula(std::move(compiled).value());
  faults.add(site->pointer, "the expression does not compile: " + compiled.error().message());
  return {};
}

std::optional<Duration> read_duration(const std::optional<Site>& site) {
  if (!site) return std::nullopt;
  if (site->value.is_string()) {
    const Result<Duration> parsed = parse_duration(site->value.as_string());
    return parsed.ok() ? std::optional<Duration>(*parsed) : std::nullopt;
  }
  if (!site->value.is_object()) return std::nullopt;
  return workflow::duration_of(site->value);
}

Parsed parse_resources(std::string_view content, std::string_view resource_namespace,
                       workflow::Permissions permissions) {
  Parsed parsed;
  const Result<std::vector<json::YamlDocument>> documents = json::parse_yaml(content);
  if (!documents.ok()) {
    auto [place, message] = json::take_place(documents.error());
    parsed.faults.add(workflow::Fault{documents.error().code(), "", place, std::move(message)});
    return parsed;
  }
  for (const json::YamlDocument& document : *documents) {
    auto resource = read_document(document.value, &document, resource_namespace, parsed, permissions);
    if (!resource) continue;
    for (const Resource& other : parsed.resources) {
      if (other.title() != resource->title()) continue;
      Faults faults(&document, ErrorCode::ResourceInvalid);
      faults.add("", resource->title() + " is in this file twice");
      parsed.faults.add(*faults.begin());
    }
    parsed.resources.push_back(std::move(*resource));
  }
  return parsed;
}

Result<Resource> parse_resource(json::View document, std::string_view resource_namespace) {
  Parsed parsed;
  auto resource = read_document(document, nullptr, resource_namespace, parsed);
  if (!parsed.faults.empty()) return parsed.faults.to_error();
  if (!parsed.unsupported.empty()) return parsed.unsupported.to_error();
  HENCE_CHECK(resource.has_value());
  return std::move(*resource);
}

}  // namespace hence::resource
