// SPDX-License-Identifier: Apache-2.0
#include "engine/fact.h"

#include "base/hash.h"

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

Hash128 site_hash(Hash128 key, std::string_view name_space, std::string_view workflow, uint64_t revision, uint32_t site) {
  std::string text(name_space);
  text.push_back('\0');
  text.append(workflow).push_back('\0');
  Encoder encoder(text);
  encoder(revision, site);
  return siphash128(key, text);
}

std::string kept_end_text(const KeptEnded& ended) {
  if (ended.taken_by.is_none()) return "nobody came for it until " + format_rfc3339(ended.until);
  return "taken by " + ended.taken_by.to_string();
}

}  // namespace hence::engine
