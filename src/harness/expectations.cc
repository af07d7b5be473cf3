// SPDX-License-Identifier: Apache-2.0
#include "harness/expectations.h"

#include <algorithm>
#include <map>

#include "event/base64.h"
#include "harness/compare.h"
#include "json/builder.h"
#include "json/parse.h"

namespace hence::harness {
namespace {

constexpr std::string_view kNamespace = "default";
constexpr size_t kShownMax = 20;

/// What a test sees of a body: JSON, a text, or bytes in base64.
json::Value body_of(const std::string& bytes) {
  Result<json::Value> value = json::parse(bytes);
  if (value.ok()) return *value;
  return json::Value::string(json::is_utf8(bytes) ? bytes : event::base64_encode(bytes));
}

bool succeeded(const SentCall& call) {
  return call.answer && call.answer->ok() && (*call.answer)->status / 100 == 2;
}

std::vector<json::View> views_of(const std::vector<json::Value>& values) {
  return {values.begin(), values.end()};
}
std::vector<json::View> views_of(json::View list) {
  std::vector<json::View> views;
  for (const json::View item : list.elements()) views.push_back(item);
  return views;
}

/// Collects what does not hold.
class Checker {
 public:
  Checker(const World& world, const StepOutcome& outcome) : world_(world), outcome_(outcome) {}

  Status check(json::View expect) {
    for (const auto [key, value] : expect.members()) {
      if (key == "attempts") check_attempts(value);
      else if (key == "delivered" || key == "calls") check_calls(key, value);
      else if (key == "parked") HENCE_TRY_VOID(check_deliveries(key, value, true));
      else if (key == "deliveries") HENCE_TRY_VOID(check_deliveries(key, value, false));
      else if (key == "instances") HENCE_TRY_VOID(check_instances(value));
      else if (key == "approvals") HENCE_TRY_VOID(check_approvals(value));
      else if (key == "events") HENCE_TRY_VOID(check_events(value));
      else if (key == "explain") HENCE_TRY_VOID(check_explain(value));
      else if (key == "timers") HENCE_TRY_VOID(check_timers(value));
      else if (key == "waits") HENCE_TRY_VOID(check_waits(value));
      else if (key == "took") HENCE_TRY_VOID(check_took(value));
      else if (key == "schedules") check_schedules(value);
      else if (key == "duplicate") check_duplicate(value);
      else if (key == "error") check_error(value);
    }
    return {};
  }
  std::vector<Mismatch> take() { return std::move(found_); }

 private:
  void add(std::string pointer, std::string what, std::string expected, std::string actual) {
    found_.push_back({std::move(pointer), std::move(what), std::move(expected), std::move(actual)});
  }

  /// Calls to a sink, a URL's beginning, or a task.
  std::vector<const SentCall*> calls_to(const std::string& name) const {
    std::vector<const SentCall*> calls;
    for (const SentCall& call : world_.sink_calls) {
      if (call.name == name) calls.push_back(&call);
    }
    for (const SentCall& call : world_.http_calls) {
      if (call.task == name) calls.push_back(&call);
      if (name.find("://") == std::string::npos) continue;
      if (call.name.starts_with(name) || (call.http.method + " " + call.name).starts_with(name)) calls.push_back(&call);
    }
    for (const SentCall& call : world_.shell_calls) {
      if (call.name == name) calls.push_back(&call);
    }
    return calls;
  }

  void check_attempts(json::View expected) {
    for (const auto [name, count] : expected.members()) {
      const size_t actual = calls_to(std::string(name)).size();
      if (static_cast<int64_t>(actual) == count.as_int64()) continue;
      add("/attempts/" + std::string(name), "calls to " + std::string(name), count.to_text(), std::to_string(actual));
    }
  }

  static json::Value describe(const SentCall& call) {
    json::Builder out;
    out.begin_object();
    if (call.http.url.empty()) {
      out.member("command", call.process.command).member("input", call.process.input);
      out.key("arguments").begin_array();
      for (const std::string& argument : call.process.arguments) out.string(argument);
      out.end_array().key("environment").begin_object();
      for (const auto& [name, value] : call.process.environment) out.member(name, value);
      out.end_object();
    } else {
      out.member("method", call.http.method).member("url", call.http.url).key("headers").begin_object();
      std::map<std::string, std::string> headers;
      for (const auto& [name, value] : call.http.headers) {
        std::string lower(name);
        for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        headers[lower] = value;
      }
      for (const auto& [name, value] : headers) out.member(name, value);
      out.end_object().member("body", body_of(call.http.body));
      if (call.answer && call.answer->ok()) out.key("status").number(int64_t{(*call.answer)->status});
    }
    out.member("time", format_rfc3339(call.time)).end_object();
    return std::move(out).finish();
  }

