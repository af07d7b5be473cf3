// SPDX-License-Identifier: Apache-2.0
#include "resource/catalogue.h"

#include "json/builder.h"

namespace hence::resource {
namespace {

/// The URI a schema gives itself, without fragment; empty if none.
std::string_view id_of(const EventTypeSpec& spec) {
  if (!spec.schema) return {};
  const std::string_view id = spec.schema->view().string_or("$id", "");
  return id.substr(0, id.find('#'));
}

/// A fault of the event itself rather than of a place in a schema.
schema::Fault fault_of(std::string keyword, std::string expected, std::string actual, std::string message) {
  return {"", "#", std::move(keyword), std::move(expected), std::move(actual), std::move(message)};
}

std::optional<schema::Compatibility> mode_of(EvolutionRule rule) {
  switch (rule) {
    case EvolutionRule::backward: return schema::Compatibility::backward;
    case EvolutionRule::forward: return schema::Compatibility::forward;
    case EvolutionRule::full: return schema::Compatibility::full;
    case EvolutionRule::none: break;
  }
  return std::nullopt;
}

std::string_view mode_name(schema::Compatibility mode) {
  return mode == schema::Compatibility::backward ? "backward" : "forward";
}

/// The schema that everything fits.
const schema::Schema& anything() {
  static const std::shared_ptr<const schema::Schema> schema = *schema::Schema::compile(json::Value::boolean(true));
  return *schema;
}

}  // namespace

std::string Verdict::message() const {
  std::string text = "the event does not fit EventType " + event_type + ": ";
  if (faults.empty()) return text + "it was not judged";
  text += faults.front().message;
  if (faults.size() > 1) text += " (and " + std::to_string(faults.size() - 1) + " more)";
  return text;
}

json::Value to_json(const std::vector<schema::Fault>& faults) {
  json::Builder out;
  out.begin_array();
  for (const schema::Fault& fault : faults) out.value(schema::to_json(fault));
  out.end_array();
  return std::move(out).finish();
}

std::shared_ptr<const Catalogue> Catalogue::build(std::vector<Member> members, std::vector<CatalogueFault>& faults) {
  auto made = std::make_shared<Catalogue>();
  schema::Registry registry;
  std::map<std::string_view, const Resource*> ids;
  for (const Member& member : members) {
    const auto& spec = std::get<EventTypeSpec>(member->spec);
    const std::string_view id = id_of(spec);
    if (id.empty()) continue;
    const auto [at, added] = ids.emplace(id, member.get());
    if (!added) {
      faults.push_back({member->name, "/spec/schema/$id", "EventType " + at->second->name + " has a schema of this $id"});
      continue;
    }
    registry.add(id, *spec.schema);
  }
  for (const Member& member : members) made->add(member, registry, faults);
  return made;
}

void Catalogue::add(const Member& member, const schema::Registry& registry, std::vector<CatalogueFault>& faults) {
  const auto& spec = std::get<EventTypeSpec>(member->spec);
  Entry entry{member, spec.compiled};
  if (spec.schema && !spec.compiled) {
    schema::CompileOptions options;
    options.registry = &registry;
    auto compiled = schema::Schema::compile(*spec.schema, options);
    if (!compiled.ok()) {
      faults.push_back({member->name, "/spec/schema", compiled.error().message()});
      return;
    }
    entry.schema = std::move(*compiled);
    if (spec.example) {
      for (const schema::Fault& fault : entry.schema->faults(*spec.example)) {
        faults.push_back({member->name, "/spec/example" + fault.instance_path, "the example does not fit the schema: " + fault.message});
      }
    }
  }
  const Entry* kept = &(entries_[member->name] = std::move(entry));
  auto& index = spec.is_pattern() ? by_prefix_ : by_type_;
  const std::string key = spec.is_pattern() ? spec.type.substr(0, spec.type.size() - 1) : spec.type;
  const auto [at, added] = index.emplace(key, kept);
  if (!added) {
    faults.push_back({member->name, "/spec/type", "EventType " + at->second->resource->name + " is about " + spec.type + " already"});
  }
  if (const std::string_view id = id_of(spec); !id.empty()) by_id_.emplace(id, kept);
}

std::vector<CatalogueFault> Catalogue::find_breaks(const Catalogue& before) const {
  std::vector<CatalogueFault> found;
  for (const auto& [name, entry] : entries_) {
    const auto mode = mode_of(entry.spec().compatibility);
    const auto old = before.entries_.find(name);
    if (!mode || old == before.entries_.end()) continue;
    const bool same = old->second.resource == entry.resource || old->second.resource->digest == entry.resource->digest;
    if (same && (!entry.schema || entry.spec().compiled)) continue;
    const schema::Schema& from = old->second.schema ? *old->second.schema : anything();
    const schema::Schema& to = entry.schema ? *entry.schema : anything();
    for (const schema::Break& one : schema::find_breaks(from, to, *mode)) {
      found.push_back({name, "/spec/schema",
                       "not " + std::string(mode_name(one.direction)) + " compatible with what is applied: " + one.message +
                           " (" + one.schema_path + "); change that, or say `compatibility: none` for this once"});
    }
  }
  return found;
}

const Catalogue::Entry* Catalogue::find(std::string_view type) const {
  if (const auto exact = by_type_.find(type); exact != by_type_.end()) return exact->second;
  if (by_prefix_.empty()) return nullptr;
  for (size_t end = type.rfind('.', type.size() - 2); end != std::string_view::npos && end != 0; end = type.rfind('.', end - 1)) {
    const auto found = by_prefix_.find(type.substr(0, end + 1));
    if (found != by_prefix_.end()) return found->second;
  }
  const auto all = by_prefix_.find(std::string_view());
  return all == by_prefix_.end() ? nullptr : all->second;
}

void Catalogue::check_data(const event::Event& event, const schema::Schema& schema, Verdict& verdict) const {
  if (event.data_base64()) {
    verdict.faults.push_back(fault_of("", "JSON data", "binary data",
                                      "the event's data is binary, where its type has a JSON Schema; send it as JSON"));
    return;
  }
  const json::View data = event.data().value_or(json::View());
  if (schema.valid(data)) return;
  for (schema::Fault& fault : schema.faults(data)) verdict.faults.push_back(std::move(fault));
}

void Catalogue::check_dataschema(const event::Event& event, const Entry* entry, Verdict& verdict) const {
  const std::string_view given = event.dataschema();
  if (given.empty()) return;
  const std::string_view uri = given.substr(0, given.find('#'));
  const auto named = by_id_.find(uri);
  if (named != by_id_.end()) {
    if (named->second == entry) return;  // checked as the type's
    if (verdict.event_type.empty()) verdict.event_type = named->second->resource->name;
    if (named->second->spec().mode == Enforcement::enforce) verdict.refused = true;
    return check_data(event, *named->second->schema, verdict);
  }
  const std::string_view own = entry == nullptr ? std::string_view() : id_of(entry->spec());
  if (own.empty()) return;  // a URI of the producer's own, which nothing here can judge
  verdict.faults.push_back(fault_of("dataschema", std::string(own), std::string(given),
                                    "dataschema is " + std::string(given) + ", where events of this type have " + std::string(own)));
}

VerdictPtr Catalogue::check(const event::Event& event) const {
  const Entry* entry = find(event.type());
  if (entry == nullptr && (event.dataschema().empty() || by_id_.empty())) return nullptr;
  // The common case allocates nothing.
  const bool plain = entry != nullptr && entry->schema != nullptr && event.dataschema().empty() && !event.data_base64();
  if (plain && entry->schema->valid(event.data().value_or(json::View()))) return nullptr;
  auto verdict = std::make_shared<Verdict>();
  verdict->refused = false;
  if (entry != nullptr) {
    verdict->event_type = entry->resource->name;
    verdict->refused = entry->spec().mode == Enforcement::enforce;
    if (entry->spec().reject_unknown) {
      verdict->faults.push_back(fault_of("unknown", "a type that has an EventType", std::string(event.type()),
                                         "type " + std::string(event.type()) + " is in no EventType of its own, which " +
                                             entry->spec().type + " asks for"));
    }
    if (entry->schema) check_data(event, *entry->schema, *verdict);
  }
  check_dataschema(event, entry, *verdict);
  return verdict->faults.empty() ? nullptr : verdict;
}

}  // namespace hence::resource
