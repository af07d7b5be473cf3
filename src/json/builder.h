// SPDX-License-Identifier: Apache-2.0
#pragma once

// Builds a document in order, without intermediate values:
//
//   Builder b;
//   b.begin_object().key("id").string(id).key("data").value(event_data).end_object();
//   Value v = std::move(b).finish();

#include "json/value.h"

namespace hence::json {

class Builder {
 public:
  Builder();
  ~Builder();
  Builder(Builder&&) noexcept;
  Builder& operator=(Builder&&) noexcept;

  Builder& begin_object();
  Builder& end_object();
  Builder& begin_array();
  Builder& end_array();
  Builder& key(std::string_view key);  ///< only directly inside an object, before its value
  Builder& null();
  Builder& boolean(bool value);
  Builder& number(double value);
  Builder& number(int64_t value);
  /// A number by its JSON text, kept as written.
  Builder& number_text(std::string_view text);
  Builder& string(std::string_view value);
  /// Copies a whole value from another document.
  Builder& value(View value);
  /// key + string, for the common case.
  Builder& member(std::string_view name, std::string_view text) { return key(name).string(text); }
  Builder& member(std::string_view name, View item) { return key(name).value(item); }

  /// How many bytes the document takes so far: for budgets.
  size_t bytes() const;

  /// The finished document. Misuse (open containers, key without value) is a HENCE_CHECK.
  Value finish() &&;

 private:
  struct State;
  struct Spare;
  State* state_;
};

}  // namespace hence::json
