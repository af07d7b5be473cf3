// SPDX-License-Identifier: Apache-2.0
// `hence filter test`: a bare filter against events that are any JSON objects.

#include "cli/commands.h"
#include "cli/files.h"
#include "cli/flags.h"
#include "cli/output.h"
#include "filter/rule_set.h"
#include "json/builder.h"
#include "json/parse.h"
#include "json/yaml.h"

namespace hence::cli {
namespace {

/// What a filter says of one event. kind: a fault of CESQL by its name, or an error's code.
struct Answer {
  bool match = false;
  std::string kind;
  std::string message;
  std::optional<filter::Why> why;
};

Answer failed(std::string kind, std::string message) {
  Answer out;
  out.kind = std::move(kind);
  out.message = std::move(message);
  return out;
}

Answer failed(const Error& error) {
  return failed(std::string(error_info(error.code()).slug), error.message());
}

/// A filter as it was given: CESQL, or the members of a rule's `on`.
struct Asked {
  std::optional<std::string> cesql;
  json::Value on;
  /// What was typed, by the pointer in `on` at which its value is.
  std::vector<std::pair<std::string, std::string>> texts;
};

/// ", line 1, column 9": where a pointer into `on` is in what was typed; empty if it is not known.
std::string position_of(const Asked& asked, std::string_view pointer) {
  for (const auto& [begin, text] : asked.texts) {
    if (!pointer.starts_with(begin)) continue;
    const Result<std::vector<json::YamlDocument>> documents = json::parse_yaml(text);
    if (!documents.ok() || documents->empty()) continue;
    const json::Place place = documents->front().place_of(pointer.substr(begin.size()));
    if (place.line == 0) continue;
    return ", line " + std::to_string(place.line) + ", column " + std::to_string(place.column);
  }
  return "";
}

/// Reads the members of a rule's `on`; a fault of it says its place in what was typed too.
Result<filter::Conditions> read_conditions(const Asked& asked) {
  std::vector<filter::Fault> faults;
  Result<filter::Conditions> conditions = filter::parse_conditions(asked.on, &faults);
  if (conditions.ok() || faults.empty() || faults.front().pointer.empty()) return conditions;
  const filter::Fault& fault = faults.front();
  return Error(fault.code, fault.message + " (at " + fault.pointer + position_of(asked, fault.pointer) + ")");
}

class Filter {
 public:
  static Result<Filter> compile(const Asked& asked) {
    Filter out;
    if (asked.cesql) {
      HENCE_TRY(out.cesql_, filter::Cesql::parse(*asked.cesql));
    }
    if (asked.on->size() == 0) return out;
    HENCE_TRY(filter::Conditions conditions, read_conditions(asked));
    std::vector<filter::RuleInput> inputs;
    inputs.push_back({0, std::move(conditions)});
    HENCE_TRY(out.rules_, filter::RuleSet::build(std::move(inputs)));
    return out;
  }

  Answer ask(json::View event, UtcTime now) const {
    if (!event.is_object()) return failed("event-invalid", "the event is no JSON object");
    Answer out;
    out.match = true;
    if (rules_) {
      Result<filter::Why> why = rules_->why(0, event, {now});
      if (!why.ok()) return failed(why.error());
      out.match = why->verdict == filter::Verdict::holds;
      if (why->verdict == filter::Verdict::error) {
        const filter::WhyNode& when = why->root.parts.back();
        out.kind = error_info(when.error).slug;
        out.message = when.actual;
      }
      out.why = std::move(*why);
    } else {
      out.why = filter::Why{0, filter::Verdict::holds, {}};
      out.why->root.kind = filter::WhyNode::Kind::all;
      out.why->root.verdict = filter::Verdict::holds;
    }
    if (cesql_) ask_cesql(event, out);
    return out;
  }

 private:
  void ask_cesql(json::View event, Answer& out) const {
    const filter::CesqlOutcome outcome = cesql_->evaluate(event);
    const bool* truth = std::get_if<bool>(&outcome.value);
    const bool failure = outcome.fault != filter::CesqlFault::none;
    out.match = out.match && !failure && truth != nullptr && *truth;
    if (failure) {
      out.kind = filter::cesql_fault_name(outcome.fault);
      out.message = outcome.message;
    } else if (truth == nullptr) {
      out.message = "the expression gives a value that is no boolean";
    }
    filter::add_cesql(*cesql_, event, *out.why);
  }

