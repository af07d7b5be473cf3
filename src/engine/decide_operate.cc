// SPDX-License-Identifier: Apache-2.0
// What a person does to one instance. What changes nothing any more is on record all the same: its story
// shows who came too late, and for what.

#include <array>

#include "base/reached.h"
#include "engine/recorder.h"
#include "engine/wait_sample.h"

namespace hence::engine {
namespace {

using Act = ActOnInstance::Act;

/// Why an act cannot be on an instance in its phase.
std::string wrong_phase(workflow::Phase phase) {
  switch (phase) {
    case workflow::Phase::cancelled:
    case workflow::Phase::faulted:
    case workflow::Phase::completed:
      return "has ended already (" + std::string(workflow::phase_name(phase)) + ")";
    case workflow::Phase::suspended: return "is suspended already";
    default: return "is " + std::string(workflow::phase_name(phase));
  }
}

}  // namespace

std::string_view act_name(Act act) {
  static constexpr std::array<std::string_view, 6> kNames = {"suspend", "resume", "retry", "skip", "set context", "send event"};
  return kNames.at(static_cast<size_t>(act));
}

void Engine::run(const Command& command, const ActOnInstance& body, Batch& batch) {
  Reply reply;
  reply.ticket = command.ticket;
  reply.address = body.instance;
  const InstanceRow* row = body.instance.partition < options_.partitions ? state_.open_instance(body.instance) : nullptr;
  if (row == nullptr || row->name_space != command.name_space) {
    reply.error = Error(ErrorCode::NotFound, "there is no instance " + body.instance.to_string());
    state_.drop_record();
  } else {
    Recorder record(*this, command, body.instance.partition, batch);
    if (const Status done = act_on(record, body); !done.ok()) reply.error = done.error();
  }
  batch.replies.push_back(std::move(reply));
}

Address Engine::replaced_by(Address instance) {
  const InstanceRow* row = state_.open_instance(instance);
  if (row->id.empty() || row->machine.phase != workflow::Phase::faulted) return {};
  const auto bytes = overlay_.get(keys::unique_id(instance.partition, row->name_space, row->workflow, row->id));
  Address holder;
  if (bytes) Decoder(*bytes).get(holder);
  return holder == instance ? Address{} : holder;
}

Status Engine::act_on(Recorder& record, const ActOnInstance& body) {
  if (body.act == Act::send_event) return give_event(record, body.instance, *body.event);
  if (body.act == Act::retry || body.act == Act::skip) {
    if (const Address other = replaced_by(body.instance); !other.is_none()) {
      const std::string why = "instance " + other.to_string() + " took its id (onConflict: replace)";
      record.add(Ignored{"a " + std::string(act_name(body.act)) + ": " + why, body.instance, {}});
      return Error(ErrorCode::Conflict, "instance " + body.instance.to_string() + ": " + why + ", so it runs no more");
    }
  }
  static constexpr std::array<Turn, 5> kTurns = {Turn::suspend, Turn::resume, Turn::retry, Turn::skip, Turn::set_context};
  const Actor& actor = record.command().actor;
  const workflow::Phase before = state_.open_instance(body.instance)->machine.shown_phase();
  Move move{kTurns.at(static_cast<size_t>(body.act)), {}, 0, nullptr, actor.reason};
  move.by = actor.principal;
  move.task = body.task;
  move.value = body.value;
  const workflow::Advance advance = move_instance(record, body.instance, move);
  if (!advance.ignored) {
    if (body.act == Act::retry) SIM_REACHED("engine: a faulted instance runs again");
    if (body.act == Act::skip) SIM_REACHED("engine: a task is ended by hand");
    return {};
  }
  const std::string instance = "instance " + body.instance.to_string();
  const std::string act = std::string(act_name(body.act));
  if (!advance.why.empty()) {
    // After the first clause follows what to do instead, which may list every task: that is for who asked.
    record.add(Ignored{"a " + act + ": " + advance.why.substr(0, advance.why.find("; ")), body.instance, {}});
    return Error(ErrorCode::Conflict, instance + ": " + advance.why);
  }
  SIM_REACHED("engine: an act on an instance comes too late");
  const std::string why = wrong_phase(before);
  record.add(Ignored{"a " + act + ": the instance " + why, body.instance, {}});
  return Error(ErrorCode::Conflict, instance + " " + why + "; " + act + " changes nothing");
}

Status Engine::give_event(Recorder& record, Address instance, const event::Event& event) {
  const InstanceRow* row = state_.open_instance(instance);
  const std::string name = "instance " + instance.to_string();
  if (row->machine.ended()) {
    const std::string why = wrong_phase(row->machine.phase);
    record.add(Ignored{"an event " + std::string(event.type()) + ": the instance " + why, instance, {}});
    return Error(ErrorCode::Conflict, name + " " + why + "; it takes no event");
  }
  resource::VerdictPtr verdict = definitions_->check(record.name_space(), event);
  if (verdict && verdict->refused) return Error(ErrorCode::EventSchemaMismatch, verdict->message());
  HENCE_TRY(const auto definition, definition_of(*row));
  workflow::StepContext context;
  context.now = record.time();
  context.instance = instance;
  context.limits = options_.workflow_limits;
  context.expression_budget = options_.budgets.workflow;
  std::vector<workflow::WaitId> takers;
  for (const workflow::Wait& wait : row->machine.waits) {
    HENCE_TRY(const WaitTrial trial, WaitTrial::create(*definition, row->machine, wait, context,
                                                       definitions_->environment(record.time())));
    if (trial.takes(event.value())) takers.push_back(wait.id);
  }
  if (takers.empty()) {
    const std::string waits = describe_waits(row->machine);
    record.add(Ignored{"an event " + std::string(event.type()) + ": the instance waits for no such event", instance, {}});
    return Error(ErrorCode::Conflict, name + " waits for no such event" + (waits.empty() ? "" : " but for: " + waits) +
                                          "; hence instance why " + instance.to_string() + " shows one that it would take");
  }
  record.adopt();
  const auto depth = static_cast<uint32_t>(event.depth());
  accept(record, event, {kOperatorSource, nullptr, {}, depth, "it was sent to " + name + " alone", std::move(verdict)});
  for (const workflow::WaitId wait : takers) {
    move_instance(record, instance, {Turn::event, event.value(), wait, nullptr, {},
                                     record.address(), depth});
  }
  return {};
}

}  // namespace hence::engine
