// SPDX-License-Identifier: Apache-2.0
#pragma once

// The event types of a namespace, compiled together: their schemas may refer to each other by $id.
// Says of an event which event type is about it, and what does not fit.
//
//   com.acme.order.placed   the event type of that very name, else
//   com.acme.order.*        the longest pattern that holds

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "event/event.h"
#include "json/value.h"
#include "resource/resource.h"
#include "schema/compatibility.h"
#include "schema/schema.h"

namespace hence::resource {

/// What is wrong with one of the event types that a catalogue was to be made of.
struct CatalogueFault {
  std::string name;     ///< of the resource
  std::string pointer;  ///< "/spec/schema"
  std::string message;
};

/// Why an event does not fit. There is none for an event that fits.
struct Verdict {
  std::string event_type;  ///< name of the resource
  bool refused = true;     ///< false: mode warn
  std::vector<schema::Fault> faults;

  /// One sentence: the first fault, and how many more there are.
  std::string message() const;
};
using VerdictPtr = std::shared_ptr<const Verdict>;

/// The faults as every interface shows them: [{"instance", "schema", "keyword", …}].
json::Value to_json(const std::vector<schema::Fault>& faults);

/// Immutable; any number of threads may use one.
class Catalogue {
 public:
  using Member = std::shared_ptr<const Resource>;  ///< of kind event_type

  struct Entry {
    Member resource;
    std::shared_ptr<const schema::Schema> schema;  ///< null: anything fits
    const EventTypeSpec& spec() const { return std::get<EventTypeSpec>(resource->spec); }
  };

  /// Compiles all; examples are checked. Everything wrong is added to faults, and the catalogue
  /// holds what is left.
  static std::shared_ptr<const Catalogue> build(std::vector<Member> members, std::vector<CatalogueFault>& faults);

  /// Changes since before that the `compatibility` of the event type changed does not allow.
  std::vector<CatalogueFault> find_breaks(const Catalogue& before) const;

  /// Entries by the name of their resource.
  const std::map<std::string, Entry>& entries() const { return entries_; }
  /// What is about events of this type; nullptr where nothing is.
  const Entry* find(std::string_view type) const;

  /// Null: the event fits, or nothing is known of its type.
  VerdictPtr check(const event::Event& event) const;

 private:
  void check_data(const event::Event& event, const schema::Schema& schema, Verdict& verdict) const;
  void check_dataschema(const event::Event& event, const Entry* entry, Verdict& verdict) const;
  void add(const Member& member, const schema::Registry& registry, std::vector<CatalogueFault>& faults);

  std::map<std::string, Entry> entries_;
  std::map<std::string, const Entry*, std::less<>> by_type_;    ///< exact types
  std::map<std::string, const Entry*, std::less<>> by_prefix_;  ///< "com.acme." of com.acme.*
  std::map<std::string, const Entry*, std::less<>> by_id_;      ///< $id of schemas
};

}  // namespace hence::resource
