// SPDX-License-Identifier: Apache-2.0
#pragma once

// Proposes a JSON Schema from values seen: the types found, the members all objects have as
// required, the formats all texts have. It allows what was seen and guesses nothing narrower.

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "json/value.h"

namespace hence::schema {

/// Members of one object that get a schema of their own; with more it is a map from any key.
inline constexpr size_t kInferredMembersMax = 200;
/// Places of all values together; beyond it new ones stay without schema.
inline constexpr size_t kInferredPlacesMax = 10'000;
/// Levels below the value.
inline constexpr uint32_t kInferredDepthMax = 64;

class Inference {
 public:
  Inference();
  ~Inference();
  Inference(Inference&&) noexcept;
  Inference& operator=(Inference&&) noexcept;

  void add(json::View value);
  /// With $schema, draft 2020-12. Every value that was added fits.
  json::Value schema() const;

 private:
  struct Place;
  void add(Place& place, json::View value, uint32_t depth);
  void add_object(Place& place, json::View value, uint32_t depth);
  static void write(const Place& place, class Writer& out);

  std::unique_ptr<Place> root_;
  size_t places_ = 1;
};

}  // namespace hence::schema
