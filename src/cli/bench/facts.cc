// SPDX-License-Identifier: Apache-2.0
#include "cli/bench/facts.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "cli/command.h"

namespace hence::cli::bench {
namespace {

double seconds_of(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

std::string cpu_model() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown";
}

/// "VmRSS:    1234 kB" of /proc/PID/status.
void read_memory(const std::string& folder, ProcessFacts& facts) {
  std::ifstream file(folder + "/status");
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string name;
    uint64_t kibibytes = 0;
    words >> name >> kibibytes;
    if (name == "VmRSS:") facts.resident_bytes = kibibytes << 10;
    if (name == "VmHWM:") facts.peak_bytes = kibibytes << 10;
  }
}

/// Adds one thread's time: fields 14 and 15 of its stat, after its name in brackets.
void read_thread(const std::string& folder, ProcessFacts& facts) {
  std::ifstream file(folder + "/stat");
  std::string line;
  if (!std::getline(file, line)) return;
  const size_t open = line.find('('), close = line.rfind(')');
  if (open == std::string::npos || close == std::string::npos) return;
  std::istringstream words(line.substr(close + 1));
  std::string skipped;
  for (int field = 3; field < 14; ++field) words >> skipped;
  double user = 0, system = 0;
  words >> user >> system;
  facts.cpu_seconds[line.substr(open + 1, close - open - 1)] += (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

}  // namespace

double thread_cpu_seconds() { return seconds_of(CLOCK_THREAD_CPUTIME_ID); }
double seconds_now() { return seconds_of(CLOCK_MONOTONIC); }

void write_machine(json::Builder& out) {
  utsname system{};
  uname(&system);
  out.key("machine").begin_object().member("cpu", cpu_model());
  out.key("cores").number(static_cast<int64_t>(std::thread::hardware_concurrency()));
  out.key("memoryBytes").number(static_cast<int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE));
  out.member("system", std::string(system.sysname) + " " + system.release + " " + system.machine);
  out.member("compiler", std::string(__VERSION__)).member("hence", kVersion).end_object();
}

double ProcessFacts::cpu_total() const {
  double total = 0;
  for (const auto& [name, seconds] : cpu_seconds) total += seconds;
  return total;
}

ProcessFacts process_facts(pid_t pid) {
  ProcessFacts facts;
  const std::string folder = "/proc/" + std::to_string(pid);
  read_memory(folder, facts);
  std::error_code gone;
  for (std::filesystem::directory_iterator it(folder + "/task", gone), end; !gone && it != end; it.increment(gone)) {
    read_thread(it->path().string(), facts);
  }
  return facts;
}

void Latencies::add(double seconds) {
  const auto nanos = static_cast<uint64_t>(std::max(seconds * 1e9, static_cast<double>(kSteps)));
  const int shift = std::bit_width(nanos) - std::bit_width(static_cast<unsigned>(kSteps));
  const size_t bucket = static_cast<size_t>(shift) * kSteps + ((nanos >> shift) - kSteps);
  ++buckets_[std::min(bucket, buckets_.size() - 1)];
  ++count_;
}

void Latencies::add(const Latencies& others) {
  for (size_t bucket = 0; bucket < buckets_.size(); ++bucket) buckets_[bucket] += others.buckets_[bucket];
  count_ += others.count_;
}

double Latencies::millis(double share) const {
  const auto wanted = static_cast<uint64_t>(std::ceil(share * static_cast<double>(count_)));
  uint64_t seen = 0;
  for (size_t bucket = 0; bucket < buckets_.size(); ++bucket) {
    seen += buckets_[bucket];
    if (count_ == 0 || seen < wanted || seen == 0) continue;
    const double step = static_cast<double>(uint64_t{1} << (bucket / kSteps));
    return (static_cast<double>(bucket % kSteps + kSteps) + 1) * step / 1e6;
  }
  return 0;
}

double rounded(double value, int digits) {
  if (value == 0 || !std::isfinite(value)) return 0;
  const double unit = std::pow(10.0, digits - 1 - static_cast<int>(std::floor(std::log10(std::fabs(value)))));
  return std::round(value * unit) / unit;
}

}  // namespace hence::cli::bench
