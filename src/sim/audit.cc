// SPDX-License-Identifier: Apache-2.0
#include "sim/audit.h"

#include <algorithm>

#include "json/parse.h"
#include "resource/resource.h"

namespace hence::sim {

void Audit::read(const log::Record& record) {
  const log::RecordHeader& header = record.header;
  const Context at{header.address, header.time, std::string(header.namespace_name)};
  ++records_;
  Sequence& last = last_[at.address.partition];
  if (at.address.sequence != last + 1) {
    broken("I-3", "record " + at.address.to_string() + " follows sequence " + std::to_string(last));
  }
  last = at.address.sequence;
  UtcTime& last_time = last_time_[at.address.partition];
  if (at.time < last_time) broken("I-3", "record " + at.address.to_string() + " is older than the one before it");
  last_time = at.time;
  const Result<std::vector<engine::Fact>> facts = engine::parse_facts(record.payload);
  if (!facts.ok()) return broken("I-3", "record " + at.address.to_string() + ": " + facts.error().message());
  in_record_ = {};
  living_.read(at.address, at.name_space, *facts);
  for (const engine::Fact& fact : *facts) std::visit([&](const auto& f) { on(at, f); }, fact);
  end_record(at);
}

/// Nothing in a record may be half: an event has its decision, what was asked for is done once.
void Audit::end_record(const Context& at) {
  const std::string name = "record " + at.address.to_string();
  if (in_record_.events != in_record_.decisions) {
    broken("I-25", name + " has " + std::to_string(in_record_.events) + " events and " +
                       std::to_string(in_record_.decisions) + " decisions");
  }
  if (in_record_.caused && !in_record_.taken) broken("I-9", name + " does what another record asked for, and takes no message");
  if (in_record_.taken == engine::MessageSent::Kind::start && in_record_.asked_starts != 1) {
    broken("I-9", name + " takes one start and has " + std::to_string(in_record_.asked_starts));
  }
}

void Audit::end() {
  for (const auto& [address, story] : instances_) {
    if (!story.ended || !story.parent || !story.parent->awaited) continue;
    const uint32_t expected = story.retries + (story.given_up ? 0 : 1);
    if (story.reports == expected) continue;
    broken("I-9", "subflow " + address.to_string() + " has ended and told its parent " + std::to_string(story.reports) +
                      " times, not " + std::to_string(expected));
  }
  for (const auto& [pair, messages] : messages_) {
    if (messages.sent == messages.taken) continue;
    broken("I-9", "partition " + std::to_string(pair.first) + " sent " + std::to_string(messages.sent) + " messages to " +
                      std::to_string(pair.second) + ", which took " + std::to_string(messages.taken));
  }
}

std::string Audit::event_at(Address address) const {
  const auto found = event_at_.find(address);
  return found == event_at_.end() ? std::string() : found->second;
}

Sequence Audit::last_sequence(Partition partition) const {
  const auto found = last_.find(partition);
  return found == last_.end() ? 0 : found->second;
}

void Audit::on(const Context& at, const engine::EventAccepted& fact) {
  ++events_;
  ++in_record_.events;
  if (!fact.cause.is_none()) in_record_.caused = true;
  const Result<json::Value> event = json::parse(fact.text);
  if (!event.ok()) return broken("I-3", "the event at " + at.address.to_string() + " is no JSON");
  const std::string id = std::string((*event)->string_or("source", "")) + " " + std::string((*event)->string_or("id", ""));
  event_at_[at.address] = id;
  const std::string key = at.name_space + " " + id;
  const auto before = newest_event_.find(key);
  const bool known = before != newest_event_.end() && before->second.second > dedup_horizon_;
  if (known && at.time - before->second.second < dedup_window_) {
    broken("I-8", "event " + id + " was accepted at " + before->second.first.to_string() + " and again at " +
                      at.address.to_string());
  }
  newest_event_[key] = {at.address, at.time};
  if (fact.depth > depth_max_ + 1) broken("I-19", "event " + id + " is " + std::to_string(fact.depth) + " deep");
}

void Audit::on(const Context&, const engine::Decision&) { ++in_record_.decisions; }

void Audit::on(const Context& at, const engine::MessageSent& fact) {
  Messages& messages = messages_[{at.address.partition, fact.to}];
  if (fact.number != messages.sent + 1) broken("I-9", "message " + std::to_string(fact.number) + " of " + at.address.to_string() + " is out of turn");
  messages.sent = fact.number;
  messages.waiting.push_back(fact.kind);
  if (fact.kind == engine::MessageSent::Kind::child_end) read_report(at, fact);
}

/// A subflow tells its end once, in the record in which it ends.
void Audit::read_report(const Context& at, const engine::MessageSent& fact) {
  const auto end = decode<engine::ChildEnd>(fact.body, "a subflow's end");
  if (!end.ok()) return broken("I-3", "the message of " + at.address.to_string() + ": " + end.error().message());
  if (end->child.is_none()) return;  // it was never started
  const auto child = instances_.find(end->child);
  if (child == instances_.end()) return broken("I-9", "subflow " + end->child.to_string() + " tells its end and never began");
  if (!in_record_.ended.contains(end->child)) broken("I-9", "subflow " + end->child.to_string() + " tells its end at " + at.address.to_string() + " and does not end there");
  if (++child->second.reports > 1 + child->second.retries) broken("I-9", "subflow " + end->child.to_string() + " tells its end twice");
}

/// A subflow is the one its parent asked for; a call to one ends by its report alone.
void Audit::check_family(const Context& at, const engine::InstanceStepped& fact, InstanceStory& story) {
  const std::string name = "instance " + fact.instance.to_string();
  if (const auto* call = std::get_if<workflow::CallRequested>(&fact.fact)) {
    if (call->kind == workflow::CallKind::workflow) story.children.insert(call->call);
  } else if (const auto* ended = std::get_if<workflow::CallEnded>(&fact.fact)) {
    if (story.children.contains(ended->call) && in_record_.taken != engine::MessageSent::Kind::child_end) {
      broken("I-9", "the subflow of call " + std::to_string(ended->call) + " of " + name + " ends at " + at.address.to_string() + " and told nobody");
    }
  } else if (std::holds_alternative<workflow::InstanceEnded>(fact.fact)) {
    in_record_.ended.insert(fact.instance);
    story.given_up = in_record_.taken == engine::MessageSent::Kind::child_cancel;
  }
}

void Audit::on(const Context& at, const engine::MessageTaken& fact) {
  Messages& messages = messages_[{fact.from.partition, at.address.partition}];
  if (fact.number != messages.taken + 1 || fact.number > messages.sent) {
    broken("I-9", at.address.to_string() + " takes message " + std::to_string(fact.number) + " of partition " +
                      std::to_string(fact.from.partition) + " after " + std::to_string(messages.taken) + " of " +
                      std::to_string(messages.sent));
  }
  messages.taken = fact.number;
  if (messages.waiting.empty()) return;
  in_record_.taken = messages.waiting.front();
  messages.waiting.pop_front();
}

/// What an instance may be pinned to.
void Audit::on(const Context& at, const engine::DefinitionsChanged& fact) {
  for (const auto& change : fact.changes) {
    if (change.kind != resource::kind_name(resource::Kind::workflow) || change.value->is_null()) continue;
    const std::string key = change.name_space + " " + change.name + " " + std::to_string(at.address.sequence);
    const auto [entry, fresh] = workflows_.emplace(key, workflow::compile(json::View(change.value)).definition);
    if (fresh && entry->second == nullptr) broken("I-28", "the recorded workflow " + change.name + " does not compile");
  }
}

void Audit::on(const Context& at, const engine::InstanceStarted& fact) {
  if (!fact.event.is_none() || fact.parent || fact.schedule) {
    in_record_.caused = true;
    ++in_record_.asked_starts;
  }
  if (fact.parent) {
    const auto parent = instances_.find(fact.parent->instance);
    if (parent == instances_.end() || !parent->second.children.contains(fact.parent->call)) {
      broken("I-9", "subflow " + at.address.to_string() + " was asked for by nobody");
    } else if (!children_.emplace(fact.parent->instance, fact.parent->call).second) {
      broken("I-9", "call " + std::to_string(fact.parent->call) + " of " + fact.parent->instance.to_string() + " starts a second subflow");
    }
  }
  const auto [entry, fresh] = instances_.emplace(at.address, InstanceStory{});
  if (!fresh) return broken("I-9", "instance " + at.address.to_string() + " starts twice");
  entry->second.parent = fact.parent;
  if (const std::string document = fact.workflow + ":" + fact.version; generated_.contains(document)) entry->second.generated = document;
  const auto workflow = workflows_.find(at.name_space + " " + fact.workflow + ":" + fact.version + " " + std::to_string(fact.revision));
  if (workflow != workflows_.end()) entry->second.workflow = workflow->second;
  else broken("I-28", "instance " + at.address.to_string() + " runs " + fact.workflow + ":" + fact.version + ", revision " +
                          std::to_string(fact.revision) + ", which nobody applied");
}

void Audit::on(const Context&, const engine::StartRefused& fact) {
  if (!fact.event.is_none() || fact.schedule) ++in_record_.asked_starts;
}

void Audit::on(const Context& at, const engine::InstanceStepped& fact) {
  const auto found = instances_.find(fact.instance);
  const std::string name = "instance " + fact.instance.to_string();
  if (found == instances_.end()) return broken("I-16", name + " moves before it starts");
  InstanceStory& story = found->second;
  const bool by_hand = std::holds_alternative<workflow::InstanceRetried>(fact.fact) || std::holds_alternative<workflow::ContextSet>(fact.fact);
  if (story.ended && !(story.faulted && by_hand)) {
    return broken("I-16", name + " moves at " + at.address.to_string() + " after its end");
  }
  check_by_hand(at, fact, story);
  check_pinned(fact, story);
  check_timer(at, fact, story);
  check_once(fact, story);
  check_undone(at, fact, story);
  check_family(at, fact, story);
  if (!story.generated.empty()) check_outcome(fact, story);
  if (const auto* end = std::get_if<workflow::InstanceEnded>(&fact.fact)) {
    story.ended = true;
    story.faulted = end->phase == workflow::Phase::faulted;
  }
}

/// Its end is no longer what its document says, nor that of those that wait for it.
void Audit::spoil(InstanceStory& story) {
  for (InstanceStory* at = &story; at != nullptr;) {
    at->generated.clear();
    const auto parent = at->parent && at->parent->awaited ? instances_.find(at->parent->instance) : instances_.end();
    at = parent == instances_.end() ? nullptr : &parent->second;
  }
}

/// A person has a faulted instance run again, ends a task of it, or changes what it works on: then it may come to
/// another end than its document says.
void Audit::check_by_hand(const Context& at, const engine::InstanceStepped& fact, InstanceStory& story) {
  if (const auto* retried = std::get_if<workflow::InstanceRetried>(&fact.fact)) {
    const std::string name = "instance " + fact.instance.to_string();
    if (!story.ended || !story.faulted) broken("I-16", name + " runs again and had not failed");
    if (story.compensating || !story.undo_done.empty()) broken("I-17", name + " runs again after its tasks were undone");
    story.ended = story.faulted = false;
    story.retried = at.address;
    ++story.retries;
    story.undo_open.clear();
    story.undo_maybe.clear();
    if (retried->input) spoil(story);
  } else if (const auto* ended = std::get_if<workflow::TaskEndedByHand>(&fact.fact)) {
    spoil(story);
    const auto is_below = [&](uint32_t frame) {
      for (auto above = story.parents.find(frame); above != story.parents.end(); above = story.parents.find(above->second)) {
        if (above->second == ended->frame) return true;
      }
      return false;
    };
    for (const auto& [frame, id] : story.undo_open) {
      if (is_below(frame)) story.undo_maybe.insert(id);
    }
    std::erase_if(story.undo_open, [&](const auto& open) { return is_below(open.first); });
    const auto open = story.undo_open.find(ended->frame);
    if (open == story.undo_open.end()) return;
    std::erase(story.undo_done, open->second);
    story.undo_done.push_back(open->second);
    story.undo_open.erase(open);
  } else if (std::holds_alternative<workflow::ContextSet>(fact.fact)) {
    spoil(story);
  } else if (const auto* entered = std::get_if<workflow::ScopeEntered>(&fact.fact)) {
    story.parents[entered->frame] = entered->parent;
  }
}

/// Unless somebody ended it, it ends as the document says, whatever came between.
void Audit::check_outcome(const engine::InstanceStepped& fact, InstanceStory& story) {
  if (const auto* begun = std::get_if<workflow::InstanceStarted>(&fact.fact)) story.input = begun->raw_input;
  const auto* ended = std::get_if<workflow::InstanceEnded>(&fact.fact);
  if (ended == nullptr || ended->phase == workflow::Phase::cancelled) return;
  ++outcomes_;
  const json::Value& document = generated_.at(story.generated);
  const Outcome expected = interpret(document, story.input, generated_);
  const bool faulted = ended->phase == workflow::Phase::faulted;
  const bool same = faulted == expected.error.has_value() &&
                    (faulted ? same_error(*ended->error, *expected.error) : json::equal(*ended->output, expected.output));
  if (same) return;
  const auto told = [](const std::optional<json::Value>& error, const std::optional<json::Value>& output) {
    return error ? "the error " + (*error)->to_text() : "the output " + (output ? (*output)->to_text() : "none");
  };
  broken("I-16", "instance " + fact.instance.to_string() + " of " + story.generated + " ends with " + told(ended->error, ended->output) +
                     ", a naive run with " + told(expected.error, expected.output) + "\ninput " + story.input->to_text() + "\n" + document->to_text());
}

void Audit::check_timer(const Context& at, const engine::InstanceStepped& fact, InstanceStory& story) {
  const std::string name = "instance " + fact.instance.to_string();
  if (const auto* timer = std::get_if<workflow::TimerSet>(&fact.fact)) {
    if (!story.timers.emplace(timer->timer, timer->due).second) broken("I-14", name + " sets timer " + std::to_string(timer->timer) + " twice");
  } else if (const auto* retry = std::get_if<workflow::RetryScheduled>(&fact.fact)) {
    story.timers.emplace(retry->timer, retry->due);
  } else if (const auto* cancelled = std::get_if<workflow::TimerCancelled>(&fact.fact)) {
    story.timers_over.insert(cancelled->timer);
  } else if (const auto* fired = std::get_if<workflow::TimerFired>(&fact.fact)) {
    const auto set = story.timers.find(fired->timer);
    const std::string which = "timer " + std::to_string(fired->timer) + " of " + name;
    if (set == story.timers.end()) broken("I-14", which + " fires and was never set");
    else if (at.time < set->second) broken("I-14", which + " fires before it is due");
    if (!story.timers_over.insert(fired->timer).second) broken("I-14", which + " fires twice, or after it was cancelled");
  }
}

void Audit::check_once(const engine::InstanceStepped& fact, InstanceStory& story) {
  const std::string name = "instance " + fact.instance.to_string();
  if (const auto* call = std::get_if<workflow::CallRequested>(&fact.fact)) {
    if (!story.calls.insert(call->call).second) broken("I-9", name + " makes call " + std::to_string(call->call) + " twice");
  } else if (const auto* ended = std::get_if<workflow::CallEnded>(&fact.fact)) {
    if (!story.calls_over.insert(ended->call).second) broken("I-9", "call " + std::to_string(ended->call) + " of " + name + " ends twice");
  } else if (const auto* asked = std::get_if<workflow::ApprovalRequested>(&fact.fact)) {
    if (!story.asked.insert(asked->approval).second) broken("I-9", name + " asks for approval " + std::to_string(asked->approval) + " twice");
  } else if (const auto* decided = std::get_if<workflow::ApprovalDecided>(&fact.fact)) {
    const bool first = story.asked.contains(decided->approval) && story.decided.insert(decided->approval).second;
    if (!first) broken("I-9", "approval " + std::to_string(decided->approval) + " of " + name + " is decided twice, or was never asked for");
  } else if (const auto* entered = std::get_if<workflow::ScopeEntered>(&fact.fact)) {
    if (!story.frames.insert(entered->frame).second) broken("I-9", name + " enters frame " + std::to_string(entered->frame) + " twice");
  } else if (const auto* left = std::get_if<workflow::ScopeLeft>(&fact.fact)) {
    if (!story.frames_over.insert(left->frame).second) broken("I-9", name + " leaves frame " + std::to_string(left->frame) + " twice");
  }
}

/// What completed is undone once, the last first, if the instance comes to fail.
void Audit::check_undone(const Context& at, const engine::InstanceStepped& fact, InstanceStory& story) {
  const std::string name = "instance " + fact.instance.to_string();
  if (const auto* started = std::get_if<workflow::TaskStarted>(&fact.fact)) {
    story.last_start = {started->frame, at.address};
  } else if (const auto* registered = std::get_if<workflow::CompensationRegistered>(&fact.fact)) {
    if (story.last_start != std::pair(registered->frame, at.address) && story.retried != at.address) {
      broken("I-17", name + " registers what undoes a task in another record than its start, or than that in which it runs again");
    }
    story.undo_open[registered->frame] = registered->compensation;
    story.undo_maybe.erase(registered->replaces);
    // What completed in an earlier retry stays to be undone until the task completes again.
    std::replace(story.undo_done.begin(), story.undo_done.end(), registered->replaces, registered->compensation);
  } else if (const auto* ended = std::get_if<workflow::TaskEnded>(&fact.fact)) {
    const auto open = story.undo_open.find(ended->frame);
    if (open == story.undo_open.end()) return;
    std::erase(story.undo_done, open->second);
    story.undo_done.push_back(open->second);
    story.undo_open.erase(open);
  } else if (const auto* faulted = std::get_if<workflow::TaskFaulted>(&fact.fact)) {
    const auto open = story.undo_open.find(faulted->frame);
    if (open == story.undo_open.end()) return;
    story.undo_maybe.insert(open->second);
    story.undo_open.erase(open);
  } else if (std::holds_alternative<workflow::CompensationStarted>(fact.fact)) {
    story.compensating = true;
    for (const auto& [frame, id] : story.undo_open) story.undo_maybe.insert(id);
    story.undo_open.clear();
  } else if (const auto* entered = std::get_if<workflow::CompensationEntered>(&fact.fact)) {
    check_undo_begins(name, entered->compensation, story);
  } else if (const auto* done = std::get_if<workflow::CompensationDone>(&fact.fact)) {
    if (story.undoing != done->compensation) broken("I-17", name + " has undone what it did not begin to undo");
    story.undoing.reset();
    std::erase(story.undo_done, done->compensation);
    story.undo_maybe.erase(done->compensation);
  } else if (const auto* parked = std::get_if<workflow::CompensationParked>(&fact.fact)) {
    story.undo_parked = parked->compensation;
    story.undoing.reset();
  } else if (const auto* redriven = std::get_if<workflow::CompensationRedriven>(&fact.fact)) {
    if (story.undo_parked != redriven->compensation) broken("I-17", name + " redrives what is not parked");
    story.undo_parked.reset();
  } else if (const auto* skipped = std::get_if<workflow::CompensationSkipped>(&fact.fact)) {
    if (story.undo_parked != skipped->compensation) broken("I-17", name + " skips what is not parked");
    story.undo_parked.reset();
    std::erase(story.undo_done, skipped->compensation);
    story.undo_maybe.erase(skipped->compensation);
  } else if (const auto* end = std::get_if<workflow::InstanceEnded>(&fact.fact)) {
    const bool fails = end->phase == workflow::Phase::faulted;
    const bool whole = end->compensated != workflow::Compensated::partial;
    if ((fails || story.compensating) && whole && !story.undo_done.empty()) {
      broken("I-17", name + " ends at " + at.address.to_string() + " with " + std::to_string(story.undo_done.size()) +
                         " completed tasks that are not undone");
    }
  }
}

void Audit::check_undo_begins(const std::string& name, uint32_t id, InstanceStory& story) {
  if (!story.compensating) broken("I-17", name + " undoes a task before it fails");
  if (story.undoing || story.undo_parked) broken("I-17", name + " undoes two tasks at once");
  const bool last = !story.undo_done.empty() && story.undo_done.back() == id;
  if (!last && !story.undo_maybe.contains(id)) {
    broken("I-17", name + " undoes " + std::to_string(id) + ", which is undone already or not the last to be undone");
  }
  story.undoing = id;
}

/// Each step must be one that a task of the instance's own definition makes.
void Audit::check_pinned(const engine::InstanceStepped& fact, InstanceStory& story) {
  if (story.workflow == nullptr) return;
  const auto expect = [&](uint32_t task, std::initializer_list<std::string_view> kinds, const char* what) {
    std::string is = "none";
    if (task < story.workflow->tasks.size()) {
      is = workflow::task_kind_name(story.workflow->task(task).kind);
      for (const std::string_view kind : kinds) {
        if (is.starts_with(kind)) return;
      }
    }
    broken("I-28", "instance " + fact.instance.to_string() + " of " + story.workflow->id() + " " + what + " at task " +
                       std::to_string(task) + ", which is \"" + is + "\" in the definition it is pinned to");
  };
  if (const auto* started = std::get_if<workflow::TaskStarted>(&fact.fact)) {
    expect(started->task, {""}, "begins");
    story.tasks[started->frame] = started->task;
  } else if (const auto* timer = std::get_if<workflow::TimerSet>(&fact.fact)) {
    if (timer->purpose == workflow::TimerPurpose::wait) expect(story.tasks[timer->frame], {"wait"}, "waits");
  } else if (const auto* call = std::get_if<workflow::CallRequested>(&fact.fact)) {
    expect(call->task, {"call", "run"}, "calls out");
  } else if (const auto* emitted = std::get_if<workflow::EventEmitted>(&fact.fact)) {
    expect(emitted->task, {"emit"}, "emits");
  } else if (const auto* retry = std::get_if<workflow::RetryScheduled>(&fact.fact)) {
    expect(retry->task, {"try"}, "retries");
  }
}

// Deliveries and calls

Audit::EffectStory* Audit::story(const Context& at, const engine::EffectId& id, const char* what) {
  const auto found = effects_.find(id);
  if (found != effects_.end()) return &found->second;
  broken("I-9", std::string(what) + " at " + at.address.to_string() + " of effect " + id.to_string() + ", which nobody created");
  return nullptr;
}

void Audit::on(const Context&, const engine::EffectCreated& fact) {
  EffectStory story;
  story.delivery = fact.effect.kind == engine::EffectKind::deliver;
  if (!effects_.emplace(fact.effect.id, story).second) broken("I-9", "effect " + fact.effect.id.to_string() + " is created twice");
}

void Audit::on(const Context& at, const engine::AttemptFailed& fact) {
  EffectStory* effect = story(at, fact.effect, "a failed attempt");
  if (effect == nullptr) return;
  if (effect->state != Delivery::open) broken("I-12", "an attempt of " + fact.effect.to_string() + " ends at " + at.address.to_string() + " and none was under way");
  if (fact.attempt != effect->attempt) broken("I-12", "attempt " + std::to_string(fact.attempt) + " of " + fact.effect.to_string() + " ends instead of " + std::to_string(effect->attempt));
  effect->state = Delivery::delayed;
  effect->due = fact.due;
}

void Audit::on(const Context& at, const engine::EffectReady& fact) {
  EffectStory* effect = story(at, fact.effect, "readiness");
  if (effect == nullptr) return;
  if (effect->state != Delivery::delayed) broken("I-14", "the timer of delivery " + fact.effect.to_string() + " fires twice");
  else if (at.time < effect->due) broken("I-14", "the timer of delivery " + fact.effect.to_string() + " fires before it is due");
  effect->state = Delivery::open;
  ++effect->attempt;
}

void Audit::on(const Context& at, const engine::EffectEnded& fact) {
  EffectStory* effect = story(at, fact.effect, "the end");
  if (effect == nullptr) return;
  if (effect->state != Delivery::open) broken("I-9", "effect " + fact.effect.to_string() + " ends at " + at.address.to_string() + " and was not under way");
  if (effect->delivery && fact.attempts != effect->attempt) broken("I-12", "effect " + fact.effect.to_string() + " ends with attempt " + std::to_string(fact.attempts) + " instead of " + std::to_string(effect->attempt));
  effect->state = fact.kind == engine::EffectEnded::Kind::parked ? Delivery::parked : Delivery::done;
}

void Audit::on(const Context& at, const engine::EffectRedriven& fact) {
  EffectStory* effect = story(at, fact.effect, "a redrive");
  if (effect == nullptr) return;
  if (effect->state != Delivery::parked) broken("I-12", "delivery " + fact.effect.to_string() + " is redriven and was not parked");
  effect->state = Delivery::open;
  effect->attempt = fact.attempt;
}

void Audit::check_effects(const store::Store& state) {
  std::set<engine::EffectId> kept;
  const auto expected = [](engine::EffectState row) {
    switch (row) {
      case engine::EffectState::delayed: return Delivery::delayed;
      case engine::EffectState::parked: return Delivery::parked;
      case engine::EffectState::done:
      case engine::EffectState::cancelled: return Delivery::done;
      default: return Delivery::open;
    }
  };
  const Status scanned = state.scan(store::Family::state, {}, [&](std::string_view key, std::string_view value) {
    if (key.size() <= 3 || key[2] != 'e') return true;
    const auto row = decode<engine::EffectRow>(value, "an effect");
    if (!row.ok()) return broken("I-4", row.error().message()), false;
    const engine::EffectId id = row->effect.id;
    const auto found = effects_.find(id);
    if (found == effects_.end()) broken("I-25", "effect " + id.to_string() + " is in the state, and the log never made it");
    else if (found->second.state != expected(row->state)) {
      broken("I-25", "effect " + id.to_string() + " is " + std::string(engine::effect_state_name(row->state)) +
                         ", and its facts in the log say otherwise");
    }
    kept.insert(id);
    return true;
  });
  if (!scanned.ok()) broken("I-4", scanned.error().message());
  for (const auto& [id, story] : effects_) {
    // A call goes when nobody waits for it; what is done may be forgotten.
    if (!story.delivery || story.state == Delivery::done || kept.contains(id)) continue;
    broken("I-25", "delivery " + id.to_string() + " is neither done nor anywhere in the state: it is lost");
  }
}

}  // namespace hence::sim
