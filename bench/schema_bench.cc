// SPDX-License-Identifier: Apache-2.0

// Nanoseconds of one thread's time for JSON Schema: a valid event, the faults of an invalid one, and the
// workflow language's own schema compiled and applied to its examples.
//
//   schema_bench          prints one JSON object a line
//
// Data: HENCE_SHARED_DIR, default ../shared.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "json/parse.h"
#include "json/yaml.h"
#include "schema/schema.h"

namespace {

using hence::json::Value;
using hence::schema::Schema;

/// Time this thread has run: what others do on the machine stays out of it.
double cpu_nanoseconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

std::string shared_folder() {
  const char* shared = std::getenv("HENCE_SHARED_DIR");
  return shared != nullptr ? shared : HENCE_SOURCE_DIR "/../shared";
}

std::string read_file(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<Value> read_events(const std::string& path) {
  std::vector<Value> out;
  FILE* pipe = popen(("gzip -dc '" + path + "' 2>/dev/null").c_str(), "r");
  if (pipe == nullptr) return out;
  std::string all;
  char block[1 << 16];
  for (size_t got; (got = fread(block, 1, sizeof(block), pipe)) > 0;) all.append(block, got);
  pclose(pipe);
  std::string_view rest = all;
  for (auto value = hence::json::parse_next(rest); value.ok() && *value; value = hence::json::parse_next(rest)) {
    out.push_back(**value);
  }
  return out;
}

/// The best of several rounds over all values, in nanoseconds a value.
template <typename Work>
double best_of(size_t values, Work work) {
  double best = 1e18;
  for (int round = 0; round < 15; ++round) {
    const double from = cpu_nanoseconds();
    work();
    best = std::min(best, (cpu_nanoseconds() - from) / static_cast<double>(values));
  }
  return best;
}

void say(const char* what, double ns, double aim) {
  std::printf("{\"case\":\"%s\",\"ns\":%.0f,\"aim\":%.0f}\n", what, ns, aim);
}

std::string with(std::string text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

/// Events with a wrong status, an amount below zero and an id that does not match.
std::vector<Value> broken(const std::vector<Value>& events) {
  std::vector<Value> out;
  for (size_t i = 0; i < events.size() && i < 2000; ++i) {
    const std::string text = with(with(with(events[i]->to_text(), "\"amount\":", "\"amount\":-"), "\"id\":\"ev-", "\"id\":\"xv-"),
                                  "\"status\":\"", "\"status\":\"un");
    if (auto value = hence::json::parse(text); value.ok()) out.push_back(*value);
  }
  return out;
}

bool bench_events(const std::string& shared) {
  const std::vector<Value> events = read_events(shared + "/bench/events.small.jsonl.gz");
  const auto document = hence::json::parse(read_file(shared + "/bench/event-schema.json"));
  if (events.empty() || !document.ok()) return false;
  const auto schema = Schema::compile(*document);
  if (!schema.ok()) return false;
  size_t valid = 0;
  const size_t few = std::min<size_t>(events.size(), 1000);
  say("valid small event", best_of(few * 10, [&] {
        for (size_t i = 0; i < 10 * few; ++i) valid += (*schema)->valid(events[i % few]);
      }), 800);
  say("valid small event, from memory beyond the caches", best_of(events.size(), [&] {
        valid = 0;
        for (const Value& event : events) valid += (*schema)->valid(event);
      }), 0);
  const std::vector<Value> wrong = broken(events);
  size_t faults = 0;
  say("faults of an invalid small event", best_of(wrong.size(), [&] {
        faults = 0;
        for (const Value& event : wrong) faults += (*schema)->faults(event).size();
      }), 3000);
  std::printf("{\"events\":%zu,\"valid\":%zu,\"invalid\":%zu,\"faults\":%zu}\n", events.size(), valid, wrong.size(), faults);
  return valid == events.size();
}

bool bench_workflows(const std::string& shared) {
  const auto documents = hence::json::parse_yaml(read_file(shared + "/conformance/open-workflow/schema/workflow.yaml"));
  if (!documents.ok() || documents->empty()) return false;
  const Value& document = documents->front().value;
  auto schema = Schema::compile(document);
  if (!schema.ok()) {
    std::printf("%s\n", schema.error().message().c_str());
    return false;
  }
  say("compile of the workflow schema", best_of(1, [&] { schema = Schema::compile(document); }), 5e6);
  std::vector<Value> examples;
  for (const auto& entry : std::filesystem::directory_iterator(shared + "/conformance/open-workflow/examples")) {
    const auto parsed = hence::json::parse_yaml(read_file(entry.path()));
    if (parsed.ok() && !parsed->empty()) examples.push_back(parsed->front().value);
  }
  size_t valid = 0;
  say("workflow example", best_of(examples.size(), [&] {
        valid = 0;
        for (const Value& example : examples) valid += (*schema)->valid(example);
      }), 0);
  std::printf("{\"examples\":%zu,\"valid\":%zu}\n", examples.size(), valid);
  for (const Value& example : examples) {
    for (const auto& fault : (*schema)->faults(example, 3)) std::printf("%s\n", fault.message.c_str());
  }
  return valid == examples.size();
}

}  // namespace

int main() {
  const std::string shared = shared_folder();
  const bool events = bench_events(shared);
  const bool workflows = bench_workflows(shared);
  return events && workflows ? 0 : 1;
}
