// SPDX-License-Identifier: Apache-2.0
// hence_sim: runs seeds and says which broke a promise.

#include <charconv>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "base/reached.h"
#include "sim/simulation.h"
#include "commit.h"

namespace {

using namespace hence::sim;

constexpr int kStoriesMax = 3;
/// So many seeds should reach every mark.
constexpr uint64_t kSeedsForMarks = 10'000;

int usage(const char* why) {
  std::fprintf(stderr,
               "hence_sim: %s\n"
               "usage: hence_sim [--seeds A..B | --seed N] [--steps N] [--trace] [--plant MISTAKE] [--marks]\n"
               "  --seeds A..B   every seed from A to B (default 1..200)\n"
               "  --seed N       one seed\n"
               "  --steps N      steps of chaos in each (default 500)\n"
               "  --trace        print every step\n"
               "  --marks        list the marked rare paths that were reached (tools/sim_seeds adds them up)\n"
               "  --plant        one of %s\n",
               why, plant_names().c_str());
  return 2;
}

std::optional<uint64_t> parse_number(std::string_view text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

struct Arguments {
  uint64_t first = 1;
  uint64_t last = 200;
  bool marks = false;
  SimulationOptions options;
};

/// Why the arguments are not understood; nullptr if they are.
const char* parse(int count, char** words, Arguments& arguments) {
  for (int i = 1; i < count; ++i) {
    const std::string_view word = words[i];
    if (word == "--trace") {
      arguments.options.trace = true;
      continue;
    }
    if (word == "--marks") {
      arguments.marks = true;
      continue;
    }
    if (i + 1 >= count) return "an option is unknown or lacks its value";
    const std::string_view value = words[++i];
    if (word == "--plant") {
      arguments.options.plant = find_plant(value);
      if (arguments.options.plant == Plant::none) return "--plant is none of the mistakes below";
    } else if (word == "--seed") {
      const auto seed = parse_number(value);
      if (!seed) return "--seed is a number";
      arguments.first = arguments.last = *seed;
    } else if (word == "--steps") {
      const auto steps = parse_number(value);
      if (!steps || *steps > 10'000'000) return "--steps is a number up to 10000000";
      arguments.options.steps = static_cast<uint32_t>(*steps);
    } else if (word == "--seeds") {
      const size_t dots = value.find("..");
      const auto first = parse_number(value.substr(0, dots));
      const auto last = dots == std::string_view::npos ? first : parse_number(value.substr(dots + 2));
      if (!first || !last || *last < *first) return "--seeds is A..B, A not above B";
      arguments.first = *first;
      arguments.last = *last;
    } else {
      return "an option is unknown";
    }
  }
  return nullptr;
}

void tell(const SimulationOptions& options, const SimulationResult& result, bool with_steps) {
  const auto seed = static_cast<unsigned long long>(options.seed);
  if (with_steps) {
    for (const std::string& step : result.last_steps) std::printf("  %s\n", step.c_str());
  }
  for (const Violation& violation : result.violations) {
    std::printf("seed %llu breaks %s: %s\n", seed, violation.invariant.c_str(), violation.message.c_str());
  }
  std::string given;
  if (options.steps != SimulationOptions().steps) given += " --steps " + std::to_string(options.steps);
  if (options.plant != Plant::none) given += " --plant " + std::string(plant_name(options.plant));
  std::printf("repeat it, at commit " HENCE_COMMIT ": hence_sim --seed %llu%s --trace\n", seed, given.c_str());
}

/// Rare paths: each that was reached, if asked for; each that was not, if it should have been.
void tell_marks(bool list, uint64_t seeds) {
  size_t reached = 0;
  const std::vector<hence::ReachedName> marks = hence::reached_marks();
  for (const hence::ReachedName& mark : marks) {
    reached += mark.reached ? 1 : 0;
    if (list) std::printf("mark %s: %s\n", mark.reached ? "reached" : "missed", std::string(mark.name).c_str());
    else if (!mark.reached && seeds >= kSeedsForMarks) std::printf("never reached: %s\n", std::string(mark.name).c_str());
  }
  std::printf("marked paths reached: %zu of %zu\n", reached, marks.size());
}

}  // namespace

int main(int count, char** words) {
  Arguments arguments;
  if (const char* why = parse(count, words, arguments)) return usage(why);
  uint64_t passed = 0, failed = 0, records = 0, events = 0, instances = 0, calls = 0, crashes = 0, folds = 0, repeated = 0, outcomes = 0;
  for (uint64_t seed = arguments.first; seed <= arguments.last; ++seed) {
    SimulationOptions options = arguments.options;
    options.seed = seed;
    SimulationResult result = simulate(options);
    if (result.violations.empty() && seed % 20 == 0) {
      ++repeated;
      if (simulate(options).trace_hash != result.trace_hash) {
        result.violations.push_back({"determinism", "the same seed ran differently the second time"});
      }
    }
    records += result.records;
    outcomes += result.outcomes;
    events += result.events;
    instances += result.instances;
    calls += result.calls;
    crashes += result.crashes;
    folds += result.folds;
    if (result.violations.empty()) ++passed;
    else tell(options, result, failed++ < kStoriesMax && !options.trace);
    if (arguments.first == arguments.last) {
      std::printf("trace hash %016llx\n", static_cast<unsigned long long>(result.trace_hash));
    }
    std::fflush(stdout);
  }
  tell_marks(arguments.marks, passed + failed);
  std::printf("seeds %llu, run twice %llu, crashes %llu, folds %llu, records %llu, events %llu, instances %llu, calls %llu, outcomes compared %llu\n",
              static_cast<unsigned long long>(passed + failed), static_cast<unsigned long long>(repeated),
              static_cast<unsigned long long>(crashes), static_cast<unsigned long long>(folds), static_cast<unsigned long long>(records),
              static_cast<unsigned long long>(events), static_cast<unsigned long long>(instances),
              static_cast<unsigned long long>(calls), static_cast<unsigned long long>(outcomes));
  std::printf("%llu passed, %llu failed\n", static_cast<unsigned long long>(passed), static_cast<unsigned long long>(failed));
  return failed == 0 ? 0 : 1;
}
