// SPDX-License-Identifier: Apache-2.0
// What each kind of task adds.

#include <algorithm>

#include "workflow/compiler.h"
#include "workflow/errors.h"
#include "workflow/shapes.h"

namespace hence::workflow {

void Compiler::compile_kind(TaskIndex index, const Site& site) {
  const std::string_view key = task_key(site.value);
  const auto body = key.empty() ? std::nullopt : site.find(key);
  if (!body) return;
  // Evaluate first, then look up the task: compiling a list moves the tasks.
  const auto store = [&](TaskKind kind, auto spec) {
    definition_->tasks[index].kind = kind;
    definition_->tasks[index].spec = std::move(spec);
  };
  if (key == "do") {
    DoSpec spec{open_scope(ScopeRole::do_, index, site.scope, {})};
    if (body->value.is_array()) compile_list(*body, spec.body);
    store(TaskKind::do_, std::move(spec));
  } else if (key == "set") {
    store(TaskKind::set, SetSpec{transform(*body, kTaskArguments, "set")});
  } else if (key == "switch") {
    store(TaskKind::switch_, compile_switch(*body, index));
  } else if (key == "wait") {
    store(TaskKind::wait, WaitSpec{duration(body, kTaskArguments, "wait")});
  } else if (key == "raise") {
    store(TaskKind::raise, compile_raise(*body));
  } else if (key == "try") {
    store(TaskKind::try_, compile_try(site, index));
  } else if (key == "emit") {
    const auto event = body->find("event");
    const auto with = event ? event->find("with") : std::nullopt;
    const auto time = with ? with->find("time") : std::nullopt;
    const bool fixed = time && time->value.is_string() && !loose_ && !is_expression(time->value.as_string());
    if (fixed && !parse_rfc3339(time->value.as_string()).ok()) {
      refuse_new(time->pointer, "expected a time such as 2026-04-28T18:34:06Z, or an expression ${ … }");
    }
    store(TaskKind::emit, EmitSpec{optional_tmpl(with, kTaskArguments, "emit")});
  } else if (key == "for") {
    store(TaskKind::for_, compile_for(site, index));
  } else if (key == "fork") {
    store(TaskKind::fork, compile_fork(*body, index));
  } else if (key == "listen") {
    store(TaskKind::listen, compile_listen(site, index));
  } else if (key == "call") {
    compile_call(index, site);
  } else if (key == "run") {
    compile_run(index, *body);
  }
}

SwitchSpec Compiler::compile_switch(const Site& site, TaskIndex index) {
  SwitchSpec spec;
  if (!site.value.is_array()) return spec;
  size_t position = 0;
  std::set<std::string_view> names;
  for (json::View entry : site.value.elements()) {
    const Site item{entry, child_pointer(site.pointer, position++), site.scope};
    if (!entry.is_object() || entry.size() != 1) continue;
    const json::Member member = *entry.members().begin();
    const Site at{member.value, child_pointer(item.pointer, member.key), site.scope};
    if (!names.insert(member.key).second) refuse_new_name(at.pointer, member.key, "case of this switch");
    SwitchCase one{std::string(member.key), optional_program(at.find("when"), kTaskArguments,
                                                             "when"),
                   compile_then(at.find("then"), index)};
    if (at.find("when")) {
      spec.cases.push_back(std::move(one));
    } else if (spec.otherwise) {
      faults_.add_at_key(at.pointer, "a second default case: \"" + spec.otherwise->name +
                                         "\" has no `when` either");
    } else {
      spec.otherwise = std::move(one);
    }
  }
  return spec;
}

RaiseSpec Compiler::compile_raise(const Site& site) {
  std::optional<Site> error = site.find("error");
  if (error && error->value.is_string()) error = resolve_use("errors", *error);
  return {optional_tmpl(error, kTaskArguments, "raise")};
}

ErrorFilter Compiler::compile_error_filter(const Site& handler) {
  ErrorFilter filter;
  const auto errors = handler.find("errors");
  const auto with = errors ? errors->find("with") : std::nullopt;
  if (!with) return filter;
  const auto text = [&](std::string_view key) -> std::optional<std::string> {
    const auto member = with->find(key);
    if (!member || !member->value.is_string()) return std::nullopt;
    return std::string(member->value.as_string());
  };
  if (auto type = text("type")) filter.type = normal_error_type(*type);
  filter.instance = text("instance");
  filter.title = text("title");
  filter.detail = text("detail");
  if (const auto status = with->find("status"); status && status->value.is_number()) {
    filter.status = status->value.as_int64();
  }
  return filter;
}

void Compiler::check_retry_limit(const Site& retry) {
  const auto limit = retry.find("limit");
  const auto attempt = limit ? limit->find("attempt") : std::nullopt;
  const auto is_empty = [](const std::optional<Site>& at) { return at && at->value.is_object() && at->value.size() == 0; };
  if (is_empty(limit)) {
    warnings_.add(limit->pointer, "a limit without anything is none, so there are retries for ever; `attempt` or `duration` makes one");
  }
  if (is_empty(attempt)) {
    warnings_.add(attempt->pointer, "a limit without anything is none; `count` or `duration` makes one");
  }
}

RetrySpec Compiler::compile_retry(Site site) {
  RetrySpec spec;
  check_retry_limit(site);
  spec.when = optional_program(site.find("when"), kTaskArguments, "when");
  spec.except_when = optional_program(site.find("exceptWhen"), kTaskArguments, "exceptWhen");
  spec.delay = duration(site.find("delay"), kTaskArguments, "delay");
  if (const auto backoff = site.find("backoff")) {
    if (backoff->find("linear")) spec.backoff = Backoff::linear;
    if (backoff->find("exponential")) spec.backoff = Backoff::exponential;
  }
  if (const auto limit = site.find("limit")) {
    spec.total_duration = duration(limit->find("duration"), kTaskArguments, "limit.duration");
    if (const auto attempt = limit->find("attempt")) {
      auto length = attempt->find("duration");
      // It is asked before there is an error: what it sees is what the `try` does.
      const Scope& inside = definition_->scopes[site.scope];
      if (length && inside.role == ScopeRole::catch_) length->scope = definition_->tasks[inside.owner].scope;
      const Faults faults = faults_;
      spec.attempt_duration = duration(length, kTaskArguments, "attempt.duration");
      if (stored_ && faults_.size() > faults.size()) {
        faults_ = faults;  // it was applied when the error was known here: the task fails when it asks
        spec.attempt_duration.formula = Formula::constant(json::Value());
      }
      const auto count = attempt->find("count");
      if (count && count->value.is_number()) {
        spec.count = static_cast<uint64_t>(std::max<int64_t>(0,
                                                             count->value.as_int64().value_or(0)));
      }
    }
  }
  if (const auto jitter = site.find("jitter")) {
    spec.jitter_from = duration(jitter->find("from"), kTaskArguments, "jitter.from");
    spec.jitter_to = duration(jitter->find("to"), kTaskArguments, "jitter.to");
    if (spec.jitter_from.fixed && spec.jitter_to.fixed &&
        add(UtcTime{}, *spec.jitter_to.fixed) < add(UtcTime{}, *spec.jitter_from.fixed)) {
      faults_.add(jitter->pointer, "`to` is shorter than `from`");
    }
  }
  return spec;
}

TrySpec Compiler::compile_try(const Site& site, TaskIndex index) {
  TrySpec spec;
  spec.body = open_scope(ScopeRole::try_, index, site.scope, {});
  if (const auto body = site.find("try"); body && body->value.is_array()) {
    compile_list(*body, spec.body);
  }
  const auto handler = site.find("catch");
  if (!handler) return spec;
  spec.as = variable_name(handler->find("as"), "error");
  spec.filter = compile_error_filter(*handler);
  // The conditions see the error as `.` and as the variable, like the handler's tasks.
  const ScopeIndex inside = open_scope(ScopeRole::catch_, index, site.scope, {spec.as});
  Site seen = *handler;
  seen.scope = inside;
  spec.when = optional_program(seen.find("when"), kTaskArguments, "when");
  spec.except_when = optional_program(seen.find("exceptWhen"), kTaskArguments, "exceptWhen");
  if (auto retry = seen.find("retry")) {
    if (retry->value.is_string()) retry = resolve_use("retries", *retry);
    if (retry) spec.retry = compile_retry(*retry);
  }
  spec.handler_scope = inside;
  if (const auto tasks = seen.find("do"); tasks && tasks->value.is_array()) {
    spec.handler = inside;
    compile_list(*tasks, inside);
  }
  if (const auto then = handler->find("then")) spec.then = compile_then(then, index);
  return spec;
}

ForSpec Compiler::compile_for(const Site& site, TaskIndex index) {
  ForSpec spec;
  if (const auto loop = site.find("for")) {
    spec.items = optional_transform(loop->find("in"), kTaskArguments, "for.in");
    spec.each = variable_name(loop->find("each"), "item");
    spec.at = variable_name(loop->find("at"), "index");
    if (spec.each == spec.at) {
      faults_.add(loop->pointer, "`each` and `at` are both \"" + spec.each +
                  "\"; name one otherwise");
    }
  }
  spec.body = open_scope(ScopeRole::for_, index, site.scope, {spec.each, spec.at});
  Site seen = site;
  seen.scope = spec.body;
  spec.while_ = optional_program(seen.find("while"), kTaskArguments, "while");
  if (const auto tasks = seen.find("do"); tasks && tasks->value.is_array()) {
    compile_list(*tasks, spec.body);
  }
  return spec;
}

ForkSpec Compiler::compile_fork(const Site& site, TaskIndex index) {
  ForkSpec spec;
  const auto compete = site.find("compete");
  spec.compete = compete && compete->value.is_bool() && compete->value.as_bool();
  spec.branches = open_scope(ScopeRole::branches, index, site.scope, {});
  if (const auto branches = site.find("branches"); branches && branches->value.is_array()) {
    compile_list(*branches, spec.branches);
  }
  return spec;
}

}  // namespace hence::workflow
