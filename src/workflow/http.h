// SPDX-License-Identifier: Apache-2.0
#pragma once

// Between an HTTP call of the language and the wire: the request from the task's values, the task's
// raw output or error from the answer.

#include <span>
#include <string>
#include <string_view>

#include "expr/program.h"
#include "json/value.h"
#include "workflow/calls.h"
#include "workflow/definition.h"

namespace hence::workflow {

/// What a request is built from.
struct HttpValues {
  json::View input;                    ///< the task's transformed input: `.` and the template's names
  std::span<const json::View> slots;   ///< $secrets included where they are known
  expr::Environment environment;
};

/// The request as calls.h shows it. secrets: for `use: secretName`; null where none are known.
/// Errors: ExpressionFailed, BudgetExceeded, SecretUnavailable, RequestInvalid (no URL, not http).
Result<json::Value> build_http_request(const HttpSpec& spec, const HttpValues& values,
                                       json::View secrets);

/// {method, uri, headers} for output `response`, of the parts that read no secret.
Result<json::Value> build_request_echo(const HttpSpec& spec, const HttpValues& values);

/// The arguments that building the request reads.
ArgumentSet arguments_of(const HttpSpec& spec);

/// The request of kind shell. Errors: ExpressionFailed, BudgetExceeded, RequestInvalid.
/// source: the text of a script that was fetched, else null.
Result<json::Value> build_process_request(const ShellSpec& spec, const HttpValues& values,
                                          json::View source);
ArgumentSet arguments_of(const ShellSpec& spec);

/// The task's raw output, or the error object in `error` (then null comes back).
/// echo: {method, uri, headers} for output `response`.
json::Value read_http_answer(const HttpSpec& spec, const HttpOutcome& answer, json::View echo,
                             std::string_view reference, std::optional<json::Value>& error);
json::Value read_process_answer(const ShellSpec& spec, const ProcessOutcome& answer,
                                std::string_view reference, std::optional<json::Value>& error);
/// Of a subflow; its error is the task's, at the task's own place.
json::Value read_child_end(const SubflowSpec& spec, const ChildOutcome& end,
                           std::string_view reference, std::optional<json::Value>& error);
/// The error object of a call that came to no answer.
json::Value read_failure(const CallFailure& failure, bool process, std::string_view reference);

/// RFC 6570 over the members of input; absent names give nothing. Names are taken as they stand.
/// Errors: ExpressionFailed (an array or object in {name}, which the DSL keeps to scalars; a brace
/// left open).
Result<std::string> expand_uri(std::string_view uri_template, json::View input);
/// Appends bytes with everything but RFC 3986's unreserved characters as %XX.
void append_percent_encoded(std::string_view bytes, std::string& out);

}  // namespace hence::workflow
