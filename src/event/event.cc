// SPDX-License-Identifier: Apache-2.0
#include "event/event.h"

#include "base/check.h"
#include "event/attribute.h"
#include "event/base64.h"
#include "event/media_type.h"
#include "event/uri.h"
#include "json/parse.h"

namespace hence::event {

/// Fills an Event from the members of its document, in order, one pass.
class Reader {
 public:
  explicit Reader(Event& event) : event_(event) {}

  Status member(std::string_view name, json::View value);
  /// What depends on several members.
  Status finish() const;

 private:
  using Known = Event::Known;
  enum class Form : uint8_t { text, version, uri_reference, uri, timestamp, media_type };
  struct Attribute {
    std::string_view name;
    Known known;
    Form form;
    bool required;
  };
  // The attributes of the specification, and those extensions the engine reads, by size of name.
  static constexpr Attribute kAttributes[] = {
      {"id", Known::id, Form::text, true},
      {"type", Known::type, Form::text, true},
      {"time", Known::time, Form::timestamp, false},
      {"source", Known::source, Form::uri_reference, true},
      {"subject", Known::subject, Form::text, false},
      {"sequence", Known::sequence, Form::text, false},
      {"dataschema", Known::dataschema, Form::uri, false},
      {"tracestate", Known::tracestate, Form::text, false},
      {"expirytime", Known::expirytime, Form::timestamp, false},
      {"specversion", Known::specversion, Form::version, true},
      {"causationid", Known::causationid, Form::text, false},
      {"traceparent", Known::traceparent, Form::text, false},
      {"partitionkey", Known::partitionkey, Form::text, false},
      {"correlationid", Known::correlationid, Form::text, false},
      {"datacontenttype", Known::datacontenttype, Form::media_type, false},
  };

  static const Attribute* find(std::string_view name);
  Status known(const Attribute& attribute, json::View value);
  Status form(const Attribute& attribute, std::string_view text);
  Status data_base64(json::View value);

