// SPDX-License-Identifier: Apache-2.0
#include "workflow/arguments.h"

#include "json/builder.h"
#include "workflow/errors.h"
#include "workflow/machine.h"

namespace hence::workflow {
namespace {

/// Whether two values are one place in memory, which both hold.
bool is_same(const json::Value& a, const json::Value& b) {
  return a->buffer() == b->buffer() && a->node() == b->node();
}

}  // namespace

json::Value time_descriptor(UtcTime time) {
  json::Builder b;
  b.begin_object().member("iso8601", format_rfc3339(time)).key("epoch").begin_object();
  b.key("seconds").number(time.micros / 1'000'000);
  b.key("milliseconds").number(time.micros / 1'000);
  b.end_object().end_object();
  return std::move(b).finish();
}

json::Value Arguments::task_descriptor() const {
  const Task* task = task_;
  const Frame* frame = frame_;
  for (const Frame* at = frame_; at; at = instance_.find_frame(at->parent)) {
    if (definition_.scope(at->scope).role != ScopeRole::extension) continue;
    frame = instance_.find_frame(at->parent);
    HENCE_CHECK(frame != nullptr);
    task = &definition_.task(frame->task);
    break;
  }
  const std::optional<json::Value>& output =
      raw_output_ && frame == frame_ ? raw_output_ : frame->raw_output;
  json::Builder b;
  b.begin_object();
  b.member("name", task->name).member("reference", task->reference);
  if (parts_.has(Part::task_definition)) b.member("definition", task->definition);
  if (parts_.has(Part::task_input)) b.member("input", frame->carry);
  if (output && parts_.has(Part::task_output)) b.member("output", *output);
  if (frame->started_at.micros != 0) b.member("startedAt", time_descriptor(frame->started_at));
  // The documents of the specification also read the task's own keys here ($task.with).
  if (task->definition->is_object() && parts_.has(Part::task_keys)) {
    for (auto [key, value] : task->definition->members()) {
      const bool taken = key == "name" || key == "reference" || key == "definition" ||
          key == "input" ||
                         key == "output" || key == "startedAt";
      if (!taken) b.member(key, value);
    }
  }
  b.end_object();
  return std::move(b).finish();
}

json::Value Arguments::workflow_descriptor(ArgumentSet shown) const {
  json::Builder b;
  b.begin_object().member("id", context_.instance.to_string());
  // The key stays: messages about paths show how the object begins.
  b.member("definition", shown.has(Part::workflow_definition) ? definition_.document.view() : json::View());
  if (shown.has(Part::workflow_input)) b.member("input", instance_.input);
  b.member("startedAt", time_descriptor(instance_.started_at));
  b.end_object();
  return std::move(b).finish();
}

json::Value Arguments::known_workflow() const {
  const bool small = (parts_.bits & ArgumentSet::parts_of(Argument::workflow)) == 0;
  if (small || context_.loops == nullptr) return workflow_descriptor(parts_);
  std::optional<KnownWorkflow>& known = context_.loops->workflow;
  const bool same = known && known->instance == context_.instance && is_same(known->document, definition_.document) &&
                    is_same(known->input, instance_.input) && known->started_at == instance_.started_at;
  if (!same) {
    known = KnownWorkflow{context_.instance, definition_.document, instance_.input, instance_.started_at,
                          workflow_descriptor({Argument::workflow})};
  }
  return known->descriptor;
}

json::Value Arguments::runtime_descriptor() const {
  json::Builder b;
  b.begin_object().member("name", "hence").member("version", context_.runtime_version);
  b.key("metadata").begin_object().end_object().end_object();
  return std::move(b).finish();
}

const Compensation* Arguments::undone() const {
  if (!instance_.ending || instance_.compensations.empty()) return nullptr;
  for (const Frame* at = frame_; at; at = instance_.find_frame(at->parent)) {
    if (at->compensates != 0) return &instance_.compensations.back();
    if (definition_.scope(at->scope).role == ScopeRole::function) break;
  }
  return nullptr;
}

Status Arguments::load_secrets() {
  if (!context_.read_secrets) {
    return Error(ErrorCode::SecretUnavailable, "$secrets outside of a call: secrets.anywhere in hence.yaml does not allow "
                                               "it (any more)");
  }
  HENCE_TRY(json::Value secrets, context_.read_secrets());
  made_[static_cast<size_t>(Argument::secrets)] = secrets;
  made_[static_cast<size_t>(Argument::secret)] = std::move(secrets);
  return {};
}

json::View Arguments::secrets() const {
  const auto& loaded = made_[static_cast<size_t>(Argument::secrets)];
  return loaded ? loaded->view() : json::View();
}

void Arguments::fill(Argument argument) {
  std::optional<json::Value>& made = made_[static_cast<size_t>(argument)];
  if (made) return;
  switch (argument) {
    case Argument::context: made = instance_.context; break;
    case Argument::input:
      made = undone() ? undone()->input : frame_ ? frame_->input() : json::Value();
      break;
    case Argument::output:
      made = (undone() ? undone()->output : output_).value_or(json::Value());
      break;
    case Argument::authorization:
      made = frame_ && frame_->authorization ? *frame_->authorization : json::Value();
      break;
    case Argument::task: made = frame_ && task_ ? task_descriptor() : json::Value(); break;
    case Argument::workflow: made = known_workflow(); break;
    case Argument::runtime: made = runtime_descriptor(); break;
    case Argument::secrets:
    case Argument::secret: made = json::Value(); break;
  }
}

json::View Arguments::variable(std::string_view name) {
  for (const Variable& one : bound_) {
    if (one.name == name) return one.value;
  }
  for (const Frame* frame = frame_; frame; frame = instance_.find_frame(frame->parent)) {
    for (const Variable& one : frame->variables) {
      if (one.name != name) continue;
      if (definition_.scope(frame->scope).role != ScopeRole::catch_) return one.value;
      return errors_.emplace_back(with_details(one.value));
    }
  }
  return json::View();
}

std::span<const json::View> Arguments::slots(ArgumentSet wanted) {
  views_.assign(kArgumentCount + names_.size(), json::View());
  errors_.clear();
  for (size_t i = 0; i < kArgumentCount; ++i) {
    const auto argument = static_cast<Argument>(i);
    if (!wanted.has(argument)) continue;
    const uint32_t parts = wanted.bits & ArgumentSet::parts_of(argument);
    if ((parts & ~parts_.bits) != 0) made_[i].reset();
    parts_.bits |= parts;
    fill(argument);
    views_[i] = *made_[i];
  }
  for (size_t i = 0; i < names_.size(); ++i) views_[kArgumentCount + i] = variable(names_[i]);
  return views_;
}

json::Value Arguments::to_object(ArgumentSet wanted) {
  const std::span<const json::View> views = slots(wanted);
  json::Builder b;
  b.begin_object();
  for (size_t i = 0; i < kArgumentCount; ++i) {
    const auto argument = static_cast<Argument>(i);
    const bool secret = argument == Argument::secrets || argument == Argument::secret;
    if (wanted.has(argument) && !secret) b.member(kArgumentNames[i], views[i]);
  }
  for (size_t i = 0; i < names_.size(); ++i) b.member(names_[i], views[kArgumentCount + i]);
  b.end_object();
  return std::move(b).finish();
}

}  // namespace hence::workflow
