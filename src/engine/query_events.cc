// SPDX-License-Identifier: Apache-2.0
// Events as the log holds them, found by position, by id, or in order.

#include <algorithm>
#include <deque>
#include <functional>

#include "base/hash.h"
#include "engine/query.h"
#include "engine/query_json.h"
#include "json/parse.h"

namespace hence::engine {
namespace {

constexpr size_t kPageBytesMax = 16 << 20;    // of a page's items; one may be over it

bool wanted_event(const json::Value& item, const ListOptions& options) {
  const std::optional<json::View> event = item->find("event");
  if (!event) return options.type.empty() && options.source.empty();
  return type_fits(event->string_or("type", ""), options.type) &&
         (options.source.empty() || event->string_or("source", "") == options.source);
}

}  // namespace

Result<json::Value> Query::event(std::string_view name_space, Address address) {
  HENCE_TRY(const ReadRecord record, read_record(sources_.reader, address));
  const EventAccepted* accepted = find_fact<EventAccepted>(record.facts);
  if (accepted == nullptr || record.name_space != name_space) {
    return Error(ErrorCode::NotFound, "there is no event at position " + address.to_string() + " in namespace " +
                                          std::string(name_space));
  }
  json::Builder builder;
  add_event(builder, record, *accepted);
  return std::move(builder).finish();
}

/// Records of events that a list is made of, in the order of the log.
struct Query::EventScan {
  struct Item {
    json::Value value;
    size_t bytes;  ///< of its text, but for some hundred
  };
  /// The list's item for a record; nothing if the list does not want it.
  using Show = std::function<std::optional<Item>(const ReadRecord&, const EventAccepted&)>;

  std::string_view name_space;
  const ListOptions& options;
  const Show& show;
  std::deque<Item> items = {};
  size_t bytes = 0;   ///< of all items
  uint64_t next = 0;  ///< position after the last record looked at; 0: none was

