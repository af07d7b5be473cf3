// SPDX-License-Identifier: Apache-2.0
#include "harness/test_run.h"

#include <fstream>
#include <sstream>

#include "harness/answers.h"
#include "event/event.h"
#include "harness/expectations.h"
#include "json/builder.h"

namespace hence::harness {
namespace {

constexpr size_t kResourceBytesMax = 16 << 20;

Result<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (file) text << file.rdbuf();
  if (!file || text.str().size() > kResourceBytesMax) {
    return Error(ErrorCode::NotFound, "cannot read " + path + "; paths are relative to the test's file");
  }
  return text.str();
}

std::string indented(const std::string& text, const std::string& by) {
  std::string out;
  for (const char c : text) {
    out.push_back(c);
    if (c == '\n') out += by;
  }
  return out;
}

class Run {
 public:
  Run(const TestDocument& test, std::string folder)
      : test_(test), folder_(std::move(folder)), world_(options_of(test)) {}

  /// The failure, empty if there is none.
  std::string run() {
    if (const auto secrets = test_.root().find("secrets")) set_secrets(*secrets);
    if (const auto documents = test_.root().find("documents")) {
      if (const Status set = set_documents(*documents); !set.ok()) return at("/documents", set.error().message());
    }
    if (const auto resources = test_.root().find("resources")) {
      if (const Status applied = apply(*resources); !applied.ok()) return at("/resources", applied.error().message());
    }
    size_t index = 0;
    for (const json::View step : test_.root().find("steps")->elements()) {
      const std::string failure = take("/steps/" + std::to_string(index++), step);
      if (!failure.empty()) return failure;
    }
    if (!outcome_.error.empty()) return at(refused_at_, outcome_.error);
    return {};
  }

 private:
  static WorldOptions options_of(const TestDocument& test) {
    WorldOptions options;
    if (const auto anywhere = test.root().find("secretsAnywhere")) options.secrets_anywhere = anywhere->as_bool();
    const auto time = test.root().find("time");
    if (time) options.start = parse_rfc3339(time->as_string()).value();
    return options;
  }

  std::string at(const std::string& pointer, const std::string& message) const {
    return test_.file + ":" + std::to_string(test_.line_of(pointer)) + ": " + message;
  }

  std::string take(const std::string& pointer, json::View step) {
    const bool bare = step.is_string();
    const auto [verb, value] = bare ? json::Member{step.as_string(), json::View()} : *step.members().begin();
    const std::string here = bare ? pointer : pointer + "/" + std::string(verb);
    if (verb == "expect") return expect(here, value);
    if (!outcome_.error.empty()) return at(refused_at_, outcome_.error);
    const Status done = act(verb, value);
    if (!done.ok()) {
      outcome_.error = done.error().message();
      refused_at_ = here;
    }
    return {};
  }

  std::string expect(const std::string& pointer, json::View expected) {
    // A refusal nobody expects is the failure, whatever else there is.
    if (!outcome_.error.empty() && !expected.find("error")) return at(refused_at_, outcome_.error);
    const auto checked = check_expectations(world_, outcome_, expected);
    outcome_.error.clear();
    if (!checked.ok()) return at(pointer, checked.error().message());
    std::string failure;
    for (const Mismatch& mismatch : *checked) {
      failure += at(pointer + mismatch.pointer, mismatch.pointer.substr(1));
      if (!mismatch.what.empty()) failure += ": " + mismatch.what;
      failure += "\n  expected: " + indented(mismatch.expected, "            ");
      failure += "\n  actual:   " + indented(mismatch.actual, "            ") + "\n";
    }
    return failure;
  }

  Status act(std::string_view verb, json::View value) {
    if (verb == "send") return send(value);
    if (verb == "sink") return script(world_.sinks, value, read_http_answers);
    if (verb == "http") return script(world_.http, value, read_http_answers);
    if (verb == "shell") return script(world_.commands, value, read_process_answers);
    if (verb == "secrets") return set_secrets(value), Status();
    if (verb == "advance") return world_.advance(parse_duration(value.as_string()).value());
    if (verb == "apply") return apply(value);
    if (verb == "restart") return world_.restart();
    if (verb == "down") return world_.restart(parse_duration(value.as_string()).value());
    if (verb == "start") return start(value);
    if (verb == "redrive") return redrive(value);
    if (verb == "cancel") return cancel(value);
    if (verb == "approval") return decide_approval(value);
    if (verb == "compensation") return decide_parked(value);
    return act_on_instance(verb, value);
  }

