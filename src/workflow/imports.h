// SPDX-License-Identifier: Apache-2.0
#pragma once

// Functions and schemas that lie elsewhere are read when a workflow is applied and kept in the
// document (definition.h, kImportsKey): what runs is what was applied, and a replay reads nothing.

#include <map>
#include <string>

#include "json/value.h"
#include "workflow/definition.h"

namespace hence::workflow {

inline constexpr size_t kImportBytesMax = 1 << 20;  ///< of one document
inline constexpr size_t kImportsMax = 100;          ///< of one workflow
inline constexpr int kImportRoundsMax = 8;          ///< functions that need functions

/// The document with the mark that it may read secrets outside of calls (kSecretsKey).
json::Value mark_secrets(json::View document);
/// The document with more of what it needs, by URI.
json::Value embed_imports(json::View document, const std::map<std::string, json::Value>& imports);

}  // namespace hence::workflow