  std::optional<filter::Cesql> cesql_;
  std::optional<filter::RuleSet> rules_;
};

json::Value to_json(const Answer& answer, bool with_why) {
  json::Builder out;
  out.begin_object().key("match").boolean(answer.match).key("error");
  if (answer.kind.empty()) {
    out.null();
  } else {
    out.string(answer.kind);
  }
  if (!answer.message.empty()) out.member("message", answer.message);
  if (with_why && answer.why) out.member("why", filter::to_json(*answer.why));
  out.end_object();
  return std::move(out).finish();
}

/// The filter of a line of --jsonl or of the flags: its members but `event` and `cesql` are an `on`.
Asked read_asked(json::View object) {
  Asked out;
  json::Builder on;
  on.begin_object();
  for (const auto [key, value] : object.members()) {
    if (key == "cesql" && value.is_string()) {
      out.cesql = std::string(value.as_string());
    } else if (key == "pattern" || key == "filters" || key == "when") {
      on.member(key, value);
    }
  }
  on.end_object();
  out.on = std::move(on).finish();
  return out;
}

/// What is wrong with the members of a line; empty if they are an event and a filter. Others are notes.
std::string fault_of_members(json::View line) {
  bool filtered = false;
  for (const auto [key, value] : line.members()) {
    if (key == "cesql" && !value.is_string()) return "cesql must be a text";
    filtered = filtered || key == "pattern" || key == "cesql" || key == "filters" || key == "when";
  }
  return filtered ? "" : "the line has none of pattern, cesql, filters and when";
}

constexpr json::ParseOptions kLenient{.depth_max = 1'000, .duplicate_keys = json::DuplicateKeys::last_wins};

Answer answer_line(std::string_view line, UtcTime now) {
  const Result<json::Value> parsed = json::parse(line, kLenient);
  if (!parsed.ok()) return failed(parsed.error());
  const auto event = (*parsed)->find("event");
  if (!event) return failed("request-invalid", "the line has no member event");
  std::string fault = fault_of_members(*parsed);
  if (!fault.empty()) return failed("request-invalid", std::move(fault));
  Asked asked = read_asked(*parsed);
  asked.texts.emplace_back("", line);
  const Result<Filter> filter = Filter::compile(asked);
  if (filter.ok()) return filter->ask(*event, now);
  const bool of_cesql = asked.cesql && asked.on->size() == 0;
  return of_cesql ? failed("parse", filter.error().message()) : failed(filter.error());
}

int answer_lines(const Call& call, const std::string& text) {
  std::string_view rest = text;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    call.io.out(to_json(answer_line(line, call.io.now()), false)->to_text() + "\n");
  }
  return kExitOk;
}

/// about: which event the answer is of, "event 2 (id e2) "; empty if there is one only.
std::string draw(const Answer& answer, const std::string& about, const Style& style) {
  std::string out = style.paint(answer.match ? Tone::good : Tone::bad, answer.match ? "✓ " : "✗ ") + about;
  out += answer.match ? "matches\n" : "does not match\n";
  if (answer.why) {
    const std::string text = filter::to_text(*answer.why);
    out += text.substr(std::min(text.size(), text.find('\n') + 1));
  }
  // What a when failed with stands in the reasons; of CESQL the kind of the fault does not.
  const filter::WhyNode* last = answer.why && !answer.why->root.parts.empty() ? &answer.why->root.parts.back() : nullptr;
  const bool told = last != nullptr && last->kind == filter::WhyNode::Kind::when && last->actual == answer.message;
  if (!answer.message.empty() && !told) {
    out += "  " + (answer.kind.empty() ? "" : answer.kind + ": ") + answer.message + "\n";
  }
  return out;
}

std::string name_of(json::View event, size_t number) {
  const std::string id(event.is_object() ? event.string_or("id", "") : "");
  return "event " + std::to_string(number) + (id.empty() ? "" : " (id " + id + ")") + " ";
}

struct FilterFlags {
  std::string pattern, cesql, filters, when;
  std::vector<std::string> events;
  bool jsonl = false;
};

Result<Asked> read_flags(const FilterFlags& flags) {
  json::Builder on;
  on.begin_object();
  const auto add = [&](const char* name, const std::string& text) -> Status {
    if (text.empty()) return {};
    const Result<json::Value> value = json::parse(text, kLenient);
    if (!value.ok()) return value.error().in(std::string("--") + name);
    on.member(name, *value);
    return {};
  };
  HENCE_TRY_VOID(add("pattern", flags.pattern));
  HENCE_TRY_VOID(add("filters", flags.filters));
  if (!flags.when.empty()) on.member("when", flags.when);
  on.end_object();
  Asked out;
  out.on = std::move(on).finish();
  out.texts = {{"/pattern", flags.pattern}, {"/filters", flags.filters}};
  if (!flags.cesql.empty()) out.cesql = flags.cesql;
  return out;
}

/// The events of the files, one after the other.
Result<std::vector<json::Value>> read_all(const Io& io, const std::vector<std::string>& files) {
  std::vector<json::Value> out;
  for (const std::string& file : files) {
    HENCE_TRY(const std::string text, read_file(io, file));
    Result<std::vector<json::Value>> values = read_events(text);
    if (!values.ok()) return values.error().in(file);
    for (json::Value& value : *values) out.push_back(std::move(value));
  }
  return out;
}

int test_events(const Call& call, const FilterFlags& given, const OutputFlags& output) {
  const Result<Asked> asked = read_flags(given);
  if (!asked.ok()) return call.io.fail(asked.error().message(), kExitWrongUse);
  if (!asked->cesql && (*asked).on->size() == 0) {
    return call.io.fail("filter test wants a filter: --pattern, --cesql, --filters or --when", kExitWrongUse);
  }
  const Result<Filter> filter = Filter::compile(*asked);
  if (!filter.ok()) return call.io.fail(filter.error().message(), kExitWrongUse);
  const Result<std::vector<json::Value>> events = read_all(call.io, given.events);
  if (!events.ok()) return call.io.fail(events.error().message(), kExitWrongUse);
  if (events->empty()) return call.io.fail("there is no event to test with", kExitWrongUse);
  bool all_match = true;
  std::string drawn;
  size_t number = 0;
  json::Builder list;
  list.begin_object().key("items").begin_array();
  for (const json::Value& event : *events) {
    const Answer answer = filter->ask(event, call.io.now());
    all_match = all_match && answer.match;
    drawn += draw(answer, events->size() > 1 ? name_of(event, ++number) : "", style_of(call.io));
    list.value(to_json(answer, true));
  }
  list.end_array().end_object();
  call.io.out(format_list(output.format, std::move(list).finish(), [&] { return drawn; }));
  return all_match ? kExitOk : kExitNo;
}

}  // namespace

int filter_test(const Call& call) {
  FilterFlags given;
  OutputFlags output;
  Flags flags(call);
  flags.text("--pattern", given.pattern, "an EventBridge pattern as JSON");
  flags.text("--cesql", given.cesql, "a CESQL expression; the event's members are the attributes");
  flags.text("--filters", given.filters, "CloudEvents subscription filters as JSON");
  flags.text("--when", given.when, "a jq program that gives true");
  flags.texts("-e,--event", given.events, "files of JSON objects; - (and none) is standard input");
  flags.flag("--jsonl", given.jsonl, "reads {\"pattern\"|\"cesql\"|\"filters\"|\"when\": …, \"event\": …} lines, answers a line each");
  flags.output(output, Format::table);
  if (const auto code = flags.parse()) return *code;
  const std::pair<const char*, const std::string*> filters[] = {
      {"--pattern", &given.pattern}, {"--cesql", &given.cesql}, {"--filters", &given.filters}, {"--when", &given.when}};
  for (const auto& [name, value] : filters) {
    if (!flags.given(name)) continue;
    if (given.jsonl)
      return call.io.fail(std::string("with --jsonl each line has its own filter; leave out ") + name, kExitWrongUse);
    if (value->empty())
      return call.io.fail(std::string(name) + " is empty; write a filter after it, or leave it out", kExitWrongUse);
  }
  if (given.events.empty()) given.events.push_back("-");
  if (!given.jsonl) return test_events(call, given, output);
  for (const std::string& file : given.events) {
    const Result<std::string> text = read_file(call.io, file);
    if (!text.ok()) return call.io.fail(text.error());
    answer_lines(call, *text);
  }
  return kExitOk;
}

}  // namespace hence::cli
