// SPDX-License-Identifier: Apache-2.0
#include "delivery/dispatcher.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/reached.h"
#include "delivery/classify.h"
#include "delivery/http_call_check.h"
#include "delivery/outcome.h"
#include "delivery/redaction.h"

namespace hence::delivery {
namespace {

constexpr int kStartsAVisit = 8;                          // then the next destination has its turn
constexpr Duration kOverloadPause = Duration::milliseconds(100);
constexpr size_t kIdleDestinationsMax = 1000;
constexpr uint64_t kEffectBytes = 512;                    // beside its documents

using engine::Effect;
using engine::EffectId;
using engine::EffectKind;

uint64_t bytes_of(const json::Value& value) {
  const std::string_view text = value->source_text();
  return text.empty() && !value->is_null() ? value->to_text().size() : text.size();
}

uint64_t bytes_of(const Effect& effect) {
  return kEffectBytes + bytes_of(effect.event_json) + bytes_of(effect.request) +
         (effect.body ? bytes_of(*effect.body) : 0);
}

std::string destination_name(const Effect& effect) {
  switch (effect.kind) {
    case EffectKind::deliver: return sink_destination(effect.name_space, effect.sink);
    case EffectKind::run_shell: return "shell";
    case EffectKind::call_http: break;
  }
  // A deferred call's host is not known before its secrets are read: its task stands for it.
  if (effect.deferred) {
    return "call " + effect.workflow + std::string(effect.request->string_or("task", ""));
  }
  return "call " + origin_of(effect.request->string_or("url", ""));
}

}  // namespace

void Dispatcher::Mailbox::put(Answer answer) {
  const std::lock_guard lock(mutex);
  const bool first = answers.empty();
  answers.push_back(std::move(answer));
  if (first && wake) wake();
}

std::vector<Dispatcher::Answer> Dispatcher::Mailbox::take() {
  const std::lock_guard lock(mutex);
  return std::exchange(answers, {});
}

Dispatcher::Dispatcher(DispatcherOptions options, Directory& directory, HttpClient& http,
                       ProcessRunner& processes, std::function<void()> wake)
    : options_(std::move(options)),
      directory_(directory),
      http_(http),
      processes_(processes),
      mailbox_(std::make_shared<Mailbox>()) {
  mailbox_->wake = std::move(wake);
}

Dispatcher::~Dispatcher() {
  const std::lock_guard lock(mailbox_->mutex);
  mailbox_->wake = nullptr;
}

bool Dispatcher::window_full() const {
  return held_ >= options_.window_max || held_bytes_ >= options_.window_bytes_max;
}

/// How many effects may wait for one destination now: fewer as the window fills, so that a few
/// that are stuck do not take all of it.
size_t Dispatcher::waiting_max() const {
  const bool crowded =
      held_ > options_.window_max / 2 || held_bytes_ > options_.window_bytes_max / 2;
  return crowded ? std::min(options_.destination_max, options_.destination_min)
                 : options_.destination_max;
}

bool Dispatcher::has_room(const Destination& destination, size_t waiting_limit) const {
  return !window_full() && destination.queued < waiting_limit &&
         destination.bytes < options_.window_bytes_max / 4;
}

Destination& Dispatcher::destination_of(const std::string& name, const Effect& effect,
                                        os::MonotonicTime now) {
  const auto found = destinations_.find(name);
  if (found != destinations_.end()) return found->second;
  Target target{effect.kind, effect.name_space, effect.sink};
  return destinations_.try_emplace(name, std::move(target), options_.destination, now)
      .first->second;
}

Dispatcher::Offer Dispatcher::offer(Effect effect, os::MonotonicTime now) {
  return offer(std::move(effect), now, From::engine);
}

Dispatcher::Offer Dispatcher::offer(Effect effect, os::MonotonicTime now, From from) {
  const auto held = items_.find(effect.id);
  if (held != items_.end()) {
    if (held->second.attempt >= effect.attempt) return Offer::known;
    if (held->second.state == State::flying) {
      SIM_REACHED("delivery: a new attempt is offered while the old one is under way");
      // The new one is found in the store once that has ended.
      refused_any_ = true;
      destinations_.at(held->second.destination).refused_some = true;
      return Offer::later;
    }
    if (held->second.state == State::waiting) {
      SIM_REACHED("delivery: a new attempt is offered while the old one waits");
      release(held->second);  // it has ended otherwise, and must not leave any more
    }
    items_.erase(held);
  }
  return take(std::move(effect), now, from);
}

bool Dispatcher::may_have_been_tried(const EffectId& id, From from) const {
  if (!options_.log_was_at) return from == From::store;
  const auto last = std::ranges::find(*options_.log_was_at, id.record.partition, &Address::partition);
  return last != options_.log_was_at->end() && id.record.sequence <= last->sequence;
}

Dispatcher::Offer Dispatcher::take(Effect effect, os::MonotonicTime now, From from) {
  const std::string name = destination_name(effect);
  Destination& destination = destination_of(name, effect, now);
  // Where others were sent away, newer ones do not overtake them: they wait in the store too, also while the round
  // is under way that fetches the others.
  const bool catching_up = pulling_ && destination.catching_up;
  const bool behind = from == From::engine && (destination.refused_some || catching_up);
  const bool full = !has_room(destination, waiting_max());
  if (behind || full) {
    SIM_REACHED("delivery: no room, the effect waits in the store");
    destination.refused_some = true;
    destination.lacked_room = destination.lacked_room || full;
    refused_any_ = true;
    return Offer::later;
  }
  const EffectId id = effect.id;
  Item item;
  item.attempt = effect.attempt;
  item.again = may_have_been_tried(id, from);
  item.bytes = bytes_of(effect);
  item.destination = name;
  item.effect = std::move(effect);
  destination.push(id, item.attempt);
  ++destination.queued;
  destination.bytes += item.bytes;
  active_.insert(name);
  ++held_;
  held_bytes_ += item.bytes;
  items_.emplace(id, std::move(item));
  return Offer::taken;
}

void Dispatcher::release(Item& item) {
  Destination& destination = destinations_.at(item.destination);
  if (item.state == State::waiting) --destination.queued;
  destination.bytes -= item.bytes;
  --held_;
  held_bytes_ -= item.bytes;
  item.effect = {};
}

void Dispatcher::cancel(const EffectId& id) {
  const auto found = items_.find(id);
  if (found == items_.end() || found->second.state == State::reported) return;
  if (found->second.state == State::flying) {
    SIM_REACHED("delivery: a call under way is given up");
    Call& call = calls_.at(found->second.call_id);
    call.effect.reset();
    call.late = engine::AttemptEnded{id, found->second.attempt, {}, found->second.effect.instance};
    if (call.process) {
      processes_.cancel(found->second.call_id);
    } else {
      http_.cancel(found->second.call_id);
    }
  }
  release(found->second);
  items_.erase(found);
}

void Dispatcher::settled(const EffectId& id, uint32_t attempt) {
  const auto found = items_.find(id);
  if (found == items_.end() || found->second.state != State::reported) return;
  if (found->second.attempt <= attempt) items_.erase(found);
}

std::vector<engine::AttemptEnded> Dispatcher::poll(os::MonotonicTime now, UtcTime wall) {
  Reports reports;
  for (;;) {
    const std::vector<Answer> answers = mailbox_->take();
    for (const Answer& answer : answers) take_answer(answer, now, wall, reports);
    const bool started = !stopped_ && start_some(now, wall, reports);
    if (answers.empty() && !started) break;
  }
  find_next_due(now);
  forget_idle();
  return reports;
}

/// One round over the destinations, beginning with the one whose turn it is.
bool Dispatcher::start_some(os::MonotonicTime now, UtcTime wall, Reports& reports) {
  std::vector<std::string> names(active_.lower_bound(next_destination_), active_.end());
  names.insert(names.end(), active_.begin(), active_.lower_bound(next_destination_));
  bool started = false;
  for (const std::string& name : names) {
    Destination& destination = destinations_.at(name);
    set_limits(destination, now);
    for (int i = 0; i < kStartsAVisit && calls_.size() < options_.calls_max; ++i) {
      if (!start_next(name, destination, now, wall, reports)) break;
      started = true;
    }
    if (!destination.has_waiting()) active_.erase(name);
    if (calls_.size() >= options_.calls_max) {
      next_destination_ = name + '\0';
      break;
    }
  }
  return started;
}

void Dispatcher::set_limits(Destination& destination, os::MonotonicTime now) {
  const Target& target = destination.target();
  if (target.kind == EffectKind::run_shell) {
    destination.set_limits(options_.shell_concurrency, 0, now);
  } else if (target.kind == EffectKind::call_http) {
    destination.set_limits(options_.call_concurrency, 0, now);
  } else if (const auto* sink = directory_.find_sink(target.name_space, target.sink)) {
    destination.set_limits(std::max(sink->concurrency, 1u), sink->rate_per_second, now);
  }
}

/// Lets the next effect of a destination leave. False where none may.
bool Dispatcher::start_next(const std::string& name, Destination& destination,
                            os::MonotonicTime now, UtcTime wall, Reports& reports) {
  const std::optional<EffectId> id = destination.pop(now);
  if (!id) return false;
  const auto item = items_.find(*id);
  // A cancelled effect leaves its id in the lane.
  if (item == items_.end() || item->second.state != State::waiting) return true;
  HENCE_CHECK(item->second.destination == name);
  const Status launched = launch(item, wall);
  if (!launched.ok()) {
    report(item, refused_outcome(item->second.effect.kind, launched.error()), reports);
  }
  return true;
}

Status Dispatcher::launch(Items::iterator item, UtcTime wall) {
  const Effect& effect = item->second.effect;
  const bool process = effect.kind == EffectKind::run_shell;
  const uint64_t call_id = last_call_ + 1;
  const auto left = [&] {
    Destination& destination = destinations_.at(item->second.destination);
    --destination.queued;
    destination.began();
    last_call_ = call_id;
    item->second.state = State::flying;
    item->second.call_id = call_id;
    item->second.began = wall;
    calls_[call_id] = Call{item->second.destination, item->first, process};
  };
  if (process) {
    HENCE_TRY(ProcessCall call, process_call(effect, options_.outgoing));
    left();
    launch_process(call_id, std::move(call));
    return {};
  }
  HENCE_TRY(HttpCall call,
            effect.kind == EffectKind::deliver
                ? delivery_call(effect, directory_, wall, options_.outgoing)
                : workflow_call(effect, directory_, options_.outgoing));
  left();
  launch_authorized(call_id, std::move(call), wall);
  return {};
}

void Dispatcher::launch_http(uint64_t call_id, HttpCall call) {
  const std::vector<std::string> hidden = std::exchange(call.hidden, {});
  if (call.url.starts_with("file://")) {
    Result<std::string> text = directory_.read_file(call.url);
    if (!text.ok()) return fail_http(call_id, text.error(), hidden);
    HttpAnswer answer{200, {}, std::move(text).value()};
    return mailbox_->put({call_id, Result<HttpAnswer>(std::move(answer)), std::nullopt});
  }
  http_.start(call_id, std::move(call), [box = mailbox_, call_id, hidden](Result<HttpAnswer> answer) {
    if (!answer.ok()) answer = redacted(answer.error(), hidden);
    box->put({call_id, std::move(answer), std::nullopt});
  });
}

void Dispatcher::fail_http(uint64_t call_id, const Error& error,
                           const std::vector<std::string>& hidden) {
  mailbox_->put({call_id, Result<HttpAnswer>(redacted(error, hidden)), std::nullopt});
}

void Dispatcher::launch_process(uint64_t call_id, ProcessCall call) {
  auto done = [box = mailbox_, call_id](Result<ProcessAnswer> answer) {
    box->put({call_id, std::nullopt, std::move(answer)});
  };
  processes_.start(call_id, std::move(call), std::move(done));
}

void Dispatcher::take_answer(const Answer& answer, os::MonotonicTime now, UtcTime wall,
                             Reports& reports) {
  const auto found = calls_.find(answer.call_id);
  HENCE_CHECK(found != calls_.end());
  Call call = std::move(found->second);
  calls_.erase(found);
  if (!call.token_policy.empty()) return take_token_answer(call.token_policy, *answer.http, wall);
  Destination& destination = destinations_.at(call.destination);
  judge(destination, answer, now, wall);
  if (!call.effect) return report_late(std::move(call), answer, reports);
  const auto item = items_.find(*call.effect);
  const bool overloaded =
      (answer.http && !answer.http->ok() && answer.http->error().code() == ErrorCode::Overloaded) ||
      (answer.process && !answer.process->ok() &&
       answer.process->error().code() == ErrorCode::Overloaded);
  if (overloaded) return put_back(item, destination, now);
  if (retry_with_new_token(call, answer, item, wall)) return;
  if (answer.process) return report(item, process_outcome(*answer.process), reports);
  const bool delivery = item->second.effect.kind == EffectKind::deliver;
  report(item, delivery ? delivery_outcome(*answer.http, wall) : call_outcome(*answer.http),
         reports);
}

/// What the answer says about the destination. Workflows' calls have no breaker: holding them
/// back would keep their tasks from seeing, and handling, the error.
void Dispatcher::judge(Destination& destination, const Answer& answer, os::MonotonicTime now,
                       UtcTime wall) {
  if (!answer.http || destination.target().kind != EffectKind::deliver) {
    return destination.ended_without_news();
  }
  if (answer.http->ok()) {
    if (const auto asked = retry_after_of(**answer.http, wall)) destination.pause(*asked, now);
  }
  if (is_sign_of_illness(*answer.http)) return destination.ended_ill(now);
  const bool news = answer.http->ok() && (*answer.http)->status != 429;
  news ? destination.ended_well() : destination.ended_without_news();
}

/// The client had no room: this was no attempt.
void Dispatcher::put_back(Items::iterator item, Destination& destination, os::MonotonicTime now) {
  SIM_REACHED("delivery: the client had no room");
  item->second.state = State::waiting;
  ++destination.queued;
  destination.push(item->first, item->second.attempt);
  destination.pause(kOverloadPause, now);
  active_.insert(item->second.destination);
}

/// An answer that crossed its cancellation is told all the same: the engine records that it lost.
/// What the cancellation itself ended is no answer.
void Dispatcher::report_late(Call call, const Answer& answer, Reports& reports) {
  if (!call.late) return;
  if (answer.http && answer.http->ok()) {
    call.late->outcome = call_outcome(*answer.http);
  } else if (answer.process && answer.process->ok() && (*answer.process)->exit_code < 128) {
    call.late->outcome = process_outcome(*answer.process);
  } else {
    return;
  }
  reports.push_back(std::move(*call.late));
}

void Dispatcher::report(Items::iterator item, engine::Outcome outcome, Reports& reports) {
  outcome.again = item->second.again;
  reports.push_back({item->first, item->second.attempt, std::move(outcome), item->second.effect.instance});
  release(item->second);
  item->second.state = State::reported;
}

void Dispatcher::find_next_due(os::MonotonicTime now) {
  next_due_.reset();
  if (stopped_ || calls_.size() >= options_.calls_max) return;
  for (const std::string& name : active_) {
    const auto due = destinations_.at(name).next_due(now);
    if (due && (!next_due_ || *due < *next_due_)) next_due_ = due;
  }
}

void Dispatcher::forget_idle() {
  if (destinations_.size() <= kIdleDestinationsMax) return;
  std::erase_if(destinations_, [](const auto& entry) {
    return entry.second.idle() && entry.second.queued == 0 && !entry.second.refused_some;
  });
}

std::vector<DestinationReport> Dispatcher::destinations() const {
  std::vector<DestinationReport> reports;
  for (const auto& [name, destination] : destinations_) {
    reports.push_back(
        {name, destination.queued, destination.in_flight(), destination.breaker()});
  }
  return reports;
}

std::optional<EffectReport> Dispatcher::find_effect(const EffectId& id) const {
  const auto found = items_.find(id);
  if (found == items_.end() || found->second.state == State::reported) return std::nullopt;
  const Item& item = found->second;
  EffectReport report;
  report.under_way = item.state == State::flying;
  report.since = item.began;
  if (report.under_way) return report;
  const Destination& destination = destinations_.at(item.destination);
  if (destination.in_flight() >= destination.concurrency()) {
    report.full = item.destination;
    report.at_once = destination.concurrency();
    report.held_by = find_holders(item.destination);
  } else if (calls_.size() >= options_.calls_max) {
    report.at_once = static_cast<uint32_t>(options_.calls_max);
    report.held_by = find_holders({});
  }
  return report;
}

/// Instances whose calls are under way to the destination; empty: to any.
std::vector<Address> Dispatcher::find_holders(std::string_view destination) const {
  std::vector<Address> holders;
  for (const auto& [call_id, call] : calls_) {
    if (holders.size() == kHoldersMax) break;
    if (!call.effect || (!destination.empty() && call.destination != destination)) continue;
    const Address instance = items_.at(*call.effect).effect.instance;
    if (instance.is_none() || std::find(holders.begin(), holders.end(), instance) != holders.end()) continue;
    holders.push_back(instance);
  }
  return holders;
}

}  // namespace hence::delivery
