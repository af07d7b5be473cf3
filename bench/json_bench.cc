// SPDX-License-Identifier: Apache-2.0

// Parsing, look-up, copying and memory of JSON values, beside simdjson's DOM and nlohmann/json.
// Events come from HENCE_BENCH_DIR (default ../shared/bench), else they are made here.

#include <benchmark/benchmark.h>
#include <simdjson.h>
#include <zlib.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "json/builder.h"
#include "json/parse.h"
#include "json/value.h"
#include "json/write.h"

namespace {

using namespace hence::json;

std::vector<std::string> made_events() {
  std::vector<std::string> events;
  for (int i = 0; i < 1000; ++i) {
    const std::string n = std::to_string(i);
    events.push_back(
        R"({"specversion":"1.0","id":"ev-)" + n + R"(","source":"/acme/svc-075","type":"com.acme.order.placed",)"
        R"("time":"2026-04-28T18:34:06Z","subject":"svc-075/staging","datacontenttype":"application/json",)"
        R"("data":{"service":"svc-075","environment":"staging","region":"us","status":"cancelled","customerId":"cust-)" +
        n + R"(","orderId":"ord-16-631597","priority":1,"amount":10.86,"tags":["ap1","k8s"],)"
        R"("labels":{"team":"risk","tier":"free"},"items":[{"sku":"sku-1284","price":15.66,"qty":4}]}})");
  }
  return events;
}

std::vector<std::string> read_events(const char* name) {
  const char* folder = std::getenv("HENCE_BENCH_DIR");
  const std::string path =
      (folder != nullptr ? std::string(folder) : HENCE_SOURCE_DIR "/../shared/bench") + "/" + name;
  gzFile file = gzopen(path.c_str(), "rb");
  if (file == nullptr) return made_events();
  std::vector<std::string> events;
  std::string line(1 << 20, '\0');
  while (gzgets(file, line.data(), static_cast<int>(line.size())) != nullptr) {
    std::string event = line.c_str();
    if (event.ends_with('\n')) event.pop_back();
    events.push_back(std::move(event));
  }
  gzclose(file);
  return events;
}

const std::vector<std::string>& small_events() {
  static const std::vector<std::string> events = read_events("events.small.jsonl.gz");
  return events;
}
const std::vector<std::string>& hetero_events() {
  static const std::vector<std::string> events = read_events("events.hetero.jsonl.gz");
  return events;
}

/// An object of n members with nested content, as large payloads have.
std::string large_document(int members) {
  std::string text = "{";
  for (int i = 0; i < members; ++i) {
    text += (i > 0 ? ",\"" : "\"") + std::string("field_") + std::to_string(i) +
            "\":{\"name\":\"a longer piece of text, number " + std::to_string(i) +
            "\",\"value\":" + std::to_string(i * 1.25) + ",\"flags\":[true,false,null]}";
  }
  return text + "}";
}

template <typename Function>
void over_events(benchmark::State& state, const std::vector<std::string>& events, Function f) {
  size_t i = 0;
  size_t bytes = 0;
  for (auto _ : state) {
    const std::string& event = events[i];
    f(event);
    bytes += event.size();
    if (++i == events.size()) i = 0;
  }
  state.SetBytesProcessed(static_cast<int64_t>(bytes));
}

void parse_small(benchmark::State& state) {
  over_events(state, small_events(), [](const std::string& event) {
    auto value = parse(event);
    benchmark::DoNotOptimize(value);
  });
}
BENCHMARK(parse_small);

void parse_hetero(benchmark::State& state) {
  over_events(state, hetero_events(), [](const std::string& event) {
    auto value = parse(event);
    benchmark::DoNotOptimize(value);
  });
}
BENCHMARK(parse_hetero);

