// SPDX-License-Identifier: Apache-2.0
#include "sim/naive.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/hash.h"
#include "expr/program.h"
#include "json/builder.h"
#include "json/parse.h"
#include "workflow/errors.h"

namespace hence::sim {
namespace {

using json::Value;
using json::View;
using workflow::ErrorType;

/// How a task or a list of tasks came out.
struct Step {
  enum class Kind { next, exit, end, error };
  Kind kind = Kind::next;
  Value value;        ///< the output so far, or the error
  std::string to;     ///< next: the task to go on with; empty: the following one
  bool over() const { return kind == Kind::end || kind == Kind::error; }
};

class Interpreter {
 public:
  Interpreter(const Documents& documents, Value input) : documents_(documents), input_(std::move(input)) {
    context_ = *json::parse("{}");
    workflow_ = object("input", input_);
  }

  Step list(View tasks, Value value, const std::string& place) {
    for (uint32_t i = 0; i < tasks.size();) {
      const auto [name, task] = *tasks.at(i).members().begin();
      Step step = this->task(task, value, place + "/" + std::to_string(i) + "/" + std::string(name));
      if (step.over()) return step;
      value = std::move(step.value);
      if (step.kind == Step::Kind::exit) break;
      i = step.to.empty() ? i + 1 : index_of(tasks, step.to);
    }
    return {Step::Kind::next, std::move(value), {}};
  }

 private:
  struct Variable {
    std::string name;
    Value value;
  };

  static Value object(std::string_view name, View value) {
    json::Builder builder;
    builder.begin_object().member(name, value).end_object();
    return std::move(builder).finish();
  }
  static uint32_t index_of(View tasks, std::string_view name) {
    uint32_t index = 0;
    while (tasks.at(index).members().begin() != tasks.at(index).members().end() && (*tasks.at(index).members().begin()).key != name) ++index;
    return index;
  }
  static Step failed(Value error) { return {Step::Kind::error, std::move(error), {}}; }
  static Step failed(ErrorType type, const std::string& place) { return failed(workflow::make_error(type, place, "")); }

  /// The value with every `${ }` in it evaluated; nothing if one fails.
  std::optional<Value> evaluate(View written, View dot, View task_input) {
    expr::CompileOptions options;
    options.variables = {"context", "workflow", "input"};
    std::vector<View> values = {context_, workflow_, task_input};
    for (auto at = variables_.rbegin(); at != variables_.rend(); ++at) {
      const auto& names = options.variables;
      if (std::find(names.begin(), names.end(), at->name) != names.end()) continue;
      options.variables.push_back(at->name);
      values.push_back(at->value);
    }
    const auto compiled = expr::Template::compile(written, options);
    HENCE_CHECK(compiled.ok());
    expr::Budget budget = expr::kWorkflowBudget;
    auto value = compiled->evaluate(dot, values, {}, budget);
    return value.ok() ? std::optional<Value>(std::move(*value)) : std::nullopt;
  }
  std::optional<bool> holds(View written, View dot, View task_input) {
    const auto value = evaluate(written, dot, task_input);
    if (!value) return std::nullopt;
    return !(*value)->is_null() && !((*value)->is_bool() && !(*value)->as_bool());
  }

  Step task(View task, const Value& raw, const std::string& place) {
    if (const auto condition = task.find("if")) {
      const auto yes = holds(*condition, raw, raw);
      if (!yes) return failed(ErrorType::expression, place);
      if (!*yes) return {Step::Kind::next, raw, {}};
    }
    std::optional<Value> input = raw;
    if (const auto from = member_of(task, "input", "from")) input = evaluate(*from, raw, raw);
    if (!input) return failed(ErrorType::expression, place);
    Step step = run(task, *input, place);
    if (step.over()) return step;
    if (const auto as = member_of(task, "output", "as")) {
      auto output = evaluate(*as, step.value, *input);
      if (!output) return failed(ErrorType::expression, place);
      step.value = std::move(*output);
    }
    if (const auto as = member_of(task, "export", "as")) {
      auto exported = evaluate(*as, step.value, *input);
      if (!exported) return failed(ErrorType::expression, place);
      context_ = std::move(*exported);
    }
    if (step.to.empty()) step.to = std::string(task.string_or("then", ""));
    return directed(std::move(step));
  }

  static Step directed(Step step) {
    const std::string to = std::exchange(step.to, {});
    if (to == "exit") step.kind = Step::Kind::exit;
    else if (to == "end") step.kind = Step::Kind::end;
    else if (to != "continue") step.to = to;
    return step;
  }
  static std::optional<View> member_of(View task, std::string_view name, std::string_view inner) {
    const auto outer = task.find(name);
    return outer ? outer->find(inner) : std::nullopt;
  }

