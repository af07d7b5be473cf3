// SPDX-License-Identifier: Apache-2.0
// `hence rule lint`: what is probably wrong with the rules of files, without any event.

#include "cli/commands.h"
#include "cli/files.h"
#include "cli/flags.h"
#include "cli/output.h"
#include "filter/lint.h"
#include "json/builder.h"
#include "resource/resource.h"

namespace hence::cli {
namespace {

struct Linted {
  std::vector<filter::RuleInput> inputs;
  std::vector<std::string> names;
  std::vector<std::string> files;
  std::vector<std::string> known_types;  ///< of the EventTypes in the files
};

/// Adds a file's rules. Faults are said; gives whether there were none.
bool add_file(const Io& io, const std::string& file, const std::string& text, Linted& rules) {
  const resource::Parsed parsed = resource::parse_resources(text);
  for (const workflow::Fault& fault : parsed.faults) io.err(fault_text(file, fault) + "\n");
  if (!parsed.faults.empty()) return false;
  for (const resource::Resource& resource : parsed.resources) {
    if (const auto* known = std::get_if<resource::EventTypeSpec>(&resource.spec)) rules.known_types.push_back(known->type);
    if (resource.kind != resource::Kind::rule) continue;
    auto conditions = filter::parse_conditions(std::get<resource::RuleSpec>(resource.spec).on);
    if (!conditions.ok()) {
      io.err("hence: " + conditions.error().in(file + ": " + resource.name).message() + "\n");
      return false;
    }
    rules.inputs.push_back({static_cast<uint32_t>(rules.names.size()), std::move(*conditions)});
    rules.names.push_back(resource.name);
    rules.files.push_back(file);
  }
  return true;
}

bool names_other(const filter::Finding& finding) {
  return finding.kind == filter::Finding::Kind::equal || finding.kind == filter::Finding::Kind::contained;
}

json::Value to_json(const Linted& rules, const std::vector<filter::Finding>& findings) {
  json::Builder out;
  out.begin_object().key("items").begin_array();
  for (const filter::Finding& finding : findings) {
    out.begin_object().member("file", rules.files[finding.rule]).member("rule", rules.names[finding.rule]);
    out.member("finding", filter::finding_name(finding.kind)).member("message", finding.message);
    if (names_other(finding)) out.member("other", rules.names[finding.other]);
    out.end_object();
  }
  out.end_array().end_object();
  return std::move(out).finish();
}

std::string draw(const Linted& rules, const std::vector<filter::Finding>& findings, const Style& style) {
  std::string out;
  for (const filter::Finding& finding : findings) {
    const bool grave = finding.kind == filter::Finding::Kind::never;
    out += rules.files[finding.rule] + ": " + style.paint(Tone::strong, rules.names[finding.rule]) + ": " +
           style.paint(grave ? Tone::bad : Tone::warning, filter::finding_name(finding.kind)) + ": " + finding.message;
    if (names_other(finding)) out += " " + rules.names[finding.other];
    out += "\n";
  }
  if (findings.empty()) out = std::to_string(rules.names.size()) + " rules, nothing to tell\n";
  return out;
}

}  // namespace

int rule_lint(const Call& call) {
  std::vector<std::string> paths;
  OutputFlags output;
  Flags flags(call);
  flags.positionals("PATH", paths, "files or folders of rules; EventTypes in them say which types there are");
  flags.output(output, Format::table);
  if (const auto code = flags.parse()) return *code;
  const Result<std::vector<std::string>> files = find_resource_files(paths);
  if (!files.ok()) return call.io.fail(files.error());
  Linted rules;
  for (const std::string& file : *files) {
    const Result<std::string> text = read_file(call.io, file);
    if (!text.ok()) return call.io.fail(text.error());
    if (!add_file(call.io, file, *text, rules)) return kExitWrongUse;
  }
  if (rules.names.empty()) return call.io.fail("there is no Rule in the files", kExitWrongUse);
  const std::vector<filter::Finding> findings = filter::lint(rules.inputs, rules.known_types);
  if (rules.names.size() > filter::kComparedRulesMax) {
    call.io.err("more than " + std::to_string(filter::kComparedRulesMax) + " rules: they were not compared in pairs\n");
  }
  call.io.out(format_list(output.format, to_json(rules, findings),
                          [&] { return draw(rules, findings, style_of(call.io)); }));
  return findings.empty() ? kExitOk : kExitNo;
}

}  // namespace hence::cli