  void set_secrets(json::View secrets) {
    for (const auto [name, value] : secrets.members()) world_.set_secret(std::string(name), std::string(value.as_string()));
  }

  Status set_documents(json::View documents) {
    for (const auto [uri, file] : documents.members()) {
      HENCE_TRY(const std::string text, read_file(folder_ + "/" + std::string(file.as_string())));
      world_.set_document(std::string(uri), text);
    }
    return {};
  }

  /// All files together, as one change.
  Status apply(json::View files) {
    std::string text;
    const auto add = [&](json::View file) -> Status {
      const std::string name(file.as_string());
      HENCE_TRY(const std::string content, read_file(name.starts_with('/') ? name : folder_ + "/" + name));
      text += (text.empty() ? "" : "\n---\n") + content;
      return {};
    };
    if (files.is_string()) HENCE_TRY_VOID(add(files));
    else for (const json::View file : files.elements()) HENCE_TRY_VOID(add(file));
    return text.empty() ? Status() : world_.apply(text);
  }

  Status send(json::View value) {
    outcome_.duplicate = false;
    if (value.is_object()) return send_one(value);
    for (const json::View event : value.elements()) HENCE_TRY_VOID(send_one(event));
    return {};
  }

  /// With what the test left out.
  json::Value completed_event(json::View given) {
    json::Builder event;
    event.begin_object();
    const auto fill = [&](std::string_view name, const std::string& text) {
      if (!given.find(name)) event.member(name, text);
    };
    fill("specversion", "1.0");
    ++sent_;
    fill("id", "event-" + std::to_string(sent_));
    fill("source", "/test");
    for (const auto [name, item] : given.members()) event.member(name, item);
    event.end_object();
    return std::move(event).finish();
  }

  Status send_one(json::View given) {
    HENCE_TRY(const engine::Reply reply, world_.send(completed_event(given)));
    outcome_.duplicate = reply.duplicate;
    return {};
  }

  template <typename Answer>
  static Status script(Script<Answer>& into, json::View value,
                       Result<std::vector<Result<Answer>>> (*read)(json::View)) {
    for (const auto [name, entry] : value.members()) {
      auto answers = read(*entry.find("answers"));
      if (!answers.ok()) return answers.error().in(name);
      const auto delay = entry.find("delay");
      into.set(std::string(name), std::move(*answers), delay ? parse_duration(delay->as_string()).value() : Duration{});
    }
    return {};
  }

  Status start(json::View value) {
    engine::StartInstance body;
    body.workflow = value.string_or("workflow", "");
    json::Builder nothing;
    nothing.begin_object().end_object();
    const auto input = value.find("input");
    body.input = input ? json::Value(*input) : std::move(nothing).finish();
    body.id = value.string_or("id", "");
    body.key = value.string_or("key", body.id);
    const std::string_view conflict = value.string_or("onConflict", "existing");
    if (conflict == "reject") body.on_conflict = engine::StartInstance::OnConflict::reject;
    if (conflict == "replace") body.on_conflict = engine::StartInstance::OnConflict::replace;
    HENCE_TRY(const engine::Reply reply, world_.start(std::move(body)));
    return {};
  }

  /// The one instance of a workflow that the act can be for, or the one with the caller's own id.
  Result<Address> find_instance(std::string_view verb, json::View value) {
    const std::string workflow(value.is_string() ? value.as_string() : value.string_or("workflow", ""));
    const std::string id(value.is_string() ? "" : value.string_or("id", ""));
    HENCE_TRY(const std::vector<json::Value> all, list_all(world_, &engine::Query::instances));
    std::vector<Address> found;
    for (const json::Value& row : all) {
      if (!workflow.empty() && row->string_or("workflow", "") != workflow) continue;
      if (!id.empty() && row->string_or("key", "") != id) continue;
      const bool faulted = row->string_or("status", "") == "faulted";
      const bool fits = verb == "retry" ? faulted : !row->find("ended") || (faulted && (verb == "skip" || verb == "set-context"));
      if (id.empty() && !fits) continue;
      found.push_back(Address::parse(row->string_or("id", "")).value());
    }
    if (found.size() == 1) return found.front();
    return Error(ErrorCode::NotFound, std::string(verb) + " is for one instance; " + std::to_string(found.size()) +
                                          " fit; name one by its id");
  }

