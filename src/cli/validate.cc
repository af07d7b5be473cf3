// SPDX-License-Identifier: Apache-2.0
// `hence validate`: what is wrong with files of resources, found without a server.

#include "api/zones.h"
#include "cli/commands.h"
#include "cli/files.h"
#include "cli/flags.h"
#include "cli/output.h"
#include "json/builder.h"
#include "json/parse.h"
#include "resource/resource.h"
#include "workflow/subflows.h"

namespace hence::cli {
namespace {

struct Checked {
  std::string file;
  std::string text;
  resource::Parsed parsed;
  std::string unreadable;

  bool valid() const { return unreadable.empty() && parsed.faults.empty(); }
};

void add_faults(json::Builder& builder, std::string_view name, const resource::Faults& faults) {
  builder.key(name).begin_array();
  for (const workflow::Fault& fault : faults) {
    builder.begin_object();
    builder.key("line")
        .number(int64_t{fault.place.line})
        .key("column")
        .number(int64_t{fault.place.column});
    builder.member("pointer", fault.pointer).member("message", fault.message).end_object();
  }
  builder.end_array();
}

json::Value to_json(const std::vector<Checked>& all) {
  json::Builder builder;
  builder.begin_object().key("items").begin_array();
  for (const Checked& one : all) {
    builder.begin_object().member("file", one.file);
    builder.key("valid").boolean(one.valid());
    builder.key("resources").number(static_cast<int64_t>(one.parsed.resources.size()));
    if (!one.unreadable.empty()) builder.member("error", one.unreadable);
    add_faults(builder, "faults", one.parsed.faults);
    add_faults(builder, "warnings", one.parsed.warnings);
    add_faults(builder, "unsupported", one.parsed.unsupported);
    builder.end_object();
  }
  builder.end_array().end_object();
  return std::move(builder).finish();
}

/// What is wrong with a file of JSON is said as of JSON: read as the YAML that it is too, a file that is
/// cut short ends in a puzzle about keys.
void explain_as_json(Checked& checked) {
  const auto& faults = checked.parsed.faults.list();
  if (!checked.file.ends_with(".json") || faults.size() != 1 || faults[0].code != ErrorCode::YamlInvalid) return;
  const Result<json::Value> value = json::parse(checked.text);
  if (value.ok()) return;
  auto [place, message] = json::take_place(value.error());
  checked.parsed.faults = {};
  checked.parsed.faults.add(workflow::Fault{value.error().code(), "", place, std::move(message)});
}

/// What workflows say of each other, in all files together.
void check_subflows(std::vector<Checked>& all) {
  workflow::WorkflowSet set;
  for (const Checked& one : all) {
    for (const resource::Resource& resource : one.parsed.resources) {
      if (const auto* spec = std::get_if<resource::WorkflowSpec>(&resource.spec)) set.add(spec->definition);
    }
  }
  for (Checked& one : all) {
    if (!one.valid()) continue;
    std::optional<std::vector<json::YamlDocument>> documents;
    for (size_t i = 0; i < one.parsed.resources.size(); ++i) {
      const auto* spec = std::get_if<resource::WorkflowSpec>(&one.parsed.resources[i].spec);
      if (spec == nullptr || !workflow::has_subflows(*spec->definition)) continue;
      if (!documents) documents = json::parse_yaml(one.text).value();  // once more, for the places
      for (const workflow::SubflowFinding& found : workflow::check_subflows(set, *spec->definition)) {
        workflow::Faults placed(i < documents->size() ? &(*documents)[i] : nullptr);
        placed.add(found.pointer, found.message);
        const bool fault = found.kind == workflow::SubflowFinding::Kind::circle;
        (fault ? one.parsed.faults : one.parsed.warnings).add(*placed.begin());
      }
    }
  }
}

std::string draw(const std::vector<Checked>& all, const Style& style) {
  std::string out;
  for (const Checked& one : all) {
    if (!one.unreadable.empty()) {
      out += style.paint(Tone::bad, "✗ ") + one.unreadable + "\n";
    } else if (one.parsed.faults.empty()) {
      out += style.paint(Tone::good, "✓ ") + one.file + "  " +
             style.paint(Tone::dim,
                         plural(static_cast<int64_t>(one.parsed.resources.size()), "resource")) +
             "\n";
    } else {
      out += style.paint(Tone::bad, "✗ ") + one.file + "\n";
    }
    for (const workflow::Fault& fault : one.parsed.faults)
      out += "  " + fault_text(one.file, fault) + "\n";
    for (const workflow::Fault& fault : one.parsed.warnings) {
      out += "  " + style.paint(Tone::warning, "!") + " " + fault_text(one.file, fault) + "\n";
    }
    for (const workflow::Fault& fault : one.parsed.unsupported) {
      out += "  " + style.paint(Tone::warning, "!") + " " + fault_text(one.file, fault) +
             " (valid; this version's apply refuses it)\n";
    }
  }
  return out;
}

}  // namespace

int validate_command(const Call& call) {
  std::vector<std::string> paths;
  std::string name_space = "default";
  OutputFlags output;
  workflow::Permissions permissions;
  Flags flags(call);
  flags.flag("--secrets-anywhere", permissions.secrets_anywhere, "as a server does with secrets.anywhere: warns where it else refuses");
  flags.positionals("PATH", paths, "files, or folders walked for .yaml, .yml and .json");
  flags.text("-n,--namespace", name_space, "of documents that name none; else default");
  flags.output(output, Format::table);
  if (const auto code = flags.parse()) return *code;
  const Result<std::vector<std::string>> files = find_resource_files(paths);
  if (!files.ok()) return call.io.fail(files.error());

  std::vector<Checked> all;
  bool valid = true;
  for (const std::string& file : *files) {
    Checked checked{file, {}, {}, {}};
    const Result<std::string> text = read_file(call.io, file);
    if (!text.ok()) {
      checked.unreadable = text.error().message();
    } else {
      checked.text = *text;
      checked.parsed = resource::parse_resources(*text, name_space, permissions);
      explain_as_json(checked);
      if (checked.valid() && checked.parsed.unsupported.empty()) {
        const auto zones = api::system_zones();
        for (const auto& fault : api::place_faults(*text, api::check_zones(*zones, checked.parsed.resources))) {
          checked.parsed.faults.add(fault);
        }
      }
      if (checked.valid() && checked.parsed.resources.empty())
        checked.unreadable = file + " holds no resource";
    }
    all.push_back(std::move(checked));
  }
  check_subflows(all);
  for (const Checked& one : all) valid = valid && one.valid();
  call.io.out(
      format_list(output.format, to_json(all), [&] { return draw(all, style_of(call.io)); }));
  return valid ? kExitOk : kExitNo;
}

}  // namespace hence::cli
