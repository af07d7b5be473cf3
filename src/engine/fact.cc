// SPDX-License-Identifier: Apache-2.0
#include "engine/fact.h"

namespace hence::engine {
namespace {

/// Of a record that accepts an event: what most have besides its text.
constexpr size_t kRoomForTheRest = 96;

}  // namespace

void append_fact(std::string& payload, const AcceptedEvent& fact) {
  payload.reserve(payload.size() + fact.text.size() + kRoomForTheRest);
  Encoder encoder(payload);
  encoder.varint(kFactKind<EventAccepted>);
  encoder.put(fact);
}

void append_fact(std::string& payload, const Fact& fact) {
  Encoder encoder(payload);
  encoder.put(fact);
}

Result<std::vector<Fact>> parse_facts(std::string_view payload) {
  std::vector<Fact> facts;
  Decoder decoder(payload);
  while (!decoder.at_end()) {
    decoder.get(facts.emplace_back());
    if (decoder.failed()) {
      return Error(ErrorCode::LogDamaged,
                   "fact " + std::to_string(facts.size()) +
                       " of a record is cut short or of a kind this version does not know");
    }
  }
  return facts;
}

}  // namespace hence::engine