  Status take(const log::Cursor::Entry& entry) {
    const log::RecordHeader& header = entry.record.header;
    next = entry.next.value;
    if (!header.event_hash || header.namespace_name != name_space) return {};
    if (options.since && header.time < *options.since) return {};
    if (options.until && header.time >= *options.until) return {};
    HENCE_TRY(const ReadRecord record, to_read_record(entry.record));
    const EventAccepted* accepted = find_fact<EventAccepted>(record.facts);
    if (accepted == nullptr) return {};
    std::optional<Item> item = show(record, *accepted);
    if (!item) return {};
    bytes += item->bytes;
    items.push_back(std::move(*item));
    return {};
  }
  void drop_first() {
    bytes -= items.front().bytes;
    items.pop_front();
  }
  /// The first `limit` from a place on; the item that reaches kPageBytesMax is the last.
  Status read_onward(log::LogReader& reader, Position from);
  /// The last `limit` that are within kPageBytesMax: the newest segment, and older ones while it has too few.
  Status read_newest(log::LogReader& reader);
};

namespace {

Result<Position> parse_cursor(const std::string& text) {
  Position position;
  for (const char digit : text) {
    if (digit < '0' || digit > '9' || text.size() > 19) {
      return Error(ErrorCode::RequestInvalid, "the cursor is not one this server gave; leave it out to begin at the start");
    }
    position.value = position.value * 10 + static_cast<uint64_t>(digit - '0');
  }
  return position;
}

struct NamedEvent {
  Address address;
  std::string source;
};

/// Some 20 events of an id at most, whatever their source: reads the whole log.
Result<std::vector<NamedEvent>> events_of_id(log::LogReader& reader, std::string_view name_space, std::string_view id) {
  constexpr size_t kFoundMax = 20;
  const json::ParseOptions lenient{.depth_max = 1'000, .duplicate_keys = json::DuplicateKeys::last_wins};
  std::vector<NamedEvent> found;
  HENCE_TRY(log::Cursor cursor, reader.read_from(reader.position_at(UtcTime{0})));
  while (found.size() <= kFoundMax) {
    HENCE_TRY(const auto entry, cursor.next());
    if (!entry) break;
    const log::RecordHeader& header = entry->record.header;
    if (!header.event_hash || header.namespace_name != name_space) continue;
    if (entry->record.payload.find(id) == std::string_view::npos) continue;
    HENCE_TRY(const ReadRecord record, to_read_record(entry->record));
    const EventAccepted* accepted = find_fact<EventAccepted>(record.facts);
    if (accepted == nullptr) continue;
    const Result<json::Value> event = json::parse(accepted->text, lenient);
    if (!event.ok() || (*event)->string_or("id", "") != id) continue;
    found.push_back({record.address, std::string((*event)->string_or("source", ""))});
  }
  return found;
}

}  // namespace

Status Query::EventScan::read_onward(log::LogReader& reader, Position from) {
  HENCE_TRY(log::Cursor cursor, reader.read_from(from));
  while (items.size() < options.limit && bytes < kPageBytesMax) {
    HENCE_TRY(const auto entry, cursor.next());
    if (!entry) break;
    HENCE_TRY_VOID(take(*entry));
  }
  return {};
}

Status Query::EventScan::read_newest(log::LogReader& reader) {
  const std::vector<Position> begins = reader.segment_begins();
  std::optional<Position> end;
  bool full = false;  // something was left out for what is newer
  for (auto begin = begins.rbegin(); begin != begins.rend() && !full && items.size() < options.limit; ++begin) {
    EventScan segment{name_space, options, show};
    HENCE_TRY(log::Cursor cursor, reader.read_from(*begin));
    while (!end || cursor.position() < *end) {
      HENCE_TRY(const auto entry, cursor.next());
      if (!entry || (end && entry->position >= *end)) break;
      HENCE_TRY_VOID(segment.take(*entry));
      while (!segment.items.empty()) {
        const size_t count = segment.items.size() + items.size();
        if (count <= options.limit && (count == 1 || segment.bytes + bytes <= kPageBytesMax)) break;
        segment.drop_first();
        full = true;
      }
    }
    if (next == 0) next = segment.next;
    items.insert(items.begin(), segment.items.begin(), segment.items.end());
    bytes += segment.bytes;
    end = *begin;
  }
  return {};
}

Result<std::string> Query::event_text(std::string_view name_space, Address address) {
  HENCE_TRY(const ReadRecord record, read_record(sources_.reader, address));
  const EventAccepted* accepted = find_fact<EventAccepted>(record.facts);
  if (accepted == nullptr || record.name_space != name_space) {
    return Error(ErrorCode::NotFound, "there is no event at position " + address.to_string() + " in namespace " +
                                          std::string(name_space));
  }
  return accepted->text;
}

/// Log order. With a cursor or since: onward from there; else the newest `limit` of all. Fewer where they are long.
Result<json::Value> Query::list_records(EventScan& scan, const ListOptions& options) {
  if (!options.cursor.empty()) {
    HENCE_TRY(const Position from, parse_cursor(options.cursor));
    HENCE_TRY_VOID(scan.read_onward(sources_.reader, from));
  } else if (options.since) {
    HENCE_TRY_VOID(scan.read_onward(sources_.reader, sources_.reader.position_at(*options.since)));
  } else {
    HENCE_TRY_VOID(scan.read_newest(sources_.reader));
  }
  json::Builder builder;
  builder.begin_object().key("items").begin_array();
  for (const EventScan::Item& item : scan.items) builder.value(item.value);
  builder.end_array();
  if (scan.next != 0) builder.member("next", std::to_string(scan.next));
  builder.end_object();
  return std::move(builder).finish();
}

Result<json::Value> Query::events(std::string_view name_space, const ListOptions& options) {
  const EventScan::Show show = [&](const ReadRecord& record, const EventAccepted& accepted) -> std::optional<EventScan::Item> {
    json::Builder builder;
    add_event(builder, record, accepted);
    json::Value item = std::move(builder).finish();
    if (!wanted_event(item, options)) return std::nullopt;
    if (accepted.text.size() <= kShownBytesMax) return EventScan::Item{std::move(item), accepted.text.size()};
    item = without_data(item);
    const size_t bytes = item->to_text().size();
    return EventScan::Item{std::move(item), bytes};
  };
  EventScan scan{name_space, options, show};
  return list_records(scan, options);
}

namespace {

bool wanted_decision(const Decision& decision, const ListOptions& options) {
  const auto names = [&](const auto& entry) { return options.rule.empty() || entry.rule == options.rule; };
  const bool matched = std::any_of(decision.matched.begin(), decision.matched.end(), names);
  if (options.matched) return matched == *options.matched;
  return options.rule.empty() || matched || std::any_of(decision.failed.begin(), decision.failed.end(), names);
}

json::Value show_decision(const ReadRecord& record, const EventAccepted& accepted, const Decision& decision) {
  json::Builder builder;
  builder.begin_object().member("position", record.address.to_string());
  builder.member("time", format_rfc3339(record.time));
  builder.key("event").begin_object();
  const Result<json::Value> event =
      json::parse(accepted.text, {.depth_max = 1'000, .duplicate_keys = json::DuplicateKeys::last_wins});
  for (const std::string_view name : {"id", "source", "type", "subject"}) {
    if (event.ok()) add_text(builder, name, (*event)->string_or(name, ""));
  }
  builder.end_object();
  builder.key("definitions").number(static_cast<int64_t>(decision.version));
  builder.key("matched").begin_array();
  for (const RuleMatched& matched : decision.matched) {
    builder.begin_object().member("rule", matched.rule);
    builder.key("revision").number(static_cast<int64_t>(matched.version)).end_object();
  }
  builder.end_array().key("failed").begin_array();
  for (const RuleFailed& failed : decision.failed) {
    builder.begin_object().member("rule", failed.rule);
    builder.key("revision").number(static_cast<int64_t>(failed.version));
    builder.member("error", failed.error).end_object();
  }
  builder.end_array();
  add_text(builder, "stopped", decision.stopped);
  builder.end_object();
  return std::move(builder).finish();
}

}  // namespace

Result<json::Value> Query::decisions(std::string_view name_space, const ListOptions& options) {
  const EventScan::Show show = [&](const ReadRecord& record, const EventAccepted& accepted) -> std::optional<EventScan::Item> {
    const Decision* decision = find_fact<Decision>(record.facts);
    if (decision == nullptr || !wanted_decision(*decision, options)) return std::nullopt;
    json::Value item = show_decision(record, accepted, *decision);
    const size_t bytes = item->to_text().size();
    return EventScan::Item{std::move(item), bytes};
  };
  EventScan scan{name_space, options, show};
  return list_records(scan, options);
}

Result<Address> Query::find_event(std::string_view name_space, std::string_view text, std::string_view id) {
  const auto nothing = [](const std::string& name) {
    return Error(ErrorCode::NotFound, "no event has the " + name + "; hence event list shows what came in");
  };
  if (!id.empty()) {
    const Hash128 hash = siphash128(sources_.hash_key, event::dedup_key(name_space, text, id));
    HENCE_TRY(const std::optional<Address> address, sources_.reader.find_event(hash));
    return address ? Result<Address>(*address) : nothing("source " + std::string(text) + " and id " + std::string(id));
  }
  if (const std::optional<Address> address = Address::parse(text)) return *address;
  HENCE_TRY(const std::vector<NamedEvent> found, events_of_id(sources_.reader, name_space, text));
  if (found.empty()) return nothing("id " + std::string(text));
  if (found.size() == 1) return found.front().address;
  std::string list;
  for (const NamedEvent& event : found) list += "\n  " + event.address.to_string() + "  source " + event.source;
  return Error(ErrorCode::Ambiguous, "several events have the id " + std::string(text) +
                                         "; give a position or source and id:" + list);
}

}  // namespace hence::engine
