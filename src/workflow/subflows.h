// SPDX-License-Identifier: Apache-2.0
#pragma once

// What workflows say of each other by `run: workflow`: references to nothing, and workflows that run
// themselves and wait for it, which never end.

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "workflow/definition.h"

namespace hence::workflow {

/// Workflows of one namespace as they would be together, by full name "ns/name:version".
class WorkflowSet {
 public:
  void add(std::shared_ptr<const Definition> definition);
  /// The full name of "ns/name:version", or of the highest version of "ns/name"; empty if there is none.
  std::string find(std::string_view reference) const;
  const Definition* get(const std::string& name) const;

 private:
  std::map<std::string, std::shared_ptr<const Definition>> all_;
  std::map<std::string, std::string, std::less<>> latest_;  ///< by "ns/name"
};

struct SubflowFinding {
  enum class Kind : uint8_t {
    unknown,  ///< nothing of that name is there yet: the task would fault
    circle,   ///< the workflow surely comes to wait for itself
  };
  Kind kind = Kind::unknown;
  std::string pointer;
  std::string message;
};
bool has_subflows(const Definition& workflow);
/// What is wrong with the subflows of one workflow of the set. A circle that an `if`, a `switch`, a
/// loop or a catch may end is none.
std::vector<SubflowFinding> check_subflows(const WorkflowSet& set, const Definition& workflow);

}  // namespace hence::workflow
