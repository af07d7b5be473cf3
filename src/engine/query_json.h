// SPDX-License-Identifier: Apache-2.0
#pragma once

// Small helpers of the queries: rows and facts as JSON members, and reading a record's facts.

#include <string>
#include <vector>

#include "engine/definitions.h"
#include "engine/fact.h"
#include "engine/rows.h"
#include "json/builder.h"
#include "log/log_reader.h"

namespace hence::engine {

/// A record read back, with its facts.
struct ReadRecord {
  Address address;
  UtcTime time;
  std::string name_space;
  std::string principal;
  std::string reason;
  std::vector<Fact> facts;
};

/// Errors: NotFound, BeyondRetention, LogDamaged.
Result<ReadRecord> read_record(log::LogReader& reader, Address address);
Result<ReadRecord> to_read_record(const log::Record& record);

template <typename T>
const T* find_fact(const std::vector<Fact>& facts) {
  for (const Fact& fact : facts) {
    if (const T* found = std::get_if<T>(&fact)) return found;
  }
  return nullptr;
}

/// Adds name: RFC 3339, or nothing for a time that is not set.
void add_time(json::Builder& builder, std::string_view name, UtcTime time);
void add_text(json::Builder& builder, std::string_view name, std::string_view text);  ///< nothing if empty

/// true or "partial"; nothing if empty.
void add_compensated(json::Builder& builder, std::string_view compensated);
/// A resource as it is stored; all but the end of the object.
void add_resource(json::Builder& builder, std::string_view name_space, const Stored& stored);
void add_instance(json::Builder& builder, Address id, const InstanceSummary& summary);  ///< an object
void add_delivery(json::Builder& builder, const EffectId& id, const DeliverySummary& summary);
void add_event(json::Builder& builder, const ReadRecord& record, const EventAccepted& event);

/// A larger event goes into lists and streams without its data; Query::event has it whole.
inline constexpr size_t kShownBytesMax = 512 << 10;
/// What add_event made, without the data, and with dataLeftOut.
json::Value without_data(json::View item);
/// wanted: a type, or how types begin with * behind it; empty: any.
bool type_fits(std::string_view type, std::string_view wanted);

}  // namespace hence::engine
