// SPDX-License-Identifier: Apache-2.0
#pragma once

// A CloudEvents 1.0 event: one JSON document in the structured form (specversion, id, source,
// type, …, extensions, data or data_base64), checked once where it enters, with its attributes
// found in one pass. Copies share the document. Specification: cloudevents/spec.md and
// formats/json-format.md, 1.0.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "json/value.h"

namespace hence::event {

/// Of each attribute's name and of its value as text.
inline constexpr size_t kAttributeBytesMax = 1024;
/// Of hencedepth, the count of times an event has been through an engine by way of the outside.
inline constexpr int kDepthMax = 16;
/// Of one batch: each is some hundred bytes of memory, however short its text.
inline constexpr size_t kBatchEventsMax = 10'000;

class Event {
 public:
  /// An event without attributes, to be assigned to.
  Event() = default;

  /// Checks a document in the structured form and keeps it as it is.
  /// Errors: EventInvalid, naming the attribute and what was expected.
  static Result<Event> from_value(json::Value value);
  /// Takes a document out of our own log, which was checked by the rules of its time: what does not
  /// fit today's is absent, never an error. An object (HENCE_CHECK).
  static Event from_recorded(json::Value value);

  /// The whole event in the structured form.
  const json::Value& value() const { return value_; }

  std::string_view id() const { return text(Known::id); }
  std::string_view source() const { return text(Known::source); }
  std::string_view type() const { return text(Known::type); }
  /// Of the optional ones: empty where absent, since none may be empty.
  std::string_view subject() const { return text(Known::subject); }
  std::string_view time_text() const { return text(Known::time); }
  std::string_view datacontenttype() const { return text(Known::datacontenttype); }
  std::string_view dataschema() const { return text(Known::dataschema); }
  std::string_view partitionkey() const { return text(Known::partitionkey); }
  std::string_view correlationid() const { return text(Known::correlationid); }
  std::string_view causationid() const { return text(Known::causationid); }
  std::string_view traceparent() const { return text(Known::traceparent); }
  std::string_view tracestate() const { return text(Known::tracestate); }
  std::string_view sequence() const { return text(Known::sequence); }
  std::string_view expirytime_text() const { return text(Known::expirytime); }

  std::optional<UtcTime> time() const { return time_; }
  std::optional<UtcTime> expirytime() const { return expirytime_; }
  /// hencedepth; 0 where absent.
  int depth() const { return depth_; }
  /// Whether it has an expirytime at or before now.
  bool expired(UtcTime now) const { return expirytime_ && *expirytime_ <= now; }

  /// The member data, null included; nothing where there is none.
  std::optional<json::View> data() const { return data_; }
  /// The member data_base64, still encoded; nothing where there is none.
  std::optional<std::string_view> data_base64() const { return data_base64_; }
  bool has_data() const { return data_ || data_base64_; }
  /// Whether the data is a JSON value: by datacontenttype, or by its absence beside data.
  bool has_json_data() const;

 private:
  friend class Reader;
  enum class Known : uint8_t {
    id, source, type, specversion, subject, time, datacontenttype, dataschema, partitionkey,
    correlationid, causationid, traceparent, tracestate, sequence, expirytime, count,
  };
  std::string_view text(Known known) const { return texts_[static_cast<size_t>(known)]; }

  json::Value value_;
  std::array<std::string_view, static_cast<size_t>(Known::count)> texts_;  // into value_
  std::optional<json::View> data_;
  std::optional<std::string_view> data_base64_;
  std::optional<UtcTime> time_;
  std::optional<UtcTime> expirytime_;
  int depth_ = 0;
};

/// One event as application/cloudevents+json. Errors: JsonInvalid, EventInvalid.
Result<Event> parse_structured(std::string_view text);

/// Events as application/cloudevents-batch+json, in order, each with its own outcome.
/// Errors, for the whole: JsonInvalid; EventInvalid for what is no array, holds what is no object,
/// or mixes values of specversion; TooLarge for more than kBatchEventsMax.
Result<std::vector<Result<Event>>> parse_batch(std::string_view text);

/// What places the event on a partition and orders it: partitionkey, else correlationid, else
/// subject, else source and id.
std::string partition_key(const Event& event);

/// Text that two events share exactly if they are duplicates: namespace, source and id.
std::string dedup_key(std::string_view name_space, const Event& event);
std::string dedup_key(std::string_view name_space, std::string_view source, std::string_view id);

}  // namespace hence::event
