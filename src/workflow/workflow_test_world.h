// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the tests of this module share: a workflow from YAML, run in virtual time against an outside
// that answers from a script. Every command is also checked for what the log relies on: facts and
// states survive their encoding, and folding the facts gives the machine's state.

#include <gtest/gtest.h>

#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "json/parse.h"
#include "json/yaml.h"
#include "workflow/deferred.h"
#include "workflow/machine.h"

namespace hence::workflow::testing {

inline json::YamlDocument document_of(const std::string& yaml) {
  auto documents = json::parse_yaml(yaml);
  if (!documents.ok()) {
    ADD_FAILURE() << documents.error().message() << "\n" << yaml;
    return {};
  }
  return documents->empty() ? json::YamlDocument{} : documents->front();
}

inline json::Value value_of(const std::string& yaml) {
  return yaml.empty() ? json::Value() : document_of(yaml).value;
}

/// The document with a head, so that tests hold only what they are about.
inline std::string with_head(const std::string& rest) {
  return "document: {dsl: '1.0.3', namespace: test, name: sample, version: '0.1.0'}\n" + rest;
}

inline std::shared_ptr<const Definition> compile_good(const std::string& yaml) {
  Compiled compiled = compile(document_of(yaml));
  for (const Fault& fault : compiled.faults) ADD_FAILURE() << fault.to_string();
  return compiled.definition;
}

/// The faults of a document, one text each.
inline std::vector<std::string> faults_of(const std::string& yaml) {
  std::vector<std::string> texts;
  for (const Fault& fault : compile(document_of(yaml)).faults) texts.push_back(fault.to_string());
  return texts;
}

/// The specification's examples, its test kit and its reference, where they lie beside the sources.
inline std::filesystem::path conformance_dir() {
  const char* given = std::getenv("HENCE_SHARED_DIR");
  return std::filesystem::path(given ? given : HENCE_SOURCE_DIR "/../shared") / "conformance/open-workflow";
}
/// Of tests that need them: where they are not, a test says so and is skipped.
inline bool conformance_is_here() { return std::filesystem::exists(conformance_dir()); }
/// What stands in for the services that the specification's documents call.
inline std::filesystem::path stubs_dir() {
  return std::filesystem::path(HENCE_SOURCE_DIR) / "tests/conformance/open-workflow";
}

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// One instance and its outside.
class World {
 public:
  using Answer = std::function<CallOutcome(const json::Value& request)>;

  explicit World(const std::string& yaml) : definition_(compile_good(yaml)) {}

  UtcTime now = UtcTime{1'000'000'000'000'000};
  uint32_t step_budget = 10'000;
  Limits limits;
  json::Value secrets;
  Answer answer = [](const json::Value&) { return CallOutcome(CallFailure{}); };

  Instance instance;
  std::vector<Fact> facts;       ///< all so far
  std::vector<json::Value> calls;  ///< requests, resolved

  void start(const std::string& input = "") {
    const json::Value value = value_of(input);
    command([&](Machine& machine) { return machine.start(value); });
  }
  /// Answers calls and lets timers come due until the instance ends or waits for nothing.
  void run() {
    for (int round = 0; round < 10'000 && !instance.ended(); ++round) {
      if (!instance.calls.empty()) {
        answer_next();
      } else if (const Timer* timer = instance.next_timer()) {
        fire(*timer);
      } else {
        return;
      }
    }
  }
  void answer_next() {
    const CallId call = instance.calls.front().id;
    answer_call(call, answer(calls.back()));
  }
  void answer_call(CallId call, const CallOutcome& outcome) {
    command([&](Machine& machine) { return machine.on_call_result(call, outcome); });
  }
  void fire(const Timer& timer) {
    now = std::max(now, timer.due);
    const TimerId id = timer.id;
    command([&](Machine& machine) { return machine.on_timer(id); });
  }
  void start_and_run(const std::string& input = "") {
    start(input);
    run();
  }
  Advance command(const std::function<Advance(Machine&)>& what) {
    Advance advance = step(what);
    while (advance.more) {
      ++continuations;
      advance = step([](Machine& machine) { return machine.go_on(); });
    }
    return advance;
  }

  const Definition& definition() const { return *definition_; }
  std::string output() const { return instance.output ? (*instance.output)->to_text() : "none"; }
  json::Value error() const { return instance.error.value_or(json::Value()); }
  std::string phase() const { return std::string(phase_name(instance.shown_phase())); }
  /// Names of the tasks begun, in order.
  std::vector<std::string> begun() const {
    std::vector<std::string> names;
    for (const Fact& fact : facts) {
      if (const auto* started = std::get_if<TaskStarted>(&fact)) {
        names.push_back(definition_->task(started->task).name);
      }
    }
    return names;
  }
  template <typename T>
  std::vector<T> all() const {
    std::vector<T> found;
    for (const Fact& fact : facts) {
      if (const T* one = std::get_if<T>(&fact)) found.push_back(*one);
    }
    return found;
  }

  int continuations = 0;

 private:
  Advance step(const std::function<Advance(Machine&)>& what) {
    std::vector<Fact> made;
    StepContext context;
    context.now = now;
    context.seed = ++seed_;
    context.instance = Address{7, 42};
    context.step_budget = step_budget;
    context.limits = limits;
    Machine machine(*definition_, instance, context, made);
    const Advance advance = what(machine);
    for (const Fact& fact : made) take(fact);
    EXPECT_EQ(encode(mirror_), encode(instance)) << "folding the facts gives another state";
    return advance;
  }

  void take(const Fact& fact) {
    facts.push_back(fact);
    std::string bytes;
    Encoder encoder(bytes);
    encoder.put(fact);
    Decoder decoder(bytes);
    Fact copy;
    decoder.get(copy);
    EXPECT_FALSE(decoder.failed());
    workflow::apply(mirror_, copy);
    const auto decoded = decode<Instance>(encode(mirror_), "instance");
    ASSERT_TRUE(decoded.ok());
    mirror_ = *decoded;
    const auto* call = std::get_if<CallRequested>(&fact);
    if (!call) return;
    json::Value request = call->request;
    if (call->deferred) {
      auto resolved = resolve_call(*definition_, call->request, secrets, now);
      ASSERT_TRUE(resolved.ok()) << resolved.error().message();
      request = *resolved;
    }
    calls.push_back(request);
  }

  std::shared_ptr<const Definition> definition_;
  Instance mirror_;
  uint64_t seed_ = 0;
};

inline CallOutcome json_answer(int status, const std::string& body) {
  return HttpOutcome{status, {{"content-type", "application/json"}}, body};
}

}  // namespace hence::workflow::testing
