// SPDX-License-Identifier: Apache-2.0
#include "json/builder.h"
#include "workflow/http.h"

namespace hence::workflow {
namespace {

Result<json::Value> value_of(const Formula& formula, const HttpValues& values) {
  return formula.evaluate(values.input, values.slots, values.environment);
}

/// What a process is given: texts as they are, everything else as JSON.
std::string text_of(json::View value) {
  return value.is_string() ? std::string(value.as_string()) : value.to_text();
}

bool holds_nul(std::string_view text) { return text.find('\0') != std::string_view::npos; }

/// A list as it is; of a map (documents before DSL 1.0.3) the names and values in turn.
Status write_arguments(json::View given, json::Builder& b) {
  const auto write = [&](const std::string& text) -> Status {
    if (holds_nul(text)) return Error(ErrorCode::RequestInvalid, "an argument holds a NUL byte");
    b.string(text);
    return {};
  };
  if (given.is_array()) {
    for (json::View item : given.elements()) HENCE_TRY_VOID(write(text_of(item)));
  } else if (given.is_object()) {
    for (auto [name, value] : given.members()) {
      HENCE_TRY_VOID(write(std::string(name)));
      HENCE_TRY_VOID(write(text_of(value)));
    }
  } else if (!given.is_null()) {
    return Error(ErrorCode::ExpressionFailed, "arguments: expected a list");
  }
  return {};
}

/// What runs a script: its text is the first argument, because it may be longer than a variable and
/// must not be read as shell. The file lies in the attempt's own folder and goes with it.
std::string_view runner_of(Language language) {
  if (language == Language::js) {
    return R"(printf %s "$1" > script.mjs && shift && exec node script.mjs "$@")";
  }
  return R"(printf %s "$1" > script.py && shift && exec python3 script.py "$@")";
}

/// The kernel bounds one argument to 128 KiB.
constexpr size_t kScriptBytesMax = 120 << 10;

}  // namespace

ArgumentSet arguments_of(const ShellSpec& spec) {
  ArgumentSet all;
  for (const Formula* formula : {&spec.command, &spec.arguments, &spec.environment, &spec.input}) {
    all.bits |= formula->arguments().bits;
  }
  return all;
}

Result<json::Value> build_process_request(const ShellSpec& spec, const HttpValues& values,
                                          json::View source) {
  HENCE_TRY(json::Value command, value_of(spec.command, values));
  if (!source.is_null()) command = json::Value(source);
  if (!command->is_string() || holds_nul(command->as_string())) {
    return Error(ErrorCode::ExpressionFailed, "command: expected a text without NUL bytes");
  }
  const bool script = spec.language != Language::shell;
  const std::string code(command->as_string());
  if (script && code.size() > kScriptBytesMax) {
    return Error(ErrorCode::RequestInvalid, "the script has " + std::to_string(code.size()) +
                                                " bytes; the limit is " +
                                                std::to_string(kScriptBytesMax));
  }
  HENCE_TRY(const json::Value arguments, value_of(spec.arguments, values));
  HENCE_TRY(const json::Value environment, value_of(spec.environment, values));
  HENCE_TRY(const json::Value input, value_of(spec.input, values));
  json::Builder b;
  b.begin_object().member("command", script ? runner_of(spec.language) : code);
  if (script) b.key("script").boolean(true);
  b.key("arguments").begin_array();
  if (script) b.string(code);
  HENCE_TRY_VOID(write_arguments(arguments, b));
  b.end_array().key("environment").begin_object();
  if (environment->is_object()) {
    for (auto [name, value] : environment->members()) {
      const std::string text = text_of(value);
      if (name.empty() || name.find('=') != std::string_view::npos || holds_nul(name) ||
          holds_nul(text)) {
        return Error(ErrorCode::RequestInvalid,
                     "environment: \"" + std::string(name) + "\" cannot be set as a variable");
      }
      b.member(name, text);
    }
  } else if (!environment->is_null()) {
    return Error(ErrorCode::ExpressionFailed, "environment: expected an object");
  }
  b.end_object().member("input", input->is_null() ? std::string() : text_of(input)).end_object();
  return std::move(b).finish();
}

}  // namespace hence::workflow
