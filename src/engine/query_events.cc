// SPDX-License-Identifier: Apache-2.0
// Events as the log holds them, found by position, by id, or in order.

#include <deque>

#include "base/hash.h"
#include "engine/query.h"
#include "engine/query_json.h"
#include "json/parse.h"

namespace hence::engine {
namespace {

bool type_fits(std::string_view type, std::string_view wanted) {
  if (wanted.empty()) return true;
  if (wanted.back() == '*') return type.substr(0, wanted.size() - 1) == wanted.substr(0, wanted.size() - 1);
  return type == wanted;
}

struct Found {
  std::string key;  ///< where the next list goes on
  json::Value item;
};

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

/// Log order. With a cursor or since: onward from there; else the newest `limit` of all.
Result<json::Value> Query::events(std::string_view name_space, const ListOptions& options) {
  const bool onward = !options.cursor.empty() || options.since.has_value();
  Position from = options.since ? sources_.reader.position_at(*options.since) : Position{0};
  if (!options.cursor.empty()) {
    from.value = 0;
    for (const char digit : options.cursor) {
      if (digit < '0' || digit > '9' || options.cursor.size() > 19) {
        return Error(ErrorCode::RequestInvalid, "the cursor is not one this server gave; leave it out to begin at the start");
      }
      from.value = from.value * 10 + static_cast<uint64_t>(digit - '0');
    }
  } else if (!options.since) {
    from = sources_.reader.position_at(UtcTime{0});
  }
  HENCE_TRY(log::Cursor cursor, sources_.reader.read_from(from));
  std::deque<json::Value> items;
  uint64_t next = 0;
  while (true) {
    HENCE_TRY(auto entry, cursor.next());
    if (!entry) break;
    const log::RecordHeader& header = entry->record.header;
    next = entry->next.value;
    if (!header.event_hash || header.namespace_name != name_space) continue;
    if (options.since && header.time < *options.since) continue;
    if (options.until && header.time >= *options.until) continue;
    HENCE_TRY(const ReadRecord record, to_read_record(entry->record));
    const EventAccepted* accepted = find_fact<EventAccepted>(record.facts);
    if (accepted == nullptr) continue;
    json::Builder builder;
    add_event(builder, record, *accepted);
    json::Value item = std::move(builder).finish();
    if (!wanted_event(item, options)) continue;
    items.push_back(std::move(item));
    if (onward && items.size() >= options.limit) break;
    if (items.size() > options.limit) items.pop_front();
  }
  json::Builder builder;
  builder.begin_object().key("items").begin_array();
  for (const json::Value& item : items) builder.value(item);
  builder.end_array();
  if (next != 0) builder.member("next", std::to_string(next));
  builder.end_object();
  return std::move(builder).finish();
}

Result<Address> Query::find_event(std::string_view name_space, std::string_view text, std::string_view id) {
  if (id.empty()) {
    if (const std::optional<Address> address = Address::parse(text)) return *address;
  }
  const std::string_view wanted_id = id.empty() ? text : id;
  std::vector<std::pair<Address, std::string>> found;
  HENCE_TRY(log::Cursor cursor, sources_.reader.read_from(sources_.reader.position_at(UtcTime{0})));
  while (found.size() <= 20) {
    HENCE_TRY(auto entry, cursor.next());
    if (!entry) break;
    const log::RecordHeader& header = entry->record.header;
    if (!header.event_hash || header.namespace_name != name_space) continue;
    if (entry->record.payload.find(wanted_id) == std::string_view::npos) continue;
    HENCE_TRY(const ReadRecord record, to_read_record(entry->record));
    const EventAccepted* accepted = find_fact<EventAccepted>(record.facts);
    if (accepted == nullptr) continue;
    Result<json::Value> event = json::parse(accepted->text, {.depth_max = 1'000, .duplicate_keys = json::DuplicateKeys::last_wins});
    if (!event.ok() || (*event)->string_or("id", "") != wanted_id) continue;
    const std::string source((*event)->string_or("source", ""));
    if (id.empty() || source == text) found.emplace_back(record.address, source);
  }
  const std::string name = id.empty() ? "id " + std::string(text) : "source " + std::string(text) + " and id " + std::string(id);
  if (found.empty()) return Error(ErrorCode::NotFound, "no event has the " + name + "; hence event list shows what came in");
  if (found.size() == 1) return found.front().first;
  std::string list;
  for (const auto& [address, source] : found) list += "\n  " + address.to_string() + "  source " + source;
  return Error(ErrorCode::Ambiguous, "several events have the " + name + "; give a position or source and id:" + list);
}

}  // namespace hence::engine