  Event& event_;
};

const Reader::Attribute* Reader::find(std::string_view name) {
  for (const Attribute& attribute : kAttributes) {
    if (attribute.name.size() < name.size()) continue;
    if (attribute.name.size() > name.size()) break;
    if (attribute.name == name) return &attribute;
  }
  return nullptr;
}

Status Reader::member(std::string_view name, json::View value) {
  if (const Attribute* attribute = find(name)) return known(*attribute, value);
  if (name == "data") {
    event_.data_ = value;
    return {};
  }
  if (name == "data_base64") return data_base64(value);
  HENCE_TRY_VOID(check_extension(name, value));
  if (name == "hencedepth") event_.depth_ = read_depth(value).value_or(0);
  return {};
}

Status Reader::known(const Attribute& attribute, json::View value) {
  if (value.is_null()) return {};  // "null" says "not set" (JSON format, section 2.2)
  if (!value.is_string()) {
    return attribute_error(attribute.name, "expected a string, got a value of type " +
                                               std::string(json::type_name(value.type())));
  }
  const std::string_view text = value.as_string();
  if (text.empty()) {
    return attribute_error(attribute.name, attribute.required ? "it is required and empty"
                                                              : "it is empty; leave it out instead");
  }
  if (text.size() > kAttributeBytesMax) {
    return attribute_error(attribute.name, "it is over 1024 bytes; put long values into data");
  }
  if (!is_attribute_text(text)) {
    return attribute_error(attribute.name, "control characters and noncharacters are not allowed");
  }
  HENCE_TRY_VOID(form(attribute, text));
  event_.texts_[static_cast<size_t>(attribute.known)] = text;
  return {};
}

Status Reader::form(const Attribute& attribute, std::string_view text) {
  const auto expected = [&](std::string_view what) {
    return attribute_error(attribute.name, in_quotes(text) + " is not " + std::string(what));
  };
  switch (attribute.form) {
    case Form::text:
      return {};
    case Form::version:
      if (text == "1.0") return {};
      return expected("\"1.0\", the only version understood here");
    case Form::uri_reference:
      if (is_uri_reference(text)) return {};
      return expected("a URI reference (RFC 3986), such as /shop or https://shop.example/orders");
    case Form::uri:
      if (is_absolute_uri(text)) return {};
      return expected("an absolute URI, such as https://shop.example/schemas/order");
    case Form::media_type:
      if (is_media_type(text)) return {};
      return expected("a media type (RFC 2046), such as application/json");
    case Form::timestamp:
      break;
  }
  Result<UtcTime> time = parse_rfc3339(text);
  if (!time.ok()) return attribute_error(attribute.name, time.error().message());
  (attribute.known == Known::time ? event_.time_ : event_.expirytime_) = *time;
  return {};
}

Status Reader::data_base64(json::View value) {
  if (value.is_null()) return {};
  if (!value.is_string() || !is_base64(value.as_string())) {
    return Error(ErrorCode::EventInvalid,
                 "data_base64: expected a string in padded base64 (RFC 4648, section 4)");
  }
  event_.data_base64_ = value.as_string();
  return {};
}

Status Reader::finish() const {
  for (const Attribute& attribute : kAttributes) {
    if (attribute.required && event_.text(attribute.known).empty()) {
      return attribute_error(attribute.name, "it is required and missing");
    }
  }
  if (event_.data_ && event_.data_base64_) {
    return Error(ErrorCode::EventInvalid, "data and data_base64 are both there; send one of them");
  }
  if (event_.data_ && !event_.data_->is_string() && !event_.has_json_data()) {
    return Error(ErrorCode::EventInvalid,
                 "data: datacontenttype " + in_quotes(event_.datacontenttype()) +
                     " is not JSON, so data must be a string; send bytes as data_base64");
  }
  return {};
}

Result<Event> Event::from_value(json::Value value) {
  if (!value->is_object()) {
    return Error(ErrorCode::EventInvalid,
                 "an event is a JSON object with id, source, type and specversion, but this is a "
                 "value of type " + std::string(json::type_name(value->type())));
  }
  Event event;
  event.value_ = std::move(value);
  Reader reader(event);
  for (const json::Member member : event.value_->members()) {
    HENCE_TRY_VOID(reader.member(member.key, member.value));
  }
  HENCE_TRY_VOID(reader.finish());
  return event;
}

Event Event::from_recorded(json::Value value) {
  HENCE_CHECK(value->is_object());
  Event event;
  event.value_ = std::move(value);
  Reader reader(event);
  for (const json::Member member : event.value_->members()) {
    [[maybe_unused]] const Status absent_if_bad = reader.member(member.key, member.value);
  }
  return event;
}

bool Event::has_json_data() const {
  if (datacontenttype().empty()) return data_.has_value();
  return is_json_media_type(datacontenttype());
}

Result<Event> parse_structured(std::string_view text) {
  HENCE_TRY(json::Value value, json::parse(text));
  return Event::from_value(std::move(value));
}

Result<std::vector<Result<Event>>> parse_batch(std::string_view text) {
  HENCE_TRY(const json::Value batch, json::parse(text));
  if (!batch->is_array()) {
    return Error(ErrorCode::EventInvalid, "a batch is a JSON array of events, but this is a value "
                                          "of type " + std::string(json::type_name(batch->type())));
  }
  if (batch->size() > kBatchEventsMax) {
    return Error(ErrorCode::TooLarge,
                 "the batch has " + std::to_string(batch->size()) + " events, a batch may have " +
                     std::to_string(kBatchEventsMax) + "; nothing of it was taken: send it in "
                     "several");
  }
  std::optional<json::View> version;
  size_t index = 0;
  for (const json::View entry : batch->elements()) {
    if (!entry.is_object()) {
      return Error(ErrorCode::EventInvalid,
                   "entry " + std::to_string(index) + " of the batch is no object; nothing of it "
                   "was taken");
    }
    const std::optional<json::View> own = entry.find("specversion");
    if (own && version && !json::equal(*own, *version)) {
      return Error(ErrorCode::EventInvalid,
                   "the events of a batch have one specversion, but entry " +
                       std::to_string(index) + " has another than those before; nothing of it was "
                       "taken");
    }
    if (own) version = own;
    ++index;
  }
  std::vector<Result<Event>> events;
  events.reserve(batch->size());
  for (const json::View entry : batch->elements()) {
    events.push_back(Event::from_value(json::Value(entry)));
  }
  return events;
}

std::string partition_key(const Event& event) {
  const std::string_view candidates[] = {event.partitionkey(), event.correlationid(),
                                         event.subject()};
  for (const std::string_view key : candidates) {
    if (!key.empty()) return std::string(key);
  }
  std::string key(event.source());
  key += '\n';
  key += event.id();
  return key;
}

std::string dedup_key(std::string_view name_space, const Event& event) {
  return dedup_key(name_space, event.source(), event.id());
}

std::string dedup_key(std::string_view name_space, std::string_view source, std::string_view id) {
  // No attribute holds a control character, so the parts cannot run into each other.
  std::string key(name_space);
  key.reserve(key.size() + source.size() + id.size() + 2);
  key += '\n';
  key += source;
  key += '\n';
  key += id;
  return key;
}

}  // namespace hence::event
