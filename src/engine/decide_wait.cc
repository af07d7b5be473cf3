// SPDX-License-Identifier: Apache-2.0
// Events and those who wait for them. An event that met the filter of a `listen` goes to the place
// of its value, where the waits of that filter for that value are registered; from there to the
// partitions of the instances. Places lie in the partition of the value, so that finding the waits
// costs what there are, and a message is spared where event, wait and instance have one key.
//
//   event ──meet──► place (site, value) ──wake──► instance        none there: kept for a while
//                        ▲  wait, wait_end            │
//                        └────────────────────────────┘

#include <algorithm>
#include <set>

#include "base/hash.h"
#include "engine/emitted.h"
#include "engine/recorder.h"
#include "event/event.h"
#include "json/parse.h"
#include "workflow/correlation.h"

namespace hence::engine {
namespace {

/// Whether anything of a partition goes on in a continuation; a spread does while it is under way.
bool any_continues(const State& state, Partition partition) {
  const auto first = state.continuing().lower_bound({partition, 0});
  return first != state.continuing().end() && first->partition == partition;
}

/// Waits that one record sends an event to, fewer where it is large; more follow in continuations.
constexpr size_t kSpreadMax = 2'000;

template <typename T>
std::string body_of(const T& request) {
  return encode(request);
}

std::string text_of_event(const json::Value& event) {
  const std::string_view received = event->source_text();
  return received.empty() ? event->to_text() : std::string(received);
}

}  // namespace

Hash128 Engine::site_hash(std::string_view name_space, std::string_view workflow, uint64_t revision,
                          uint32_t site) const {
  return engine::site_hash(options_.hash_key, name_space, workflow, revision, site);
}

WaitPlace Engine::place_of(Hash128 site, const std::optional<json::Value>& value) const {
  WaitPlace place{site, {}};
  if (value) place.value = siphash128(options_.hash_key, workflow::canonical_value(*value).value_or(std::string()));
  return place;
}

Partition Engine::place_partition(std::string_view name_space, const WaitPlace& where,
                                  const std::optional<json::Value>& value) const {
  if (value) return place(name_space, workflow::placing_text(*value));
  return static_cast<Partition>((where.site.low ^ where.site.high) % options_.partitions);
}

// The event's side

void Engine::meet_sites(Recorder& record, const event::Event& event, const Incoming& incoming,
                        const Matched& matched, Decision& decision) {
  const Definitions::Space* space = definitions_->space(record.name_space());
  if (space == nullptr || space->sites == nullptr) return;
  for (const Matched::Failure& failure : matched.site_failures) {
    const Definitions::SiteEntry& entry = space->sites->at(failure.rule);
    decision.listened.push_back({entry.workflow, entry.revision, entry.site().pointer, {}, failure.error});
  }
  std::set<std::string> started;
  const size_t reached_max = 4 * options_.command_bytes_max / (event.value()->buffer()->text_bytes + 1) + 1;
  for (size_t i = 0; i < matched.sites.size(); ++i) {
    const Definitions::SiteEntry& entry = space->sites->at(matched.sites[i]);
    const workflow::ListenSite& site = entry.site();
    SiteMet met{entry.workflow, entry.revision, site.pointer, {}, {}};
    if (i >= reached_max) {
      met.error = "an event of this size reaches " + std::to_string(reached_max) + " filters at most";
      decision.listened.push_back(std::move(met));
      continue;
    }
    if (site.task == workflow::kNone) {
      meet_schedule(record, event, incoming.depth, entry, started, decision);
      continue;
    }
    const Hash128 hash = site_hash(record.name_space(), entry.workflow, entry.revision, entry.index);
    MeetRequest request;
    request.event = record.address();
    request.depth = incoming.depth;
    const auto send = [&](const std::optional<json::Value>& value) {
      request.place = place_of(hash, value);
      request.keep = value.has_value() && site.keep_max > 0;
      request.keep_for = site.keep_for;
      request.keep_max = site.keep_max;
      record.send_event(place_partition(record.name_space(), request.place, value), MessageSent::Kind::meet,
                        body_of(request), event.value());
    };
    const size_t key = site.placing_key();
    if (key == workflow::ListenSite::kNoKey) {
      send(std::nullopt);
    } else {
      Result<json::Value> value = workflow::read_key(site.keys[key], event.value(), definitions_->environment(record.time()));
      if (!value.ok()) {
        met.error = "correlate." + site.keys[key].name + ".from: " + value.error().message();
      } else if (!workflow::canonical_value(*value)) {
        met.error = "correlate." + site.keys[key].name + ".from: expected a text, number or boolean, got " +
                    std::string(json::type_name((*value)->type()));
      } else {
        met.value = (*value)->to_text();
        send(*value);
        if (site.first_expected == workflow::ListenSite::kNoKey) send(std::nullopt);  // no value bound yet
      }
    }
    decision.listened.push_back(std::move(met));
  }
}

// The place's side

void Engine::meet(Recorder& record, const MeetRequest& request, const json::Value& event) {
  SpreadRow spread{record.name_space(), request.place, request.event, {}, request.depth, {}, 0, {}};
  // One event after the other: the next waits until all have had the one before.
  bool busy = false;
  if (any_continues(state_, record.address().partition)) {
    overlay_.scan(keys::table(record.address().partition, 'f'), {}, [&](std::string_view, std::string_view value) {
      const Result<SpreadRow> row = decode<SpreadRow>(value, "a spread");
      busy = busy || (row.ok() && row->place == request.place);
      return !busy;
    });
  }
  const size_t most = most_told(event);
  const bool later = busy || (record.spent() && waits_at(record.address().partition, request.place));
  const size_t told = later ? most : tell_waits(record, spread, event, record.address().sequence);
  if (told >= most) {
    record.add(SpreadPending{record.address(), request.place, request.event, text_of_event(event), request.depth,
                             spread.after, spread.wait, false});
    record.add(InstanceContinues{record.address(), true});
  }
  if (told == 0 && request.keep) keep_event(record, request, event);
}

bool Engine::waits_at(Partition partition, const WaitPlace& place) {
  bool found = false;
  overlay_.scan(keys::waits(partition, place), {}, [&](std::string_view, std::string_view) { return !(found = true); });
  return found;
}

size_t Engine::most_told(const json::Value& event) const {
  const json::Buffer& buffer = *event->buffer();
  return std::clamp<size_t>(options_.command_bytes_max / 2 / (buffer.text_bytes + 1), 1, kSpreadMax);
}

size_t Engine::tell_waits(Recorder& record, SpreadRow& spread, const json::Value& event, Sequence before) {
  std::map<Partition, std::vector<WakeRequest::Target>> targets;
  const size_t most = most_told(event);
  size_t told = 0;
  const std::string prefix = keys::waits(record.address().partition, spread.place);
  const std::string from = spread.after.is_none() ? std::string()
      : keys::wait(record.address().partition, spread.place, spread.after, spread.wait);
  overlay_.scan(prefix, from, [&](std::string_view key, std::string_view value) {
    if (!from.empty() && key == from) return true;
    const WakeRequest::Target target = keys::parse_wait(key);
    Sequence since = 0;
    Decoder(value).get(since);
    spread.after = target.instance;
    spread.wait = target.wait;
    if (since <= before) targets[target.instance.partition].push_back(target);
    return ++told < most;
  });
  for (auto& [partition, list] : targets) {
    WakeRequest wake;
    wake.event = spread.event;
    wake.depth = spread.depth;
    wake.targets = std::move(list);
    record.send_event(partition, MessageSent::Kind::wake, body_of(wake), event);
  }
  return told;
}

void Engine::go_on_spreading(Recorder& record, Address begun) {
  std::optional<SpreadRow> spread = state_.spread(begun);
  if (!spread) return;
  bool first = true;
  overlay_.scan(keys::table(begun.partition, 'f'), {}, [&](std::string_view key, std::string_view value) {
    if (key == keys::spread(begun)) return false;
    const Result<SpreadRow> row = decode<SpreadRow>(value, "a spread");
    if (row.ok() && row->place == spread->place) first = false;
    return first;
  });
  if (!first) return;  // its turn comes
  const json::Value event = kept_event_value(spread->text);
  const bool done = tell_waits(record, *spread, event, begun.sequence) < most_told(event);
  record.add(SpreadPending{begun, spread->place, spread->event, {}, spread->depth, spread->after, spread->wait, done});
  if (done) record.add(InstanceContinues{begun, false});
}

void Engine::keep_event(Recorder& record, const MeetRequest& request, const json::Value& event) {
  size_t kept = 0;
  const PartitionMeta& meta = state_.meta(record.address().partition);
  if (meta.kept_bytes > 0) {
    overlay_.scan(keys::kept_of(record.address().partition, request.place), {},
                  [&](std::string_view, std::string_view) { return ++kept < request.keep_max; });
  }
  std::string text = text_of_event(event);
  if (record.spent()) {
    record.add(EventNotKept{request.event, "nobody waits for it yet, and what it led to at once has " +
                                               std::to_string(options_.command_bytes_max >> 20) + " MiB already"});
  } else if (kept >= request.keep_max) {
    record.add(EventNotKept{request.event, "nobody waits for it yet, and " + std::to_string(kept) +
                                               " events for the same value are kept already (correlation.buffer.limit)"});
  } else if (meta.kept_bytes + text.size() > options_.kept_bytes_max) {
    record.add(EventNotKept{request.event, "nobody waits for it yet, and the partition keeps " +
                                               std::to_string(meta.kept_bytes) + " bytes of events already"});
  } else {
    record.add(EventKept{request.place, request.event, std::move(text), request.depth, record.time() + request.keep_for});
  }
}

std::optional<std::pair<Address, Sequence>> Engine::oldest_kept(Partition partition, const WaitPlace& place, Sequence after,
                                                                Address except) {
  std::optional<std::pair<Address, Sequence>> next;
  if (state_.meta(partition).kept_bytes == 0) return next;
  overlay_.scan(keys::kept_of(partition, place), {}, [&](std::string_view key, std::string_view value) {
    const Result<KeptRow> row = decode<KeptRow>(value, "a kept event");
    const Address event = keys::parse_kept(key);
    if (!row.ok() || row->at <= after || event == except) return true;
    if (!next || row->at < next->second) next = {event, row->at};
    return true;
  });
  return next;
}

void Engine::offer_kept(Recorder& record, const WaitRequest& wait, Sequence after) {
  const auto next = oldest_kept(record.address().partition, wait.place, after, wait.after);
  if (!next) return;
  const std::optional<KeptRow> row = state_.kept_event(record.address().partition, wait.place, next->first);
  HENCE_CHECK(row.has_value());
  WakeRequest wake;
  wake.event = next->first;
  wake.depth = row->depth;
  wake.targets.push_back({wait.instance, wait.wait});
  wake.kept = wait;
  wake.kept_at = next->second;
  record.send_event(wait.instance.partition, MessageSent::Kind::wake, body_of(wake), kept_event_value(row->text));
}

void Engine::take_kept_answer(Recorder& record, const KeptAnswer& answer) {
  if (answer.taken) {
    const auto row = state_.kept_event(record.address().partition, answer.wait.place, answer.event);
    if (row) record.add(KeptEnded{answer.wait.place, answer.event, row->until, row->text->as_string().size(), answer.wait.instance});
  }
  if (answer.open) offer_kept(record, answer.wait, answer.kept_at);
}

// The instance's side

void Engine::wake(Recorder& record, const WakeRequest& request, const json::Value& event) {
  for (size_t i = 0; i < request.targets.size(); ++i) {
    const WakeRequest::Target& target = request.targets[i];
    if (record.payload_bytes() > kStepBytesMax && i > 0) {
      WakeRequest rest = request;
      rest.targets.erase(rest.targets.begin(), rest.targets.begin() + static_cast<ptrdiff_t>(i));
      record.send_event(record.address().partition, MessageSent::Kind::wake, body_of(rest), event, true);
      return;
    }
    const InstanceRow* row = state_.open_instance(target.instance);
    bool taken = false;
    if (row != nullptr && !row->machine.ended()) {
      const workflow::Advance advance = move_instance(
          record, target.instance, {Turn::event, event, target.wait, nullptr, {}, request.event, request.depth});
      taken = !advance.ignored;
      if (!advance.why.empty()) record.add(Ignored{advance.why, target.instance, {}});
    }
    if (!request.kept) continue;
    row = state_.open_instance(target.instance);
    KeptAnswer answer{*request.kept, request.event, request.kept_at, taken, false};
    answer.open = row != nullptr && row->machine.find_wait(target.wait) != nullptr;
    const Partition to = record.came_from().is_none() ? record.address().partition : record.came_from().partition;
    record.send_event(to, MessageSent::Kind::kept_answer, body_of(answer), {});
  }
}

void Engine::register_waits(Recorder& record, const InstanceRow& row, Address instance, const workflow::Fact& fact) {
  const auto* opened = std::get_if<workflow::WaitOpened>(&fact);
  const auto* closed = std::get_if<workflow::WaitClosed>(&fact);
  if (opened == nullptr && closed == nullptr) return;
  const uint32_t site = opened != nullptr ? opened->site : closed->site;
  const std::optional<json::Value>& value = opened != nullptr ? opened->value : closed->value;
  WaitRequest request;
  request.place = place_of(site_hash(row.name_space, row.workflow + ":" + row.version, row.revision, site), value);
  request.instance = instance;
  request.wait = opened != nullptr ? opened->wait : closed->wait;
  if (opened != nullptr) request.after = opened->after;
  record.send_event(place_partition(row.name_space, request.place, value),
                    opened != nullptr ? MessageSent::Kind::wait : MessageSent::Kind::wait_end, body_of(request), {});
}

bool Engine::take_wait_message(Recorder& record, MessageSent::Kind kind, std::string_view body, const json::Value& event) {
  Decoder decoder(body);
  const auto read = [&](auto request) {
    request.fields(decoder);
    return request;
  };
  switch (kind) {
    case MessageSent::Kind::wait: {
      const WaitRequest request = read(WaitRequest{});
      record.add(WaitRegistered{request.place, request.instance, request.wait});
      offer_kept(record, request, 0);
      return true;
    }
    case MessageSent::Kind::wait_end: {
      const WaitRequest request = read(WaitRequest{});
      record.add(WaitRemoved{request.place, request.instance, request.wait});
      return true;
    }
    case MessageSent::Kind::meet: meet(record, read(MeetRequest{}), event); return true;
    case MessageSent::Kind::wake: wake(record, read(WakeRequest{}), event); return true;
    case MessageSent::Kind::kept_answer: take_kept_answer(record, read(KeptAnswer{})); return true;
    case MessageSent::Kind::schedule: reconcile_schedule(record, read(ScheduleRequest{}).schedule); return true;
    case MessageSent::Kind::gather: gather(record, read(GatherRequest{}), event); return true;
    default: return false;
  }
}

}  // namespace hence::engine
