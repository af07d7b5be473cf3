// SPDX-License-Identifier: Apache-2.0
#pragma once

// Visits every JSON value that a struct holds, in the order of its fields: an archive for the
// fields() that base/codec.h encodes by.

#include <map>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "base/codec.h"
#include "json/value.h"

namespace hence::engine {

template <typename Visit>
class ValueWalk {
 public:
  explicit ValueWalk(Visit& visit) : visit_(visit) {}

  template <typename... Ts>
  void operator()(Ts&... fields) {
    (at(fields), ...);
  }

 private:
  void at(json::Value& value) { visit_(value); }
  template <typename T>
  void at(T& field) {
    if constexpr (HasFields<T>) field.fields(*this);
  }
  template <typename T>
  void at(std::optional<T>& field) {
    if (field) at(*field);
  }
  template <typename T>
  void at(std::vector<T>& field) {
    for (T& element : field) at(element);
  }
  template <typename K, typename V>
  void at(std::map<K, V>& field) {
    for (auto& [key, value] : field) at(value);
  }
  template <typename... Ts>
  void at(std::variant<Ts...>& field) {
    std::visit([this](auto& alternative) { at(alternative); }, field);
  }

  Visit& visit_;
};

/// visit(json::Value&) for each value of the struct.
template <typename T, typename Visit>
void visit_values(T& holder, Visit visit) {
  ValueWalk<Visit> walk(visit);
  holder.fields(walk);
}

}  // namespace hence::engine
