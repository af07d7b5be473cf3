// SPDX-License-Identifier: Apache-2.0
// `hence bench waiting|crowd|loop|fork|timers`: instances that wait, and ones that have much to do.

#include <algorithm>
#include <vector>

#include "cli/bench/measure.h"
#include "cli/bench/sink.h"
#include "cli/client.h"
#include "cli/commands.h"

namespace hence::cli {
namespace {

using bench::disk_bytes;
using bench::Folder;
using bench::Load;
using bench::Loop;
using bench::rounded;
using bench::seconds_now;
using bench::Server;

constexpr size_t kBatchEvents = 100;
constexpr double kPhaseSeconds = 3'600;
constexpr double kLimitSeconds = 3;
constexpr int kAsked = 30;
constexpr const char* kBatch = "application/cloudevents-batch+json";
constexpr const char* kOne = "application/cloudevents+json";

constexpr const char* kOrders = R"(---
document: {dsl: 1.0.3, namespace: bench, name: order, version: 1.0.0}
do:
  - paid: {listen: {to: {one: {with: {type: com.acme.paid}, correlate: {order: {from: .subject, expect: "${ .order }"}}}}}}
  - note: {set: {paid: true}}
---
apiVersion: hence/v1
kind: Rule
metadata: {name: start}
spec: {on: {type: com.acme.order}, do: [{start: {workflow: bench/order, input: "${ .data }"}}]}
)";

constexpr const char* kCrowd = R"(---
document: {dsl: 1.0.3, namespace: bench, name: crowd, version: 1.0.0}
do:
  - go: {listen: {to: {one: {with: {type: com.acme.go}}}}}
  - note: {set: {gone: true}}
---
apiVersion: hence/v1
kind: Rule
metadata: {name: start}
spec: {on: {type: com.acme.order}, do: [{start: {workflow: bench/crowd, input: "${ .data }"}}]}
)";

constexpr const char* kLoop = R"(---
document: {dsl: 1.0.3, namespace: bench, name: loop, version: 1.0.0}
do:
  - all: {for: {each: i, in: "${ [range(.n)] }"}, do: [{keep: {set: {last: "${ $i }"}}}]}
)";

constexpr const char* kSettings = "egress: {allow: [127.0.0.0/8]}\n";
/// One expression makes a million numbers.
constexpr const char* kLargeExpressions = "expressions: {workflow: {steps: 10000000, bytes: 256MiB, outputBytes: 64MiB}}\n";

/// A fork of so many branches, each one call to the sink.
std::string fork_workflow(uint32_t branches, const std::string& sink) {
  std::string text = "document: {dsl: 1.0.3, namespace: bench, name: fork, version: 1.0.0}\ndo:\n  - all:\n      fork:\n        branches:\n";
  for (uint32_t i = 0; i < branches; ++i) {
    text += "          - b" + std::to_string(i) + ": {call: http, with: {method: get, endpoint: \"" + sink + "\"}}\n";
  }
  return text;
}

/// Waits until a moment that its event names, and says how many milliseconds after it it goes on.
constexpr const char* kAlarm = R"(---
document: {dsl: 1.0.3, namespace: bench, name: alarm, version: 1.0.0}
do:
  - sleep: {wait: "${ \"PT\" + ((.first + (.n | tonumber / 10 | floor) - $workflow.startedAt.epoch.milliseconds) / 1000 | tostring) + \"S\" }"}
  - ring: {set: {late: "${ now * 1000 - .first - (.n | tonumber / 10 | floor) }"}}
---
apiVersion: hence/v1
kind: Rule
metadata: {name: start}
spec: {on: {type: com.acme.alarm}, do: [{start: {workflow: bench/alarm, input: "${ .data }"}}]}
)";

std::string event_text(const char* type) {
  return R"({"specversion":"1.0","id":")" + std::string(type) + R"(-############","source":"/bench","type":"com.acme.)" + type +
         R"(","subject":"############","data":{"order":"############"}})";
}

Client client_of(const Server& server) {
  ServerFlags flags;
  flags.address = "http://127.0.0.1:" + std::to_string(server.port());
  return Client(flags);
}

