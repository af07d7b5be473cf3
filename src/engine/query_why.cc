// SPDX-License-Identifier: Apache-2.0
// What an instance waits for, whole: events with filter, keys and one that it would take; timers; calls;
// approvals; subflows; who suspended it. Read from its row, its definition and the rows of what it waits for, nothing else.

#include <algorithm>

#include "engine/query.h"
#include "engine/query_children.h"
#include "engine/query_json.h"
#include "engine/state.h"
#include "engine/wait_sample.h"
#include "workflow/correlation.h"

namespace hence::engine {
namespace {

/// The method and URL, or the command, that a call's request has.
std::string asked_of(json::View request) {
  if (const auto url = request.string_or("url", ""); !url.empty()) {
    return std::string(request.string_or("method", "")) + " " + std::string(url);
  }
  return std::string(request.string_or("command", ""));
}

class Teller {
 public:
  Teller(json::Builder& builder, const workflow::Definition& definition, const InstanceRow& row)
      : builder_(builder), definition_(definition), row_(row), machine_(row.machine) {}

  void event(const workflow::Wait& wait, const Result<WaitTrial>& trial, const Definitions& definitions) {
    begin("event", wait.frame);
    const workflow::ListenSite& site = definition_.sites.at(wait.site);
    builder_.member("filter", site.pointer);
    if (!site.with->is_null()) builder_.member("with", site.with);
    keys(wait, site);
    std::optional<json::Value> sample;
    if (trial.ok() && !machine_.overtaken(wait.frame)) sample = trial->sample();
    if (sample) {
      builder_.member("sample", *sample);
      const Result<event::Event> event = event::Event::from_value(*sample);
      const auto verdict = event.ok() ? definitions.check(row_.name_space, *event) : nullptr;
      if (verdict) builder_.member("note", "the sample does not fit its event type: " + verdict->message());
    } else if (machine_.overtaken(wait.frame)) {
      builder_.member("note", "no event counts any more: the time of the task is over");
    } else {
      builder_.member("note", "no sample was found: its expressions ask for more than comparisons");
    }
    builder_.end_object();
  }

  void timer(const workflow::Timer& timer) {
    begin("timer", timer.frame);
    builder_.member("for", workflow::timer_purpose_name(timer.purpose)).member("due", format_rfc3339(timer.due));
    const workflow::Frame* frame = machine_.find_frame(timer.frame);
    if (timer.purpose == workflow::TimerPurpose::retry && frame != nullptr) {
      builder_.key("attempt").number(int64_t{frame->attempt} + 1);  // the first run is one
      if (frame->error) builder_.member("error", *frame->error);
    }
    builder_.end_object();
  }

  void call(const workflow::Call& call, const std::optional<EffectRow>& effect) {
    begin("call", call.frame);
    builder_.member("call", call.kind == workflow::CallKind::shell ? "command" : call.kind == workflow::CallKind::fetch ? "document" : "http");
    if (effect) {
      builder_.member("delivery", effect->effect.id.to_string());
      if (!effect->effect.deferred) add_text(builder_, "request", asked_of(effect->effect.request));
      builder_.member("state", effect_state_name(effect->state));
      add_time(builder_, "since", effect->effect.created);
    }
    // Attempts are the nearest `try`'s, which schedules them.
    for (const workflow::Frame* at = machine_.find_frame(call.frame); at != nullptr; at = machine_.find_frame(at->parent)) {
      if (definition_.task(at->task).kind != workflow::TaskKind::try_ || at->handling) continue;
      builder_.key("attempt").number(int64_t{at->attempt} + 1);
      if (at->error) builder_.member("error", *at->error);
      break;
    }
    builder_.end_object();
  }

  void subflow(const workflow::Call& call, const std::pair<Address, InstanceSummary>* child) {
    begin("subflow", call.frame);
    if (child != nullptr) {
      builder_.member("instance", child->first.to_string());
      builder_.member("workflow", child->second.workflow + ":" + child->second.version).member("state", child->second.status);
      add_text(builder_, "waits", child->second.waits);
    }
    builder_.end_object();
  }

  void approval(const workflow::Approval& approval, const EffectId& id, const std::optional<ApprovalRow>& row) {
    begin("approval", approval.frame);
    builder_.member("approval", id.to_string());
    if (row) {
      builder_.member("title", row->title);
      builder_.key("approvers").begin_array();
      for (const std::string& name : row->approvers) builder_.string(name);
      builder_.end_array();
      add_time(builder_, "due", row->due);
    }
    builder_.end_object();
  }

  void arrival(const workflow::Arrival& arrival) {
    static constexpr std::string_view kKinds[] = {"call", "event", "timer"};
    begin(kKinds[static_cast<size_t>(arrival.kind)], arrival.frame);
    if (arrival.timer) builder_.member("for", workflow::timer_purpose_name(arrival.timer->purpose));
    builder_.end_object();
  }