  void check_calls(std::string_view key, json::View expected) {
    const bool delivered = key == "delivered";
    for (const auto [name, list] : expected.members()) {
      std::vector<json::Value> actual;
      for (const SentCall* call : calls_to(std::string(name))) {
        if (!delivered) actual.push_back(describe(*call));
        else if (succeeded(*call)) actual.push_back(body_of(call->http.body));
      }
      check_in_order("/" + std::string(key) + "/" + std::string(name), list, actual);
    }
  }

  /// As many as expected, each in its place.
  void check_in_order(const std::string& pointer, json::View expected, const std::vector<json::Value>& actual) {
    if (expected.size() != actual.size()) {
      return add(pointer, "not as many as expected", std::to_string(expected.size()),
                 std::to_string(actual.size()) + listing(views_of(actual), json::View()));
    }
    size_t index = 0;
    for (const json::View item : expected.elements()) {
      if (const auto difference = find_difference(item, actual[index])) {
        add(pointer + "/" + std::to_string(index), difference->path, difference->expected, difference->actual);
      }
      ++index;
    }
  }

  static std::string listing(const std::vector<json::View>& actual, json::View like) {
    std::string text;
    for (size_t i = 0; i < actual.size() && i < kShownMax; ++i) {
      text += "\n  " + (like.is_object() ? project(actual[i], like)->to_text() : actual[i].to_text());
    }
    if (actual.size() > kShownMax) text += "\n  and " + std::to_string(actual.size() - kShownMax) + " more";
    return text;
  }

  /// Each expected item has one of its own; whole: there are no others.
  void check_set(const std::string& pointer, json::View expected, const std::vector<json::Value>& actual, bool whole) {
    const std::vector<json::View> wanted = views_of(expected), there = views_of(actual);
    for (const size_t index : unmatched(wanted, there)) {
      add(pointer + "/" + std::to_string(index), "none is like this", wanted[index].to_text(),
          there.empty() ? "there is none" : "there are" + listing(there, wanted[index]));
    }
    if (whole && wanted.size() != there.size()) {
      add(pointer, "not as many as expected", std::to_string(wanted.size()),
          std::to_string(there.size()) + listing(there, json::View()));
    }
  }

  /// The event's own id, which is how tests name events.
  std::string id_at(std::string_view position) const {
    const auto address = Address::parse(position);
    if (!address) return {};
    const auto event = world_.query([&](engine::Query& q) { return q.event(kNamespace, *address); });
    if (!event.ok()) return {};
    const auto inner = (*event)->find("event");
    return inner ? std::string(inner->string_or("id", "")) : std::string();
  }

  /// The row with `event` as the event's id, and where it lies beside.
  json::Value with_event_id(json::View row) const {
    json::Builder out;
    out.begin_object();
    for (const auto [key, value] : row.members()) {
      if (key == "event" && value.is_string()) {
        out.member("event", id_at(value.as_string())).member("position", value.as_string());
      } else {
        out.member(key, value);
      }
    }
    out.end_object();
    return std::move(out).finish();
  }

  Status check_deliveries(std::string_view key, json::View expected, bool parked) {
    HENCE_TRY(const std::vector<json::Value> all, list_all(world_, &engine::Query::deliveries));
    std::vector<json::Value> actual;
    for (const json::Value& row : all) {
      if (!parked || row->string_or("status", "") == "parked") actual.push_back(with_event_id(row));
    }
    check_set("/" + std::string(key), expected, actual, true);
    return {};
  }

  Status check_instances(json::View expected) {
    HENCE_TRY(const std::vector<json::Value> all, list_all(world_, &engine::Query::instances));
    std::vector<json::Value> actual;
    for (const json::Value& row : all) {
      const auto id = Address::parse(row->string_or("id", ""));
      HENCE_CHECK(id.has_value());
      HENCE_TRY(const json::Value whole, world_.query([&](engine::Query& q) { return q.trace(kNamespace, *id); }));
      actual.push_back(with_event_id(whole));
    }
    check_set("/instances", expected, actual, true);
    return {};
  }

