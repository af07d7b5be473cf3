// SPDX-License-Identifier: Apache-2.0
#pragma once

// All that users applied, compiled: an immutable snapshot with a version, shared by the I/O threads
// that match events and the engine that decides. A version is the sequence of the control
// partition's record that made it.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/command.h"
#include "engine/rows.h"
#include "filter/rule_set.h"
#include "resource/resource.h"

namespace hence::engine {

/// One resource as it stands in a version.
struct Stored {
  std::shared_ptr<const resource::Resource> resource;
  uint64_t revision = 0;  ///< version in which it got this content
  UtcTime changed;
};

class Definitions {
 public:
  struct RuleEntry {
    std::string name;
    uint64_t revision = 0;
    std::shared_ptr<const resource::Resource> resource;
    const resource::RuleSpec& spec() const { return std::get<resource::RuleSpec>(resource->spec); }
  };
  /// One namespace: its resources by kind and name, and its active rules compiled together. A rule's
  /// id in the set is its index in rules.
  struct Space {
    std::map<std::pair<resource::Kind, std::string>, Stored> resources;
    std::vector<RuleEntry> rules;
    std::shared_ptr<const filter::RuleSet> rule_set;
    /// "ns/name" of the document → full name of the highest version
    std::map<std::string, std::string> latest;
  };

  /// Version 0: nothing applied yet.
  static std::shared_ptr<const Definitions> empty();
  /// base with changes made to it. Names of namespaces are in the changes' documents; a deletion
  /// says its own. Errors: ResourceInvalid and what compiling finds; the message names the resource.
  static Result<std::shared_ptr<const Definitions>> build(const Definitions& base, uint64_t version,
                                                          const std::vector<ResourceChange>& changes,
                                                          UtcTime now);

  /// The snapshot of a version from the rows of the state store, the newest of each name (deleted
  /// ones included). Errors: as of build; they mean a row of another version of the program.
  static Result<std::shared_ptr<const Definitions>> restore(
      uint64_t version, const std::map<std::string, std::pair<keys::DefinitionKey, DefinitionRow>>& rows);

  uint64_t version() const { return version_; }
  const std::map<std::string, Space>& spaces() const { return spaces_; }
  const Space* space(std::string_view name_space) const;
  const Stored* find(std::string_view name_space, resource::Kind kind, std::string_view name) const;
  /// "ns/name" (the highest version) or "ns/name:version"; nullptr if there is none.
  const Stored* find_workflow(std::string_view name_space, std::string_view reference) const;

  /// The rules an event meets, by the namespace's rule set. scratch: the calling thread's own.
  Matched match(std::string_view name_space, json::View event, UtcTime now, filter::MatchScratch& scratch) const;

 private:
  /// Compiles a namespace's active rules together, after its resources changed.
  static Status compile(Space& space);

  uint64_t version_ = 0;
  std::map<std::string, Space> spaces_;
};

}  // namespace hence::engine
