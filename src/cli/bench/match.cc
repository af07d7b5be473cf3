// SPDX-License-Identifier: Apache-2.0
// `hence bench match`: JSON text to rule ids in one thread, by the functions that ingest calls. The
// fastest of several passes, in the thread's own time, so that neighbours on the machine count less.

#include <unistd.h>

#include <fstream>

#include "cli/bench/facts.h"
#include "cli/bench/inputs.h"
#include "cli/commands.h"
#include "cli/flags.h"
#include "cli/output.h"
#include "event/event.h"
#include "filter/rule_set.h"
#include "json/builder.h"
#include "json/parse.h"

namespace hence::cli {
namespace {

using bench::fastest;
using bench::read_lines;
using bench::thread_cpu_seconds;

/// A line is {"id"?, "pattern": {…}} or {"id"?, "on": {…}}.
Result<filter::Conditions> read_rule(const std::string& line) {
  HENCE_TRY(const json::Value rule, json::parse(line));
  if (const auto on = rule->find("on")) return filter::parse_conditions(*on);
  if (const auto pattern = rule->find("pattern")) return filter::conditions_of_pattern(*pattern);
  return Error(ErrorCode::PatternInvalid, "a rule has a pattern, or an on with type, pattern, filters and when");
}

struct Loaded {
  filter::RuleSet rules;
  size_t refused = 0;
  std::string first_refusal;
  double read_seconds = 0;   ///< rules' text to conditions
  double build_seconds = 0;  ///< conditions to the rule set
  size_t resident_bytes = 0; ///< what the process grew by
};

size_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  size_t size = 0;
  size_t resident = 0;
  file >> size >> resident;
  return resident * static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

Result<Loaded> load_rules(const std::string& path) {
  HENCE_TRY(const std::vector<std::string> lines, read_lines(path));
  size_t refused = 0;
  std::string first_refusal;
  const size_t resident = resident_bytes();
  const double begin = thread_cpu_seconds();
  std::vector<filter::RuleInput> inputs;
  inputs.reserve(lines.size());
  for (const std::string& line : lines) {
    Result<filter::Conditions> conditions = read_rule(line);
    if (conditions.ok()) {
      inputs.push_back({static_cast<uint32_t>(inputs.size()), std::move(*conditions)});
    } else if (refused++ == 0) {
      first_refusal = conditions.error().message();
    }
  }
  const double read = thread_cpu_seconds();
  HENCE_TRY(filter::RuleSet rules, filter::RuleSet::build(std::move(inputs)));
  const double built = thread_cpu_seconds();
  const size_t grown = resident_bytes();
  return Loaded{std::move(rules), refused, std::move(first_refusal), read - begin, built - read,
                grown > resident ? grown - resident : 0};
}

/// The value that is stored: of a CloudEvent the checked event's, else the document itself.
Result<json::Value> read_value(std::string_view text) {
  Result<event::Event> event = event::parse_structured(text);
  if (event.ok()) return event->value();
  return json::parse(text);
}

struct Measured {
  double seconds = 0;
  size_t matches = 0;
};

Measured measure(const filter::RuleSet& rules, const std::vector<std::string>& texts, bool parsed, UtcTime now) {
  filter::MatchScratch scratch;
  std::vector<uint32_t> ids;
  std::vector<filter::MatchError> errors;
  Measured out;
  const auto match = [&](json::View event) {
    rules.match(event, {now}, scratch, ids, errors);
    out.matches += ids.size();
  };
  std::vector<json::Value> values;
  std::vector<bool> is_event;
  for (const std::string& text : texts) {
    is_event.push_back(event::parse_structured(text).ok());
    if (parsed) values.push_back(std::move(*read_value(text)));
  }
  out.seconds = fastest([&] {
    out.matches = 0;
    if (parsed) {
      for (const json::Value& value : values) match(value);
      return;
    }
    for (size_t i = 0; i < texts.size(); ++i) {
      if (is_event[i]) {
        match(event::parse_structured(texts[i])->value());
      } else {
        match(*json::parse(texts[i]));
      }
    }
  });
  return out;
}

json::Value report(const Loaded& loaded, const Measured& measured, size_t events, bool parsed) {
  const auto count = static_cast<double>(events);
  const auto rules = static_cast<double>(std::max<size_t>(loaded.rules.size(), 1));
  const auto round = [](double value, double unit) {
    return static_cast<double>(static_cast<int64_t>(value / unit + 0.5)) * unit;
  };
  json::Builder out;
  out.begin_object().member("bench", "match").member("path", parsed ? "value to rule ids" : "text to rule ids");
  out.key("rules").number(static_cast<int64_t>(loaded.rules.size()));
  out.key("refused").number(static_cast<int64_t>(loaded.refused));
  if (loaded.refused > 0) out.member("firstRefusal", loaded.first_refusal);
  out.key("events").number(static_cast<int64_t>(events));
  if (measured.seconds > 0) {
    out.key("eventsPerSecond").number(static_cast<int64_t>(count / measured.seconds));
    out.key("nsPerEvent").number(static_cast<int64_t>(measured.seconds / count * 1e9 + 0.5));
  } else {
    out.member("notMeasured", "the events take less time than the clock can tell; give more of them");
  }
  out.key("matches").number(static_cast<int64_t>(measured.matches));
  out.key("readRulesMs").number(static_cast<int64_t>(round(loaded.read_seconds * 1e3, 1)));
  out.key("buildMs").number(static_cast<int64_t>(round(loaded.build_seconds * 1e3, 1)));
  out.key("ruleSetBytes").number(static_cast<int64_t>(loaded.rules.memory_bytes()));
  out.key("bytesPerRule").number(static_cast<int64_t>(static_cast<double>(loaded.rules.memory_bytes()) / rules));
  out.key("residentGrowthBytes").number(static_cast<int64_t>(loaded.resident_bytes));
  bench::write_machine(out);
  out.end_object();
  return std::move(out).finish();
}

}  // namespace

int bench_match(const Call& call) {
  std::string rules, events;
  bool parsed = false;
  OutputFlags output;
  Flags flags(call);
  flags.text("--rules", rules, "a .jsonl or .jsonl.gz file of {\"id\", \"pattern\"} lines, or \"on\"", Need::required);
  flags.text("--events", events, "a .jsonl or .jsonl.gz file of events", Need::required);
  flags.flag("--parsed", parsed, "only the match, on events that are parsed already");
  flags.output(output, Format::json);
  if (const auto code = flags.parse()) return *code;
  const Result<Loaded> loaded = load_rules(rules);
  if (!loaded.ok()) return call.io.fail(loaded.error());
  const Result<std::vector<std::string>> texts = read_lines(events);
  if (!texts.ok()) return call.io.fail(texts.error());
  if (texts->empty() || loaded->rules.size() == 0) return call.io.fail("there are no rules or no events in the files", kExitWrongUse);
  for (const std::string& text : *texts) {
    const Result<json::Value> value = read_value(text);
    if (!value.ok()) return call.io.fail(value.error().in(events).message(), kExitWrongUse);
  }
  const json::Value answer = report(*loaded, measure(loaded->rules, *texts, parsed, call.io.now()), texts->size(), parsed);
  const Format format = output.format == Format::table ? Format::json : output.format;
  call.io.out(format_value(format, answer, [] { return std::string(); }));
  return kExitOk;
}

}  // namespace hence::cli
