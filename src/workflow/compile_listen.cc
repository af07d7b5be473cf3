// SPDX-License-Identifier: Apache-2.0
// `listen`: filters become sites. What of a filter depends on the event alone is written as the `on`
// of a rule; what gives a value that the event must have becomes a key; the rest is asked of each
// waiting instance.

#include <algorithm>
#include <map>

#include "filter/conditions.h"
#include "filter/regular_expression.h"
#include "json/builder.h"
#include "workflow/compiler.h"
#include "workflow/shapes.h"

namespace hence::workflow {
namespace {

/// A text with one of these is a regular expression over the whole value, or that very text.
bool looks_like_pattern(std::string_view text) {
  return text.find_first_of("*+?[](){}|^$\\") != std::string_view::npos;
}

/// `.["data"]["x"]`: a jq path.
std::string jq_path(const std::vector<std::string>& path) {
  std::string text = ".";
  for (const std::string& key : path) text += "[" + json::Value::string(key)->to_text() + "]";
  return path.size() > 1 ? "(try " + text + " catch null)" : text;
}

struct PatternNode {
  std::map<std::string, PatternNode> members;
  std::vector<json::Value> any_of;
};

void write(json::Builder& b, const PatternNode& node) {
  if (node.members.empty()) {
    b.begin_array();
    for (const json::Value& one : node.any_of) b.value(one);
    b.end_array();
    return;
  }
  b.begin_object();
  for (const auto& [key, member] : node.members) write(b.key(key), member);
  b.end_object();
}

json::Value regular_expression(std::string_view text) {
  json::Builder b;
  b.begin_object().member("regexp", text).end_object();
  return std::move(b).finish();
}

}  // namespace

/// Collects what the members of `with` ask.
class Compiler::FilterReader {
 public:
  FilterReader(Compiler& compiler, ListenSite& site) : compiler_(compiler), site_(site) {}

  void read(const Site& object, const std::vector<std::string>& path) {
    if (!object.value.is_object()) return;
    for (auto [name, value] : object.value.members()) {
      std::vector<std::string> at = path;
      at.emplace_back(name);
      read_member({value, child_pointer(object.pointer, name), object.scope}, at);
    }
  }

  json::Value conditions() const {
    json::Builder b;
    b.begin_object();
    if (!pattern_.members.empty()) write(b.key("pattern"), pattern_);
    if (!whens_.empty()) {
      std::string all;
      for (const std::string& when : whens_) all += (all.empty() ? "(" : " and (") + when + ")";
      b.member("when", all);
    }
    if (pattern_.members.empty() && whens_.empty()) b.member("type", "*");
    b.end_object();
    return std::move(b).finish();
  }

 private:
  void read_member(const Site& at, const std::vector<std::string>& path) {
    const json::View value = at.value;
    if (value.is_string()) {
      const std::string_view text = value.as_string();
      if (const auto source = expr::unwrap(text)) return read_expression(at, *source, path);
      std::vector<json::Value> any_of = {json::Value::string(text)};
      if (looks_like_pattern(text)) {
        if (const auto parsed = filter::RegularExpression::parse(text); parsed.ok()) {
          any_of.push_back(regular_expression(text));
        } else {
          compiler_.warnings_.add(at.pointer, "only this very text meets it: as a regular expression it is not valid (" +
                                                  parsed.error().message() + ")");
        }
      }
      node(path).any_of = std::move(any_of);
    } else if (value.is_object() && value.size() > 0) {
      read(at, path);
    } else if (value.is_array() || value.is_object()) {
      whens_.push_back(jq_path(path) + " == " + value.to_text());
    } else {
      node(path).any_of = {json::Value(value)};
    }
  }

  void read_expression(const Site& at, std::string_view source, const std::vector<std::string>& path) {
    auto program = compiler_.compile_text(source, at, kTaskArguments, "a filter of `listen`");
    if (!program) return;
    const expr::Reads& reads = program->reads();
    const std::string value = jq_path(path);
    if (site_.task == kNone && !reads.variables.empty()) {
      compiler_.faults_.add(at.pointer, "a filter of `schedule.on` sees the event alone: there is no instance yet whose variables it could read");
      return;
    }
    if (reads.variables.empty()) {
      whens_.push_back(value + " as $value | ($value | (" + std::string(source) +
                       "\n)) | if type == \"boolean\" then . else . == $value end");
      return;
    }
    if (reads.whole_input || !reads.paths.empty()) {
      site_.late.push_back({path, Formula(std::move(*program))});
      compiler_.warnings_.add(at.pointer,
                              "this reads the event and the instance, so each event asks it of every instance that waits here, one by "
                              "one; `correlate` with `expect` finds the instance by the value, whatever the number that wait");
      return;
    }
    // The instance alone gives the value: a key, so that the event finds its instances at once.
    auto from = expr::Program::compile(value, compiler_.options(kRootScope));
    if (!from.ok()) {
      compiler_.faults_.add(at.pointer, "this value cannot be looked up in an event: " + from.error().message());
      return;
    }
    fixed_.push_back({"with" + at.pointer.substr(at.pointer.rfind("/with") + 5), Formula(std::move(*from)),
                      Formula(std::move(*program))});
  }