  Status act_on_instance(std::string_view verb, json::View value) {
    using Act = engine::ActOnInstance::Act;
    static constexpr std::pair<std::string_view, Act> kActs[] = {
        {"suspend", Act::suspend},         {"resume", Act::resume},         {"retry", Act::retry},
        {"skip", Act::skip},     {"set-context", Act::set_context}, {"send-event", Act::send_event}};
    engine::ActOnInstance body;
    for (const auto& [name, act] : kActs) {
      if (name == verb) body.act = act;
    }
    HENCE_TRY(body.instance, find_instance(verb, value));
    if (value.is_string()) return world_.act(std::move(body), {});
    body.task = value.string_or("task", "");
    for (const std::string_view member : {"input", "output", "context"}) {
      if (const auto given = value.find(member)) body.value = json::Value(*given);
    }
    if (const auto event = value.find("event")) {
      HENCE_TRY(body.event, event::Event::from_value(completed_event(*event)));
    }
    return world_.act(std::move(body), std::string(value.string_or("reason", "")));
  }

  Status cancel(json::View value) {
    HENCE_TRY(const Address found, find_instance("cancel", value));
    if (value.is_string()) return world_.cancel(found);
    const auto compensate = value.find("compensate");
    const bool undo = compensate && compensate->as_bool();
    return world_.cancel(found, std::string(value.string_or("reason", "")), undo ? workflow::Undo::yes : workflow::Undo::no);
  }

  /// The newest approval of the task that is pending, else the newest there is.
  Status decide_approval(json::View value) {
    const bool grant = value.find("grant").has_value();
    const std::string_view task = value.string_or(grant ? "grant" : "deny", "");
    HENCE_TRY(const std::vector<json::Value> all, list_all(world_, &engine::Query::approvals));
    const json::Value* found = nullptr;
    for (const json::Value& row : all) {
      if (row->string_or("task", "") != task) continue;
      const bool pending = row->string_or("status", "") == "pending";
      if (found == nullptr || (pending && (*found)->string_or("status", "") != "pending")) found = &row;
    }
    if (found == nullptr) return Error(ErrorCode::NotFound, "there is no approval of a task " + std::string(task));
    return world_.decide_approval(*engine::EffectId::parse((*found)->string_or("id", "")), grant,
                                  std::string(value.string_or("by", "test")), std::string(value.string_or("reason", "")));
  }

  Status decide_parked(json::View value) {
    const bool skip = value.find("skip").has_value();
    const json::View which = *value.find(skip ? "skip" : "redrive");
    HENCE_TRY(const Address found, find_instance("compensation", which));
    return world_.decide_parked(found, skip ? workflow::Parked::skip : workflow::Parked::redrive);
  }

  Status redrive(json::View value) {
    HENCE_TRY(const std::vector<json::Value> all, list_all(world_, &engine::Query::deliveries));
    std::string wanted_event;
    if (value.is_object() && value.find("event")) {
      HENCE_TRY(const Address event, world_.query([&](engine::Query& q) {
        return q.find_event("default", value.string_or("event", ""));
      }));
      wanted_event = event.to_string();
    }
    size_t count = 0;
    for (const json::Value& row : all) {
      if (row->string_or("status", "") != "parked") continue;
      if (!wanted_event.empty() && row->string_or("event", "") != wanted_event) continue;
      if (value.is_object() && value.find("sink") && row->string_or("sink", "") != value.string_or("sink", "")) continue;
      ++count;
      HENCE_TRY_VOID(world_.redrive(engine::EffectId::parse(row->string_or("id", "")).value()));
    }
    if (count == 0) return Error(ErrorCode::NotFound, "there is no such parked delivery to redrive");
    return {};
  }

  const TestDocument& test_;
  std::string folder_;
  World world_;
  StepOutcome outcome_;
  std::string refused_at_;
  uint64_t sent_ = 0;
};

}  // namespace

TestResult run_test(const TestDocument& test, const std::string& folder) {
  TestResult result{test.file, test.name, false, {}};
  result.failure = Run(test, folder).run();
  result.passed = result.failure.empty();
  return result;
}

}  // namespace hence::harness
