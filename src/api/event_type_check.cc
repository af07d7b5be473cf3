// SPDX-License-Identifier: Apache-2.0
#include "api/event_type_check.h"

#include "json/yaml.h"

#include <map>

#include "resource/catalogue.h"

namespace hence::api {

using resource::Catalogue;
using resource::Kind;

workflow::Faults place_faults(const std::string& text, const std::vector<Unplaced>& found) {
  workflow::Faults faults;
  const Result<std::vector<json::YamlDocument>> documents = json::parse_yaml(text);
  for (const auto& [index, pointer, message] : found) {
    const bool placed = documents.ok() && index < documents->size();
    workflow::Faults one(placed ? &(*documents)[index] : nullptr, ErrorCode::ResourceInvalid);
    one.add(pointer, message);
    faults.add(*one.begin());
  }
  return faults;
}

std::vector<Unplaced> check_event_types(const engine::Definitions::Space* base, bool prune,
                                        const std::vector<resource::Resource>& resources) {
  std::map<std::string, size_t> documents;  // by name
  for (size_t i = 0; i < resources.size(); ++i) {
    if (resources[i].kind == Kind::event_type) documents.emplace(resources[i].name, i);
  }
  if (documents.empty()) return {};
  std::vector<Catalogue::Member> members;
  for (const auto& [name, index] : documents) {
    members.push_back(std::make_shared<const resource::Resource>(resources[index]));
  }
  const auto* there = base != nullptr && base->catalogue != nullptr ? base->catalogue.get() : nullptr;
  if (there != nullptr && !prune) {
    for (const auto& [name, entry] : there->entries()) {
      if (!documents.contains(name)) members.push_back(entry.resource);
    }
  }
  std::vector<resource::CatalogueFault> faults;
  const auto made = Catalogue::build(std::move(members), faults);
  if (faults.empty() && there != nullptr) faults = made->find_breaks(*there);
  std::vector<Unplaced> found;
  for (const resource::CatalogueFault& fault : faults) {
    const auto document = documents.find(fault.name);
    if (document != documents.end()) found.push_back({document->second, fault.pointer, fault.message});
    else found.push_back({documents.begin()->second, "", "EventType " + fault.name + " is affected: " + fault.message});
  }
  return found;
}

}  // namespace hence::api
