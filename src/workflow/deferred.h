// SPDX-License-Identifier: Apache-2.0
#pragma once

// Calls that read secrets are built when they leave, because everything built earlier is recorded.
// Such a CallRequested has deferred = true and request = {"task": reference, "input": …,
// "variables": {"context": …, …}, "echo"?}: the values its expressions read, none of them a secret. One
// for a document has "document": true and, where it is not the task's own, its "address".

#include <functional>
#include <string>
#include <vector>

#include "json/value.h"
#include "workflow/definition.h"

namespace hence::workflow {

/// Builds the request of a deferred call (form: calls.h).
/// secrets: an object, name → value, for every name of definition.secrets that could be read; a
/// value is a string or, where the secret's text is a JSON object, that object.
/// now: of the record that asked for the call, so that expressions give every attempt the same.
/// Errors: SecretUnavailable naming it, ExpressionFailed, BudgetExceeded, RequestInvalid; they may show
/// what an expression made of a secret.
/// Give a failure to Machine::on_call_result as a CallFailure with the same code.
Result<json::Value> resolve_call(const Definition& definition, json::View deferred_request,
                                 json::View secrets, UtcTime now);

/// The object of secrets that expressions read: text, or the object whose JSON it is.
/// Errors: read's, SecretUnavailable.
Result<json::Value> secrets_object(const std::vector<std::string>& names,
                                   const std::function<Result<std::string>(const std::string&)>& read);

/// The secrets a call of this task may read: what to fetch before resolve_call.
std::vector<std::string> secrets_of(const Definition& definition, TaskIndex task);

}  // namespace hence::workflow
