// SPDX-License-Identifier: Apache-2.0
#pragma once

// Documents a task fetches before it begins: of each, what the task needs and no more is recorded.

#include "json/value.h"
#include "workflow/calls.h"
#include "workflow/definition.h"

namespace hence::workflow {

/// Of a script its text; of an OpenAPI document the operation, as openapi.h shows it. address: the
/// document's own. Errors: RequestInvalid.
Result<json::Value> needed_of_document(const Task& task, const HttpOutcome& answer,
                                       std::string_view address);

/// The call that fetches what the task needs; null if it needs nothing.
const HttpSpec* document_of(const Task& task);

}  // namespace hence::workflow
