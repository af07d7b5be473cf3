// SPDX-License-Identifier: Apache-2.0
// `hence bench restart|soak|disk`: what time and amount do to a server.

#include <algorithm>

#include "cli/bench/events.h"
#include "cli/bench/measure.h"
#include "cli/commands.h"

namespace hence::cli {
namespace {

using bench::disk_bytes;
using bench::Folder;
using bench::Load;
using bench::Loop;
using bench::Server;

constexpr size_t kBatchEvents = 100;
constexpr double kMiB = 1 << 20;
constexpr double kInstancesSeconds = 3'600;
/// So that the open segment, of which zeros are a part, hardly counts.
constexpr const char* kSmallSegments = "log: {segmentBytes: 4MiB}\n";

bench::RequestForm batch_form() {
  std::string batch = "[";
  for (size_t i = 0; i < kBatchEvents; ++i) batch += (i == 0 ? "" : ",") + bench::order_event(i);
  return bench::post_form("/events", "application/cloudevents-batch+json", batch + "]", kBatchEvents);
}

// restart

/// Loads the server until its log has grown by so much, or the time is over; requests stay under way.
Status fill(const Server& server, Load& load, Loop& loop, double bytes, double seconds) {
  const double until = bench::seconds_now() + seconds;
  HENCE_TRY(auto before, server.metrics());
  while (bench::seconds_now() < until) {
    loop.run(bench::seconds_now() + 0.5, [] { return false; }, [&] { return load.tick(); });
    HENCE_TRY(auto now, server.metrics());
    if (now["hence_commit_bytes_total"] - before["hence_commit_bytes_total"] >= bytes) return {};
  }
  return {};
}

Result<json::Value> measure_restart(const Call& call, const bench::CommonFlags& common, uint32_t log_mib, uint32_t kills) {
  HENCE_TRY(const Folder folder, Folder::create(common.folder));
  HENCE_TRY(auto server, Server::start(folder.path()));
  HENCE_TRY_VOID(server->apply(call, folder.path(), bench::ten_rules()));
  std::vector<double> starts;
  uint64_t next_number = 0;
  for (uint32_t i = 0; i < kills; ++i) {
    Loop loop;
    bench::LoadOptions options;
    options.port = server->port();
    options.connections = common.connections;
    options.first_number = next_number;
    Load load(loop, batch_form(), options);
    HENCE_TRY_VOID(load.open());
    HENCE_TRY_VOID(fill(*server, load, loop, i == 0 ? log_mib * kMiB : 64 * kMiB, common.seconds));
    next_number += load.sent() * kBatchEvents;
    server->kill();
    HENCE_TRY(server, Server::start(folder.path()));
    starts.push_back(server->start_seconds() * 1e3);
  }
  json::Builder out;
  out.begin_object().member("bench", "restart");
  out.key("value").number(bench::rounded(*std::max_element(starts.begin(), starts.end()), 4)).member("unit", "ms");
  out.key("startsMs").begin_array();
  for (const double start : starts) out.number(bench::rounded(start, 4));
  out.end_array().key("eventsSent").number(static_cast<int64_t>(next_number));
  out.key("dataBytes").number(static_cast<int64_t>(disk_bytes(folder.path() + "/data")));
  bench::write_machine(out);
  out.end_object();
  return std::move(out).finish();
}

// soak

/// What was seen in one second.
struct Sample {
  double events;
  double resident_mib;
  double p99_ms;
  double disk_mib;
};

/// Of a straight line through (x, y), the least squares away.
template <typename X, typename Y>
double slope(const std::vector<Sample>& samples, X x, Y y) {
  double sx = 0, sy = 0, sxx = 0, sxy = 0;
  for (const Sample& sample : samples) {
    sx += x(sample);
    sy += y(sample);
    sxx += x(sample) * x(sample);
    sxy += x(sample) * y(sample);
  }
  const auto n = static_cast<double>(samples.size());
  const double spread = n * sxx - sx * sx;
  return spread == 0 ? 0 : (n * sxy - sx * sy) / spread;
}

double median_p99(std::vector<Sample> samples) {
  if (samples.empty()) return 0;
  std::sort(samples.begin(), samples.end(), [](const Sample& a, const Sample& b) { return a.p99_ms < b.p99_ms; });
  return samples[samples.size() / 2].p99_ms;
}

json::Value soak_report(const std::vector<Sample>& samples, double seconds, const bench::LoadCount& count) {
  const size_t third = samples.size() / 3;
  const std::vector<Sample> later(samples.begin() + static_cast<ptrdiff_t>(third), samples.end());
  json::Builder out;
  out.begin_object().member("bench", "soak");
  out.key("value").number(bench::rounded(slope(later, [](const Sample& s) { return s.events / 1e6; }, [](const Sample& s) { return s.resident_mib; }), 3));
  out.member("unit", "MiB of memory per million events, in the last two thirds");
  out.key("eventsPerSecond").number(bench::rounded(samples.empty() ? 0 : samples.back().events / seconds, 4));
  out.key("refused").number(static_cast<int64_t>(count.refused));
  out.key("p50Ms").number(bench::rounded(count.latencies.millis(0.5), 3)).key("p99Ms").number(bench::rounded(count.latencies.millis(0.99), 3));
  out.key("p99OfASecondMs").begin_object();
  out.key("firstThird").number(bench::rounded(median_p99({samples.begin(), samples.begin() + static_cast<ptrdiff_t>(third)}), 3));
  out.key("lastTwoThirds").number(bench::rounded(median_p99(later), 3)).end_object();
  const auto mib = [&](const char* name, auto field) {
    double most = 0;
    for (const Sample& sample : samples) most = std::max(most, field(sample));
    out.key(name).begin_object().key("last").number(bench::rounded(samples.empty() ? 0 : field(samples.back()), 4));
    out.key("most").number(bench::rounded(most, 4)).end_object();
  };
  mib("residentMiB", [](const Sample& s) { return s.resident_mib; });
  mib("diskMiB", [](const Sample& s) { return s.disk_mib; });
  bench::write_machine(out);
  out.end_object();
  return std::move(out).finish();
}

Result<json::Value> measure_soak(const Call& call, const bench::CommonFlags& common, uint32_t rate, const std::string& settings) {
  HENCE_TRY(const Folder folder, Folder::create(common.folder));
  HENCE_TRY(const auto server, Server::start(folder.path(), settings));
  HENCE_TRY_VOID(server->apply(call, folder.path(), bench::ten_rules()));
  Loop loop;
  bench::LoadOptions options;
  options.port = server->port();
  options.connections = common.connections;
  options.per_second = static_cast<double>(rate) / kBatchEvents;
  Load load(loop, batch_form(), options);
  HENCE_TRY_VOID(load.open());
  std::vector<Sample> samples;
  const double began = bench::seconds_now();
  for (uint32_t second = 1; second <= common.seconds; ++second) {
    loop.run(began + second, [] { return false; }, [&] { return load.tick(); });
    const bench::Latencies latencies = load.take_recent();
    samples.push_back({static_cast<double>(load.count().requests * kBatchEvents),
                       static_cast<double>(server->facts().resident_bytes) / kMiB, latencies.millis(0.99),
                       static_cast<double>(disk_bytes(folder.path() + "/data")) / kMiB});
  }
  if (load.broken()) return Error(ErrorCode::Unreachable, "the benchmark does not count: the server closed a connection on the way");
  return soak_report(samples, bench::seconds_now() - began, load.count());
}

// disk

/// Starts so many instances and waits until all have ended. Gives the bytes their log took.
Result<double> run_instances(const Call& call, const bench::CommonFlags& common, const std::string& folder, uint32_t instances) {
  HENCE_TRY(const auto server, Server::start(folder, kSmallSegments));
  HENCE_TRY_VOID(server->apply(call, folder, bench::kThreeSteps));
  Loop loop;
  bench::LoadOptions options;
  options.port = server->port();
  options.connections = common.connections;
  options.requests_max = instances;
  const std::string body = R"({"workflow":"bench/three-steps","id":"############","input":)" + std::string(bench::kSmallInput) + "}";
  Load load(loop, bench::post_form("/api/v1/instances", "application/json", body, 1), options);
  HENCE_TRY_VOID(load.open());
  const auto done = [&] { return load.count().requests + load.count().refused >= instances || load.broken(); };
  loop.run(bench::seconds_now() + kInstancesSeconds, done, [&] { return load.tick(); });
  if (load.count().requests < instances) {
    return Error(ErrorCode::Internal, "the benchmark does not count: not every instance was started; the first refusal:\n" + load.count().refusal);
  }
  HENCE_TRY(auto metrics, server->metrics());
  return metrics["hence_commit_bytes_total"];
}

Result<json::Value> measure_disk_use(const Call& call, const bench::CommonFlags& common, uint32_t instances) {
  HENCE_TRY(const Folder folder, Folder::create(common.folder));
  const std::string data = folder.path() + "/data";
  HENCE_TRY(const double written, run_instances(call, common, folder.path(), instances));
  {
    // What a server does when it has time: seal, compress, compact.
    HENCE_TRY(const auto server, Server::start(folder.path(), kSmallSegments));
    call.io.sleep(Duration::seconds(common.seconds));
  }
  const auto log = static_cast<double>(disk_bytes(data + "/log")), state = static_cast<double>(disk_bytes(data + "/state"));
  json::Builder out;
  out.begin_object().member("bench", "disk");
  out.key("value").number(bench::rounded((log + state) / instances, 4)).member("unit", "bytes per finished instance");
  out.key("instances").number(int64_t{instances});
  out.key("logBytes").number(bench::rounded(log / instances, 4)).key("stateBytes").number(bench::rounded(state / instances, 4));
  out.key("writtenToLogBytes").number(bench::rounded(written / instances, 4));
  bench::write_machine(out);
  out.end_object();
  return std::move(out).finish();
}

}  // namespace

int bench_restart(const Call& call) {
  bench::CommonFlags common;
  uint32_t log_mib = 1024, kills = 3;
  Flags flags(call);
  declare(flags, common, 16);
  flags.number("--log-mib", log_mib, "how much log there is before the first kill -9; else 1024");
  flags.number("--kills", kills, "how often; else 3");
  if (const auto code = flags.parse()) return *code;
  if (common.connections == 0 || kills == 0) return call.io.fail("--connections and --kills are at least 1", kExitWrongUse);
  return print(call, common, measure_restart(call, common, log_mib, kills));
}

int bench_soak(const Call& call) {
  bench::CommonFlags common;
  uint32_t rate = 10'000;
  std::string config, settings;
  Flags flags(call);
  declare(flags, common, 16);
  flags.number("--rate", rate, "events a second, in batches of 100; else 10000");
  flags.text("--config", config, "a hence.yaml for the server, say with a retention");
  if (const auto code = flags.parse()) return *code;
  if (common.seconds == 0 || common.connections == 0 || rate == 0) {
    return call.io.fail("--seconds, --connections and --rate are at least 1", kExitWrongUse);
  }
  if (!config.empty()) {
    const Result<std::string> text = read_file(call.io, config);
    if (!text.ok()) return call.io.fail(text.error());
    settings = *text;
  }
  return print(call, common, measure_soak(call, common, rate, settings));
}

int bench_disk(const Call& call) {
  bench::CommonFlags common;
  uint32_t instances = 200'000;
  Flags flags(call);
  declare(flags, common, 128);
  flags.number("--instances", instances, "how many instances of three tasks are run; else 200000");
  if (const auto code = flags.parse()) return *code;
  if (common.connections == 0 || instances == 0) return call.io.fail("--connections and --instances are at least 1", kExitWrongUse);
  return print(call, common, measure_disk_use(call, common, instances));
}

}  // namespace hence::cli
