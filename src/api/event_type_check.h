// SPDX-License-Identifier: Apache-2.0
#pragma once

// What is wrong with event types together with those that are there: schemas that refer to nothing,
// two that are about one type, changes that break their users.

#include <string>
#include <vector>

#include "engine/definitions.h"
#include "resource/resource.h"

namespace hence::api {

/// A fault of a document by its number, at a place by its pointer.
struct Unplaced {
  size_t document = 0;
  std::string pointer;
  std::string message;
};

/// The same with the places they have in the text, which is read once more.
workflow::Faults place_faults(const std::string& text, const std::vector<Unplaced>& found);

/// base: the namespace as it is, null if there is nothing. prune: what resources lack goes.
std::vector<Unplaced> check_event_types(const engine::Definitions::Space* base, bool prune,
                                        const std::vector<resource::Resource>& resources);

}  // namespace hence::api
