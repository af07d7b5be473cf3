// SPDX-License-Identifier: Apache-2.0
// `hence bench ingest|single|workflow|call|latency`: a server under load, all of it durable.

#include <algorithm>

#include "cli/bench/events.h"
#include "cli/bench/measure.h"
#include "cli/client.h"
#include "cli/commands.h"

namespace hence::cli {
namespace {

using bench::CommonFlags;
using bench::Plan;

constexpr size_t kBatchEvents = 100;
constexpr const char* kStructured = "application/cloudevents+json";

const std::string kSmallEvent = R"({"specversion":"1.0","id":"############","source":"/bench/jobs","type":"com.acme.job","data":)" +
                                std::string(bench::kSmallInput) + "}";

constexpr const char* kStart = R"(---
apiVersion: hence/v1
kind: Rule
metadata: {name: start}
spec: {on: {type: com.acme.job}, do: [{start: {workflow: bench/three-steps, input: "${ .data }"}}]}
)";

constexpr const char* kCalls = R"(---
apiVersion: hence/v1
kind: Sink
metadata: {name: sink}
spec: {http: {url: "$SINK/calls", concurrency: 64}}
---
apiVersion: hence/v1
kind: Rule
metadata: {name: tell}
spec: {on: {type: com.acme.job}, do: [{deliver: {sink: sink, mode: binary}}]}
)";

/// Declares and reads the flags they all have; the exit code where it does not run.
std::optional<int> read_flags(const Call& call, CommonFlags& common, uint32_t connections) {
  Flags flags(call);
  declare(flags, common, connections);
  if (const auto code = flags.parse()) return code;
  if (common.seconds == 0 || common.connections == 0) return call.io.fail("--seconds and --connections are at least 1", kExitWrongUse);
  return std::nullopt;
}

Plan plan_of(const CommonFlags& common, std::string name, std::string unit) {
  Plan plan;
  plan.name = std::move(name);
  plan.unit = std::move(unit);
  plan.seconds = common.seconds;
  plan.load.connections = common.connections;
  return plan;
}

/// The newest instances: ended well, and each task's end can be read.
Status check_instances(const bench::Server& server) {
  ServerFlags flags;
  flags.address = "http://127.0.0.1:" + std::to_string(server.port());
  const Client client(flags);
  HENCE_TRY(const json::Value list, client.get("/instances", {{"limit", "20"}}));
  const auto items = list->find("items");
  if (!items || items->size() != 20) return Error(ErrorCode::Internal, "the benchmark does not count: there are no 20 instances");
  for (const json::View item : items->elements()) {
    const std::string id(item.string_or("id", ""));
    HENCE_TRY(const json::Value trace, client.get("/instances/" + id + "/trace"));
    const std::string text = trace->to_text();
    for (const char* task : {"\"first\"", "\"second\"", "\"third\"", "payments at risk"}) {
      if (item.string_or("status", "") == "completed" && text.find(task) != std::string::npos) continue;
      return Error(ErrorCode::Internal, "the benchmark does not count: instance " + id + " reads " + text);
    }
  }
  return {};
}

}  // namespace

int bench_ingest(const Call& call) {
  CommonFlags common;
  if (const auto code = read_flags(call, common, 16)) return *code;
  std::string batch = "[";
  for (size_t i = 0; i < kBatchEvents; ++i) batch += (i == 0 ? "" : ",") + bench::order_event(i);
  Plan plan = plan_of(common, "ingest", "events/s");
  plan.resources = bench::ten_rules();
  plan.form = bench::post_form("/events", "application/cloudevents-batch+json", batch + "]", kBatchEvents);
  plan.events_recorded = 1.1;
  return bench::bench_server(call, common, plan);
}

int bench_single(const Call& call) {
  CommonFlags common;
  if (const auto code = read_flags(call, common, 64)) return *code;
  Plan plan = plan_of(common, "single", "events/s");
  plan.resources = bench::ten_rules();
  plan.form = bench::post_form("/events", kStructured, bench::order_event(0), 1);
  return bench::bench_server(call, common, plan);
}

namespace {

/// What `hence bench workflow --kind` measures; each is a command of its own too.
constexpr std::pair<std::string_view, int (*)(const Call&)> kWorkflowKinds[] = {
    {"waiting", bench_waiting}, {"crowd", bench_crowd}, {"loop", bench_loop}, {"fork", bench_fork}, {"timers", bench_timers}};

/// Takes --kind out of the arguments; empty if it is not there.
std::string take_kind(std::vector<std::string>& arguments) {
  const auto flag = std::find(arguments.begin(), arguments.end(), "--kind");
  if (flag == arguments.end() || flag + 1 == arguments.end()) return {};
  std::string kind = *(flag + 1);
  arguments.erase(flag, flag + 2);
  return kind;
}

}  // namespace

int bench_workflow(const Call& call) {
  std::vector<std::string> arguments = call.arguments;
  std::string kind = take_kind(arguments);
  for (const auto& [name, run] : kWorkflowKinds) {
    if (name == kind) return run({call.io, call.programs, call.command, arguments, call.purpose});
  }
  CommonFlags common;
  const Call steps{call.io, call.programs, call.command, arguments, call.purpose};
  Flags flags(steps);
  declare(flags, common, 128);
  std::string unused;
  flags.text("--kind", unused, "waiting, crowd, loop, fork or timers, as the commands of these names; else steps: three tasks each");
  if (const auto code = flags.parse()) return *code;
  if (!kind.empty() && kind != "steps") {
    return call.io.fail("--kind does not know \"" + kind + "\"; expected steps, waiting, crowd, loop, fork or timers", kExitWrongUse);
  }
  if (common.seconds == 0 || common.connections == 0) return call.io.fail("--seconds and --connections are at least 1", kExitWrongUse);
  Plan plan = plan_of(common, "workflow", "instances/s");
  plan.resources = std::string(bench::kThreeSteps) + kStart;
  plan.form = bench::post_form("/events", kStructured, kSmallEvent, 1);
  return bench::bench_server(call, common, plan,
                             [](const bench::Server& server, const bench::Measured&) { return check_instances(server); });
}

int bench_call(const Call& call) {
  CommonFlags common;
  if (const auto code = read_flags(call, common, 64)) return *code;
  Plan plan = plan_of(common, "call", "calls/s");
  plan.resources = kCalls;
  plan.form = bench::post_form("/events", kStructured, kSmallEvent, 1);
  plan.calls = true;
  plan.open_max = 1'000;
  return bench::bench_server(call, common, plan);
}

int bench_latency(const Call& call) {
  CommonFlags common;
  uint32_t rate = 1'000;
  Flags flags(call);
  declare(flags, common, 64);
  flags.number("--rate", rate, "events a second; else 1000");
  if (const auto code = flags.parse()) return *code;
  if (common.seconds == 0 || common.connections == 0 || rate == 0) {
    return call.io.fail("--seconds, --connections and --rate are at least 1", kExitWrongUse);
  }
  Plan plan = plan_of(common, "latency", "calls/s");
  plan.resources = kCalls;
  plan.form = bench::post_form("/events", kStructured, kSmallEvent, 1);
  plan.load.per_second = rate;
  plan.calls = true;
  return bench::bench_server(call, common, plan);
}

}  // namespace hence::cli