  Status check_approvals(json::View expected) {
    HENCE_TRY(const std::vector<json::Value> all, list_all(world_, &engine::Query::approvals));
    std::vector<json::Value> actual;
    for (const json::Value& row : all) {
      const auto id = engine::EffectId::parse(row->string_or("id", ""));
      HENCE_CHECK(id.has_value());
      HENCE_TRY(json::Value whole, world_.query([&](engine::Query& q) { return q.approval(kNamespace, *id); }));
      actual.push_back(std::move(whole));
    }
    check_set("/approvals", expected, actual, true);
    return {};
  }

  Status check_events(json::View expected) {
    HENCE_TRY(const std::vector<json::Value> all, list_all(world_, &engine::Query::events));
    std::vector<json::Value> actual;
    std::map<std::string, int64_t, std::less<>> counts;
    for (const json::Value& row : all) {
      const auto event = row->find("event");
      if (!event) continue;
      actual.emplace_back(*event);
      ++counts[std::string(event->string_or("type", ""))];
    }
    if (expected.is_array()) {
      check_set("/events", expected, actual, false);
      return {};
    }
    for (const auto [type, count] : expected.members()) {
      const auto found = counts.find(type);
      const int64_t there = found == counts.end() ? 0 : found->second;
      if (there == count.as_int64()) continue;
      add("/events/" + std::string(type), "events of type " + std::string(type), count.to_text(), std::to_string(there));
    }
    return {};
  }

  Status check_explain(json::View expected) {
    const std::string_view id = expected.find("event")->as_string();
    const auto position = world_.query([&](engine::Query& q) { return q.find_event(kNamespace, id); });
    if (!position.ok()) {
      add("/explain/event", "the event", std::string(id), position.error().message());
      return {};
    }
    HENCE_TRY(const json::Value explained, world_.query([&](engine::Query& q) { return q.explain(kNamespace, *position); }));
    std::map<std::string, json::View, std::less<>> rules;
    for (const json::View rule : explained->find("rules")->elements()) rules[std::string(rule.string_or("rule", ""))] = rule;
    if (const auto matched = expected.find("matched")) check_matched(*matched, rules);
    if (const auto not_matched = expected.find("notMatched")) check_verdicts("notMatched", "not matched", *not_matched, rules);
    if (const auto failed = expected.find("failed")) check_verdicts("failed", "error", *failed, rules);
    if (const auto stopped = expected.find("stopped")) {
      const std::string_view actual = explained->string_or("stopped", "");
      if (actual.find(stopped->as_string()) == std::string_view::npos) {
        add("/explain/stopped", "why no rule was asked", std::string(stopped->as_string()),
            actual.empty() ? "rules were asked" : std::string(actual));
      }
    }
    return {};
  }

  using Rules = std::map<std::string, json::View, std::less<>>;

  void check_matched(json::View expected, const Rules& rules) {
    std::vector<std::string> wanted, there;
    for (const json::View name : expected.elements()) wanted.emplace_back(name.as_string());
    for (const auto& [name, rule] : rules) {
      if (rule.string_or("verdict", "") == "matched") there.push_back(name);
    }
    std::sort(wanted.begin(), wanted.end());
    if (wanted == there) return;
    std::string actual;
    for (const std::string& name : there) actual += (actual.empty() ? "" : ", ") + name;
    add("/explain/matched", "the rules that matched", expected.to_text(), actual.empty() ? "none" : actual);
  }

  /// expected: rule → words of the reason: the deciding condition's path or any part of the text.
  void check_verdicts(std::string_view key, std::string_view verdict, json::View expected, const Rules& rules) {
    for (const auto [name, reason] : expected.members()) {
      const std::string pointer = "/explain/" + std::string(key) + "/" + std::string(name);
      const auto found = rules.find(name);
      if (found == rules.end()) {
        add(pointer, "a rule that looked at the event", std::string(name), "there was no such rule");
        continue;
      }
      const json::View rule = found->second;
      const std::string actual(rule.string_or("verdict", ""));
      std::string text(rule.string_or("text", ""));
      if (text.empty()) text = rule.string_or("error", "");
      if (actual != verdict) add(pointer, "the verdict", std::string(verdict), actual + "\n" + text);
      else if (text.find(reason.as_string()) == std::string::npos) {
        add(pointer, "the reason names", std::string(reason.as_string()), "\n" + text);
      }
    }
  }

