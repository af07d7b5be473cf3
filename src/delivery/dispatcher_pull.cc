// SPDX-License-Identifier: Apache-2.0
// Finding in the store what the window had no room for. A round goes through the ready effects once
// around, from where the last one stopped, and ends early when every destination it is for is full
// again. Deliveries to sinks that are full are passed over unread: so a backlog of millions for one slow sink costs
// the others a walk over its keys.
//
// While a round fetches what a destination had no room for, new effects for it are sent to the store behind those.
// The round after that fetches them, and new ones are taken meanwhile: else a destination that always gets some would
// for ever wait for walks over others' backlogs. The first round of all, which does not know who has a backlog, sends
// nobody away.

#include <algorithm>

#include "base/reached.h"
#include "delivery/dispatcher.h"

namespace hence::delivery {
namespace {

constexpr size_t kEffectsAStep = 256;
/// Where the window has room for fewer, not many more are read than that.
constexpr size_t kEffectsAStepMin = 8;

}  // namespace

bool Dispatcher::wants_pull() const {
  if (stopped_ || window_full()) return false;
  if (pulling_) return true;
  if (!refused_any_) return false;
  bool any_waits = false;
  for (const auto& [name, destination] : destinations_) {
    if (!destination.refused_some) continue;
    if (has_room(destination, waiting_max() / 2 + 1)) return true;
    any_waits = true;
  }
  return !any_waits;  // nothing is known yet: the first round
}

void Dispatcher::begin_round() {
  pulling_ = true;
  wrapped_ = false;
  refused_any_ = false;
  round_start_ = pulled_to_;
  wanting_.clear();
  for (auto& [name, destination] : destinations_) {
    if (std::exchange(destination.refused_some, false)) wanting_.push_back(name);
    destination.catching_up = std::exchange(destination.lacked_room, false);
  }
}

/// at_end: the step came to the end of the store's range.
bool Dispatcher::round_over(bool at_end) {
  if (at_end) {
    pulled_to_.reset();
    if (wrapped_ || !round_start_) return true;
    SIM_REACHED("delivery: a round through the store begins again at its start");
    wrapped_ = true;
  }
  if (wrapped_ && pulled_to_ && *pulled_to_ >= *round_start_) return true;
  return !wanting_.empty() && std::all_of(wanting_.begin(), wanting_.end(), [&](const auto& name) {
    const auto found = destinations_.find(name);
    return found != destinations_.end() && found->second.lacked_room;
  });
}

bool Dispatcher::wants_of(std::string_view name_space, std::string_view sink) {
  const auto found = destinations_.find(sink_destination(name_space, sink));
  if (found == destinations_.end() || has_room(found->second, waiting_max())) return true;
  SIM_REACHED("delivery: deliveries to a full sink are passed over in the store");
  found->second.refused_some = true;
  found->second.lacked_room = true;
  refused_any_ = true;
  return false;
}

Status Dispatcher::pull(const Reader& reader, os::MonotonicTime now) {
  if (!wants_pull()) return {};
  if (!pulling_) begin_round();
  const size_t step = std::clamp(2 * (options_.window_max - held_), kEffectsAStepMin, kEffectsAStep);
  HENCE_TRY(engine::ReadyPage page, reader(pulled_to_, step, [this](std::string_view name_space, std::string_view sink) {
    return wants_of(name_space, sink);
  }));
  for (engine::Effect& effect : page.effects) offer(std::move(effect), now, From::store);
  if (page.looked_to) pulled_to_ = page.looked_to;
  if (round_over(page.at_end)) pulling_ = false;
  return {};
}

}  // namespace hence::delivery
