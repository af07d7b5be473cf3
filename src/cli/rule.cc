// SPDX-License-Identifier: Apache-2.0
// `hence rule test`: the rules of files against the events of files, by the code the server uses.

#include "cli/commands.h"
#include "cli/files.h"
#include "cli/flags.h"
#include "cli/output.h"
#include "cli/render.h"
#include "event/event.h"
#include "filter/rule_set.h"
#include "json/builder.h"
#include "resource/resource.h"

namespace hence::cli {
namespace {

struct Rules {
  std::vector<std::string> names;
  std::vector<filter::RuleInput> inputs;
};

/// Adds a file's rules. Faults are said; gives whether there were none.
bool add_rules(const Io& io, const std::string& file, const std::string& text, Rules& rules) {
  const resource::Parsed parsed = resource::parse_resources(text);
  for (const workflow::Fault& fault : parsed.faults) io.err(fault_text(file, fault) + "\n");
  if (!parsed.faults.empty()) return false;
  for (const resource::Resource& resource : parsed.resources) {
    if (resource.kind != resource::Kind::rule) continue;
    Result<filter::Conditions> conditions =
        filter::parse_conditions(std::get<resource::RuleSpec>(resource.spec).on);
    if (!conditions.ok()) {
      io.err("hence: " + conditions.error().in(file + ": " + resource.name).message() + "\n");
      return false;
    }
    rules.inputs.push_back({static_cast<uint32_t>(rules.names.size()), std::move(*conditions)});
    rules.names.push_back(resource.name);
  }
  return true;
}

/// The same form as an explanation of the server, without what followed.
json::Value judge(const Rules& rules, const filter::RuleSet& set, const event::Event& event,
                  UtcTime now, bool& matched) {
  json::Builder builder;
  builder.begin_object()
      .member("event", event.value())
      .member("accepted", format_rfc3339(now))
      .key("rules")
      .begin_array();
  for (uint32_t id = 0; id < rules.names.size(); ++id) {
    const Result<filter::Why> why = set.why(id, event.value(), {now});
    if (!why.ok()) continue;
    const bool holds = why->verdict == filter::Verdict::holds;
    matched = matched || holds;
    builder.begin_object().member("rule", rules.names[id]);
    builder.member("verdict", holds                                    ? "matched"
                              : why->verdict == filter::Verdict::error ? "error"
                                                                       : "not matched");
    builder.member("why", filter::to_json(*why, rules.names[id]));
    builder.member("text", filter::to_text(*why, rules.names[id])).end_object();
  }
  builder.end_array().end_object();
  return std::move(builder).finish();
}

std::string draw(json::View answer, const Style& style) {
  std::string out;
  for (const json::View item : answer.find("items")->elements()) {
    const json::View event = *item.find("event");
    out += (out.empty() ? "" : "\n") + style.paint(Tone::strong, cell(event, "type")) + " from " +
           cell(event, "source") + "  (id " + cell(event, "id") + ")\n";
    for (const json::View rule : item.find("rules")->elements()) {
      const bool matched = cell(rule, "verdict") == "matched";
      out += style.paint(matched ? Tone::good : Tone::bad, matched ? "✓ " : "✗ ") +
             cell(rule, "rule") +
             (matched                            ? "  matches\n"
              : cell(rule, "verdict") == "error" ? "  fails\n"
                                                 : "  does not match\n");
      const std::string text = cell(rule, "text");
      out += text.substr(std::min(text.size(), text.find('\n') + 1));
    }
  }
  return out;
}

Result<std::vector<event::Event>> load_events(const Io& io, const std::vector<std::string>& files) {
  std::vector<event::Event> events;
  for (const std::string& file : files) {
    HENCE_TRY(const std::string text, read_file(io, file));
    Result<std::vector<json::Value>> values = read_events(text);
    if (!values.ok()) return values.error().in(file);
    for (json::Value& value : *values) {
      Result<event::Event> event = event::Event::from_value(std::move(value));
      if (!event.ok()) return event.error().in(file);
      events.push_back(std::move(*event));
    }
  }
  if (events.empty())
    return Error(ErrorCode::EventInvalid, "there is no event to test with; name files with -e");
  return events;
}

}  // namespace

int rule_test(const Call& call) {
  std::vector<std::string> rule_paths, event_files;
  OutputFlags output;
  Flags flags(call);
  flags.texts("-r,--rule", rule_paths,
              "files or folders of rules; what else is in them is passed over", Need::required);
  flags.texts("-e,--event", event_files,
              "files of events: one, a JSON array or JSON lines; - is standard input",
              Need::required);
  flags.output(output, Format::table);
  if (const auto code = flags.parse()) return *code;
  const Result<std::vector<std::string>> files = find_resource_files(rule_paths);
  if (!files.ok()) return call.io.fail(files.error());
  Rules rules;
  for (const std::string& file : *files) {
    const Result<std::string> text = read_file(call.io, file);
    if (!text.ok()) return call.io.fail(text.error());
    if (!add_rules(call.io, file, *text, rules)) return kExitWrongUse;
  }
  if (rules.names.empty())
    return call.io.fail("there is no Rule in the files of -r", kExitWrongUse);
  const Result<std::vector<event::Event>> events = load_events(call.io, event_files);
  if (!events.ok()) return call.io.fail(events.error().message(), kExitWrongUse);
  const Result<filter::RuleSet> set = filter::RuleSet::build(rules.inputs);
  if (!set.ok()) return call.io.fail(set.error());

  bool all_matched = true;
  json::Builder builder;
  builder.begin_object().key("items").begin_array();
  for (const event::Event& event : *events) {
    bool matched = false;
    builder.value(judge(rules, *set, event, call.io.now(), matched));
    all_matched = all_matched && matched;
  }
  builder.end_array().end_object();
  const json::Value answer = std::move(builder).finish();
  call.io.out(format_list(output.format, answer, [&] { return draw(answer, style_of(call.io)); }));
  return all_matched ? kExitOk : kExitNo;
}

}  // namespace hence::cli
