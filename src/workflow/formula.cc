// SPDX-License-Identifier: Apache-2.0
#include "workflow/formula.h"

namespace hence::workflow {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_name_char(char c) { return is_letter(c) || (c >= '0' && c <= '9'); }

/// The name that text begins with; empty if it begins with none.
std::string_view name_at(std::string_view text) {
  size_t end = 0;
  if (!text.empty() && is_letter(text[0])) {
    while (end < text.size() && is_name_char(text[end])) ++end;
  }
  return text.substr(0, end);
}

/// Adds an argument that a program reads: single members where its source never says `$name` without `.member`
/// right behind it, which is always a step into it; else all of it. Source that is a comment or a text counts.
void add_read(std::string_view source, Argument argument, ArgumentSet& set) {
  const std::string read = "$" + std::string(kArgumentNames[static_cast<size_t>(argument)]);
  ArgumentSet found;
  for (size_t at = source.find(read); at != std::string_view::npos; at = source.find(read, at + 1)) {
    const std::string_view rest = source.substr(at + read.size());
    if (!rest.empty() && is_name_char(rest[0])) continue;  // of a longer name
    const std::string_view member = rest.starts_with('.') ? name_at(rest.substr(1)) : std::string_view();
    if (member.empty()) return set.add(argument);
    found.add(argument, member);
  }
  if (!found.has(argument)) found.add(argument);
  set.bits |= found.bits;
}

void add_reads(const expr::Program& program, ArgumentSet& set) {
  for (const std::string& name : program.reads().variables) {
    for (size_t i = 0; i < kArgumentCount; ++i) {
      if (name == kArgumentNames[i]) add_read(program.source(), static_cast<Argument>(i), set);
    }
  }
}

}  // namespace

void ArgumentSet::add(Argument a, std::string_view member) {
  bits |= bit(a);
  if (a == Argument::workflow) {
    if (member == "definition") bits |= bit(Part::workflow_definition);
    if (member == "input") bits |= bit(Part::workflow_input);
  } else if (a == Argument::task) {
    if (member == "definition") bits |= bit(Part::task_definition);
    else if (member == "input") bits |= bit(Part::task_input);
    else if (member == "output") bits |= bit(Part::task_output);
    else if (member != "name" && member != "reference" && member != "startedAt") bits |= bit(Part::task_keys);
  }
}

Formula::Formula(expr::Program program) : body_(std::move(program)) {
  add_reads(std::get<expr::Program>(body_), arguments_);
}

Formula::Formula(expr::Template tmpl) : body_(std::move(tmpl)) {
  for (const expr::Program* program : std::get<expr::Template>(body_).programs()) add_reads(*program, arguments_);
}

Result<json::Value> Formula::evaluate(json::View input, std::span<const json::View> slots,
                                      const expr::Environment& environment) const {
  expr::Budget budget = environment.workflow;
  if (const auto* program = std::get_if<expr::Program>(&body_)) {
    return program->evaluate_one(input, slots, environment, budget);
  }
  if (const auto* tmpl = std::get_if<expr::Template>(&body_)) {
    return tmpl->evaluate(input, slots, environment, budget);
  }
  if (const auto* value = std::get_if<json::Value>(&body_)) return *value;
  return json::Value();
}

Result<bool> Formula::test(json::View input, std::span<const json::View> slots,
                           const expr::Environment& environment) const {
  expr::Budget budget = environment.workflow;
  if (const auto* program = std::get_if<expr::Program>(&body_)) {
    return program->evaluate_condition(input, slots, environment, budget);
  }
  HENCE_TRY(json::Value value, evaluate(input, slots, environment));
  return !value->is_null() && !(value->is_bool() && !value->as_bool());
}

}  // namespace hence::workflow
