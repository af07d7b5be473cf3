// SPDX-License-Identifier: Apache-2.0
#pragma once

// YAML 1.2 core schema to documents, by yaml-cpp's event interface: aliases, anchors, tags, merge
// keys and duplicate keys are refused with line and column. JSON is read by the same call.

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "json/value.h"

namespace hence::json {

struct Place {
  uint32_t line = 0;    ///< from 1; 0 means unknown
  uint32_t column = 0;  ///< from 1
};

inline constexpr size_t kYamlBytesMax = 1 << 20;
inline constexpr uint32_t kYamlNodesMax = 100'000;

/// A document and where each of its nodes stands in the file.
struct YamlDocument {
  Value value;
  /// By RFC 6901 pointer ("" is the root): where the value begins, and, for members, its key.
  std::unordered_map<std::string, Place> values;
  std::unordered_map<std::string, Place> keys;

  /// The place of a pointer, of its key if asked for, else of its nearest ancestor.
  Place place_of(std::string_view pointer) const;
  Place key_place_of(std::string_view pointer) const;
};

/// All documents of a file, empty ones left out. Errors: YamlInvalid ("line 3, column 7: …").
Result<std::vector<YamlDocument>> parse_yaml(std::string_view text);

/// What an error of parse_yaml or parse says, without where: "line 3, column 7: what" is {3, 7} and
/// "what". The place is unknown where the error is about the whole text.
struct PlacedMessage {
  Place place;
  std::string message;
};
PlacedMessage take_place(const Error& error);

/// Appends block-style YAML that parse_yaml reads back as the same value.
void write_yaml(View value, std::string& out);

/// Appends "/" and token with ~ and / escaped (RFC 6901).
void append_pointer(std::string& pointer, std::string_view token);

}  // namespace hence::json