  Step run(View task, const Value& input, const std::string& place) {
    if (const auto set = task.find("set")) return given(evaluate(*set, input, input), place);
    if (const auto tasks = task.find("do"); tasks && !task.find("for")) return list(*tasks, input, place + "/do");
    if (const auto cases = task.find("switch")) return choose(*cases, input, place);
    if (const auto wait = task.find("wait")) return pause(task, *wait, input, place);
    if (task.find("emit")) return {Step::Kind::next, input, {}};  // generated ones take no notice of the event
    if (const auto raise = task.find("raise")) return fail(*raise->find("error"), place);
    if (const auto loop = task.find("for")) return repeat(task, *loop, input, place);
    if (const auto fork = task.find("fork")) return branch(*fork, input, place);
    if (task.find("try")) return guard(task, input, place);
    if (task.find("call")) return call(*task.find("with"), input, place);
    if (const auto listen = task.find("listen")) return hear(*listen, input, place);
    return subflow(*task.find("run")->find("workflow"), input, place);
  }

  Step given(std::optional<Value> value, const std::string& place) {
    if (!value) return failed(ErrorType::expression, place);
    return {Step::Kind::next, std::move(*value), {}};
  }

  Step choose(View cases, const Value& input, const std::string& place) {
    std::optional<View> taken;
    for (const View entry : cases.elements()) {
      const View one = (*entry.members().begin()).value;
      const auto when = one.find("when");
      if (!when) {
        if (!taken) taken = one;  // the default, if no other holds
        continue;
      }
      const auto yes = holds(*when, input, input);
      if (!yes) return failed(ErrorType::expression, place);
      if (!*yes) continue;
      taken = one;
      break;
    }
    return {Step::Kind::next, input, taken ? std::string(taken->string_or("then", "")) : std::string()};
  }

  /// Written in whole seconds.
  static int64_t seconds_of(View duration) { return duration.find("seconds")->as_int64().value_or(0); }

  Step pause(View task, View wait, const Value& input, const std::string& place) {
    const auto after = member_of(task, "timeout", "after");
    if (after && seconds_of(*after) < seconds_of(wait)) return failed(ErrorType::timeout, place);
    return {Step::Kind::next, input, {}};
  }

  Step fail(View error, const std::string& place) {
    json::Builder builder;
    builder.begin_object();
    for (const auto [key, value] : error.members()) builder.member(key, value);
    builder.member("instance", place).end_object();
    return failed(std::move(builder).finish());
  }

  Step repeat(View task, View loop, const Value& input, const std::string& place) {
    const auto items = evaluate(*loop.find("in"), input, input);
    if (!items) return failed(ErrorType::expression, place);
    Value value = input;
    const size_t outer = variables_.size();
    uint32_t index = 0;
    for (const View item : (*items)->elements()) {
      variables_.push_back({std::string(loop.string_or("each", "item")), Value(item)});
      json::Builder number;
      number.number(int64_t{index++});
      variables_.push_back({std::string(loop.string_or("at", "index")), std::move(number).finish()});
      const auto condition = task.find("while");
      const auto yes = condition ? holds(*condition, value, input) : std::optional<bool>(true);
      Step step = !yes ? failed(ErrorType::expression, place) : *yes ? list(*task.find("do"), value, place + "/do") : Step{};
      variables_.resize(outer);
      if (step.over()) return step;
      if (!*yes) break;
      value = std::move(step.value);
    }
    return {Step::Kind::next, std::move(value), {}};
  }

  /// Branches neither race nor write the context; of competing ones the first does not wait.
  Step branch(View fork, const Value& input, const std::string& place) {
    const auto compete = fork.find("compete");
    json::Builder outputs;
    outputs.begin_array();
    uint32_t index = 0;
    for (const View entry : fork.find("branches")->elements()) {
      const auto [name, task] = *entry.members().begin();
      const std::string own = place + "/fork/branches/" + std::to_string(index++) + "/" + std::string(name);
      Step step = this->task(task, input, own);
      if (step.over() || (compete && compete->as_bool())) return step;
      outputs.value(step.value);
    }
    outputs.end_array();
    return {Step::Kind::next, std::move(outputs).finish(), {}};
  }

