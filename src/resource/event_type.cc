// SPDX-License-Identifier: Apache-2.0
// Event types: what they look like.

#include "resource/read.h"

namespace hence::resource {

using workflow::Shape;
using workflow::ShapeKey;
using enum Shape::Kind;

namespace {

bool is_event_type(std::string_view text) {
  const size_t star = text.find('*');
  if (star == std::string_view::npos) return !text.empty();
  return star == text.size() - 1 && (text == "*" || text.ends_with(".*"));
}

const Shape kType{.kind = text,
                  .what = "an event type, or a pattern whose last segment is *, such as com.acme.*",
                  .accepts = is_event_type};
const Shape kSchemaObject{.kind = object, .others = Shape::Others::taken};
constexpr std::string_view kModes[] = {"enforce", "warn"};
const Shape kMode{.kind = word, .words = kModes};
constexpr std::string_view kCompatibilities[] = {"backward", "forward", "full", "none"};
const Shape kCompatibility{.kind = word, .words = kCompatibilities};
constexpr std::string_view kUnknowns[] = {"accept", "reject"};
const Shape kUnknown{.kind = word, .words = kUnknowns};
const ShapeKey kEventTypeKeys[] = {{"type", &kType, true},
                                   {"schema", &kSchemaObject},
                                   {"example", &workflow::kAnyShape},
                                   {"owner", &workflow::kStringShape},
                                   {"description", &workflow::kStringShape},
                                   {"mode", &kMode},
                                   {"compatibility", &kCompatibility},
                                   {"unknown", &kUnknown}};

EvolutionRule read_compatibility(const Site& spec) {
  const std::string word = spec.text("compatibility", "backward");
  if (word == "forward") return EvolutionRule::forward;
  if (word == "full") return EvolutionRule::full;
  return word == "none" ? EvolutionRule::none : EvolutionRule::backward;
}

std::optional<json::Value> read_value(const Site& spec, std::string_view key) {
  const auto site = spec.find(key);
  if (!site) return std::nullopt;
  return json::Value::detached(site->value);
}

/// Whether some $ref or $dynamicRef leads out of the document; depth is bounded by the reader.
bool refers_outside(json::View value) {
  if (value.is_array()) {
    for (const json::View item : value.elements()) {
      if (refers_outside(item)) return true;
    }
  }
  if (!value.is_object()) return false;
  for (const auto [key, member] : value.members()) {
    const bool reference = (key == "$ref" || key == "$dynamicRef") && member.is_string();
    if (reference && !member.as_string().starts_with('#')) return true;
    if (refers_outside(member)) return true;
  }
  return false;
}

/// Compiles a schema that stands by itself, and checks the example against it.
void compile_schema(const Site& spec, EventTypeSpec& type, Faults& faults) {
  if (!type.schema || refers_outside(*type.schema)) return;
  auto compiled = schema::Schema::compile(*type.schema);
  if (!compiled.ok()) return faults.add(spec.find("schema")->pointer, compiled.error().message());
  type.compiled = std::move(*compiled);
  if (!type.example) return;
  for (const schema::Fault& fault : type.compiled->faults(*type.example)) {
    faults.add(spec.find("example")->pointer + fault.instance_path,
               "the example does not fit the schema: " + fault.message);
  }
}

/// Keys that have an effect only beside others.
void check_keys(const Site& spec, const EventTypeSpec& type, Faults& faults) {
  const auto unknown = spec.find("unknown");
  if (unknown && !type.is_pattern()) {
    faults.add(unknown->pointer, "`unknown` is about types under a pattern; `type` names one type");
  }
  const auto schema = spec.find("schema");
  if (schema && type.reject_unknown) {
    faults.add(schema->pointer, "with `unknown: reject` no event is left that this schema would be for: give each "
                                "type an EventType of its own, or leave `unknown` out");
  }
  if (const auto example = spec.find("example"); example && !schema) {
    faults.add(example->pointer, "an example is checked against `schema`, which is not given");
  }
  for (const std::string_view key : {"mode", "compatibility"}) {
    const auto site = spec.find(key);
    if (site && !schema && !type.is_pattern()) {
      faults.add(site->pointer, "`" + std::string(key) + "` has an effect only with `schema`");
    }
  }
}

}  // namespace

const Shape kEventTypeShape{.kind = object, .keys = kEventTypeKeys};

EventTypeSpec read_event_type(const Site& spec, Faults& faults) {
  EventTypeSpec type;
  type.type = spec.text("type");
  type.owner = spec.text("owner");
  type.description = spec.text("description");
  type.schema = read_value(spec, "schema");
  type.example = read_value(spec, "example");
  if (spec.text("mode") == "warn") type.mode = Enforcement::warn;
  type.compatibility = read_compatibility(spec);
  type.reject_unknown = spec.text("unknown") == "reject";
  compile_schema(spec, type, faults);
  check_keys(spec, type, faults);
  return type;
}

}  // namespace hence::resource
