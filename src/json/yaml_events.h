// SPDX-License-Identifier: Apache-2.0
#pragma once

// The only door to yaml-cpp: its events, as a document and the offsets where nodes stand.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "json/value.h"
#include "json/yaml.h"

namespace hence::json {

/// Line and column of any offset in a text, in at most kStep steps.
class PlaceTable {
 public:
  explicit PlaceTable(std::string_view text);
  Place at(size_t offset) const;

 private:
  static constexpr size_t kStep = 256;
  std::string_view text_;
  std::vector<Place> marks_;  ///< of every kStep-th byte
};

/// Collects places under pointers within a budget of bytes: long keys above many nodes would take
/// memory far beyond the text.
class PlaceCollector {
 public:
  explicit PlaceCollector(YamlDocument& document) : document_(&document) {}

  /// Goes to a member or element of the current node; pop leaves it.
  void push(std::string_view token) {
    sizes_.push_back(pointer_.size());
    append_pointer(pointer_, token);
  }
  void pop() {
    pointer_.resize(sizes_.back());
    sizes_.pop_back();
  }
  /// False if the budget is used up.
  bool add_value(Place place) { return add(document_->values, place); }
  bool add_key(Place place) { return add(document_->keys, place); }
  const std::string& pointer() const { return pointer_; }

 private:
  static constexpr size_t kBytesMax = size_t{64} << 20;
  bool add(std::unordered_map<std::string, Place>& map, Place place) {
    bytes_ += pointer_.size();
    if (bytes_ > kBytesMax) return false;
    map.emplace(pointer_, place);
    return true;
  }

  YamlDocument* document_;
  std::string pointer_;
  std::vector<size_t> sizes_;
  size_t bytes_ = 0;
};

inline constexpr std::string_view kPlacesExceeded =
    "the keys above this place are too long for so many nodes below them; shorten them";

/// "line 3, column 7: what".
Error yaml_error(Place place, std::string_view what);

/// A plain scalar under the core schema; null is decided before.
struct PlainScalar {
  enum class Kind : uint8_t { string, boolean, number, refused };
  Kind kind = Kind::string;
  bool truth = false;
  std::string text;  ///< JSON text of a number, or why it is refused
};
PlainScalar resolve_plain(std::string_view text);

/// Reads text, which is UTF-8 without control characters, as YAML.
Result<std::vector<YamlDocument>> parse_yaml_events(std::string_view text);

}  // namespace hence::json