  Step guard(View task, const Value& input, const std::string& place) {
    const View caught = *task.find("catch");
    const auto retries = caught.find("retry");
    const int64_t more = retries ? retries->find("limit")->find("attempt")->find("count")->as_int64().value_or(0) : 0;
    Step step;
    for (int64_t attempt = 0; attempt <= more; ++attempt) {
      step = list(*task.find("try"), input, place + "/try");
      if (step.kind != Step::Kind::error || !catches(caught, step.value, input)) return step;
    }
    const auto tasks = caught.find("do");
    if (!tasks && retries) return step;
    if (!tasks) return {Step::Kind::next, input, {}};
    variables_.push_back({std::string(caught.string_or("as", "error")), step.value});
    step = list(*tasks, input, place + "/catch/do");
    variables_.pop_back();
    return step;
  }

  bool catches(View caught, const Value& error, const Value& input) {
    if (const auto with = member_of(caught, "errors", "with")) {
      const auto status = with->find("status");
      if (status && !json::equal(*status, *error->find("status"))) return false;
      const auto type = with->find("type");
      if (type && workflow::normal_error_type(type->as_string()) != workflow::normal_error_type(error->string_or("type", ""))) return false;
    }
    const auto when = caught.find("when");
    if (!when) return true;
    variables_.push_back({std::string(caught.string_or("as", "error")), error});
    const auto yes = holds(*when, input, input);
    variables_.pop_back();
    return yes && *yes;
  }

  Step call(View with, const Value& input, const std::string& place) {
    const auto body = evaluate(*with.find("body"), input, input);
    if (!body) return failed(ErrorType::expression, place);
    const delivery::HttpAnswer answer = answer_generated((*body)->to_text());
    if (answer.status >= 300) return failed(workflow::make_error(ErrorType::communication, answer.status, place, ""));
    return {Step::Kind::next, *json::parse(answer.body), {}};
  }

  Step hear(View listen, const Value& input, const std::string& place) {
    const View correlation = (*listen.find("to")->find("one")->find("correlate")->members().begin()).value;
    const auto key = evaluate(*correlation.find("expect"), input, input);
    if (!key) return failed(ErrorType::expression, place);
    json::Builder events;
    events.begin_array().value(event_data((*key)->as_string())).end_array();
    return {Step::Kind::next, std::move(events).finish(), {}};
  }

  Step subflow(View child, const Value& input, const std::string& place) {
    const auto given = evaluate(*child.find("input"), input, input);
    if (!given) return failed(ErrorType::expression, place);
    const std::string name = std::string(child.string_or("namespace", "")) + "/" + std::string(child.string_or("name", "")) + ":" +
                             std::string(child.string_or("version", ""));
    const Outcome outcome = interpret(documents_.at(name), *given, documents_);
    if (!outcome.error) return {Step::Kind::next, outcome.output, {}};
    json::Builder error;
    error.begin_object();
    for (const auto [key, value] : (*outcome.error)->members()) {
      if (key != "instance") error.member(key, value);
    }
    error.member("instance", place).end_object();
    return failed(std::move(error).finish());
  }

  const Documents& documents_;
  Value input_, context_, workflow_;
  std::vector<Variable> variables_;
};

}  // namespace

Outcome interpret(View document, const Value& input, const Documents& documents) {
  Step step = Interpreter(documents, input).list(*document.find("do"), input, "/do");
  if (step.kind == Step::Kind::error) return {{}, std::move(step.value)};
  return {std::move(step.value), std::nullopt};
}

delivery::HttpAnswer answer_generated(std::string_view body) {
  const auto asked = json::parse(body);
  const auto n = asked.ok() && (*asked)->is_object() ? (*asked)->find("n") : std::nullopt;
  const int64_t number = n && n->is_number() ? n->as_int64().value_or(1) : 1;
  delivery::HttpAnswer answer;
  answer.status = number % 4 == 3 ? 503 : number % 7 == 5 ? 404 : 200;
  answer.headers = {{"content-type", "application/json"}};
  answer.body = "{\"n\":" + std::to_string((number % 100) + 1) + ",\"ok\":true}";
  return answer;
}

Value event_data(std::string_view key) {
  json::Builder data;
  data.begin_object().member("k", key).key("n").number(static_cast<int64_t>(siphash128({1, 2}, key).low % 50)).end_object();
  return std::move(data).finish();
}

bool same_error(View a, View b) {
  const auto status_of = [](View error) {
    const auto status = error.find("status");
    return status && status->is_number() ? status->as_int64().value_or(0) : 0;
  };
  return workflow::normal_error_type(a.string_or("type", "")) == workflow::normal_error_type(b.string_or("type", "")) &&
         status_of(a) == status_of(b) && a.string_or("instance", "") == b.string_or("instance", "");
}

}  // namespace hence::sim