  PatternNode& node(const std::vector<std::string>& path) {
    PatternNode* at = &pattern_;
    for (const std::string& key : path) at = &at->members[key];
    return *at;
  }

  Compiler& compiler_;
  ListenSite& site_;
  PatternNode pattern_;
  std::vector<std::string> whens_;

 public:
  std::vector<ListenSite::Key> fixed_;  ///< keys that `with` gives
};

void Compiler::compile_filter(const Site& filter, TaskIndex index) {
  ListenSite site;
  site.task = index;
  site.pointer = filter.pointer;
  if (index == kNone) {
    site.keep_for = kScheduleKeepFor;
    site.keep_max = kScheduleKeepCount;
  }
  FilterReader reader(*this, site);
  if (const auto with = filter.find("with")) {
    site.with = json::Value::detached(with->value);
    reader.read(*with, {});
  }
  site.on = reader.conditions();
  std::vector<filter::Fault> faults;
  if (faults_.empty() && !filter::parse_conditions(site.on, &faults).ok()) {
    const std::string_view inside = "/pattern";
    for (const filter::Fault& fault : faults) {
      // "/pattern/type/1/regexp" is the member `type` of `with`.
      std::string pointer = filter.pointer;
      if (fault.pointer.starts_with(inside)) {
        const std::string_view rest = std::string_view(fault.pointer).substr(inside.size());
        pointer += "/with" + std::string(rest.substr(0, rest.find('/', 1)));
      }
      faults_.add(pointer, fault.message);
    }
  }
  const auto correlate = filter.find("correlate");
  if (correlate && correlate->value.is_object()) {
    for (auto [name, value] : correlate->value.members()) {
      const Site at{value, child_pointer(correlate->pointer, name), filter.scope};
      auto from = at.find("from");
      if (!from) continue;
      from->scope = kRootScope;
      site.keys.push_back({std::string(name), program(*from, {}, "correlate.from"),
                           optional_tmpl(at.find("expect"), index == kNone ? ArgumentSet() : kTaskArguments, "correlate.expect")});
    }
  }
  for (ListenSite::Key& key : reader.fixed_) site.keys.push_back(std::move(key));
  for (size_t i = 0; i < site.keys.size() && site.first_expected == ListenSite::kNoKey; ++i) {
    if (site.keys[i].expect.present()) site.first_expected = i;
  }
  read_buffer(site, index);
  definition_->sites.push_back(std::move(site));
}

/// metadata.correlation.buffer of the task, else of the document: how long and how many early events
/// are kept.
void Compiler::read_buffer(ListenSite& site, TaskIndex index) {
  const Site root{root_, "", kRootScope};
  const auto head = root.find("document");
  std::optional<Site> task;
  if (index != kNone) task = Site{definition_->tasks[index].definition, definition_->tasks[index].reference, kRootScope};
  for (const std::optional<Site>& owner : {head, task}) {
    const auto metadata = owner ? owner->find("metadata") : std::nullopt;
    const auto correlation = metadata ? metadata->find("correlation") : std::nullopt;
    const auto buffer = correlation ? correlation->find("buffer") : std::nullopt;
    if (!buffer) continue;
    if (!buffer->value.is_object()) {
      faults_.add(buffer->pointer, "expected an object of `for` and `limit`");
      continue;
    }
    constexpr std::string_view kKeys[] = {"for", "limit"};
    for (const json::Member& member : buffer->value.members()) {
      const std::string_view name = member.key;
      if (name != kKeys[0] && name != kKeys[1]) {
        faults_.add_at_key(child_pointer(buffer->pointer, name),
                           "unknown key \"" + std::string(name) + "\"" + suggestion(name, kKeys));
      }
    }
    if (const auto length = buffer->find("for")) {
      const DurationSpec spec = duration(length, {}, "metadata.correlation.buffer.for");
      const bool good = spec.fixed && spec.fixed->months == 0 && spec.fixed->rest <= kKeepForMax;
      if (good) {
        site.keep_for = spec.fixed->rest;
      } else {
        faults_.add(length->pointer, "expected a duration of at most P7D, such as PT1H");
      }
    }
    if (const auto limit = buffer->find("limit")) {
      const auto count = limit->value.is_number() ? limit->value.as_int64() : std::nullopt;
      if (count && *count >= 0 && *count <= kKeepCountMax) {
        site.keep_max = static_cast<uint32_t>(*count);
      } else {
        faults_.add(limit->pointer, "expected a count from 0 to " + std::to_string(kKeepCountMax));
      }
    }
  }
}

ListenSpec::Events Compiler::compile_strategy(const Site& strategy, TaskIndex index) {
  ListenSpec::Events events;
  events.first = static_cast<uint32_t>(definition_->sites.size());
  if (const auto one = strategy.find("one")) {
    events.strategy = ListenSpec::Strategy::one;
    compile_filter(*one, index);
  } else if (const auto all = strategy.find("all"); all && all->value.is_array()) {
    events.strategy = ListenSpec::Strategy::all;
    compile_filters(*all, index);
  } else if (const auto any = strategy.find("any"); any && any->value.is_array()) {
    events.strategy = ListenSpec::Strategy::any;
    if (any->value.size() == 0) compile_filter(*any, index);  // every event there is
    compile_filters(*any, index);
  }
  events.count = static_cast<uint32_t>(definition_->sites.size()) - events.first;
  return events;
}

void Compiler::compile_filters(const Site& list, TaskIndex index) {
  size_t position = 0;
  for (json::View filter : list.value.elements()) {
    compile_filter({filter, child_pointer(list.pointer, position++), list.scope}, index);
  }
}

DataSchema Compiler::item_schema(const std::optional<Site>& holder) {
  const Faults faults = faults_, unsupported = unsupported_;
  DataSchema schema = data_schema(holder);
  const bool imported = faults_.size() > faults.size() && faults_.list().back().pointer.starts_with("/document/");
  if (stored_ && !imported) {
    faults_ = faults;
    unsupported_ = unsupported;
  }
  return schema;
}

ListenSpec Compiler::compile_listen(const Site& site, TaskIndex index) {
  ListenSpec spec;
  const auto listen = site.find("listen");
  const auto to = listen ? listen->find("to") : std::nullopt;
  if (to) spec.to = compile_strategy(*to, index);
  if (spec.to.strategy == ListenSpec::Strategy::all && spec.to.count == 0) {
    faults_.add(to->pointer, "`all` of nothing would wait for ever; name at least one event");
  }
  const auto until = to ? to->find("until") : std::nullopt;
  if (until && spec.to.strategy != ListenSpec::Strategy::any) {
    faults_.add(until->pointer, "`until` ends an `any`; `all` and `one` end by themselves");
  } else if (until && until->value.is_string()) {
    spec.until_condition = program(*until, kTaskArguments, "until");
    spec.endless = is_never(*until);
  } else if (until) {
    spec.until = compile_strategy(*until, index);
  }
  const std::string_view read = listen ? listen->value.string_or("read", "data") : "data";
  spec.read = read == "envelope" ? ListenSpec::Read::envelope
              : read == "raw"    ? ListenSpec::Read::raw
                                 : ListenSpec::Read::data;
  const auto foreach = site.find("foreach");
  if (!foreach) return spec;
  spec.item = variable_name(foreach->find("item"), "item");
  spec.at = variable_name(foreach->find("at"), "index");
  if (spec.item == spec.at) {
    refuse_new(foreach->pointer, "`item` and `at` are both \"" + spec.item + "\"; name one otherwise");
  }
  spec.foreach = open_scope(ScopeRole::foreach, index, site.scope, {spec.item, spec.at});
  Site seen = *foreach;
  seen.scope = spec.foreach;
  if (const auto tasks = seen.find("do"); tasks && tasks->value.is_array()) {
    compile_list(*tasks, spec.foreach);
  }
  const auto as = [&](std::string_view key, ArgumentSet allowed) {
    const auto part = seen.find(key);
    return optional_transform(part ? part->find("as") : std::nullopt, allowed, std::string(key) + ".as");
  };
  spec.item_output = as("output", kTaskArguments);
  spec.item_export = as("export", kExportArguments);
  spec.item_output_schema = item_schema(seen.find("output"));
  spec.item_export_schema = item_schema(seen.find("export"));
  return spec;
}

/// A condition without anything to read that is false: `${ false }`.
bool Compiler::is_never(const Site& condition) const {
  const std::string_view text = condition.value.as_string();
  auto program = expr::Program::compile(expr::unwrap(text).value_or(text));
  if (!program.ok() || !program->reads().constant) return false;
  expr::Budget budget = expr::kWhenBudget;
  const Result<bool> holds = program->evaluate_condition(json::View(), {}, {}, budget);
  return holds.ok() && !*holds;
}

}  // namespace hence::workflow
