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

/// The names of a namespace's resources.
class NameSet {
 public:
  NameSet() = default;
  explicit NameSet(const engine::Definitions::Space* space);

  void add(resource::Kind kind, const std::string& name) { names_.emplace(kind, name); }
  void remove(resource::Kind kind, const std::string& name) { names_.erase({kind, name}); }
  bool has(resource::Kind kind, const std::string& name) const {
    return names_.contains({kind, name});
  }
  /// A workflow is found by "ns/name" too, whatever its version.
  bool resolves(const Reference& reference) const;
  /// "there is no Sink \"chatops\" in namespace x; did you mean \"chat-ops\"?"
  std::string describe_missing(const Reference& reference, const std::string& name_space) const;

 private:
  std::set<std::pair<resource::Kind, std::string>> names_;
};

/// "ns/name" of a workflow's full name "ns/name:version".
std::string without_version(const std::string& workflow);

}  // namespace hence::api
