// SPDX-License-Identifier: Apache-2.0
#pragma once

// Functions and schemas that lie elsewhere are read when a workflow is applied and kept in the
// document (definition.h, kImportsKey): what runs is what was applied, and a replay reads nothing.

#include <map>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "json/value.h"
#include "workflow/definition.h"

namespace hence::workflow {

inline constexpr size_t kImportBytesMax = 1 << 20;  ///< of one document
inline constexpr size_t kImportsMax = 100;          ///< of one workflow
inline constexpr int kImportRoundsMax = 8;          ///< functions that need functions

/// The document with the mark that it may read secrets outside of calls (kSecretsKey).
json::Value mark_secrets(json::View document);
/// The call that reads an import, as calls.h shows a request. secrets: as of resolve_call, for
/// import.secrets. Errors: as of resolve_call; they may show what an expression made of a secret.
Result<json::Value> build_import_request(const Import& import, json::View secrets, UtcTime now);
/// The document with more of what it needs, by URI.
json::Value embed_imports(json::View document, const std::map<std::string, json::Value>& imports);

}  // namespace hence::workflow
