// SPDX-License-Identifier: Apache-2.0
// What can happen next: users ask, threads make a step, the world answers, time passes, power fails.

#include "engine/query.h"
#include "event/event.h"
#include "json/builder.h"
#include "json/parse.h"
#include "resource/resource.h"
#include "sim/generate.h"
#include "sim/outside.h"
#include "sim/run.h"
#include "sim/workload.h"

namespace hence::sim {

void Run::step() {
  if (setup_.retention && chance(1)) retain();  // some five times a run, whatever is on its way
  if (is_over() || !node_) return;
  const uint64_t dice = below(100);
  if (dice < 22) step_user();
  else if (dice < 75) step_node();
  else step_world();
  after_calls();
}

/// What the targets saw meanwhile.
void Run::after_calls() {
  for (const std::string& line : target_.take_lines()) note(line);
  for (const Violation& violation : target_.take_violations()) broken(violation.invariant, violation.message);
}

void Run::step_user() {
  const uint64_t dice = below(100);
  if (dice < 55) return dice >= 42 && !generated_.empty() ? start_instance() : send_event(false);
  if (dice < 66) return setup_.duplicates ? send_event(true) : send_event(false);
  if (dice < 80) return start_instance();
  if (dice < 85) return cancel_instance();
  if (dice < 92) return act_on_instance();
  if (dice < 94) return redrive();
  if (dice < 96) {
    decide_approval();
    return;
  }
  if (dice < 98) {
    decide_parked(chance(30) ? workflow::Parked::skip : workflow::Parked::redrive);
    return;
  }
  if (setup_.changes) apply_variant(static_cast<int>(below(kVariants)));
}

void Run::step_node() {
  const uint64_t dice = below(100);
  if (dice < 30) {
    note("decide");
    check(node_->decide(chance(30) ? 1 : 64), "decide");
  } else if (dice < 50) {
    if (!node_->can_write()) return;
    note("write");
    check(node_->write(), "write");
  } else if (dice < 68) {
    if (!node_->can_sync()) return;
    note("sync");
    check(node_->sync(), "sync");
  } else if (dice < 85) {
    if (!node_->can_release()) return;
    note("release");
    check(node_->release(), "release");
  } else if (dice < 97) {
    const Result<bool> dispatched = node_->dispatch();
    check(dispatched.ok() ? Status() : Status(dispatched.error()), "dispatch");
    check_bounds();
  } else if (dice < 98 && chance(50)) {
    merge_rules();
  } else if (dice < 98) {
    note("prepare blocks ahead");
    check(node_->log().writer().prepare(), "prepare");
  } else if (dice < 99) {
    note("prepare a spare segment");
    check(log::prepare_spare_segment(disk_, setup_.node.log.segment_bytes), "prepare a spare segment");
  } else {
    note("flush");
    check(store_.flush(), "flush");
  }
}

/// What the server's merging thread does: the same definitions, in an index made anew; it may come too late.
void Run::merge_rules() {
  const auto from = node_->definitions();
  if (from->space("default") == nullptr) return;  // before the first apply
  auto merged = from->merged("default");
  if (!merged.ok()) return broken("I-3", merged.error().message());
  note("the rules' index is made anew");
  engine::Command command;
  command.body = engine::AdoptIndex{from, std::move(*merged)};
  submit(std::move(command), [](const engine::Reply&) {});
}

void Run::step_world() {
  const uint64_t dice = below(100);
  if (dice < 42) return answer_call(!setup_.ill_targets || chance(50));
  if (dice < 82) return let_time_pass();
  if (dice < 86) return setup_.repeated_replies ? repeat_outcome() : let_time_pass();
  if (dice < 88) return look();
  if (dice < 91 && setup_.wall_jumps) {
    const int64_t seconds = static_cast<int64_t>(below(7200)) - 3600;
    note("the wall clock jumps by " + std::to_string(seconds) + " s");
    wall_jumped_ = true;
    return clock_.jump_wall(clock_.now() + Duration::seconds(seconds));
  }
  if (dice < 96 && !fault_expected_) return step_fault();
  if (setup_.crashes && chance(60)) crash();
}

/// The next call of a kind fails: the process will end, wherever in a step that is.
void Run::step_fault() {
  const uint64_t dice = below(4);
  if (dice < 2 && setup_.bad_disk) {
    note(dice == 0 ? "a sync will fail" : "a write will fail");
    dice == 0 ? disk_.fail_sync(1 + below(3)) : disk_.fail_write(1 + below(3));
  } else if (dice == 2 && setup_.bad_store) {
    const bool applied = chance(50);
    note(std::string("the store will fail, ") + (applied ? "applied" : "not applied"));
    store_.fail_next(applied);
  } else if (dice == 3 && setup_.full_disk) {
    const Result<uint64_t> free = disk_.free_bytes();
    if (!free.ok()) return broken("I-2", free.error().message());
    note("the disk is nearly full");
    disk_is_full_ = true;
    disk_.set_capacity((uint64_t{1} << 40) - *free + below(8 << 10));
  } else {
    return;
  }
  fault_expected_ = true;
}

/// Housekeeping, which may come at any moment, or somebody looks, while all is at rest: the log, the
/// state, now and then a checkpoint, or a restart.
void Run::look() {
  const uint64_t dice = below(7);
  if (dice == 6) return setup_.compression ? compress() : void();
  if (node_->in_flight() > 0 && !(setup_.retention && dice == 5 && chance(20))) return;
  if (dice >= 4 && setup_.retention) return retain();
  if (dice >= 4) return take_checkpoint();
  if (dice == 0 && !fault_expected_) return restart();
  if (dice == 1) return take_checkpoint();
  note("look");
  audit_with_state();
}

/// An outcome comes once more, perhaps of an attempt that a former life of the process made.
void Run::repeat_outcome() {
  if (outcomes_.empty()) return;
  engine::Command command;
  const engine::AttemptEnded& ended = outcomes_[outcomes_.size() - 1 - below(outcomes_.size())];
  note("the outcome of " + ended.effect.to_string() + ", attempt " + std::to_string(ended.attempt) + ", comes again");
  command.body = ended;
  submit(std::move(command), [](const engine::Reply&) {});
}

void Run::let_time_pass() {
  const auto due = node_->next_due();
  if (due && chance(60) && *due > clock_.now() && *due - clock_.now() < Duration::hours(3)) {
    clock_.advance_to(*due);
  } else {
    clock_.advance(Duration::milliseconds(static_cast<int64_t>(below(setup_.slow_targets ? 3000 : 800))));
  }
}

void Run::submit(engine::Command command, std::function<void(const engine::Reply&)> then) {
  check(node_->submit(std::move(command), 0, true, std::move(then)), "submit");
}

std::string Run::event_text() {
  static constexpr const char* kTypes[] = {"order.a", "order.b", "order.c", "order.u"};
  const std::string key = "k" + std::to_string(below(setup_.keys));
  const uint64_t n = ++last_event_;
  json::Builder event;
  event.begin_object().member("specversion", "1.0").member("id", "e" + std::to_string(n)).member("source", "/sim");
  event.member("type", kTypes[below(4)]).member("subject", key);
  if (chance(5)) event.member("expirytime", format_rfc3339(clock_.now() + Duration::milliseconds(500)));
  event.key("data").begin_object().key("n").number(static_cast<int64_t>(n)).member("k", key);
  if (setup_.large_events && chance(20)) event.member("filling", std::string(1 + below(12 << 10), 'x'));
  event.end_object().end_object();
  return std::move(event).finish()->to_text();
}

void Run::send_event(bool again) {
  if (!generated_.empty() && chance(8)) {
    const std::string key = "k" + std::to_string(below(setup_.keys));
    return send_awaited(kAwaited[below(std::size(kAwaited))], key);
  }
  std::string text;
  if (again && !sent_.empty()) {
    const size_t recent = std::min<size_t>(sent_.size(), chance(50) ? 5 : sent_.size());
    text = sent_[sent_.size() - 1 - below(recent)];
  } else {
    text = event_text();
    sent_.push_back(text);
  }
  auto event = event::parse_structured(text);
  if (!event.ok()) return broken("I-3", "the workload's event is none: " + event.error().message());
  const std::string id = std::string(event->source()) + " " + std::string(event->id());
  note("send " + id + " " + std::string(event->type()));
  engine::Command command;
  engine::IngestEvent body{*event, {}, {}};
  if (chance(50)) {  // as I/O threads do, against a snapshot that may be old by the time it counts
    filter::MatchScratch scratch;
    body.matched = node_->definitions()->match("default", event->value(), clock_.now(), scratch);
  }
  command.body = std::move(body);
  submit(std::move(command), [this, id](const engine::Reply& reply) {
    if (reply.error) return broken("I-1", "event " + id + " was refused: " + reply.error->message());
    note("acknowledged " + id + " as " + reply.address.to_string() + (reply.duplicate ? ", a duplicate" : ""));
    if (!is_durable(reply.address)) broken("I-2", "event " + id + " is acknowledged and not durable");
    acked_events_[reply.address] = id;
    const auto [entry, fresh] = first_answer_.emplace(id, reply.address);
    if (!fresh && reply.duplicate && entry->second != reply.address && acked_events_[entry->second] == id) {
      entry->second = reply.address;  // accepted anew beyond the window
    }
  });
}

void Run::start_instance() {
  static constexpr const char* kWorkflows[] = {"sim/wait", "sim/call", "sim/loop", "sim/unique", "sim/race", "sim/none", "sim/saga", "sim/ask"};
  const std::string key = chance(30) ? "key" + std::to_string(below(10)) : std::string();
  const auto before = starts_by_key_.find(key);
  if (before != starts_by_key_.end() && chance(60)) return send_start(before->second);
  engine::StartInstance body;
  body.workflow = kWorkflows[below(std::size(kWorkflows))];
  if (!generated_.empty() && chance(70)) body.workflow = "gen/g" + std::to_string(below(kGenerated));
  json::Builder input;
  input.begin_object().key("n").number(static_cast<int64_t>(below(100)));
  input.member("k", "k" + std::to_string(below(setup_.keys))).key("flag").boolean(chance(50)).key("l").begin_array();
  for (uint64_t items = below(4); items > 0; --items) input.number(static_cast<int64_t>(items));
  input.end_array().end_object();
  body.input = std::move(input).finish();
  if (body.workflow == "sim/unique" || chance(20)) body.id = "u" + std::to_string(below(3));
  body.on_conflict = static_cast<engine::StartInstance::OnConflict>(below(3));
  engine::Command command;
  command.idempotency_key = key;
  command.body = std::move(body);
  if (!key.empty()) starts_by_key_[key] = command;
  send_start(command);
}

void Run::send_start(const engine::Command& command) {
  const auto& body = std::get<engine::StartInstance>(command.body);
  const std::string key = command.idempotency_key;
  note("start " + body.workflow + " id \"" + body.id + "\" key \"" + key + "\"");
  submit(command, [this, key, asked = clock_.now()](const engine::Reply& reply) {
    note(reply.error ? "start refused: " + reply.error->message() : "started " + reply.address.to_string());
    if (reply.error) return;
    if (!key.empty()) check_key(key, asked, reply.address);
    acked_starts_.insert(reply.address);
    instances_.push_back(reply.address);
    if (!is_durable(reply.address)) broken("I-2", "instance " + reply.address.to_string() + " is acknowledged and not durable");
  });
}

/// Within the window a key has one answer, whatever happened since.
void Run::check_key(const std::string& key, UtcTime asked, Address address) {
  const auto [entry, fresh] = answers_by_key_.emplace(key, Answer{address, asked});
  if (fresh || entry->second.address == address) return;
  if (!wall_jumped_ && clock_.now() - entry->second.asked < setup_.node.engine.reply_window) {
    broken("I-9", "the Idempotency-Key " + key + " led to " + entry->second.address.to_string() + " and to " + address.to_string());
  }
  entry->second = {address, asked};
}

void Run::cancel_instance() {
  if (instances_.empty()) return;
  const Address instance = instances_[below(instances_.size())];
  note("cancel " + instance.to_string());
  engine::Command command;
  command.actor = {"sim", "no longer wanted", {}};
  command.body = engine::CancelInstance{instance, chance(40) ? workflow::Undo::yes : workflow::Undo::no};
  submit(std::move(command), [this, instance](const engine::Reply& reply) {
    note("cancel of " + instance.to_string() + (reply.error ? " refused: " + reply.error->message() : " done"));
  });
}

void Run::act_on_instance() {
  using Act = engine::ActOnInstance::Act;
  const uint64_t dice = below(100);
  if (dice < 30) return retry_instance();
  if (instances_.empty()) return;
  const std::optional<Address> waiting = chance(60) ? one_in_status("waiting") : std::nullopt;
  const Address instance = waiting ? *waiting : instances_[below(instances_.size())];
  if (dice < 52) return act(instance, Act::suspend);
  if (dice < 74) return act(instance, Act::resume);
  if (dice < 88) {
    static constexpr const char* kTasks[] = {"pause", "ask", "guarded", "each", "both", "many", "charge", "rooms", "last",
                                             "first", "one", "right", "t1", "t2", "t3"};
    engine::ActOnInstance body{Act::skip, instance, kTasks[below(std::size(kTasks))]};
    if (chance(50)) body.value = given_by_hand();
    return act(std::move(body));
  }
  if (dice < 95) return act({Act::set_context, instance, {}, given_by_hand()});
  auto event = event::parse_structured(event_text());
  HENCE_CHECK(event.ok());
  act({Act::send_event, instance, {}, {}, std::move(*event)});
}

/// A faulted one, from the task that failed.
void Run::retry_instance() {
  const std::optional<Address> instance = one_in_status("faulted");
  if (!instance) return;
  engine::ActOnInstance body{engine::ActOnInstance::Act::retry, *instance};
  if (chance(30)) body.value = given_by_hand();
  act(std::move(body));
}

std::optional<Address> Run::one_in_status(std::string_view status) {
  engine::ListOptions list;
  list.status = status;
  const json::Value items = listed(&engine::Query::instances, list);
  if (items->size() == 0) return std::nullopt;
  const auto id = Address::parse(items->at(static_cast<uint32_t>(below(items->size()))).string_or("id", ""));
  HENCE_CHECK(id.has_value());
  return id;
}

json::Value Run::given_by_hand() {
  json::Builder given;
  given.begin_object().key("n").number(static_cast<int64_t>(below(100)));
  given.member("k", "k" + std::to_string(below(setup_.keys))).end_object();
  return std::move(given).finish();
}

void Run::act(Address instance, engine::ActOnInstance::Act act) { this->act({act, instance}); }

void Run::act(engine::ActOnInstance body) {
  note(std::string(engine::act_name(body.act)) + " " + body.instance.to_string() + (body.task.empty() ? "" : " task " + body.task));
  engine::Command command;
  command.actor = {"sim", "to look at it", {}};
  command.body = std::move(body);
  submit(std::move(command), [this](const engine::Reply& reply) {
    note(reply.error ? "refused: " + reply.error->message() : "done");
  });
}

/// False if nothing is suspended.
bool Run::resume_all() {
  engine::ListOptions list;
  list.status = "suspended";
  const json::Value items = listed(&engine::Query::instances, list);
  for (const json::View item : items->elements()) {
    const auto id = Address::parse(item.string_or("id", ""));
    HENCE_CHECK(id.has_value());
    act(*id, engine::ActOnInstance::Act::resume);
  }
  return items->size() > 0;
}

json::Value Run::listed(List list, engine::ListOptions options) {
  options.limit = 10;
  const auto page = node_->query([&](engine::Query& q) { return (q.*list)("default", options); });
  if (page.ok()) return json::Value(*(*page)->find("items"));
  broken("I-18", page.error().message());
  return *json::parse("[]");
}

void Run::redrive() {
  engine::ListOptions list;
  list.status = "parked";
  const json::Value items = listed(&engine::Query::deliveries, list);
  if (items->size() == 0) return;
  const auto id = engine::EffectId::parse(items->at(static_cast<uint32_t>(below(items->size()))).string_or("id", ""));
  HENCE_CHECK(id.has_value());
  note("redrive " + id->to_string());
  engine::Command command;
  command.actor = {"sim", {}, {}};
  command.body = engine::RedriveDelivery{*id};
  submit(std::move(command), [this](const engine::Reply& reply) {
    note(reply.error ? "redrive refused: " + reply.error->message() : "redriven");
  });
}

/// False if nothing is parked.
bool Run::decide_parked(workflow::Parked decision) {
  engine::ListOptions list;
  list.parked = true;
  const json::Value items = listed(&engine::Query::instances, list);
  if (items->size() == 0) return false;
  const auto id = Address::parse(items->at(static_cast<uint32_t>(below(items->size()))).string_or("id", ""));
  HENCE_CHECK(id.has_value());
  note((decision == workflow::Parked::skip ? "skip the parked compensation of " : "redrive the parked compensation of ") + id->to_string());
  engine::Command command;
  command.actor = {"sim", {}, {}};
  command.body = engine::DecideParked{*id, decision};
  submit(std::move(command), [this](const engine::Reply& reply) {
    note(reply.error ? "refused: " + reply.error->message() : "decided");
  });
  return true;
}

/// One of those that wait, as it comes, or as it has to be for a generated workflow. False if there is none that
/// anybody decides.
bool Run::decide_approval() {
  engine::ListOptions list;
  list.status = "pending";
  const json::Value items = listed(&engine::Query::approvals, list);
  std::vector<std::pair<std::string, std::optional<bool>>> open;
  for (const json::View item : items->elements()) {
    const bool generated = item.string_or("workflow", "").starts_with("gen/");
    const auto granted = generated ? decide_generated(item.string_or("title", "")) : std::nullopt;
    if (granted || !generated) open.emplace_back(item.string_or("id", ""), granted);
  }
  if (open.empty()) return false;
  const auto& [text, granted] = open[below(open.size())];
  const auto id = engine::EffectId::parse(text);
  HENCE_CHECK(id.has_value());
  const bool grant = granted ? *granted : chance(60);
  note((grant ? "grant " : "deny ") + id->to_string());
  engine::Command command;
  command.actor = {chance(80) ? std::string(kDecider) : "another", std::string(kReason), {}};
  command.body = engine::DecideApproval{*id, grant, {}};
  submit(std::move(command), [this](const engine::Reply& reply) {
    note(reply.error ? "refused: " + reply.error->message() : "decided");
  });
  return true;
}

/// What they come to is known beforehand: the audit compares.
void Run::make_workflows() {
  os::SimulatedRandom random(options_.seed ^ 0x9E3779B9ull);
  Documents documents;
  for (const std::string& text : generate_workflows(random, setup_.node.engine.depth_max >= 3)) {
    resource::Parsed parsed = resource::parse_resources(text);
    if (!parsed.faults.empty() || !parsed.unsupported.empty()) {
      return broken("I-16", "the generated workflow is not valid: " +
                               (parsed.faults.empty() ? parsed.unsupported : parsed.faults).to_error().message() + "\n" + text);
    }
    for (resource::Resource& one : parsed.resources) {
      documents[one.name] = one.document;
      generated_.push_back(std::move(one));
    }
  }
  audit_.set_generated(std::move(documents));
}

/// False if no instance waits, perhaps for an event of its key.
bool Run::send_all_awaited() {
  engine::ListOptions list;
  list.status = "waiting";
  if (listed(&engine::Query::instances, list)->size() == 0) return false;
  for (uint32_t key = 0; key < setup_.keys; ++key) {
    for (const char* type : kAwaited) send_awaited(type, "k" + std::to_string(key));
  }
  return true;
}

void Run::send_awaited(const std::string& type, const std::string& key) {
  json::Builder event;
  event.begin_object().member("specversion", "1.0").member("id", "go" + std::to_string(++last_event_)).member("source", "/sim");
  event.member("type", type).member("data", event_data(type, key)).end_object();
  auto made = event::Event::from_value(std::move(event).finish());
  HENCE_CHECK(made.ok());
  note("send " + type + " for " + key);
  engine::Command command;
  command.body = engine::IngestEvent{std::move(*made), {}, {}};
  submit(std::move(command), [](const engine::Reply&) {});
}

void Run::apply_variant(int variant) {
  note("apply variant " + std::to_string(variant));
  const resource::Parsed& parsed = resources(variant);
  if (!parsed.faults.empty() || !parsed.unsupported.empty()) {
    return broken("I-3", "the workload's documents are not valid: " +
                             (parsed.faults.empty() ? parsed.unsupported : parsed.faults).to_error().message());
  }
  const auto base = node_->definitions();
  engine::ApplyResources body;
  std::set<std::string> given;
  std::vector<resource::Resource> wanted = parsed.resources;
  wanted.insert(wanted.end(), generated_.begin(), generated_.end());
  for (const resource::Resource& r : wanted) {
    given.insert(std::string(resource::kind_name(r.kind)) + " " + r.name);
    const engine::Stored* stored = base->find("default", r.kind, r.name);
    if (stored != nullptr && stored->resource->digest == r.digest) continue;
    body.changes.push_back({r.resource_namespace, std::string(resource::kind_name(r.kind)), r.name, r.document, r.digest});
  }
  if (const auto* space = base->space("default")) {
    for (const auto& [key, stored] : space->resources) {
      const std::string kind(resource::kind_name(key.first));
      if (!given.contains(kind + " " + key.second)) body.changes.push_back({"default", kind, key.second, json::Value(), {}});
    }
  }
  body.base = base->version();
  auto compiled = engine::Definitions::build(*base, body.base + 1, body.changes, clock_.now());
  if (!compiled.ok()) return broken("I-3", compiled.error().message());
  body.compiled = *compiled;
  engine::Command command;
  command.actor = {"sim", {}, {}};
  command.body = std::move(body);
  submit(std::move(command), [this](const engine::Reply& reply) {
    note(reply.stale_base ? "apply came too late" : "applied version " + std::to_string(reply.version));
  });
}

void Run::answer_call(bool well) {
  if (target_.hanging().empty()) return;
  const size_t index = chance(50) ? 0 : below(target_.hanging().size());
  const std::string which = std::to_string(target_.hanging()[index]);
  if (const auto told = target_.answer_generated(index)) return note("answer " + which + " " + *told);
  if (well) {
    note("answer " + which + " 200");
    return target_.answer(index, delivery::status(200, "{\"ok\":true}", {{"content-type", "application/json"}}));
  }
  static constexpr int kStatuses[] = {503, 429, 404, 500, 302};
  if (chance(30)) {
    note("lose the answer of " + which);
    return target_.answer(index, Error(ErrorCode::CallFailed, "no answer within the timeout"));
  }
  if (chance(15)) {
    note("no room for " + which);
    return target_.answer(index, Error(ErrorCode::Overloaded, "the client takes on no more"));
  }
  const int status = kStatuses[below(5)];
  note("answer " + which + " " + std::to_string(status));
  target_.answer(index, delivery::status(status, "", status == 429 ? delivery::Headers{{"retry-after", "7"}} : delivery::Headers{}));
}

}  // namespace hence::sim
