// SPDX-License-Identifier: Apache-2.0
#pragma once

// From keywords to blocks. Works through a list of places still to be compiled, so that neither
// recursive schemas nor deep ones take native stack.

#include <unordered_map>
#include <vector>

#include "schema/block.h"
#include "schema/resources.h"

namespace hence::schema {

class Compiler {
 public:
  explicit Compiler(const CompileOptions& options) : options_(options), resources_(options) {}

  /// Errors: SchemaInvalid, with the place.
  Result<std::unique_ptr<const Program>> compile(json::View document);

 private:
  using Handler = Status (Compiler::*)(Block& block, json::View value);
  struct Keyword;
  static const Keyword kKeywords[];
  static const Keyword* find_keyword(std::string_view name);

  struct DynamicUse {
    Block* block;
    std::string name;  ///< of the $dynamicAnchor; empty: $recursiveAnchor
  };

  const Block* block_at(const Place& place);
  Result<const Block*> block_for(json::View value);
  Status build(Block& block);
  Status apply_keyword(Block& block, const Keyword& first, std::string_view name, json::View value);
  Status link_dynamic();
  Status finish_block(Block& block);
  void fold_unevaluated(Block& block);
  Status refuse_loops() const;
  void skip_references();
  Status refused(json::View value, std::string_view wanted) const;

  Result<uint64_t> count(json::View value);
  Result<std::vector<const Block*>> blocks_of(json::View value);
  Result<Bound> bound(json::View value);
  Result<std::string_view> text(json::View value, std::string_view wanted);
  Result<std::vector<std::string>> names_of(json::View value);
  Result<Regex> regex(std::string_view pattern, json::View place);
  Status refer(Block& block, json::View value, const Block*& out);

  // One for each keyword, or for keywords alike.
  Status on_type(Block& block, json::View value);
  Status on_const(Block& block, json::View value);
  Status on_enum(Block& block, json::View value);
  Status on_number(Block& block, json::View value);
  Status on_exclusive(Block& block, json::View value);
  Status on_exclusive_flag(Block& block, json::View value);
  Status on_multiple_of(Block& block, json::View value);
  Status on_size(Block& block, json::View value);
  Status on_pattern(Block& block, json::View value);
  Status on_format(Block& block, json::View value);
  Status on_unique(Block& block, json::View value);
  Status on_items(Block& block, json::View value);
  Status on_items_2020(Block& block, json::View value);
  Status on_prefix(Block& block, json::View value);
  Status on_additional_items(Block& block, json::View value);
  Status on_contains(Block& block, json::View value);
  Status on_properties(Block& block, json::View value);
  Status on_pattern_properties(Block& block, json::View value);
  Status on_additional(Block& block, json::View value);
  Status on_names(Block& block, json::View value);
  Status on_required(Block& block, json::View value);
  Status on_dependent_required(Block& block, json::View value);
  Status on_dependent_schemas(Block& block, json::View value);
  Status on_dependencies(Block& block, json::View value);
  Status on_ref(Block& block, json::View value);
  Status on_dynamic_ref(Block& block, json::View value);
  Status on_recursive_ref(Block& block, json::View value);
  Status on_branches(Block& block, json::View value);
  Status on_not(Block& block, json::View value);
  Status on_if(Block& block, json::View value);
  Status on_unevaluated(Block& block, json::View value);

  const CompileOptions options_;
  Resources resources_;
  std::unique_ptr<Program> program_ = std::make_unique<Program>();
  std::unordered_map<uint64_t, Block*> known_;  ///< by document and node; never iterated
  std::vector<Block*> pending_;
  std::vector<DynamicUse> dynamic_uses_;
  Block* current_ = nullptr;  ///< the block being built
  json::View schema_;         ///< its schema
  std::string_view keyword_;  ///< the keyword being read
  Dialect dialect_;
};

}  // namespace hence::schema