void parse_large(benchmark::State& state) {
  const std::vector<std::string> one{large_document(10'000)};
  over_events(state, one, [](const std::string& event) {
    auto value = parse(event);
    benchmark::DoNotOptimize(value);
  });
}
BENCHMARK(parse_large);

void simdjson_dom_small(benchmark::State& state) {
  simdjson::dom::parser parser;
  over_events(state, small_events(), [&](const std::string& event) {
    auto value = parser.parse(event);
    benchmark::DoNotOptimize(value);
  });
}
BENCHMARK(simdjson_dom_small);

void nlohmann_small(benchmark::State& state) {
  over_events(state, small_events(), [](const std::string& event) {
    auto value = nlohmann::json::parse(event);
    benchmark::DoNotOptimize(value);
  });
}
BENCHMARK(nlohmann_small);

size_t visit(View value) {
  if (value.is_string()) return value.as_string().size();
  if (value.is_number()) return value.number_text().size();
  size_t sum = 0;
  if (value.is_array()) {
    for (const View element : value.elements()) sum += visit(element);
  } else if (value.is_object()) {
    for (const auto& [key, member] : value.members()) sum += key.size() + visit(member);
  }
  return sum;
}

void parse_and_visit_small(benchmark::State& state) {
  over_events(state, small_events(), [](const std::string& event) {
    const Value value = parse(event).value();
    benchmark::DoNotOptimize(visit(value));
  });
}
BENCHMARK(parse_and_visit_small);

void write_small(benchmark::State& state) {
  std::vector<Value> values;
  for (const std::string& event : small_events()) values.push_back(parse(event).value());
  std::string out;
  size_t i = 0;
  for (auto _ : state) {
    out.clear();
    write(values[i], out);
    benchmark::DoNotOptimize(out.data());
    if (++i == values.size()) i = 0;
  }
}
BENCHMARK(write_small);

void find_in_small(benchmark::State& state) {
  const Value value = parse(small_events()[0]).value();
  for (auto _ : state) {
    std::string_view key = "type";
    benchmark::DoNotOptimize(key);
    benchmark::DoNotOptimize(value->find(key));
  }
}
BENCHMARK(find_in_small);

void find_last_in_small(benchmark::State& state) {
  const Value value = parse(small_events()[0]).value();
  for (auto _ : state) {
    std::string_view key = "items";
    benchmark::DoNotOptimize(key);
    benchmark::DoNotOptimize(value->find("data")->find(key));
  }
}
BENCHMARK(find_last_in_small);

void find_in_large(benchmark::State& state) {
  const Value value = parse(large_document(static_cast<int>(state.range(0)))).value();
  std::vector<std::string> keys;
  for (int64_t i = 0; i < state.range(0); ++i) keys.push_back("field_" + std::to_string(i));
  size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(value->find(keys[i]));
    if (++i == keys.size()) i = 0;
  }
}
BENCHMARK(find_in_large)->Arg(16)->Arg(100)->Arg(10'000);

void copy_value(benchmark::State& state) {
  const Value value = parse(small_events()[0]).value();
  for (auto _ : state) {
    Value copy = value;
    benchmark::DoNotOptimize(copy);
  }
}
BENCHMARK(copy_value);

void detach_data(benchmark::State& state) {
  const Value value = parse(small_events()[0]).value();
  for (auto _ : state) {
    Value copy = Value::detached(*value->find("data"));
    benchmark::DoNotOptimize(copy);
  }
}
BENCHMARK(detach_data);

void build_small(benchmark::State& state) {
  for (auto _ : state) {
    Builder b;
    b.begin_object().member("id", "ev-000001").member("type", "com.acme.order.placed");
    b.key("data").begin_object().key("n").number(int64_t{42}).key("x").number(10.5).end_object();
    b.end_object();
    Value value = std::move(b).finish();
    benchmark::DoNotOptimize(value);
  }
}
BENCHMARK(build_small);

void number_value(benchmark::State& state) {
  double x = 1;
  for (auto _ : state) {
    Value value = Value::number(x);
    x += 1;
    benchmark::DoNotOptimize(value);
  }
}
BENCHMARK(number_value);

void number_as_double(benchmark::State& state) {
  const Value value = parse("10.86").value();
  for (auto _ : state) benchmark::DoNotOptimize(value->as_double());
}
BENCHMARK(number_as_double);

void compare_two_numbers(benchmark::State& state) {
  const Value a = parse("10.86").value();
  const Value b = parse("10.9").value();
  for (auto _ : state) benchmark::DoNotOptimize(compare_numbers(a, b));
}
BENCHMARK(compare_two_numbers);

/// Bytes a parsed event keeps: counters, not time.
void memory_of_events(benchmark::State& state) {
  double text = 0;
  double ours = 0;
  double tape = 0;
  double nodes = 0;
  simdjson::dom::parser parser;
  for (const std::string& event : small_events()) {
    const Value value = parse(event).value();
    const Buffer* buffer = value->buffer();
    text += static_cast<double>(event.size());
    nodes += buffer->node_count;
    ours += static_cast<double>(sizeof(Buffer) + buffer->node_count * sizeof(Node) + buffer->text_bytes);
    const auto document = parser.parse(event);
    (void)document.error();
    tape += static_cast<double>((parser.doc.tape[0] & 0xFFFFFFFFFFFFFF) * 8);
  }
  for (auto _ : state) benchmark::DoNotOptimize(text);
  const auto n = static_cast<double>(small_events().size());
  state.counters["text"] = text / n;
  state.counters["nodes"] = nodes / n;
  state.counters["ours"] = ours / n;
  state.counters["simdjson_tape_without_text"] = tape / n;
}
BENCHMARK(memory_of_events)->Iterations(1);

}  // namespace

BENCHMARK_MAIN();
