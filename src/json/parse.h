// SPDX-License-Identifier: Apache-2.0
#pragma once

// RFC 8259 text to a document: everything legal is accepted (1e400, integers of any length), all
// else refused with line, column and what was expected: trailing bytes, lone surrogates, invalid
// UTF-8, control characters, depth beyond the limit.

#include "json/value.h"

namespace hence::json {

inline constexpr uint32_t kDepthMax = 128;        ///< at the edge
inline constexpr uint32_t kDocumentBytesMax = 1u << 30;

enum class DuplicateKeys : uint8_t { refuse, last_wins };

struct ParseOptions {
  uint32_t depth_max = kDepthMax;
  DuplicateKeys duplicate_keys = DuplicateKeys::refuse;
};

/// Parses one document; the buffer keeps a copy of text. Errors: JsonInvalid ("line 3, column 7: …").
Result<Value> parse(std::string_view text, const ParseOptions& options = {});

/// Splits text holding any number of JSON values separated by white space or nothing (as jq reads
/// its input) and parses the next one, advancing text; nothing at the end. Errors: JsonInvalid.
Result<std::optional<Value>> parse_next(std::string_view& text, const ParseOptions& options = {});

/// Whether bytes are well-formed UTF-8 (no surrogates, no overlong forms).
bool is_utf8(std::string_view bytes);

}  // namespace hence::json
