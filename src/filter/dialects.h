// SPDX-License-Identifier: Apache-2.0
#pragma once

// The filter dialects of CloudEvents Subscriptions: an array of filters, all of which must pass.
//
//   [{"exact": {"source": "/deploy"}}, {"any": [{"prefix": {"type": "com."}}, {"sql": "EXISTS x"}]}]
//
// exact, prefix and suffix compare the string form of attributes, case-sensitive; a missing
// attribute fails. `cesql` is another name of `sql`. What must hold in any case goes to the index.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "filter/cesql.h"
#include "filter/pattern.h"
#include "json/value.h"

namespace hence::filter {

inline constexpr uint32_t kFilterDepthMax = 64;  ///< all, any and not inside each other

class DialectFilters {
 public:
  /// Reads the array; what is wrong is added to faults. Nothing if anything was.
  static std::optional<DialectFilters> parse(json::View filters, const std::string& pointer,
                                             std::vector<Fault>& faults, const CesqlFunctions& functions = {});

  bool passes(json::View event) const;
  /// Conditions that hold whenever passes() does, for the index.
  std::vector<FieldSpec> necessary_conditions() const;

  /// Whether they pass every event or none, where that is known without one.
  std::optional<bool> constant() const { return constant(root_); }

  /// Filters in the array.
  size_t count() const { return root_.parts.size(); }
  /// The array as JSON.
  const std::string& text() const { return root_.text; }

  /// The verdict on one filter of the array.
  struct Verdict {
    std::string filter;  ///< as JSON
    bool passes = false;
    std::string found;   ///< of one that fails: the attributes' values, the term or error that decides
  };
  std::vector<Verdict> explain(json::View event) const;

 private:
  friend class DialectReader;
  struct Filter {
    enum class Kind : uint8_t { exact, prefix, suffix, all, any, negation, sql };
    Kind kind = Kind::all;
    std::vector<std::pair<std::string, std::string>> attributes;
    std::vector<Filter> parts;
    std::optional<Cesql> sql;
    std::string text;
  };
  static bool passes(const Filter& filter, json::View event);
  static bool attribute_passes(const Filter& filter, json::View event);
  static void add_necessary(const Filter& filter, std::vector<FieldSpec>& out);
  static std::optional<bool> constant(const Filter& filter);
  static std::string found_by(const Filter& filter, json::View event);

  Filter root_;  // all
};

}  // namespace hence::filter