 private:
  /// A frame that is gone or none names no task.
  void begin(std::string_view kind, workflow::FrameId id) {
    builder_.begin_object().member("kind", kind);
    const workflow::Frame* frame = machine_.find_frame(id);
    if (frame == nullptr || frame->task == workflow::kNone) return;
    const workflow::Task& task = definition_.task(frame->task);
    builder_.member("task", task.name).member("reference", task.reference);
    add_time(builder_, "begun", frame->started_at);
  }

  void keys(const workflow::Wait& wait, const workflow::ListenSite& site) {
    if (site.keys.empty()) return;
    const workflow::Frame* frame = machine_.find_frame(wait.frame);
    builder_.key("correlation").begin_array();
    for (size_t i = 0; i < site.keys.size(); ++i) {
      builder_.begin_object().member("key", site.keys[i].name);
      add_text(builder_, "from", workflow::key_source(definition_, site, site.keys[i].name));
      if (frame != nullptr) {
        if (const auto value = workflow::expected_value(site, wait, *frame, i)) builder_.member("value", *value);
      }
      builder_.end_object();
    }
    builder_.end_array();
  }

  json::Builder& builder_;
  const workflow::Definition& definition_;
  const InstanceRow& row_;
  const workflow::Instance& machine_;
};

}  // namespace

Result<json::Value> Query::why(std::string_view name_space, Address id, UtcTime now) {
  HENCE_TRY(const InstanceRow row, load_instance(name_space, id));
  HENCE_TRY(const auto definition, load_workflow(sources_.snapshot, row.name_space, row.workflow + ":" + row.version, row.revision));
  const workflow::Instance& machine = row.machine;
  workflow::StepContext context;
  context.now = now;
  context.instance = id;
  json::Builder builder;
  builder.begin_object().member("id", id.to_string()).member("workflow", row.workflow).member("version", row.version);
  builder.member("status", workflow::phase_name(machine.shown_phase()));
  add_time(builder, "started", row.started);
  add_time(builder, "ended", row.ended);
  if (machine.suspension) {
    builder.key("suspended").begin_object();
    add_time(builder, "since", machine.suspension->at);
    add_text(builder, "by", machine.suspension->by);
    add_text(builder, "reason", machine.suspension->reason);
    builder.end_object();
  }
  if (machine.error) builder.member("error", *machine.error);
  if (machine.fallen && machine.ended()) {
    for (const workflow::Frame& frame : machine.fallen->frames) {
      if (frame.id == machine.fallen->failed) builder.member("failed", definition->task(frame.task).reference);
    }
  }
  Teller teller(builder, *definition, row);
  builder.key("waits").begin_array();
  for (const workflow::Wait& wait : machine.waits) {
    teller.event(wait, WaitTrial::create(*definition, machine, wait, context, sources_.definitions->environment(now)),
                 *sources_.definitions);
  }
  Children children;
  const auto is_subflow = [](const workflow::Call& call) { return call.kind == workflow::CallKind::workflow; };
  if (std::any_of(machine.calls.begin(), machine.calls.end(), is_subflow)) {
    HENCE_TRY(children, load_children(sources_.snapshot, id));
  }
  for (const workflow::Call& call : machine.calls) {
    if (is_subflow(call)) {
      const auto child = children.by_call.find(call.id);
      teller.subflow(call, child == children.by_call.end() ? nullptr : &child->second);
      continue;
    }
    std::optional<EffectRow> effect;
    if (const auto found = row.calls.find(call.id); found != row.calls.end()) {
      HENCE_TRY(effect, load_row<EffectRow>(sources_.snapshot, id.partition, keys::effect(found->second), "a call"));
    }
    teller.call(call, effect);
  }
  if (const workflow::Compensation* parked = machine.parked()) {
    const workflow::Task& task = definition->task(parked->task);
    builder.begin_object().member("kind", "person").member("task", task.name).member("reference", task.reference);
    builder.member("for", "a compensation that failed").member("error", *parked->error).end_object();
  }
  for (const workflow::Approval& approval : machine.approvals) {
    const EffectId asked{id, approval.id};
    HENCE_TRY(const auto row_of, load_row<ApprovalRow>(sources_.snapshot, id.partition, keys::approval(asked), "an approval"));
    teller.approval(approval, asked, row_of);
  }
  for (const workflow::Timer& timer : machine.timers) teller.timer(timer);
  builder.end_array();
  if (!machine.arrivals.empty()) {
    builder.key("held").begin_array();
    for (const workflow::Arrival& arrival : machine.arrivals) teller.arrival(arrival);
    builder.end_array();
  }
  builder.end_object();
  return std::move(builder).finish();
}

}  // namespace hence::engine
