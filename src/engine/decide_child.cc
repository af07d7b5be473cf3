// SPDX-License-Identifier: Apache-2.0
// Subflows: an instance that another one's task asked for. It lives in a partition of its own, which
// follows from parent and call, so that the parent finds it again without knowing its address.
//
//   parent ──start──► child          once a call
//   parent ◄─child_end── child       once, when an awaited child ended by itself
//   parent ──child_cancel──► child   when the parent's task no longer waits; nothing comes back
//   parent ──child_suspend─► child   when the parent is suspended, and when it goes on

#include "base/reached.h"
#include "engine/recorder.h"

namespace hence::engine {

Result<std::string> Engine::find_child_workflow(std::string_view name_space, std::string_view reference,
                                                uint32_t depth) const {
  const Stored* stored = definitions_->find_workflow(name_space, reference);
  if (stored == nullptr) {
    return Error(ErrorCode::NotFound, "there is no workflow " + std::string(reference) + " in namespace " +
                                          std::string(name_space));
  }
  if (depth <= options_.depth_max) return stored->resource->name;
  SIM_REACHED("engine: a subflow is too far from the outside");
  return Error(ErrorCode::BudgetExceeded, "the subflow would be " + std::to_string(depth) +
                                              " events and subflows away from the outside, over the limit of " +
                                              std::to_string(options_.depth_max) +
                                              " (limits.eventDepth); do workflows run each other in a circle?");
}

std::vector<Engine::OpenChild> Engine::open_children(const workflow::Instance& machine) {
  std::vector<OpenChild> children;
  for (const workflow::Call& call : machine.calls) {
    if (call.kind != workflow::CallKind::workflow) continue;
    const workflow::Frame* frame = machine.find_frame(call.frame);
    HENCE_CHECK(frame != nullptr);
    children.push_back({call.id, frame->task});
  }
  return children;
}

Partition Engine::child_partition(std::string_view name_space, const ParentLink& parent) const {
  return place(name_space, parent.instance.to_string() + "." + std::to_string(parent.call));
}

// The parent's side

void Engine::start_child(Recorder& record, const InstanceRow& row, Address instance, const workflow::CallRequested& call) {
  StartRequest request;
  request.workflow = call.request->string_or("workflow", "");
  if (const auto input = call.request->find("input")) request.input = json::Value(*input);
  request.event = row.event;
  request.depth = row.depth + 1;
  request.traceparent = record.traceparent_of(row);
  request.parent = ParentLink{instance, call.call, !call.detached};
  record.send(child_partition(row.name_space, *request.parent), MessageSent::Kind::start, encode(request));
}

void Engine::cancel_child(Recorder& record, const Turned& turned, const OpenChild& child) {
  const std::string parent = "its parent " + turned.instance.to_string() + " (" + turned.row.workflow + ")";
  std::string reason = "task " + turned.definition.task(child.task).reference + " of " + parent + " no longer waits for it";
  const auto ends = [&](workflow::Phase phase, const std::string& why, const std::optional<json::Value>& error) {
    reason = parent + " ends (" + std::string(workflow::phase_name(phase)) + ")";
    if (!why.empty()) reason += ": " + why;
    if (error) reason += ": " + std::string((*error)->string_or("detail", ""));
  };
  for (const workflow::Fact& fact : turned.facts) {
    if (const auto* fired = std::get_if<workflow::TimerFired>(&fact); fired != nullptr && fired->error) {
      reason += ": " + std::string((*fired->error)->string_or("detail", "a timeout"));
    } else if (const auto* undone = std::get_if<workflow::CompensationStarted>(&fact)) {
      ends(undone->phase, undone->reason, undone->error);
    } else if (const auto* ended = std::get_if<workflow::InstanceEnded>(&fact)) {
      ends(ended->phase, ended->reason, ended->error);
    }
  }
  // A cancel undoes where it says so, all else is a failure of what the subflow was for.
  const Move& move = turned.move;
  const bool undo = move.turn != Turn::cancel || move.undo == workflow::Undo::yes;
  const ParentLink link{turned.instance, child.call, true};
  record.send(child_partition(turned.row.name_space, link), MessageSent::Kind::child_cancel,
              encode(ChildCancel{link, std::move(reason), undo}));
}

void Engine::suspend_children(Recorder& record, const Turned& turned, const workflow::Fact& fact) {
  const auto* suspended = std::get_if<workflow::InstanceSuspended>(&fact);
  if (suspended == nullptr && !std::holds_alternative<workflow::InstanceResumed>(fact)) return;
  ChildSuspend asked;
  asked.resumes = suspended == nullptr;
  if (suspended != nullptr) {
    asked.by = suspended->by;
    asked.reason = "with its parent " + turned.instance.to_string() + " (" + turned.row.workflow + ")";
    if (!suspended->reason.empty()) asked.reason += ": " + suspended->reason;
  }
  for (const OpenChild& child : turned.children) {
    asked.parent = {turned.instance, child.call, true};
    record.send(child_partition(turned.row.name_space, asked.parent), MessageSent::Kind::child_suspend, encode(asked));
  }
}

void Engine::take_child_end(Recorder& record, const ChildEnd& end) {
  const Address parent = end.parent.instance;
  const InstanceRow* row = state_.open_instance(parent);
  if (row == nullptr || row->machine.ended() || row->machine.find_call(end.parent.call) == nullptr) {
    SIM_REACHED("engine: a subflow ends and nobody waits for it");
    record.add(Ignored{"the end of subflow " + end.child.to_string() + " came when nobody waited for it any more",
                       row == nullptr ? Address{} : parent, {}});
    return;
  }
  const workflow::CallOutcome outcome = workflow::ChildOutcome{end.child, end.output, end.error, end.reason};
  Move move{Turn::call, {}, end.parent.call, &outcome, {}};
  move.later = leave_for_later();
  const workflow::Advance advance = move_instance(record, parent, move);
  if (advance.ignored) record.add(Ignored{advance.why, parent, {}});
}

// The child's side

void Engine::report_end(Recorder& record, const InstanceRow& row, Address instance, const workflow::InstanceEnded& ended) {
  ChildEnd end{instance, *row.parent, ended.output, std::nullopt, ended.reason};
  if (ended.phase == workflow::Phase::faulted) end.error = ended.error;
  tell_end(record, end);
}

void Engine::tell_end(Recorder& record, const ChildEnd& end) {
  if (!end.parent.awaited) return;
  record.send(end.parent.instance.partition, MessageSent::Kind::child_end, encode(end));
}

void Engine::take_child_cancel(Recorder& record, const ChildCancel& cancel) {
  const auto bytes = overlay_.get(keys::child(record.address().partition, cancel.parent));
  if (!bytes) {
    SIM_REACHED("engine: a subflow has ended when its parent gives it up");
    return;
  }
  Address child;
  Decoder(*bytes).get(child);
  const InstanceRow* row = state_.open_instance(child);
  HENCE_CHECK(row != nullptr);
  if (row->machine.ending) {
    record.add(Ignored{"its parent no longer waits for it; what it did is being undone already", child, {}});
    // Nobody is left who would let it go on.
    if (row->machine.suspension && row->machine.suspension->asker == workflow::Asker::parent) {
      Move move{Turn::resume, {}, 0, nullptr, {}};
      move.asker = workflow::Asker::parent;
      move.later = leave_for_later();
      move_instance(record, child, move);
    }
    return;
  }
  Move move{Turn::cancel, {}, 0, nullptr, cancel.reason};
  move.by_parent = true;
  move.undo = cancel.undo ? workflow::Undo::yes : workflow::Undo::no;
  move_instance(record, child, move);
}

void Engine::take_child_suspend(Recorder& record, const ChildSuspend& asked) {
  const auto bytes = overlay_.get(keys::child(record.address().partition, asked.parent));
  if (!bytes) return;  // it has ended
  Address child;
  Decoder(*bytes).get(child);
  Move move{asked.resumes ? Turn::resume : Turn::suspend, {}, 0, nullptr, asked.reason};
  move.by = asked.by;
  move.asker = workflow::Asker::parent;
  move.later = asked.resumes && leave_for_later();
  // Ignored where a person was faster: suspended it before, or has let it go on.
  if (!move_instance(record, child, move).ignored) SIM_REACHED("engine: a subflow is suspended with its parent, or goes on with it");
}

bool Engine::take_child_message(Recorder& record, MessageSent::Kind kind, std::string_view body) {
  Decoder decoder(body);
  const auto read = [&](auto request) {
    request.fields(decoder);
    return request;
  };
  switch (kind) {
    case MessageSent::Kind::child_end: take_child_end(record, read(ChildEnd{})); return true;
    case MessageSent::Kind::child_cancel: take_child_cancel(record, read(ChildCancel{})); return true;
    case MessageSent::Kind::child_suspend: take_child_suspend(record, read(ChildSuspend{})); return true;
    default: return false;
  }
}

}  // namespace hence::engine
