// SPDX-License-Identifier: Apache-2.0
#pragma once

// What resources say of each other: a rule names workflows and sinks, a sink and a source name
// secrets. Checked over the namespace as it would be, so that nothing refers to nothing.

#include <set>
#include <string>
#include <vector>

#include "engine/definitions.h"
#include "resource/resource.h"

namespace hence::api {

struct Reference {
  resource::Kind kind = resource::Kind::sink;
  std::string name;
  std::string pointer;  ///< where in the document it stands
};
std::vector<Reference> references_of(const resource::Resource& resource);

/// The names of a namespace's resources, as they would be after some are added and removed. Borrows
/// the namespace.
class NameSet {
 public:
  NameSet() = default;
  explicit NameSet(const engine::Definitions::Space* space) : space_(space) {}

  void add(resource::Kind kind, const std::string& name) { added_.emplace(kind, name); }
  void remove(resource::Kind kind, const std::string& name) { removed_.emplace(kind, name); }
  bool has(resource::Kind kind, const std::string& name) const;
  /// A workflow is found by "ns/name" too, whatever its version.
  bool resolves(const Reference& reference) const;
  /// "there is no Sink \"chatops\" in namespace x; did you mean \"chat-ops\"?"
  std::string describe_missing(const Reference& reference, const std::string& name_space) const;

 private:
  using Key = std::pair<resource::Kind, std::string>;
  /// Whether any version of a workflow is there.
  bool has_version_of(const std::string& workflow) const;

  const engine::Definitions::Space* space_ = nullptr;
  std::set<Key> added_;
  std::set<Key> removed_;  ///< of the namespace's own
};

/// "ns/name" of a workflow's full name "ns/name:version".
std::string without_version(const std::string& workflow);

}  // namespace hence::api
