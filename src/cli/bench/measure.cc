// SPDX-License-Identifier: Apache-2.0
#include "cli/bench/measure.h"

#include <algorithm>
#include <cmath>

#include "cli/bench/sink.h"
#include "cli/output.h"

namespace hence::cli::bench {
namespace {

/// After the time is over: for what is still under way.
constexpr double kDrainSeconds = 20;
constexpr double kLimitSeconds = 5;
constexpr const char* kSettings = "egress: {allow: [127.0.0.0/8]}\n";

std::string replaced(std::string text, std::string_view what, const std::string& with) {
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) text.replace(at, what.size(), with);
  return text;
}

/// When each event was sent, until its call comes.
class Awaited {
 public:
  void sent(uint64_t number, double at) {
    if (number >= sent_.size()) sent_.resize(std::max<size_t>(number + 1, sent_.size() * 2), 0);
    sent_[number] = at;
    ++open_;
  }
  /// Seconds since it was sent; nothing for a call that came before or for no event of ours.
  std::optional<double> answered(uint64_t number) {
    if (number >= sent_.size() || sent_[number] == 0) return std::nullopt;
    --open_;
    return seconds_now() - std::exchange(sent_[number], 0);
  }
  size_t open() const { return open_; }

 private:
  std::vector<double> sent_;
  size_t open_ = 0;
};

/// What both processes had used at one moment.
struct Usage {
  double generator;
  ProcessFacts server;
  std::map<std::string, double> metrics;
};

Result<Usage> usage(const Server& server) {
  Usage now{thread_cpu_seconds(), server.facts(), {}};
  HENCE_TRY(now.metrics, server.metrics());
  return now;
}

void subtract(const Usage& before, const Usage& after, Measured& measured) {
  measured.generator_cpu = after.generator - before.generator;
  for (const auto& [name, seconds] : after.server.cpu_seconds) {
    const auto earlier = before.server.cpu_seconds.find(name);
    measured.cpu[name] = seconds - (earlier == before.server.cpu_seconds.end() ? 0 : earlier->second);
  }
  for (const auto& [name, value] : after.metrics) {
    const auto earlier = before.metrics.find(name);
    measured.metrics[name] = value - (earlier == before.metrics.end() ? 0 : earlier->second);
  }
  measured.resident_bytes = after.server.resident_bytes;
  measured.peak_bytes = after.server.peak_bytes;
}

/// Everything sent must have been acknowledged, recorded and, where there are calls, called.
Status check(const Plan& plan, const Measured& measured, uint64_t events_recorded) {
  const auto wrong = [](const std::string& what) { return Status(Error(ErrorCode::Internal, "the benchmark does not count: " + what)); };
  if (measured.load.broken) return wrong("the server closed a connection");
  if (measured.load.refused > 0) {
    return wrong(std::to_string(measured.load.refused) + " requests were refused, the first so:\n" + measured.load.refusal);
  }
  const auto expected = static_cast<uint64_t>(std::llround(static_cast<double>(measured.sent) * plan.events_recorded));
  if (events_recorded != expected) {
    return wrong(std::to_string(expected) + " events should be recorded and " + std::to_string(events_recorded) + " are");
  }
  if (plan.calls && measured.calls_answered != measured.sent) {
    return wrong(std::to_string(measured.sent) + " events should be called about and " + std::to_string(measured.calls_answered) + " were");
  }
  return {};
}

}  // namespace

void declare(Flags& flags, CommonFlags& common, uint32_t connections) {
  common.connections = connections;
  flags.number("--seconds", common.seconds, "how long to load the server; else 60");
  if (connections > 0) flags.number("--connections", common.connections, "else " + std::to_string(connections));
  flags.text("--dir", common.folder, "a folder on the disk to measure, for data that goes afterwards; else this one");
  flags.output(common.output, Format::json);
}

double Measured::metric(const std::string& name) const {
  const auto found = metrics.find(name);
  return found == metrics.end() ? 0 : found->second;
}

