// SPDX-License-Identifier: Apache-2.0
// `listen`: waits for events, takes them in order, hands each to `foreach`.

#include <algorithm>

#include "json/builder.h"
#include "workflow/correlation.h"
#include "workflow/run.h"

namespace hence::workflow {
namespace {

const Variable* find_variable(const std::vector<Variable>& variables, std::string_view name) {
  for (const Variable& one : variables) {
    if (one.name == name) return &one;
  }
  return nullptr;
}

/// The value at a path, null where there is none.
json::View at_path(json::View value, const std::vector<std::string>& path) {
  for (const std::string& key : path) value = value.find(key).value_or(json::View());
  return value;
}

json::Value array_of(const std::vector<json::Value>& items, const std::optional<json::Value>& next) {
  json::Builder b;
  b.begin_array();
  for (const json::Value& item : items) b.value(item);
  if (next) b.value(*next);
  b.end_array();
  return std::move(b).finish();
}

}  // namespace

void Run::start_listen(FrameId id) {
  const ListenSpec& spec = task_of(id).as<ListenSpec>();
  std::vector<WaitOpened> all;
  for (const ListenSpec::Events& events : {spec.to, spec.until}) {
    Result<std::vector<WaitOpened>> waits = open_waits(id, events);
    if (!waits.ok()) return fail(id, "correlate", waits.error());
    all.insert(all.end(), waits->begin(), waits->end());
  }
  for (WaitOpened& wait : all) {
    wait.wait = next_id();
    emit(std::move(wait));
  }
}

void Run::reopen_listen(FrameId id) {
  const ListenSpec& spec = task_of(id).as<ListenSpec>();
  std::vector<WaitOpened> all;
  for (const ListenSpec::Events& events : {spec.to, spec.until}) {
    Result<std::vector<WaitOpened>> waits = open_waits(id, events);
    if (!waits.ok()) return fail(id, "correlate", waits.error());
    const std::vector<uint32_t>& met = frame_of(id).listen->met;
    for (WaitOpened& wait : *waits) {
      const bool had = std::find(met.begin(), met.end(), wait.site) != met.end();
      if (!had || events.strategy != ListenSpec::Strategy::all) all.push_back(std::move(wait));
    }
  }
  for (WaitOpened& wait : all) {
    wait.wait = next_id();
    wait.after = frame_of(id).listen->last;
    emit(std::move(wait));
  }
  place_bound(id, frame_of(id).listen->last);
}

Result<std::vector<WaitOpened>> Run::open_waits(FrameId id, const ListenSpec::Events& events) {
  std::vector<WaitOpened> waits;
  Arguments at = arguments(id, task_of(id).scope);
  for (uint32_t index = events.first; index < events.first + events.count; ++index) {
    const ListenSite& site = definition_.sites.at(index);
    WaitOpened wait;
    wait.frame = id;
    wait.site = index;
    for (size_t key = 0; key < site.keys.size(); ++key) {
      json::Value& expected = wait.expected.emplace_back();
      if (!site.keys[key].expect.present()) continue;
      HENCE_TRY(expected, evaluate(site.keys[key].expect, frame_of(id).input(), at));
      if (!canonical_value(expected)) {
        return Error(ErrorCode::ExpressionFailed,
                     site.keys[key].name + ": expected a text, number or boolean to wait for, got " +
                         std::string(json::type_name(expected->type())));
      }
      if (key != site.first_expected) continue;
      wait.value = std::move(expected);
      expected = json::Value();
    }
    // What is said by `value` alone is not said again.
    if (std::all_of(wait.expected.begin(), wait.expected.end(),
                    [](const json::Value& one) { return one->is_null(); })) {
      wait.expected.clear();
    }
    waits.push_back(std::move(wait));
  }
  return waits;
}

Result<bool> Run::holds_late(FrameId id, const ListenSite& site, json::View event) {
  if (site.late.empty()) return true;
  Arguments at = arguments(id, task_of(id).scope);
  for (const ListenSite::Late& late : site.late) {
    const json::View value = at_path(event, late.path);
    HENCE_TRY(const json::Value verdict, evaluate(late.test, value, at));
    if (verdict->is_bool() ? !verdict->as_bool() : !json::equal(verdict, value)) return false;
  }
  return true;
}

std::optional<std::vector<Variable>> Run::bind(const Wait& wait, json::View event) {
  const ListenSite& site = definition_.sites.at(wait.site);
  const Listen& listen = *frame_of(wait.frame).listen;
  std::vector<Variable> bound;
  for (size_t i = 0; i < site.keys.size(); ++i) {
    const ListenSite::Key& key = site.keys[i];
    Result<json::Value> value = read_key(key, event, environment());
    if (!value.ok() || !canonical_value(*value)) return std::nullopt;
    const json::Value* wanted = nullptr;
    if (key.expect.present()) {
      wanted = i == site.first_expected ? &*wait.value : &wait.expected.at(i);
    } else if (const Variable* before = find_variable(listen.bound, key.name)) {
      wanted = &before->value;
    }
    if (wanted && !json::equal(*wanted, *value)) return std::nullopt;
    if (!wanted) bound.push_back({key.name, json::Value::detached(*value)});
  }
  return bound;
}

bool Run::take_event(const Wait& wait, json::View event, Address position, uint32_t depth) {
  const FrameId id = wait.frame;
  const ListenSpec& spec = task_of(id).as<ListenSpec>();
  const Listen& listen = *frame_of(id).listen;
  // An event that meets two filters of an `any` is one event. One that is only tried has no position.
  const bool again = listen.last == position && !position.is_none() &&
                     spec.to.strategy == ListenSpec::Strategy::any && spec.to.has(wait.site);
  if (listen.closed || again) return false;
  std::optional<std::vector<Variable>> bound = bind(wait, event);
  if (!bound) return false;
  const Result<bool> late = holds_late(id, definition_.sites.at(wait.site), event);
  if (late.ok() && !*late) return false;
  if (!late.ok()) {
    fail(id, "listen", late.error());
    return true;
  }
  EventConsumed fact{wait.id, id, wait.site, position, std::move(*bound), std::nullopt, false, false,
                     depth};
  if (spec.to.has(wait.site)) fact.value = read_event(spec.read, event);
  fact.queued = fact.value && spec.foreach != kNone;
  if (fact.value && spec.endless && !fact.queued) fact.value.reset();
  const Result<bool> ends = ends_with(id, wait.site, fact.queued ? std::nullopt : fact.value);
  if (!ends.ok()) {
    fail(id, "until", ends.error());
    return true;
  }
  fact.closes = *ends;
  const bool rebinds = !fact.bound.empty();
  const bool closes = fact.closes;
  emit(std::move(fact));
  if (!within(Limit::listen_bytes, frame_of(id).listen->held_bytes())) {
    fail_limit(id, Limit::listen_bytes, "listen: what was consumed is too large");
    return true;
  }
  const ListenSpec::Events& events = spec.to.has(wait.site) ? spec.to : spec.until;
  const bool once = events.strategy == ListenSpec::Strategy::all;
  close_waits(id, [&](const Wait& one) { return closes || (once && one.id == wait.id); });
  if (rebinds && !closes) place_bound(id, position);
  return true;
}

Result<bool> Run::ends_with(FrameId id, uint32_t site, const std::optional<json::Value>& value) {
  const ListenSpec& spec = task_of(id).as<ListenSpec>();
  const std::vector<uint32_t>& met = frame_of(id).listen->met;
  const auto all_met = [&](const ListenSpec::Events& events) {
    for (uint32_t one = events.first; one < events.first + events.count; ++one) {
      if (one != site && std::find(met.begin(), met.end(), one) == met.end()) return false;
    }
    return true;
  };
  const bool ends_it = spec.until.has(site);
  const ListenSpec::Events& events = ends_it ? spec.until : spec.to;
  if (events.strategy == ListenSpec::Strategy::all) return all_met(events);
  if (events.strategy == ListenSpec::Strategy::one || ends_it) return true;
  if (spec.until_condition.present()) return spec.foreach == kNone ? until_holds(id, value) : false;
  return spec.until.strategy == ListenSpec::Strategy::none;
}

Result<bool> Run::until_holds(FrameId id, const std::optional<json::Value>& next) {
  const ListenSpec& spec = task_of(id).as<ListenSpec>();
  if (!spec.until_condition.present() || spec.endless) return false;
  Arguments at = arguments(id, task_of(id).scope);
  return test(spec.until_condition, array_of(frame_of(id).listen->consumed, next), at);
}

void Run::close_waits(FrameId id, const std::function<bool(const Wait&)>& which) {
  std::vector<WaitClosed> gone;
  for (const Wait& wait : instance_.waits) {
    if ((id == kNoFrame || wait.frame == id) && which(wait)) gone.push_back({wait.id, wait.site, wait.value});
  }
  for (WaitClosed& wait : gone) emit(std::move(wait));
}

void Run::place_bound(FrameId id, Address event) {
  const ListenSpec& spec = task_of(id).as<ListenSpec>();
  std::vector<WaitOpened> moved;
  const Listen& listen = *frame_of(id).listen;
  for (const Wait& wait : instance_.waits) {
    if (wait.frame != id || wait.value) continue;
    const ListenSite& site = definition_.sites.at(wait.site);
    const size_t key = site.placing_key();
    const Variable* bound =
        key == ListenSite::kNoKey ? nullptr : find_variable(listen.bound, site.keys[key].name);
    if (bound) moved.push_back({wait.id, id, wait.site, bound->value, wait.expected, {}});
  }
  for (WaitOpened& wait : moved) {
    emit(WaitClosed{wait.wait, wait.site, std::nullopt});
    // A wait that takes one event keeps its number: this event may be on its way to it too, and counts for each.
    // Of an `any` it was taken, and any other on its way comes under the value again: under a new number it is
    // taken once.
    if (spec.to.strategy == ListenSpec::Strategy::any && spec.to.has(wait.site)) {
      wait.wait = next_id();
      wait.after = event;
    }
    emit(std::move(wait));
  }
}

void Run::next_item(FrameId id) {
  const Task& task = task_of(id);
  const ListenSpec& spec = task.as<ListenSpec>();
  const Listen& listen = *frame_of(id).listen;
  if (listen.item) {  // its tasks are done
    const std::optional<json::Value> output = frame_of(id).raw_output;
    return finish_item(id, output ? *output : *listen.item);
  }
  if (listen.queue.empty()) {
    HENCE_CHECK(listen.closed);
    return end_task(id, array_of(listen.consumed, std::nullopt), task.then);
  }
  const std::vector<TaskIndex>& tasks = definition_.scope(spec.foreach).tasks;
  if (tasks.empty()) return finish_item(id, listen.queue.front());
  const json::Value item = listen.queue.front();
  emit(ScopeEntered{next_id(), id, spec.foreach, tasks.front(), item,
                    {{spec.item, item}, {spec.at, json::Value::number(static_cast<int64_t>(listen.items))}}});
}

void Run::finish_item(FrameId id, json::Value output) {
  const ListenSpec& spec = task_of(id).as<ListenSpec>();
  const Listen& listen = *frame_of(id).listen;
  Arguments at = arguments(id, spec.foreach);
  const uint64_t index = listen.item ? listen.items - 1 : listen.items;
  at.bind({spec.item, listen.item ? *listen.item : listen.queue.front()});
  at.bind({spec.at, json::Value::number(static_cast<int64_t>(index))});
  ItemDone done{id, std::nullopt, std::nullopt, false};
  if (spec.item_output.present()) {
    Result<json::Value> value = evaluate(spec.item_output, output, at);
    if (!value.ok()) return fail(id, "foreach.output.as", value.error());
    output = std::move(value).value();
  }
  if (spec.item_output_schema && !check_data(id, spec.item_output_schema, output, "foreach.output")) return;
  if (spec.item_export.present()) {
    at.set_output(output);
    Result<json::Value> value = evaluate(spec.item_export, output, at);
    if (!value.ok()) return fail(id, "foreach.export.as", value.error());
    if (!within(Limit::context_bytes, value->view().to_text().size())) {
      return fail_limit(id, Limit::context_bytes, "foreach.export.as: the context would be too large");
    }
    done.context = std::move(value).value();
  }
  if (spec.item_export_schema) {
    const json::View context = done.context ? done.context->view() : instance_.context.view();
    if (!check_data(id, spec.item_export_schema, context, "foreach.export")) return;
  }
  const Result<bool> closes = until_holds(id, output);
  if (!closes.ok()) return fail(id, "until", closes.error());
  done.closes = *closes;
  if (!spec.endless) done.output = std::move(output);
  emit(std::move(done));
  if (*closes) close_waits(id, [](const Wait&) { return true; });
}

}  // namespace hence::workflow
