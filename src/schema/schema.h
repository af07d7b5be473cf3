// SPDX-License-Identifier: Apache-2.0
#pragma once

// JSON Schema: compiled once, then checked against values without allocation in the common case.
//
//   HENCE_TRY(auto schema, Schema::compile(document));
//   if (!schema->valid(value)) for (const Fault& fault : schema->faults(value)) …
//
// Drafts 2020-12, 2019-09, 07, 06 and 04, chosen by $schema. Nothing is fetched: what a $ref means
// is in the document itself, in the registry given, or one of the drafts' own metaschemas.

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "json/value.h"

namespace hence::schema {

enum class Draft : uint8_t { draft4, draft6, draft7, draft2019_09, draft2020_12 };

/// The draft of "2020-12", "draft-07", "7" or a $schema URI; nothing for any other text.
std::optional<Draft> find_draft(std::string_view name);

/// The schemas that others may refer to, by URI. Nothing is compiled until it is referred to.
class Registry {
 public:
  /// Adds or replaces the document at a URI; a fragment is ignored.
  void add(std::string_view uri, json::Value document);
  /// The document at a URI without fragment; null pointer if there is none.
  const json::Value* find(std::string_view uri) const;

 private:
  std::map<std::string, json::Value, std::less<>> documents_;
};

struct CompileOptions {
  Draft draft = Draft::draft2020_12;   ///< of schemas without $schema
  const Registry* registry = nullptr;  ///< read during compile only
  bool assert_format = true;           ///< false: `format` only annotates
};

/// One way in which a value does not fit.
struct Fault {
  std::string instance_path;  ///< JSON pointer into the value; "" is the value itself
  std::string schema_path;    ///< where the keyword stands: "#/properties/id/pattern"
  std::string keyword;        ///< "pattern"; "" where a schema is `false`
  std::string expected;       ///< "a string that matches ^ev-[0-9]{6}$"
  std::string actual;         ///< the string "ev-1"
  std::string message;        ///< one sentence with path, expected and actual
};

inline constexpr size_t kFaultsDefault = 20;
/// Schemas applied within each other, by nesting of the value or of the schema.
inline constexpr uint32_t kNestedMax = 1'500;
/// Schemas applied during one validation, beside 16 for every node of the document.
inline constexpr uint64_t kStepsMax = 2'000'000;

struct Program;

/// Immutable; any number of threads may use one.
class Schema {
 public:
  /// Errors: SchemaInvalid: a keyword's value is not what it must be, a $ref leads nowhere, to
  /// nothing known or to itself, a pattern is no ECMA-262 regular expression, $schema is unknown.
  static Result<std::shared_ptr<const Schema>> compile(json::View document, const CompileOptions& options = {});

  explicit Schema(std::unique_ptr<const Program> program);
  ~Schema();

  /// Whether value fits. A value that could not be judged within the bounds does not.
  bool valid(json::View value) const;

  /// What does not fit, at most limit faults; empty if and only if valid(). Of anyOf and oneOf where
  /// no branch fits, the faults of the branch that came furthest are first, then the keyword's own.
  std::vector<Fault> faults(json::View value, size_t limit = kFaultsDefault) const;

  const Program& program() const { return *program_; }

 private:
  std::unique_ptr<const Program> program_;
};

/// {"instance","schema","keyword","expected","actual","message"}: the form in every interface.
json::Value to_json(const Fault& fault);

}  // namespace hence::schema