Result<Measured> measure(const Plan& plan, const Server& server, const Call& call, const std::string& folder) {
  Loop loop;
  Awaited awaited;
  Measured measured;
  Sink sink(loop, [&](uint64_t number) {
    const std::optional<double> seconds = awaited.answered(number);
    if (!seconds) return;
    ++measured.calls_answered;
    measured.calls.add(*seconds);
  });
  LoadOptions options = plan.load;
  options.port = server.port();
  if (plan.calls) {
    HENCE_TRY_VOID(sink.open());
    options.on_send = [&](uint64_t number, double at) { awaited.sent(number, at); };
    if (plan.open_max > 0) options.may_send = [&] { return awaited.open() < plan.open_max; };
  }
  if (!plan.resources.empty()) {
    HENCE_TRY_VOID(server.apply(call, folder, replaced(plan.resources, "$SINK", "http://127.0.0.1:" + std::to_string(sink.port()))));
  }
  const auto each = static_cast<uint64_t>(plan.form.events());
  Load load(loop, plan.form, std::move(options));
  HENCE_TRY(const Usage before, usage(server));
  HENCE_TRY_VOID(load.open());
  const double began = seconds_now();
  const auto tick = [&] { return load.tick(); };
  loop.run(began + plan.seconds, [] { return false; }, tick);
  measured.seconds = seconds_now() - began;
  measured.events = plan.calls ? measured.calls_answered : load.count().requests * each;
  HENCE_TRY(const Usage after, usage(server));
  subtract(before, after, measured);
  load.stop();
  loop.run(seconds_now() + kDrainSeconds, [&] { return load.under_way() == 0 && awaited.open() == 0; }, tick);
  measured.sent = load.sent() * each;
  measured.load = load.count();
  HENCE_TRY(const Usage end, usage(server));
  const auto recorded = end.metrics.find("hence_events_total"), earlier = before.metrics.find("hence_events_total");
  if (recorded == end.metrics.end() || earlier == before.metrics.end()) return Error(ErrorCode::Internal, "/metrics has no hence_events_total");
  HENCE_TRY_VOID(check(plan, measured, static_cast<uint64_t>(recorded->second - earlier->second)));
  measured.start_seconds = server.start_seconds();
  return measured;
}

void write_measured(json::Builder& out, const Plan& plan, const Measured& measured, const DiskLimit& limit) {
  const Latencies& latencies = plan.calls ? measured.calls : measured.load.latencies;
  const double each = 1e6 / std::max<double>(1, static_cast<double>(measured.events));
  out.begin_object().member("bench", plan.name);
  out.key("value").number(rounded(measured.per_second(), 4)).member("unit", plan.unit);
  out.key("p50Ms").number(rounded(latencies.millis(0.5), 3)).key("p99Ms").number(rounded(latencies.millis(0.99), 3));
  out.key("seconds").number(rounded(measured.seconds, 4));
  out.key("connections").number(static_cast<int64_t>(plan.load.connections));
  out.key("events").number(static_cast<int64_t>(measured.events));
  const double commits = std::max(1.0, measured.metric("hence_commits_total"));
  out.key("commits").number(static_cast<int64_t>(commits));
  out.key("eventsPerCommit").number(rounded(static_cast<double>(measured.events) / commits, 3));
  out.key("commitMs").number(rounded(measured.metric("hence_sync_seconds_total") / commits * 1e3, 3));
  write_limit(out, limit, measured.per_second(), measured.metric("hence_commit_bytes_total") / measured.seconds);
  out.key("server").begin_object();
  double total = 0;
  for (const auto& [name, seconds] : measured.cpu) total += seconds;
  out.key("cpuMicrosPerEvent").number(rounded(total * each, 3)).key("threads").begin_object();
  for (const auto& [name, seconds] : measured.cpu) {
    if (seconds > total * 0.005) out.key(name).number(rounded(seconds * each, 3));
  }
  out.end_object();
  out.key("residentBytes").number(static_cast<int64_t>(measured.resident_bytes));
  out.key("peakBytes").number(static_cast<int64_t>(measured.peak_bytes)).end_object();
  out.key("generatorCpuMicrosPerEvent").number(rounded(measured.generator_cpu * each, 3));
  write_machine(out);
}

int bench_server(const Call& call, const CommonFlags& common, const Plan& plan,
                 const std::function<Status(const Server&, const Measured&)>& check) {
  const auto run = [&]() -> Result<json::Value> {
    HENCE_TRY(const Folder folder, Folder::create(common.folder));
    HENCE_TRY(const auto server, Server::start(folder.path(), kSettings));
    HENCE_TRY(const Measured measured, measure(plan, *server, call, folder.path()));
    if (check) HENCE_TRY_VOID(check(*server, measured));
    server->stop();
    const auto commit = static_cast<uint64_t>(measured.metric("hence_commit_bytes_total") / std::max(1.0, measured.metric("hence_commits_total")));
    HENCE_TRY(DiskLimit limit, measure_disk(folder.path(), commit, std::min(kLimitSeconds, plan.seconds)));
    if (plan.load.per_second > 0) {
      HENCE_TRY(DiskLimit paced, measure_disk(folder.path(), commit, plan.seconds, plan.load.per_second));
      limit.paced_syncs = std::move(paced.syncs);
    }
    json::Builder out;
    write_measured(out, plan, measured, limit);
    out.end_object();
    return std::move(out).finish();
  };
  return print(call, common, run());
}

int print(const Call& call, const CommonFlags& common, const Result<json::Value>& report) {
  if (!report.ok()) return call.io.fail(report.error());
  const Format format = common.output.format == Format::table ? Format::json : common.output.format;
  call.io.out(format_value(format, *report, [] { return std::string(); }));
  return kExitOk;
}

}  // namespace hence::cli::bench
