// SPDX-License-Identifier: Apache-2.0

// Events a second of one thread's time from JSON text to rule ids: parse, then match, as ingest does.
//
//   match_bench [SET…]       a set is exact.10000, mixc.1000, hetero.10000 … (default: all)
//
// Prints one JSON object a line. Data: HENCE_BENCH_DIR, default ../shared/bench.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "filter/rule_set.h"
#include "json/parse.h"

namespace {

using hence::filter::MatchError;
using hence::filter::MatchScratch;
using hence::filter::RuleInput;
using hence::filter::RuleSet;

/// Time this thread has run: what others do on the machine stays out of it.
double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

struct Set {
  const char* name;
  const char* family;      ///< which events
  size_t expected;         ///< pairs that must match; 0 if not known
};
constexpr Set kSets[] = {
    {"exact.100", "small", 0},          {"exact.1000", "small", 0},
    {"exact.10000", "small", 24083},    {"exact.100000", "small", 39226},
    {"mixc.1000", "small", 51345},      {"mixc.10000", "small", 25532},
    {"mixc.100000", "small", 0},        {"mixed.10000", "small", 0},
    {"numeric.10000", "small", 0},      {"anythingbut.10000", "small", 0},
    {"wildcard.10000", "small", 0},     {"hetero.10000", "hetero", 14647},
};

std::vector<std::string> read_lines(const std::string& path) {
  std::vector<std::string> out;
  FILE* pipe = popen(("gzip -dc '" + path + "' 2>/dev/null").c_str(), "r");
  if (pipe == nullptr) return out;
  std::string all;
  char block[1 << 16];
  for (size_t got; (got = fread(block, 1, sizeof(block), pipe)) > 0;) all.append(block, got);
  pclose(pipe);
  for (size_t begin = 0; begin < all.size();) {
    const size_t end = std::min(all.find('\n', begin), all.size());
    out.push_back(all.substr(begin, end - begin));
    begin = end + 1;
  }
  return out;
}

struct Measured {
  double build_seconds = 0;
  double text_seconds = 0;    ///< per pass, from text
  double parsed_seconds = 0;  ///< per pass, on parsed events
  size_t pairs = 0;
};

std::vector<RuleInput> read_rules(const std::vector<hence::json::Value>& lines) {
  std::vector<RuleInput> out;
  out.reserve(lines.size());
  for (const hence::json::Value& line : lines) {
    auto conditions = hence::filter::parse_conditions(line);
    if (!conditions.ok()) {
      fprintf(stderr, "refused: %s\n", conditions.error().message().c_str());
      continue;
    }
    out.push_back({static_cast<uint32_t>(out.size()), std::move(conditions).value()});
  }
  return out;
}

/// The {"pattern": …} of each rule line, as the `on` of a rule.
std::vector<hence::json::Value> read_ons(const std::string& path) {
  std::vector<hence::json::Value> out;
  for (const std::string& line : read_lines(path)) {
    const auto value = hence::json::parse(line);
    if (!value.ok()) continue;
    const std::string on = "{\"pattern\":" + value.value()->find("pattern")->to_text() + "}";
    out.push_back(std::move(hence::json::parse(on)).value());
  }
  return out;
}

/// Repeats pass until two seconds are over; the fastest time of one.
template <typename Pass>
double fastest(const Pass& pass) {
  double best = 1e9;
  const double start = cpu_seconds();
  for (int runs = 0; runs < 3 || cpu_seconds() - start < 1; ++runs) {
    const double begin = cpu_seconds();
    pass();
    best = std::min(best, cpu_seconds() - begin);
  }
  return best;
}

void run(const Set& set, const std::string& dir) {
  const std::string family = set.family;
  const std::string rule_file =
      dir + (family == "hetero" ? "/rules." : "/rules.small.") + set.name + ".jsonl.gz";
  const auto ons = read_ons(rule_file);
  const auto events = read_lines(dir + "/events." + family + ".jsonl.gz");
  if (ons.empty() || events.empty()) {
    printf("{\"set\":\"%s\",\"skipped\":\"no data in %s\"}\n", set.name, dir.c_str());
    return;
  }
  Measured measured;
  const double begin = cpu_seconds();
  auto built = RuleSet::build(read_rules(ons));
  measured.build_seconds = cpu_seconds() - begin;
  const RuleSet rules = std::move(built).value();

  MatchScratch scratch;
  std::vector<uint32_t> ids;
  std::vector<MatchError> errors;
  measured.text_seconds = fastest([&] {
    measured.pairs = 0;
    for (const std::string& text : events) {
      const auto event = hence::json::parse(text);
      rules.match(event.value(), {}, scratch, ids, errors);
      measured.pairs += ids.size();
    }
  });
  std::vector<hence::json::Value> parsed;
  for (const std::string& text : events) parsed.push_back(std::move(hence::json::parse(text)).value());
  measured.parsed_seconds = fastest([&] {
    for (const auto& event : parsed) rules.match(event, {}, scratch, ids, errors);
  });
  const double change_seconds = fastest([&] {
    std::vector<RuleInput> one = read_rules({ons.front()});
    if (!rules.with_changes(std::move(one), {}).ok()) abort();
  });
  const size_t explained = std::min<size_t>(rules.size(), 1'000);
  const double why_seconds = fastest([&] {
    for (uint32_t id = 0; id < explained; ++id) {
      if (!rules.why(id, parsed.front(), {}).ok()) abort();
    }
  });
  const auto count = static_cast<double>(events.size());
  printf("{\"set\":\"%s\",\"rules\":%zu,\"events_per_second\":%.0f,\"match_ns\":%.0f,"
         "\"pairs\":%zu,\"expected\":%s,\"build_seconds\":%.3f,\"bytes_per_rule\":%.0f,"
         "\"change_one_ms\":%.3f,\"explained\":%zu,\"explain_ms\":%.1f}\n",
         set.name, rules.size(), count / measured.text_seconds,
         measured.parsed_seconds / count * 1e9, measured.pairs,
         set.expected == 0 ? "null" : (measured.pairs == set.expected ? "true" : "false"),
         measured.build_seconds,
         static_cast<double>(rules.memory_bytes()) / static_cast<double>(rules.size()),
         change_seconds * 1e3, explained, why_seconds * 1e3);
  fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  const char* dir = std::getenv("HENCE_BENCH_DIR");
  for (const Set& set : kSets) {
    const bool wanted = argc < 2 || std::any_of(argv + 1, argv + argc, [&](const char* name) {
                          return std::string_view(name) == set.name;
                        });
    if (wanted) run(set, dir != nullptr ? dir : "../shared/bench");
  }
  return 0;
}