  Status check_timers(json::View expected) {
    HENCE_TRY(const size_t actual, world_.count_timers());
    if (static_cast<int64_t>(actual) != expected.as_int64()) {
      add("/timers", "timers that are set", expected.to_text(), std::to_string(actual));
    }
    return {};
  }

  /// expected: task → words of what it waits for, in any instance.
  Status check_waits(json::View expected) {
    HENCE_TRY(const std::vector<json::Value> all, list_all(world_, &engine::Query::instances));
    std::map<std::string, std::string, std::less<>> waits;
    for (const json::Value& row : all) {
      const auto id = Address::parse(row->string_or("id", ""));
      HENCE_TRY(const json::Value whole, world_.query([&](engine::Query& q) { return q.trace(kNamespace, *id); }));
      for (const json::View task : whole->find("tasks")->elements()) {
        const std::string_view what = task.string_or("waits", "");
        if (!what.empty()) waits[std::string(task.string_or("task", ""))] += std::string(what) + "\n";
      }
    }
    for (const auto [task, words] : expected.members()) {
      const auto found = waits.find(task);
      const std::string actual = found == waits.end() ? "" : found->second;
      if (actual.find(words.as_string()) != std::string::npos) continue;
      add("/waits/" + std::string(task), "the task waits for", std::string(words.as_string()),
          actual.empty() ? "it waits for nothing" : actual);
    }
    return {};
  }

  /// expected: workflow → from its one instance's start to its end.
  Status check_took(json::View expected) {
    HENCE_TRY(const std::vector<json::Value> all, list_all(world_, &engine::Query::instances));
    for (const auto [workflow, length] : expected.members()) {
      std::string actual = "there is no instance that ended";
      for (const json::Value& row : all) {
        if (row->string_or("workflow", "") != workflow) continue;
        const auto started = parse_rfc3339(row->string_or("started", ""));
        const auto ended = parse_rfc3339(row->string_or("ended", ""));
        if (started.ok() && ended.ok()) actual = format_human(*ended - *started);
      }
      const std::string wanted = format_human(parse_duration(length.as_string()).value());
      if (actual != wanted) {
        add("/took/" + std::string(workflow), "from its start to its end", wanted, actual);
      }
    }
    return {};
  }

  /// expected: name → members of what `hence schedule get -o json` has under `schedule`.
  void check_schedules(json::View expected) {
    for (const auto [name, members] : expected.members()) {
      const std::string_view schedule = name;  // clang 14 takes no binding into a lambda
      const auto found = world_.query([&](engine::Query& q) { return q.schedule(kNamespace, schedule); });
      const std::string pointer = "/schedules/" + std::string(name);
      if (!found.ok()) {
        add(pointer, "the schedule", std::string(name), found.error().message());
        continue;
      }
      const json::View actual = *(*found)->find("schedule");
      if (!find_difference(members, actual)) continue;
      add(pointer, "the schedule", members.to_text(), project(actual, members)->to_text());
    }
  }

  void check_duplicate(json::View expected) {
    if (expected.as_bool() == outcome_.duplicate) return;
    add("/duplicate", "the last event was seen before", expected.to_text(), outcome_.duplicate ? "true" : "false");
  }

  void check_error(json::View expected) {
    if (!outcome_.error.empty() && outcome_.error.find(expected.as_string()) != std::string::npos) return;
    add("/error", "the step before was refused with", std::string(expected.as_string()),
        outcome_.error.empty() ? "it was not refused" : outcome_.error);
  }

  const World& world_;
  const StepOutcome& outcome_;
  std::vector<Mismatch> found_;
};

}  // namespace

Result<std::vector<json::Value>> list_all(const World& world, Result<json::Value> (engine::Query::*list)(
                                              std::string_view, const engine::ListOptions&)) {
  std::vector<json::Value> all;
  engine::ListOptions options;
  options.limit = engine::kListLimitMax;
  options.since = UtcTime{0};
  while (true) {
    HENCE_TRY(const json::Value page, world.query([&](engine::Query& q) { return (q.*list)(kNamespace, options); }));
    const json::View items = *page->find("items");
    for (const json::View item : items.elements()) all.emplace_back(item);
    options.cursor = page->string_or("next", "");
    if (options.cursor.empty() || items.size() < options.limit) return all;
  }
}

Result<std::vector<Mismatch>> check_expectations(const World& world, const StepOutcome& outcome, json::View expect) {
  Checker checker(world, outcome);
  HENCE_TRY_VOID(checker.check(expect));
  return checker.take();
}

}  // namespace hence::harness
