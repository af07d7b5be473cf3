// SPDX-License-Identifier: Apache-2.0
// Expressions, templates and durations.

#include <algorithm>
#include <functional>

#include "json/builder.h"
#include "workflow/compiler.h"
#include "workflow/shapes.h"

namespace hence::workflow {
namespace {

std::string list_of(ArgumentSet allowed) {
  std::string text;
  for (size_t i = 0; i < kArgumentCount; ++i) {
    const auto argument = static_cast<Argument>(i);
    if (!allowed.has(argument) || argument == Argument::secret) continue;
    text += (text.empty() ? "$" : ", $") + std::string(kArgumentNames[i]);
  }
  return text;
}

bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/// The source with `.` for each read of the variable; all else stays in its place.
std::string without_variable(std::string source, const std::string& name) {
  const std::string read = "$" + name;
  for (size_t at = source.find(read); at != std::string::npos; at = source.find(read, at + read.size())) {
    const size_t end = at + read.size();
    if (end < source.size() && is_name_char(source[end])) continue;  // of a longer name
    source.replace(at, read.size(), read.size(), ' ');
    source[at] = '.';
  }
  return source;
}

}  // namespace

void Compiler::report_uncompiled(std::string_view source, const Site& site, std::string message) {
  constexpr std::string_view kUnknown = "unknown variable $";
  constexpr int kReportedMost = 10;
  std::string rest(source);
  for (int reported = 0; reported < kReportedMost; ++reported) {
    faults_.add(site.pointer, "the expression does not compile: " + message);
    const size_t at = message.find(kUnknown);
    if (at == std::string::npos) return;
    const size_t name = at + kUnknown.size();
    rest = without_variable(std::move(rest), message.substr(name, message.find(';', name) - name));
    const Result<expr::Program> program = expr::Program::compile(rest, options(site.scope));
    if (program.ok() || program.error().message().find(kUnknown) == std::string::npos) return;
    message = program.error().message();
  }
}

expr::CompileOptions Compiler::options(ScopeIndex scope) const {
  expr::CompileOptions result;
  result.variables.assign(kArgumentNames.begin(), kArgumentNames.end());
  const auto& own = definition_->scopes[scope].variables;
  result.variables.insert(result.variables.end(), own.begin(), own.end());
  return result;
}

ArgumentSet Compiler::readable(ArgumentSet allowed, ScopeIndex scope) const {
  if (!compensates(scope)) return allowed;
  allowed.add(Argument::input);   // of the task that is undone
  allowed.add(Argument::output);
  return allowed;
}

std::optional<expr::Program> Compiler::compile_text(std::string_view source, const Site& site,
                                                    ArgumentSet allowed, std::string_view what) {
  allowed = readable(allowed, site.scope);
  Result<expr::Program> program = expr::Program::compile(source, options(site.scope));
  if (!program.ok()) {
    report_uncompiled(source, site, program.error().message());
    return std::nullopt;
  }
  bool fits = true;
  for (const std::string& name : program->reads().variables) {
    for (size_t i = 0; i < kArgumentCount; ++i) {
      const auto argument = static_cast<Argument>(i);
      if (name != kArgumentNames[i] || allowed.has(argument)) continue;
      const bool secret = argument == Argument::secrets || argument == Argument::secret;
      // What reads no part of the instance is asked of events, before there is any.
      if (secret && secrets_anywhere_ && allowed.has(Argument::workflow)) {
        warnings_.add(site.pointer, "$" + name + " is read outside of a call: the result is recorded, secret and all "
                                        "(secrets.anywhere in hence.yaml allows it)");
        definition_->secrets_anywhere = true;
        continue;
      }
      fits = false;
      if (secret) {
        faults_.add(site.pointer,
                    "$" + name + " can be read in call arguments and authentication only, because "
                    "every other result is recorded; pass what needs it into a call");
      } else {
        faults_.add(site.pointer, "$" + name + " cannot be read in " + std::string(what) +
                                      "; what can: " + list_of(allowed));
      }
    }
    if ((name == "secrets" || name == "secret") && fits && definition_->secrets.empty()) {
      fits = false;
      faults_.add(site.pointer, "$" + name + " is read, and use.secrets names no secret");
    }
  }
  if (!fits) return std::nullopt;
  for (const auto& [variable, member] : program->reads().members) {
    if (stored_ || (variable != "secrets" && variable != "secret")) continue;
    fits = check_secret(site.pointer, member) && fits;
  }
  if (!fits) return std::nullopt;
  return std::move(program).value();
}

Formula Compiler::program(const Site& site, ArgumentSet allowed, std::string_view what) {
  if (!site.value.is_string()) return {};
  const std::string_view text = site.value.as_string();
  auto compiled = compile_text(expr::unwrap(text).value_or(text), site, allowed, what);
  return compiled ? Formula(std::move(*compiled)) : Formula();
}

std::string Compiler::woven(std::string_view text, ScopeIndex scope) const {
  constexpr int kTriesMost = 100;
  std::string source;
  int tries = 0;
  size_t at = 0;
  while (at < text.size()) {
    const size_t open = std::min(text.find("${", at), text.size());
    if (open > at) source += (source.empty() ? "" : " + ") + json::Value::string(text.substr(at, open - at))->to_text();
    if (open == text.size()) break;
    // An expression may hold braces itself: it ends at the first one where it is whole.
    size_t close = open;
    std::string_view inside;
    do {
      close = text.find('}', close + 1);
      if (close == std::string_view::npos || ++tries > kTriesMost) return {};
      inside = text.substr(open + 2, close - open - 2);
    } while (!expr::Program::compile(inside, options(scope)).ok());
    source += (source.empty() ? "((" : " + ((") + std::string(inside) + "\n) | tostring)";
    at = close + 1;
  }
  return tries == 0 ? std::string() : source;
}

std::optional<std::string> Compiler::loose_text(std::string_view text, const Site& site,
                                                ArgumentSet allowed) const {
  allowed = readable(allowed, site.scope);
  const auto fits = [&](const std::string& source) {
    const auto program = expr::Program::compile(source, options(site.scope));
    if (!program.ok()) return false;
    for (const std::string& name : program->reads().variables) {
      for (size_t i = 0; i < kArgumentCount; ++i) {
        if (name == kArgumentNames[i] && !allowed.has(static_cast<Argument>(i))) return false;
      }
    }
    return true;
  };
  std::string source(expr::unwrap(text).value_or(text));
  if (!fits(source)) {
    source = woven(text, site.scope);
    if (source.empty() || !fits(source)) return std::nullopt;
  }
  return "${ try (" + source + "\n) catch " + json::Value::string(text)->to_text() + " }";
}

json::Value Compiler::loosened(const Site& site, ArgumentSet allowed) const {
  json::Builder b;
  const std::function<void(json::View)> write = [&](json::View value) {
    if (value.is_string()) {
      const auto text = loose_text(value.as_string(), site, allowed);
      // What is marked and does not compile is a fault, as it is in strict mode.
      b.string(text ? *text : std::string(value.as_string()));
    } else if (value.is_object()) {
      b.begin_object();
      for (auto [key, member] : value.members()) {
        b.key(key);
        write(member);
      }
      b.end_object();
    } else if (value.is_array()) {
      b.begin_array();
      for (json::View item : value.elements()) write(item);
      b.end_array();
    } else {
      b.value(value);
    }
  };
  write(site.value);
  return std::move(b).finish();
}

Formula Compiler::tmpl(const Site& given, ArgumentSet allowed, std::string_view what) {
  json::Value loose;
  Site site = given;
  if (loose_) {
    loose = loosened(given, allowed);
    site.value = loose;
  }
  // Each text by itself first, so that a fault names its place.
  bool fits = true;
  bool constant = true;
  visit_texts(site.value, site.pointer, [&](std::string_view text, const std::string& pointer) {
    const auto source = expr::unwrap(text);
    if (!source) return;
    constant = false;
    fits = compile_text(*source, {site.value, pointer, site.scope}, allowed, what).has_value() &&
        fits;
  });
  if (!fits) return {};
  if (constant) return Formula::constant(json::Value(site.value));
  Result<expr::Template> compiled = expr::Template::compile(site.value, options(site.scope));
  if (!compiled.ok()) {
    faults_.add(site.pointer, "the expression does not compile: " + compiled.error().message());
    return {};
  }
  return Formula(std::move(compiled).value());
}

Formula Compiler::transform(const Site& site, ArgumentSet allowed, std::string_view what) {
  if (site.value.is_string() && loose_) {
    if (const auto text = loose_text(site.value.as_string(), site, allowed)) {
      const json::Value value = json::Value::string(*text);
      return program({value, site.pointer, site.scope}, allowed, what);
    }
    return Formula::constant(json::Value(site.value));
  }
  return site.value.is_string() ? program(site, allowed, what) : tmpl(site, allowed, what);
}

Formula Compiler::optional_program(std::optional<Site> site, ArgumentSet allowed,
                                   std::string_view what) {
  return site ? program(*site, allowed, what) : Formula();
}
Formula Compiler::optional_tmpl(std::optional<Site> site, ArgumentSet allowed,
                                std::string_view what) {
  return site ? tmpl(*site, allowed, what) : Formula();
}
Formula Compiler::optional_transform(std::optional<Site> site, ArgumentSet allowed,
                                     std::string_view what) {
  return site ? transform(*site, allowed, what) : Formula();
}

DurationSpec Compiler::duration(std::optional<Site> site, ArgumentSet allowed,
                                std::string_view what) {
  DurationSpec spec;
  if (!site) return spec;
  if (site->value.is_object()) {
    spec.fixed = CalendarDuration{0, duration_of(site->value)};
  } else if (site->value.is_string()) {
    const std::string_view text = site->value.as_string();
    if (is_expression(text)) {
      spec.formula = program(*site, allowed, what);
    } else if (Result<CalendarDuration> parsed = parse_iso8601_duration(text); parsed.ok()) {
      spec.fixed = *parsed;
    }
  }
  return spec;
}

DurationSpec Compiler::timeout(std::optional<Site> site, ArgumentSet allowed) {
  if (site && site->value.is_string()) site = resolve_use("timeouts", *site);
  return site ? duration(site->find("after"), allowed, "timeout") : DurationSpec();
}

}  // namespace hence::workflow
