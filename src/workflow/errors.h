// SPDX-License-Identifier: Apache-2.0
#pragma once

// Errors of workflows are RFC 7807 objects {type, status, instance, title, detail}; the types are
// those of the specification, section "Errors".

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "json/value.h"
#include "schema/schema.h"

namespace hence::workflow {

inline constexpr std::string_view kErrorTypeBase =
    "https://open-workflow-specification.org/spec/1.0.0/errors/";

enum class ErrorType : uint8_t {
  configuration, validation, expression, authentication, authorization, timeout, communication,
  runtime,
};

/// What it is for a task that an expression of it failed: authorization where a secret is not there.
ErrorType type_of_failure(const Error& error);

/// The error object. instance: the task's reference, "/" for the workflow's own timer.
json::Value make_error(ErrorType type, std::string_view instance, std::string_view detail);
/// With another status than the type's usual one (an HTTP 404 is communication/404).
json::Value make_error(ErrorType type, int64_t status, std::string_view instance,
                       std::string_view detail);

/// The error as expressions see it: with `details`, the name that some runtimes have for `detail`, beside it.
json::Value with_details(const json::Value& error);

/// "input does not fit its schema: /age: expected …": the first faults.
std::string describe_misfit(const schema::Schema& schema, json::View value, std::string_view what);

/// The bare name ("communication") of any of the forms in which documents write a standard type
/// (hosts and paths of former releases); any other text as it is. Compare in this form only.
std::string normal_error_type(std::string_view type);

}  // namespace hence::workflow