/// Sends so many requests, or for so many seconds. Errors: what was not answered as it should.
Result<bench::LoadCount> send(const Server& server, bench::RequestForm form, bench::LoadOptions options, double seconds) {
  Loop loop;
  options.port = server.port();
  const uint64_t most = options.requests_max;
  Load load(loop, std::move(form), std::move(options));
  HENCE_TRY_VOID(load.open());
  const auto tick = [&] { return load.tick(); };
  const auto answered = [&] { return load.broken() || (most > 0 && load.count().requests + load.count().refused >= most); };
  loop.run(seconds_now() + seconds, answered, tick);
  load.stop();
  loop.run(seconds_now() + kLimitSeconds * 10, [&] { return load.under_way() == 0; }, tick);
  if (load.broken()) return Error(ErrorCode::Internal, "the benchmark does not count: the server closed a connection");
  if (load.count().refused > 0) return Error(ErrorCode::Internal, "the benchmark does not count: a request was answered\n" + load.count().refusal);
  return load.count();
}

/// kBatchEvents of one event, each with a number of its own.
std::string batch_of(const std::string& event) {
  std::string batch = "[";
  for (size_t i = 0; i < kBatchEvents; ++i) batch += (i == 0 ? "" : ",") + event;
  return batch + "]";
}

/// Starts so many instances, each by an event of its own. Gives the seconds it took.
Result<double> start_instances(const Server& server, uint32_t instances, uint32_t connections, const std::string& event = event_text("order")) {
  bench::LoadOptions options;
  options.connections = connections;
  options.requests_max = instances / kBatchEvents;
  const double began = seconds_now();
  HENCE_TRY_VOID(send(server, bench::post_form("/events", kBatch, batch_of(event), kBatchEvents), options, kPhaseSeconds));
  return seconds_now() - began;
}

/// As many as there are, or at least `enough`. A page may be empty and not the last.
Result<uint64_t> count_instances(const Client& client, const std::string& status, uint64_t enough = UINT64_MAX) {
  uint64_t count = 0;
  std::string cursor;
  do {
    HENCE_TRY(const json::Value page, client.get("/instances", {{"limit", enough == 1 ? "1" : "1000"}, {"status", status}, {"cursor", cursor}}));
    count += page->find("items")->size();
    cursor = page->string_or("next", "");
  } while (!cursor.empty() && count < enough);
  return count;
}

/// Milliseconds of requests, one after the other.
Result<bench::Latencies> ask(const Client& client, const std::vector<std::string>& paths) {
  bench::Latencies latencies;
  for (const std::string& path : paths) {
    const double began = seconds_now();
    const size_t query = path.find('?');
    UrlQuery parameters;
    if (query != std::string::npos) parameters.push_back({"limit", path.substr(path.find('=') + 1)});
    HENCE_TRY_VOID(client.get(path.substr(0, query), parameters));
    latencies.add(seconds_now() - began);
  }
  return latencies;
}

void write_latencies(json::Builder& out, const char* name, const bench::Latencies& latencies) {
  out.key(name).begin_object().key("p50").number(rounded(latencies.millis(0.5), 3)).key("p99").number(rounded(latencies.millis(0.99), 3)).end_object();
}

