// SPDX-License-Identifier: Apache-2.0
#pragma once

// Documents a task fetches before it begins: of each, what the task needs and no more is recorded.
//
// An OpenAPI document may need others first. Until all are here the frame keeps
//   {"main": address, "next": address, "documents": {address: document}}
// and each record has of `documents` the one that came.

#include <string>
#include <string_view>

#include "json/value.h"
#include "workflow/calls.h"
#include "workflow/definition.h"

namespace hence::workflow {

inline constexpr size_t kOpenapiDocumentsMax = 16;       ///< that references lead to, with the first
inline constexpr size_t kOpenapiBytesMax = 8 << 20;      ///< of all of them together

/// Of a script its text; of an OpenAPI document the operation, as openapi.h shows it, or what is to
/// be kept of it. address: the document's own; kept: what the frame keeps, or null.
/// Errors: RequestInvalid.
Result<json::Value> needed_of_document(const Task& task, const HttpOutcome& answer,
                                       std::string_view address, json::View kept);
/// What the frame keeps once that came.
json::Value keep_document(json::View kept, const json::Value& needed);
/// The address of the document to fetch next; empty if all are here.
std::string_view next_document(json::View kept);

/// The call that fetches what the task needs; null if it needs nothing.
const HttpSpec* document_of(const Task& task);
/// The same call for another document.
HttpSpec document_at(const HttpSpec& first, std::string_view address);

}  // namespace hence::workflow
