// SPDX-License-Identifier: Apache-2.0
#include "sim/naive.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/check.h"
#include "expr/program.h"
#include "json/builder.h"
#include "json/parse.h"
#include "sim/outside.h"
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
  Interpreter(View document, const Documents& documents, const Value& input) : document_(document), documents_(documents) {
    context_ = *json::parse("{}");
    workflow_ = object("input", input);
  }

  /// exited: whether one of these tasks left the list early.
  Step list(View tasks, Value value, const std::string& place, bool* exited = nullptr) {
    for (uint32_t i = 0; i < tasks.size();) {
      const auto [name, task] = *tasks.at(i).members().begin();
      Step step = this->task(task, value, place + "/" + std::to_string(i) + "/" + std::string(name));
      if (step.over()) return step;
      value = std::move(step.value);
      if (step.kind == Step::Kind::exit) {
        if (exited != nullptr) *exited = true;
        break;
      }
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
    const auto after = member_of(task, "timeout", "after");
    if (after && seconds_of(*after) < lasts_untimed(task)) return failed(ErrorType::timeout, place);
    Step step = extended(task, *input, place);
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
    return task.find_path({name, inner});
  }

  /// Written in whole seconds or days.
  static int64_t seconds_of(View duration) {
    const auto days = duration.find("days");
    return days ? *days->as_int64() * 86'400 : *duration.find("seconds")->as_int64();
  }

  static constexpr int64_t kForEver = INT64_MAX;

  /// The seconds that a task takes at least: of a list, those of its first task.
  static int64_t lasts(View task) {
    const int64_t untimed = lasts_untimed(task);
    const auto after = member_of(task, "timeout", "after");
    return after ? std::min(untimed, seconds_of(*after)) : untimed;
  }
  static int64_t lasts_untimed(View task) {
    if (const auto wait = task.find("wait")) return seconds_of(*wait);
    if (const auto type = task.find_path({"listen", "to", "one", "with", "type"})) return type->as_string() == kNeverSent ? kForEver : 0;
    if (const auto title = member_of(task, "with", "title")) return title->as_string() == kUndecided && !member_of(task, "with", "deadline") ? kForEver : 0;
    const auto tasks = task.find(task.find("try") ? "try" : "do");
    return tasks ? lasts((*tasks->at(0).members().begin()).value) : 0;
  }

  static bool extends(std::string_view kind, View task) {
    if (kind == "composite") return task.find("fork") || (task.find("do") && !task.find("for"));
    return kind == "all" || task.find(kind);
  }

  /// The task between the lists of what extends its kind, the first extension outermost. A list has no say in what
  /// comes of the task, unless it fails or ends the workflow, or is left early before the task: then it replaces it.
  Step extended(View task, const Value& input, const std::string& place) {
    const auto extensions = document_.find_path({"use", "extensions"});
    if (!extensions || in_extension_) return run(task, input, place);
    std::vector<std::pair<View, std::string>> around;
    for (uint32_t i = 0; i < extensions->size(); ++i) {
      const auto [name, extension] = *extensions->at(i).members().begin();
      if (extends(extension.string_or("extend", ""), task)) around.emplace_back(extension, "/use/extensions/" + std::to_string(i) + "/" + std::string(name));
    }
    bool exited = false;
    for (const auto& [extension, own] : around) {
      Step before = beside(extension, "before", input, input, own, place, exited);
      if (before.over() || exited) return before;
    }
    Step step = run(task, input, place);
    for (auto at = around.rbegin(); at != around.rend() && !step.over(); ++at) {
      Step after = beside(at->first, "after", step.value, input, at->second, place, exited);
      if (after.over()) return after;
    }
    return step;
  }

  Step beside(View extension, const std::string& side, const Value& given, const Value& task_input, const std::string& own,
              const std::string& place, bool& exited) {
    const auto tasks = extension.find(side);
    if (!tasks) return {};
    const auto when = extension.find("when");
    const auto yes = when ? holds(*when, task_input, task_input) : std::optional<bool>(true);
    if (!yes) return failed(ErrorType::expression, place);
    if (!*yes) return {};
    in_extension_ = true;
    std::vector<Variable> outer = std::exchange(variables_, {});
    Step step = list(*tasks, given, own + "/" + side, &exited);
    variables_ = std::move(outer);
    in_extension_ = false;
    return step;
  }

  Step run(View task, const Value& input, const std::string& place) {
    if (const auto set = task.find("set")) return given(evaluate(*set, input, input), place);
    if (const auto tasks = task.find("do"); tasks && !task.find("for")) return list(*tasks, input, place + "/do");
    if (const auto cases = task.find("switch")) return choose(*cases, input, place);
    if (task.find("wait")) return {Step::Kind::next, input, {}};
    if (task.find("emit")) return {Step::Kind::next, object("type", json::Value::string("gen.told")), {}};  // of the event, what is sure
    if (const auto raise = task.find("raise")) return fail(*raise->find("error"), place);
    if (const auto loop = task.find("for")) return repeat(task, *loop, input, place);
    if (const auto fork = task.find("fork")) return branch(*fork, input, place);
    if (task.find("try")) return guard(task, input, place);
    if (const auto name = task.find("call")) return call(name->as_string(), *task.find("with"), input, place);
    if (task.find("listen")) return hear(task, input, place);
    const View run = *task.find("run");
    return run.find("workflow") ? subflow(run, input, place) : process(run, input, place);
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
    size_t index = 0;
    for (const View item : (*items)->elements()) {
      const size_t outer = bind(loop, "each", Value(item), index++);
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

  /// A loop's variables, after which variables_ goes back to what is returned. key: where it names the one of the item.
  size_t bind(View loop, std::string_view key, const Value& item, size_t index) {
    json::Builder number;
    number.number(static_cast<int64_t>(index));
    variables_.push_back({std::string(loop.string_or(key, "item")), item});
    variables_.push_back({std::string(loop.string_or("at", "index")), std::move(number).finish()});
    return variables_.size() - 2;
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

  Step call(std::string_view name, View with, const Value& input, const std::string& place) {
    if (name == "openapi") return openapi(with, input, place);
    if (name == "approval:1.0.0@default") return ask(with, input, place);
    if (name != "http") return function(std::string(name), with, input, place);
    const auto body = evaluate(*with.find("body"), input, input);
    if (!body) return failed(ErrorType::expression, place);
    return answered(answer_generated("", (*body)->to_text()), place);
  }

  static Step answered(const delivery::HttpAnswer& answer, const std::string& place) {
    if (answer.status >= 300) return failed(workflow::make_error(ErrorType::communication, answer.status, place, ""));
    return {Step::Kind::next, *json::parse(answer.body), {}};
  }

  /// Of the one document that generated workflows call: "make" has a body, "sum" a number in its path.
  Step openapi(View with, const Value& input, const std::string& place) {
    const auto given = evaluate(*with.find("parameters"), input, input);
    if (!given) return failed(ErrorType::expression, place);
    if (const auto body = (*given)->find("body")) return answered(answer_generated("", body->to_text()), place);
    const View n = *(*given)->find("n");
    if (n.is_null()) return failed(ErrorType::configuration, place);
    return answered(answer_generated("/" + n.to_text(), ""), place);
  }

  Step function(const std::string& name, View with, const Value& input, const std::string& place) {
    const auto given = evaluate(with, input, input);
    if (!given) return failed(ErrorType::expression, place);
    std::vector<Variable> outer = std::exchange(variables_, {});
    Step step = task(*document_.find_path({"use", "functions", name}), *given, "/use/functions/" + name);
    variables_ = std::move(outer);
    if (step.kind == Step::Kind::exit) step.kind = Step::Kind::next;
    return step;
  }

  Step ask(View with, const Value& input, const std::string& place) {
    const auto given = evaluate(with, input, input);
    if (!given) return failed(ErrorType::expression, place);
    const auto granted = decide_generated((*given)->string_or("title", ""));
    json::Builder made;
    made.begin_object();
    if ((granted && *granted) || with.find("otherwise")) {
      made.member("decision", !granted ? "expired" : *granted ? "granted" : "denied");
      if (granted) made.member("by", kDecider).member("reason", kReason);
      made.end_object();
      return {Step::Kind::next, std::move(made).finish(), {}};
    }
    made.member("type", granted ? "https://hence.io/errors/approval-denied" : "https://hence.io/errors/approval-expired");
    made.key("status").number(int64_t{granted ? 403 : 408}).member("instance", place).end_object();
    return failed(std::move(made).finish());
  }

  Step process(View run, const Value& input, const std::string& place) {
    const auto shell = run.find("shell");
    const View what = shell ? *shell : *run.find("script");
    const auto given = evaluate(what, input, input);
    if (!given) return failed(ErrorType::expression, place);
    const auto text_of = [](View value) { return value.is_string() ? std::string(value.as_string()) : value.to_text(); };
    delivery::ProcessCall asked;
    asked.script = !shell;
    asked.command = what.string_or("command", "");
    if (!shell) asked.arguments.emplace_back(what.string_or("code", ""));
    for (const View one : (*given)->find("arguments")->elements()) asked.arguments.push_back(text_of(one));
    if (const auto variables = (*given)->find("environment")) {
      for (const auto [name, value] : variables->members()) asked.environment[std::string(name)] = text_of(value);
    }
    if (const auto stdin_text = (*given)->find("stdin"); stdin_text && !stdin_text->is_null()) asked.input = text_of(*stdin_text);
    if (run.find("await")) return {Step::Kind::next, input, {}};  // generated ones do not wait
    const delivery::ProcessAnswer answer = answer_generated(asked);
    const std::string_view wanted = run.string_or("return", "stdout");
    if (answer.exit_code != 0 && wanted != "code" && wanted != "all") return failed(ErrorType::runtime, place);
    json::Builder all;
    all.begin_object().key("code").number(int64_t{answer.exit_code});
    all.member("stdout", answer.output).member("stderr", answer.error_output).member("none", json::Value()).end_object();
    const Value made = std::move(all).finish();
    return {Step::Kind::next, wanted == "all" ? made : Value(*made->find(wanted)), {}};
  }

  /// Takes the first of the events it may take, and if it says `until`, that one again and again. Where it ends with
  /// another event, it is luck how many it takes: a generated document tells nothing of them.
  Step hear(View task, const Value& input, const std::string& place) {
    const View to = *task.find_path({"listen", "to"});
    const auto one = to.find("one"), all = to.find("all"), until = to.find("until");
    const View first = one ? *one : all ? all->at(0) : to.find("any")->at(0);
    const auto key = evaluate((*first.find("correlate")->members().begin()).value.find("expect").value(), input, input);
    if (!key) return failed(ErrorType::expression, place);
    const auto event = [&](View filter) { return event_data(filter.find_path({"with", "type"})->as_string(), (*key)->as_string()); };
    std::vector<Value> taken;
    if (all) {
      for (const View filter : all->elements()) taken.push_back(event(filter));
      return {Step::Kind::next, array(taken), {}};
    }
    if (until && !until->is_string()) return {Step::Kind::next, array(taken), {}};
    while (true) {
      const bool whole = task.find("listen")->string_or("read", "data") == "envelope";
      Step step = hear_one(task, whole ? object("data", event(first)) : event(first), taken.size(), input, place);
      if (step.over()) return step;
      taken.push_back(std::move(step.value));
      const auto ends = until ? holds(*until, array(taken), input) : std::optional<bool>(true);
      if (!ends) return failed(ErrorType::expression, place);
      if (*ends) return {Step::Kind::next, array(taken), {}};
    }
  }

  Step hear_one(View task, const Value& event, size_t index, const Value& input, const std::string& place) {
    const auto foreach = task.find("foreach");
    if (!foreach) return {Step::Kind::next, event, {}};
    const size_t outer = bind(*foreach, "item", event, index);
    Step step = list(*foreach->find("do"), event, place + "/foreach/do");
    if (const auto as = member_of(*foreach, "output", "as"); as && !step.over()) step = given(evaluate(*as, step.value, input), place);
    variables_.resize(outer);
    return step;
  }

  static Value array(const std::vector<Value>& items) {
    json::Builder builder;
    builder.begin_array();
    for (const Value& item : items) builder.value(item);
    builder.end_array();
    return std::move(builder).finish();
  }

  Step subflow(View run, const Value& input, const std::string& place) {
    const View child = *run.find("workflow");
    const auto given = evaluate(*child.find("input"), input, input);
    if (!given) return failed(ErrorType::expression, place);
    if (run.find("await")) return {Step::Kind::next, input, {}};  // generated ones do not wait
    const std::string name = std::string(child.string_or("namespace", "")) + "/" + std::string(child.string_or("name", "")) + ":" +
                             std::string(child.string_or("version", ""));
    const Outcome outcome = interpret(documents_.at(name), *given, documents_);
    if (!outcome.error) return {Step::Kind::next, run.find("return") ? Value() : outcome.output, {}};
    json::Builder error;
    error.begin_object();
    for (const auto [key, value] : (*outcome.error)->members()) {
      if (key != "instance") error.member(key, value);
    }
    error.member("instance", place).end_object();
    return failed(std::move(error).finish());
  }

  const View document_;
  const Documents& documents_;
  Value context_, workflow_;
  std::vector<Variable> variables_;  ///< those in sight, innermost last
  bool in_extension_ = false;        ///< whose tasks are not extended
};

}  // namespace

Outcome interpret(View document, const Value& input, const Documents& documents) {
  Step step = Interpreter(document, documents, input).list(*document.find("do"), input, "/do");
  if (step.kind == Step::Kind::error) return {{}, std::move(step.value)};
  return {std::move(step.value), std::nullopt};
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