/// What an instance that waits takes, and how events find it.
Result<json::Value> measure_waiting(const Call& call, const bench::CommonFlags& common, uint32_t instances) {
  HENCE_TRY(const Folder folder, Folder::create(common.folder));
  HENCE_TRY(auto server, Server::start(folder.path()));
  HENCE_TRY_VOID(server->apply(call, folder.path(), kOrders));
  const std::string data = folder.path() + "/data";
  const auto resident = [&] { return static_cast<double>(server->facts().resident_bytes); };
  json::Builder out;
  out.begin_object().member("bench", "waiting").key("instances").number(int64_t{instances});

  const double memory = resident();
  HENCE_TRY(const double seconds, start_instances(*server, instances, common.connections));
  out.key("startsPerSecond").number(rounded(instances / seconds, 4));
  out.key("residentBytes").number(static_cast<int64_t>(resident()));
  out.key("residentBytesEach").number(rounded((resident() - memory) / instances, 4));
  out.key("logBytesEach").number(rounded(static_cast<double>(disk_bytes(data + "/log")) / instances, 4));
  out.key("stateBytesEach").number(rounded(static_cast<double>(disk_bytes(data + "/state")) / instances, 4));

  bench::LoadOptions wake;
  wake.connections = 64;
  wake.shuffled = instances;
  wake.requests_max = instances / 2;
  const double began = seconds_now();
  HENCE_TRY(const bench::LoadCount woken, send(*server, bench::post_form("/events", kOne, event_text("paid"), 1), wake, common.seconds));
  out.key("value").number(rounded(static_cast<double>(woken.requests) / (seconds_now() - began), 4)).member("unit", "instances woken/s");
  write_latencies(out, "wakeMs", woken.latencies);

  bench::LoadOptions single = wake;
  single.connections = 4;
  single.per_second = 200;
  single.requests_max = std::min<uint32_t>(1'000, instances / 4);
  single.first_number = woken.requests;
  HENCE_TRY(const bench::LoadCount alone, send(*server, bench::post_form("/events", kOne, event_text("paid"), 1), single, kPhaseSeconds));
  write_latencies(out, "singleWakeMs", alone.latencies);

  bench::LoadOptions batches = wake;
  batches.connections = common.connections;
  batches.first_number = woken.requests + alone.requests;
  batches.requests_max = (instances - std::min<uint64_t>(instances, batches.first_number + kAsked)) / kBatchEvents;
  bench::LoadCount together;
  if (batches.requests_max > 0) {
    const double batches_began = seconds_now();
    HENCE_TRY(together, send(*server, bench::post_form("/events", kBatch, batch_of(event_text("paid")), kBatchEvents), batches, common.seconds));
    out.key("wokenInBatchesPerSecond").number(rounded(static_cast<double>(together.requests * kBatchEvents) / (seconds_now() - batches_began), 4));
    write_latencies(out, "batchWakeMs", together.latencies);
  }

  const Client client = client_of(*server);
  HENCE_TRY(const json::Value waiting, client.get("/instances", {{"limit", std::to_string(kAsked)}, {"status", "waiting"}}));
  std::vector<std::string> why;
  for (const json::View item : waiting->find("items")->elements()) why.push_back("/instances/" + std::string(item.string_or("id", "")) + "/why");
  HENCE_TRY(const bench::Latencies whys, ask(client, why));
  HENCE_TRY(const bench::Latencies lists, ask(client, std::vector<std::string>(kAsked, "/instances?limit=100")));
  write_latencies(out, "whyMs", whys);
  write_latencies(out, "listMs", lists);

  server->kill();
  HENCE_TRY(server, Server::start(folder.path()));
  out.key("recoveryMs").number(rounded(server->start_seconds() * 1e3, 4));
  HENCE_TRY(const uint64_t completed, count_instances(client_of(*server), "completed"));
  const uint64_t sent = woken.requests + alone.requests + together.requests * kBatchEvents;
  if (completed != sent) {
    return Error(ErrorCode::Internal, "the benchmark does not count: " + std::to_string(sent) +
                                          " instances should have ended and " + std::to_string(completed) + " have");
  }
  server->stop();
  HENCE_TRY(const bench::DiskLimit limit, bench::measure_disk(folder.path(), 4'096, kLimitSeconds));
  out.key("fdatasyncP99Ms").number(rounded(limit.syncs.millis(0.99), 3));
  bench::write_machine(out);
  out.end_object();
  return std::move(out).finish();
}

/// One event for many.
Result<json::Value> measure_crowd(const Call& call, const bench::CommonFlags& common, uint32_t instances) {
  HENCE_TRY(const Folder folder, Folder::create(common.folder));
  HENCE_TRY(const auto server, Server::start(folder.path()));
  HENCE_TRY_VOID(server->apply(call, folder.path(), kCrowd));
  HENCE_TRY_VOID(start_instances(*server, instances, common.connections));
  const Client client = client_of(*server);
  bench::LoadOptions once;
  once.requests_max = 1;
  const double began = seconds_now();
  HENCE_TRY_VOID(send(*server, bench::post_form("/events", kOne, event_text("go"), 1), once, kPhaseSeconds));
  const double answered = seconds_now();
  while (true) {
    HENCE_TRY(const uint64_t waiting, count_instances(client, "waiting", 1));
    HENCE_TRY(const uint64_t running, waiting > 0 ? Result<uint64_t>(1) : count_instances(client, "running", 1));
    if (waiting + running == 0) break;
    if (seconds_now() - began > kPhaseSeconds) return Error(ErrorCode::Internal, "the benchmark does not count: not every instance was woken");
    call.io.sleep(Duration::milliseconds(5));
  }
  const double ended = seconds_now();
  HENCE_TRY(const uint64_t completed, count_instances(client, "completed"));
  if (completed != instances) {
    return Error(ErrorCode::Internal, "the benchmark does not count: " + std::to_string(completed) + " instances have ended");
  }
  json::Builder out;
  out.begin_object().member("bench", "crowd").key("value").number(rounded((ended - began) * 1e3, 4)).member("unit", "ms until all are done");
  out.key("instances").number(int64_t{instances});
  out.key("acknowledgedMs").number(rounded((answered - began) * 1e3, 4));
  bench::write_machine(out);
  out.end_object();
  return std::move(out).finish();
}

/// One instance that goes round and round.
Result<json::Value> measure_loop(const Call& call, const bench::CommonFlags& common, uint32_t rounds) {
  HENCE_TRY(const Folder folder, Folder::create(common.folder));
  HENCE_TRY(const auto server, Server::start(folder.path(), kLargeExpressions));
  HENCE_TRY_VOID(server->apply(call, folder.path(), kLoop));
  const Client client = client_of(*server);
  json::Builder start;
  start.begin_object().member("workflow", "bench/loop").key("input").begin_object().key("n").number(int64_t{rounds}).end_object().end_object();
  const double began = seconds_now();
  HENCE_TRY(json::Value instance, client.post("/instances", std::move(start).finish()));
  const std::string path = "/instances/" + std::string(instance->string_or("id", ""));
  std::vector<uint64_t> memory;
  while (instance->string_or("ended", "").empty()) {
    memory.push_back(server->facts().resident_bytes);
    call.io.sleep(Duration::milliseconds(50));
    HENCE_TRY(instance, client.get(path));
    if (seconds_now() - began > kPhaseSeconds) return Error(ErrorCode::Internal, "the benchmark does not count: the loop does not end");
  }
  const double seconds = seconds_now() - began;
  const auto output = instance->find("output");
  if (!output || output->find("last").value_or(json::View()).to_text() != std::to_string(rounds - 1)) {
    return Error(ErrorCode::Internal, "the benchmark does not count: the instance reads " + instance->to_text().substr(0, 600));
  }
  json::Builder out;
  out.begin_object().member("bench", "loop").key("value").number(rounded(rounds / seconds, 4)).member("unit", "iterations/s");
  out.key("iterations").number(int64_t{rounds});
  out.key("residentBytes").begin_object().key("early").number(static_cast<int64_t>(memory[memory.size() / 4]));
  out.key("late").number(static_cast<int64_t>(memory.back())).key("most").number(static_cast<int64_t>(*std::max_element(memory.begin(), memory.end()))).end_object();
  bench::write_machine(out);
  out.end_object();
  return std::move(out).finish();
}

/// Instances of a wide fork, one after the other.
Result<json::Value> measure_fork(const Call& call, const bench::CommonFlags& common, uint32_t branches) {
  HENCE_TRY(const Folder folder, Folder::create(common.folder));
  HENCE_TRY(const auto server, Server::start(folder.path(), kSettings));
  Loop loop;
  uint64_t calls = 0;
  bench::Sink sink(loop, [&](uint64_t) { ++calls; });
  HENCE_TRY_VOID(sink.open());
  HENCE_TRY_VOID(server->apply(call, folder.path(), fork_workflow(branches, "http://127.0.0.1:" + std::to_string(sink.port()))));
  const Client client = client_of(*server);
  json::Builder start;
  start.begin_object().member("workflow", "bench/fork").end_object();
  const json::Value body = std::move(start).finish();
  const auto nothing = [] { return seconds_now() + 1; };
  bench::Latencies instances;
  const double began = seconds_now();
  while (seconds_now() - began < common.seconds) {
    const double from = seconds_now();
    HENCE_TRY(const json::Value instance, client.post("/instances", body));
    const uint64_t wanted = (instances.count() + 1) * branches;
    loop.run(from + kLimitSeconds * 20, [&] { return calls >= wanted; }, nothing);
    const std::string path = "/instances/" + std::string(instance->string_or("id", ""));
    HENCE_TRY(json::Value now, client.get(path));
    while (now->string_or("ended", "").empty() && seconds_now() - from < kLimitSeconds * 20) {
      loop.run(seconds_now() + 0.002, [] { return false; }, nothing);
      HENCE_TRY(now, client.get(path));
    }
    if (calls != wanted || now->string_or("status", "") != "completed") {
      return Error(ErrorCode::Internal, "the benchmark does not count: " + std::to_string(calls) + " calls came, and the instance is " + std::string(now->string_or("status", "")));
    }
    instances.add(seconds_now() - from);
  }
  json::Builder out;
  out.begin_object().member("bench", "fork").key("value").number(rounded(static_cast<double>(calls) / (seconds_now() - began), 4)).member("unit", "calls/s");
  out.key("branches").number(int64_t{branches}).key("instances").number(static_cast<int64_t>(instances.count()));
  write_latencies(out, "instanceMs", instances);
  bench::write_machine(out);
  out.end_object();
  return std::move(out).finish();
}

/// Timers due at an even rate, once all are set; how late those who wait for them go on.
Result<json::Value> measure_timers(const Call& call, const bench::CommonFlags& common, uint32_t timers) {
  constexpr double kDuePerMs = 10;
  constexpr double kStartsPerSecond = 15'000;  // at the least
  constexpr uint32_t kLookedAtMax = 5'000;
  HENCE_TRY(const Folder folder, Folder::create(common.folder));
  HENCE_TRY(const auto server, Server::start(folder.path()));
  HENCE_TRY_VOID(server->apply(call, folder.path(), kAlarm));
  const auto now_ms = [&] { return call.io.now().micros / 1'000; };
  const int64_t first_due = now_ms() + 2'000 + static_cast<int64_t>(timers / kStartsPerSecond * 1e3);
  HENCE_TRY(const double seconds, start_instances(*server, timers, common.connections,
      R"({"specversion":"1.0","id":"alarm-############","source":"/bench","type":"com.acme.alarm","subject":"############","data":{"first":)" +
          std::to_string(first_due) + R"(,"n":"############"}})"));
  if (now_ms() > first_due) {
    return Error(ErrorCode::Internal, "the benchmark does not count: the first timer was due before the last one was set");
  }
  const Client client = client_of(*server);
  const uint64_t resident = server->facts().resident_bytes;
  const double cpu = server->facts().cpu_total();
  const int64_t last_due = first_due + static_cast<int64_t>(timers / kDuePerMs);
  call.io.sleep(Duration::milliseconds(std::max<int64_t>(0, last_due - now_ms()) + 1'000));
  const double used = server->facts().cpu_total() - cpu;
  HENCE_TRY(const uint64_t rung, count_instances(client, "completed"));
  if (rung != timers) return Error(ErrorCode::Internal, "the benchmark does not count: " + std::to_string(rung) + " timers fired");
  bench::Latencies late;
  std::string cursor;
  do {
    HENCE_TRY(const json::Value page, client.get("/instances", {{"limit", "1000"}, {"cursor", cursor}}));
    uint32_t at = 0;
    const uint32_t step = std::max<uint32_t>(1, timers / kLookedAtMax);
    for (const json::View item : page->find("items")->elements()) {
      if (at++ % step != 0) continue;
      HENCE_TRY(const json::Value instance, client.get("/instances/" + std::string(item.string_or("id", ""))));
      const auto ms = instance->find_path({"output", "late"});
      if (!ms || ms->as_double() < -1) return Error(ErrorCode::Internal, "the benchmark does not count: " + instance->to_text());
      late.add(std::max(0.0, ms->as_double() / 1e3));
    }
    cursor = page->string_or("next", "");
  } while (!cursor.empty());
  json::Builder out;
  out.begin_object().member("bench", "timers").key("value").number(rounded(late.millis(0.99), 4)).member("unit", "ms late, p99");
  write_latencies(out, "lateMs", late);
  out.key("timers").number(int64_t{timers}).key("lookedAt").number(static_cast<int64_t>(late.count()));
  out.key("duePerSecond").number(rounded(kDuePerMs * 1e3, 4)).key("setPerSecond").number(rounded(timers / seconds, 4));
  out.key("serverCpuMicrosEach").number(rounded(used * 1e6 / timers, 3));
  out.key("residentBytes").number(static_cast<int64_t>(resident));
  bench::write_machine(out);
  out.end_object();
  return std::move(out).finish();
}

int run(const Call& call, const char* flag, const char* what, uint32_t count, bool batches,
        Result<json::Value> (*measure)(const Call&, const bench::CommonFlags&, uint32_t)) {
  bench::CommonFlags common;
  Flags flags(call);
  declare(flags, common, 16);
  flags.number(flag, count, what + std::string("; else ") + std::to_string(count));
  if (const auto code = flags.parse()) return *code;
  if (common.seconds == 0 || common.connections == 0 || count == 0 || (batches && count % kBatchEvents != 0)) {
    return call.io.fail("--seconds, --connections and " + std::string(flag) + " are at least 1" +
                            (batches ? ", and --instances a multiple of 100" : ""), kExitWrongUse);
  }
  return print(call, common, measure(call, common, count));
}

}  // namespace

int bench_waiting(const Call& call) {
  return run(call, "--instances", "how many wait, each for an event of its own", 1'000'000, true, measure_waiting);
}

int bench_crowd(const Call& call) {
  return run(call, "--instances", "how many wait for the same event", 10'000, true, measure_crowd);
}

int bench_loop(const Call& call) {
  return run(call, "--iterations", "of a `for` in one instance", 1'000'000, false, measure_loop);
}

int bench_fork(const Call& call) {
  return run(call, "--branches", "of one fork, each an HTTP call", 1'000, false, measure_fork);
}

int bench_timers(const Call& call) {
  return run(call, "--instances", "how many timers are set before the first is due", 1'000'000, true, measure_timers);
}

}  // namespace hence::cli
