// SPDX-License-Identifier: Apache-2.0
// Instances: starting and moving on. The task machine decides; here its facts are recorded
// and what they ask of the engine (calls, events) is added.

#include "base/reached.h"
#include "engine/recorder.h"
#include "event/event.h"
#include "workflow/errors.h"

namespace hence::engine {
namespace {

/// Between looks at how much the record holds: values may be megabytes a step.
constexpr uint32_t kStepsPerSlice = 2;

StartRequest request_of(const StartInstance& body) {
  StartRequest request;
  request.workflow = body.workflow;
  request.input = body.input;
  request.key = body.key;
  request.id = body.id;
  request.on_conflict = static_cast<uint8_t>(body.on_conflict);
  return request;
}

std::string_view arrival_name(workflow::ArrivalKind kind) {
  switch (kind) {
    case workflow::ArrivalKind::call: return "the answer to a call";
    case workflow::ArrivalKind::event: return "an event";
    default: return "a timer";
  }
}

Effect effect_of(const workflow::CallRequested& call, const InstanceRow& row, Address instance, Recorder& record) {
  Effect effect;
  effect.id = record.next_effect();
  effect.kind = call.kind == workflow::CallKind::shell ? EffectKind::run_shell : EffectKind::call_http;
  effect.name_space = row.name_space;
  effect.created = record.time();
  effect.traceparent = record.traceparent_of(row);
  effect.instance = instance;
  effect.event = row.event;
  effect.call = call.call;
  effect.request = call.request;
  effect.deferred = call.deferred;
  effect.workflow = row.workflow + ":" + row.version;
  effect.revision = row.revision;
  return effect;
}

}  // namespace

void Engine::run(const Command& command, const StartInstance& body, Batch& batch) {
  StartRequest request = request_of(body);
  if (request.key.empty()) request.key = request.id;
  const Partition partition = request.key.empty()
                                  ? static_cast<Partition>(command.random % options_.partitions)
                                  : place(command.name_space, request.key);
  Recorder record(*this, command, partition, batch);
  record.adopt();
  Reply reply = begin_instance(record, request);
  reply.ticket = command.ticket;
  batch.replies.push_back(std::move(reply));
}

Reply Engine::begin_instance(Recorder& record, const StartRequest& request) {
  Reply reply;
  const auto refuse = [&](ErrorCode code, std::string reason, Address existing = {}) {
    record.add(StartRefused{request.workflow, request.event, request.rule, reason, existing, request.schedule});
    if (request.parent) {
      const auto error = workflow::make_error(workflow::ErrorType::configuration, "/", reason);
      tell_end(record, {{}, *request.parent, std::nullopt, error, {}});
    }
    if (request.schedule) schedule_goes_on(record, *request.schedule);
    reply.error = Error(code, std::move(reason));
    return reply;
  };
  const Stored* stored = definitions_->find_workflow(record.name_space(), request.workflow);
  if (stored == nullptr) {
    return refuse(ErrorCode::NotFound, "there is no workflow " + request.workflow + " in namespace " +
                                           record.name_space() + "; apply it first (hence workflow list shows what is there)");
  }
  const auto& definition = std::get<resource::WorkflowSpec>(stored->resource->spec).definition;
  const std::string workflow = definition->workflow_namespace + "/" + definition->name;
  if (!request.id.empty()) {
    const auto bytes = overlay_.get(keys::unique_id(record.address().partition, record.name_space(), workflow, request.id));
    Address existing;
    if (bytes) Decoder(*bytes).get(existing);
    const auto conflict = static_cast<StartInstance::OnConflict>(request.on_conflict);
    if (!existing.is_none() && conflict == StartInstance::OnConflict::existing) {
      SIM_REACHED("engine: a start finds the instance there already");
      record.add(StartRefused{request.workflow, request.event, request.rule,
                              "the instance with id " + request.id + " exists already", existing});
      reply.address = existing;
      reply.duplicate = true;
      return reply;
    }
    if (!existing.is_none() && conflict == StartInstance::OnConflict::reject) {
      return refuse(ErrorCode::Conflict, "an instance of " + workflow + " with id " + request.id + " exists already: " +
                                             existing.to_string(), existing);
    }
    if (!existing.is_none()) {
      SIM_REACHED("engine: a start replaces an instance");
      move_instance(record, existing, {Turn::cancel, {}, 0, nullptr, "replaced by a new instance with the same id"});
    }
  }
  record.add(InstanceStarted{workflow, definition->version, stored->revision, request.key, request.id,
                             request.event, request.rule, request.depth, request.parent, request.schedule,
                             record.traceparent()});
  reply.address = record.address();
  Move move{Turn::start, request.input, 0, nullptr, {}};
  move.later = request.parent && leave_for_later();
  move_instance(record, record.address(), move);
  return reply;
}

void Engine::run(const Command& command, const CancelInstance& body, Batch& batch) {
  Reply reply;
  reply.ticket = command.ticket;
  reply.address = body.instance;
  if (body.instance.partition >= options_.partitions) {
    reply.error = Error(ErrorCode::NotFound, "there is no instance " + body.instance.to_string());
    batch.replies.push_back(std::move(reply));
    return;
  }
  Recorder record(*this, command, body.instance.partition, batch);
  const InstanceRow* row = find_open(record, body.instance, "a cancel", reply);
  if (row != nullptr && body.undo == workflow::Undo::yes && row->machine.ending) {
    record.add(Ignored{"a cancel with `compensate`: the instance undoes what it did already", body.instance, {}});
    reply.error = Error(ErrorCode::Conflict, "instance " + body.instance.to_string() +
                                                 " undoes what it did already; a cancel without `compensate` ends it as it is");
  } else if (row != nullptr) {
    Move move{Turn::cancel, {}, 0, nullptr, command.actor.reason};
    move.undo = body.undo;
    move_instance(record, body.instance, move);
  }
  batch.replies.push_back(std::move(reply));
}

const InstanceRow* Engine::find_open(Recorder& record, Address instance, std::string_view act, Reply& reply) {
  const InstanceRow* row = state_.open_instance(instance);
  if (row == nullptr || row->name_space != record.name_space()) {
    reply.error = Error(ErrorCode::NotFound, "there is no instance " + instance.to_string());
    return nullptr;
  }
  if (!row->machine.ended()) return row;
  SIM_REACHED("engine: a cancel comes too late");
  record.add(Ignored{std::string(act) + ": the instance had ended already", instance, {}});
  reply.error = Error(ErrorCode::Conflict, "instance " + instance.to_string() + " has ended already (" +
                                               std::string(workflow::phase_name(row->machine.phase)) + ")");
  return nullptr;
}

void Engine::run(const Command& command, const DecideParked& body, Batch& batch) {
  Reply reply;
  reply.ticket = command.ticket;
  reply.address = body.instance;
  if (body.instance.partition >= options_.partitions) {
    reply.error = Error(ErrorCode::NotFound, "there is no instance " + body.instance.to_string());
    batch.replies.push_back(std::move(reply));
    return;
  }
  Recorder record(*this, command, body.instance.partition, batch);
  const bool skip = body.decision == workflow::Parked::skip;
  const std::string act = skip ? "a skip" : "a redrive";
  const InstanceRow* row = find_open(record, body.instance, act, reply);
  if (row != nullptr && row->machine.parked() == nullptr) {
    record.add(Ignored{act + ": no compensation is parked", body.instance, {}});
    reply.error = Error(ErrorCode::Conflict, "no compensation of instance " + body.instance.to_string() +
                                                 " is parked; hence instance list --parked shows where one is");
  } else if (row != nullptr) {
    Move move{Turn::parked, {}, 0, nullptr, {}};
    move.decision = body.decision;
    move_instance(record, body.instance, move);
  }
  batch.replies.push_back(std::move(reply));
}

void Engine::run(const Command& command, const ContinueInstance& body, Batch& batch) {
  if (!state_.continuing().contains(body.instance)) return;
  if (const auto spread = state_.spread(body.instance)) {
    Command own = command;
    own.name_space = spread->name_space;
    Recorder record(*this, own, body.instance.partition, batch);
    go_on_spreading(record, body.instance);
    return;
  }
  const InstanceRow* row = state_.open_instance(body.instance);
  HENCE_CHECK(row != nullptr);
  Command own = command;
  own.name_space = row->name_space;
  Recorder record(*this, own, body.instance.partition, batch);
  move_instance(record, body.instance, {Turn::go_on, {}, 0, nullptr, {}});
}

workflow::Advance Engine::move_instance(Recorder& record, Address instance, const Move& move) {
  InstanceRow* row = state_.open_instance(instance);
  HENCE_CHECK(row != nullptr);
  Result<std::shared_ptr<const workflow::Definition>> definition = definition_of(*row);
  if (!definition.ok()) {
    if (!failure_) failure_ = definition.error();
    return {};
  }
  workflow::StepContext context;
  context.now = record.time();
  context.seed = record.random();
  context.instance = instance;
  context.step_budget = move.later || record.spent() ? 0 : kStepsPerSlice;
  context.limits = options_.workflow_limits;
  context.loops = &loops_;
  context.expression_budget = options_.budgets.workflow;
  context.traceparent = record.traceparent_of(*row);
  context.check_event = [&](const json::Value& made) -> std::string {
    const Result<event::Event> event = event::Event::from_value(made);
    if (!event.ok()) return {};  // recorded as ignored where it is sent
    const auto verdict = definitions_->check(record.name_space(), *event);
    return verdict && verdict->refused ? verdict->message() : std::string();
  };
  if (options_.read_secrets && (*definition)->secrets_anywhere) {
    context.read_secrets = [&] {
      return options_.read_secrets(*definitions_, record.name_space(), (*definition)->secrets);
    };
  }
  uint32_t depth = move.turn == Turn::event ? move.depth : row->depth;
  context.find_workflow = [&](std::string_view reference) {
    return find_child_workflow(record.name_space(), reference, depth + 1);
  };
  const size_t begin = record.payload_bytes();
  const bool had_ended = row->machine.ended();
  workflow::Advance advance = turn_machine(**definition, *row, instance, context, move, record);
  const bool ignored = advance.ignored;
  for (uint32_t steps = kStepsPerSlice; advance.more && steps < options_.step_budget; steps += kStepsPerSlice) {
    if (move.later || record.payload_bytes() - begin > kStepBytesMax || record.spent()) break;
    if (messages_.size() > kMessagesWaitingMax) break;
    depth = row->depth;
    context.seed = record.random();
    Move next{Turn::go_on, {}, 0, nullptr, {}};
    next.by_parent = move.by_parent;
    advance = turn_machine(**definition, *row, instance, context, next, record);
  }
  const bool was_continuing = state_.continuing().contains(instance);
  if (advance.more != was_continuing && !ignored) record.add(InstanceContinues{instance, advance.more});
  if (row->schedule && row->machine.ended() && !had_ended) schedule_goes_on(record, *row->schedule);
  advance.ignored = ignored;
  return advance;
}

workflow::Advance Engine::turn_machine(const workflow::Definition& definition, InstanceRow& row, Address instance,
                                       const workflow::StepContext& context, const Move& move, Recorder& record) {
  Turned turned{row, instance, definition, {}, open_children(row.machine), move};
  if (const LifecycleSet wanted = definitions_->lifecycle(row.name_space); !wanted.empty()) {
    turned.lifecycle.emplace(definition, row.machine,
                             LifecycleView::Subject{row.name_space, instance, context.now,
                                                    [&record] { return record.next_lifecycle_id(); },
                                                    record.traceparent_of(row)},
                             wanted);
  }
  workflow::Machine machine(definition, row.machine, context, turned.facts);
  workflow::Advance advance;
  switch (move.turn) {
    case Turn::start: advance = machine.start(move.input); break;
    case Turn::timer: advance = machine.on_timer(static_cast<workflow::TimerId>(move.number)); break;
    case Turn::call: advance = machine.on_call_result(static_cast<workflow::CallId>(move.number), *move.outcome, move.again); break;
    case Turn::cancel: advance = machine.cancel(move.reason, move.undo); break;
    case Turn::approval:
      advance = machine.decide_approval(static_cast<workflow::ApprovalId>(move.number), *move.approval);
      break;
    case Turn::parked: advance = machine.decide_parked(move.decision); break;
    case Turn::go_on: advance = machine.go_on(); break;
    case Turn::suspend: advance = machine.suspend(move.by, move.reason, move.asker); break;
    case Turn::resume: advance = machine.resume(move.asker); break;
    case Turn::retry: advance = machine.retry(move.value); break;
    case Turn::skip: advance = machine.skip(move.task, move.value); break;
    case Turn::set_context: advance = machine.set_context(*move.value); break;
    case Turn::event:
      advance = machine.on_event(static_cast<workflow::WaitId>(move.number), move.input, move.event, move.depth);
      break;
  }
  emit_consequences(record, turned);
  return advance;
}

void Engine::emit_consequences(Recorder& record, Turned& turned) {
  InstanceRow& row = turned.row;
  const Address instance = turned.instance;
  const auto tell = [&](std::vector<json::Value> events) {
    for (const json::Value& event : events) emit_event(record, row, instance, event);
  };
  for (const workflow::Fact& fact : turned.facts) {
    record.add(InstanceStepped{instance, fact});
    register_waits(record, row, instance, fact);
    suspend_children(record, turned, fact);
    if (const auto* call = std::get_if<workflow::CallRequested>(&fact)) {
      // A call that was cancelled later in this very command never leaves.
      const bool leaves = call->detached || row.machine.find_call(call->call) != nullptr;
      if (leaves && call->kind == workflow::CallKind::workflow) start_child(record, row, instance, *call);
      else if (leaves) record.add(EffectCreated{effect_of(*call, row, instance, record)});
    } else if (const auto* cancelled = std::get_if<workflow::CallCancelled>(&fact)) {
      for (const OpenChild& child : turned.children) {
        if (child.call == cancelled->call) cancel_child(record, turned, child);
      }
    } else if (const auto* ended = std::get_if<workflow::InstanceEnded>(&fact)) {
      if (row.parent && !turned.move.by_parent) report_end(record, row, instance, *ended);
    } else if (const auto* emitted = std::get_if<workflow::EventEmitted>(&fact)) {
      emit_event(record, row, instance, emitted->event);
    } else if (const auto* near = std::get_if<workflow::LimitNear>(&fact)) {
      record.note({instance, row.workflow + ":" + row.version, *near});
    } else if (const auto* asked = std::get_if<workflow::ApprovalRequested>(&fact)) {
      emit_approval_event(record, row, {instance, asked->approval});
    } else if (const auto* decided = std::get_if<workflow::ApprovalDecided>(&fact)) {
      emit_approval_event(record, row, {instance, decided->approval});
    } else if (const auto* arrival = std::get_if<workflow::ArrivalTaken>(&fact); arrival != nullptr && arrival->late) {
      record.add(Ignored{std::string(arrival_name(arrival->kind)) +
                             " that came while it was suspended: what it was for had ended by then", instance, {}});
    }
    if (!turned.lifecycle) continue;
    turned.lifecycle->take(fact);
    tell(turned.lifecycle->take_events());
  }
  if (!turned.lifecycle) return;
  turned.lifecycle->end(row.machine);
  tell(turned.lifecycle->take_events());
}

/// Accepts an event of an instance as if it came from outside.
void Engine::emit_event(Recorder& record, const InstanceRow& row, Address instance, const json::Value& emitted) {
  Result<event::Event> event = event::Event::from_value(emitted);
  if (!event.ok()) {
    record.add(Ignored{"an emitted event is not valid: " + event.error().message(), instance, {}});
    return;
  }
  EventRequest request{emitted->to_text(), row.event, instance, row.depth + 1, record.traceparent_of(row)};
  record.send(place(row.name_space, event::partition_key(*event)), MessageSent::Kind::event, encode(request));
}

Result<std::shared_ptr<const workflow::Definition>> Engine::definition_of(const InstanceRow& row) {
  const std::string name = row.workflow + ":" + row.version;
  const Stored* stored = definitions_->find(row.name_space, resource::Kind::workflow, name);
  if (stored != nullptr && stored->revision == row.revision) {
    return std::get<resource::WorkflowSpec>(stored->resource->spec).definition;
  }
  const auto cached = old_definitions_.find({row.name_space + '\0' + name, row.revision});
  if (cached != old_definitions_.end()) return cached->second;
  SIM_REACHED("engine: an instance runs on under a definition that is no longer the newest");
  const auto kept = overlay_.load<DefinitionRow>(
      keys::definition(resource::kind_name(resource::Kind::workflow), row.name_space, name, row.revision));
  if (!kept) {
    return Error(ErrorCode::StoreFailed, "the definition of workflow " + name + " at version " +
                                             std::to_string(row.revision) + " is missing from the state");
  }
  HENCE_TRY(const resource::Resource resource, resource::parse_resource(kept->value, row.name_space));
  auto definition = std::get<resource::WorkflowSpec>(resource.spec).definition;
  old_definitions_[{row.name_space + '\0' + name, row.revision}] = definition;
  return definition;
}

}  // namespace hence::engine
