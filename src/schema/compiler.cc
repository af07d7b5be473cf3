// SPDX-License-Identifier: Apache-2.0
#include "schema/compiler.h"

#include <algorithm>

namespace hence::schema {

namespace {

constexpr size_t kBlocksMax = 200'000;

uint64_t place_key(uint32_t document, uint32_t node) { return uint64_t{document} << 32 | node; }

}  // namespace

const Block* Compiler::block_at(const Place& place) {
  Block*& known = known_[place_key(place.document, place.node)];
  if (known == nullptr) {
    known = &program_->blocks.emplace_back();
    known->document = place.document;
    known->node = place.node;
    known->resource = place.resource;
    pending_.push_back(known);
  }
  return known;
}

/// The block of a subschema of the schema being built.
Result<const Block*> Compiler::block_for(json::View value) {
  if (!value.is_object() && !(value.is_bool() && dialect_.draft >= Draft::draft6)) {
    // draft 4 takes booleans for additionalItems and additionalProperties only.
    const bool allowed = value.is_bool() && keyword_.substr(0, 10) == "additional";
    if (!allowed) {
      return refused(value, dialect_.draft >= Draft::draft6 ? "a schema: an object or a boolean" : "a schema: an object")
          .error();
    }
  }
  const uint32_t resource = resources_.resource_of(current_->document, value.node(), current_->resource);
  return block_at({current_->document, value.node(), resource});
}

Status Compiler::refused(json::View value, std::string_view wanted) const {
  return Error(ErrorCode::SchemaInvalid, resources_.location(current_->document, value.node()) + ": must be " +
                                             std::string(wanted) + ", but is " +
                                             std::string(json::type_name(value.type())));
}

Result<std::unique_ptr<const Program>> Compiler::compile(json::View document) {
  HENCE_TRY(const Place root, resources_.add_root(json::Value::detached(document)));
  program_->root = block_at(root);
  program_->assert_format = options_.assert_format;
  do {
    while (!pending_.empty()) {
      Block* block = pending_.back();
      pending_.pop_back();
      HENCE_TRY_VOID(build(*block));
      if (program_->blocks.size() > kBlocksMax) {
        return Error(ErrorCode::SchemaInvalid, "the schema has more than 200,000 subschemas");
      }
    }
    HENCE_TRY_VOID(link_dynamic());
  } while (!pending_.empty());
  HENCE_TRY_VOID(refuse_loops());
  if (!program_->dynamic) skip_references();
  for (Block& block : program_->blocks) {
    block.leaf = block.combined == nullptr && block.arrays == nullptr && block.objects == nullptr && !block.never &&
                 block.unevaluated_items == nullptr && block.unevaluated_properties == nullptr;
  }
  program_->documents = resources_.take_documents();
  return std::unique_ptr<const Program>(std::move(program_));
}

/// Finds the targets of dynamic references, which may bring blocks still to be built.
Status Compiler::link_dynamic() {
  for (const DynamicUse& use : dynamic_uses_) {
    DynamicReference& reference = *use.block->combined->dynamic;
    reference.targets.clear();
    for (uint32_t i = 0; i < resources_.resource_count(); ++i) {
      const ResourceInfo& resource = resources_.resource(i);
      uint32_t node = resource.node;
      if (use.name.empty()) {
        if (!resource.recursive) continue;
      } else {
        const auto anchor = resource.dynamic_anchors.find(use.name);
        if (anchor == resource.dynamic_anchors.end()) continue;
        node = anchor->second;
      }
      reference.targets.push_back({i, block_at({resource.document, node, i})});
    }
    if (!reference.targets.empty()) program_->dynamic = true;
  }
  return {};
}

namespace {

/// Calls visit with every block that is applied to the same value as this one.
template <typename Visit>
void for_each_in_place(const Block& block, Visit visit) {
  if (block.combined == nullptr) return;
  const Combination& combined = *block.combined;
  for (const Block* one : {combined.reference, combined.negated, combined.condition, combined.then_block,
                           combined.else_block}) {
    if (one != nullptr) visit(one);
  }
  for (const auto* list : {&combined.all_of, &combined.any_of, &combined.one_of}) {
    for (const Block* one : *list) visit(one);
  }
  for (const DependentBlock& dependent : combined.dependent) visit(dependent.block);
}

}  // namespace

/// A schema that applies itself to the same value again says nothing and would never end.
Status Compiler::refuse_loops() const {
  enum class Mark : uint8_t { fresh, open, done };
  std::unordered_map<const Block*, Mark> marks;
  std::vector<std::pair<const Block*, bool>> pending;
  for (const Block& start : program_->blocks) {
    pending.emplace_back(&start, false);
    while (!pending.empty()) {
      const auto [block, leaving] = pending.back();
      pending.pop_back();
      Mark& mark = marks[block];
      if (leaving) {
        mark = Mark::done;
        continue;
      }
      if (mark != Mark::fresh) continue;
      mark = Mark::open;
      pending.emplace_back(block, true);
      const Block* loop = nullptr;
      for_each_in_place(*block, [&](const Block* inner) {
        const auto seen = marks.find(inner);
        if (seen != marks.end() && seen->second == Mark::open) loop = inner;
        if (seen == marks.end() || seen->second == Mark::fresh) pending.emplace_back(inner, false);
      });
      if (loop != nullptr) {
        return Error(ErrorCode::SchemaInvalid, resources_.location(loop->document, loop->node) +
                                                   ": applies itself to the same value again, without end");
      }
    }
  }
  return {};
}

namespace {

/// The block that one which is nothing but a $ref stands for.
const Block* target_of(const Block* block) {
  while (block != nullptr && block->combined != nullptr && block->combined->reference != nullptr) {
    const Combination& combined = *block->combined;
    const bool more = block->types != kAnyType || block->strings != nullptr || block->numbers != nullptr ||
                      block->arrays != nullptr || block->objects != nullptr || block->constant != nullptr ||
                      block->enumeration != nullptr || block->unevaluated_properties != nullptr ||
                      block->unevaluated_items != nullptr || !combined.all_of.empty() || !combined.any_of.empty() ||
                      !combined.one_of.empty() || combined.negated != nullptr || combined.condition != nullptr ||
                      !combined.dependent.empty() || combined.dynamic.has_value();
    if (more) break;
    block = combined.reference;
  }
  return block;
}

}  // namespace

/// Lets every block point past references; loops have been refused before.
void Compiler::skip_references() {
  const auto skip = [](const Block*& block) { block = target_of(block); };
  program_->root = target_of(program_->root);
  for (Block& block : program_->blocks) {
    skip(block.unevaluated_properties);
    skip(block.unevaluated_items);
    if (block.arrays != nullptr) {
      for (const Block*& one : block.arrays->prefix) skip(one);
      skip(block.arrays->rest);
      skip(block.arrays->contains);
    }
    if (block.objects != nullptr) {
      block.objects->table.for_each([&](Property& property) { skip(property.block); });
      for (PatternProperty& pattern : block.objects->patterns) skip(pattern.block);
      skip(block.objects->additional);
      skip(block.objects->names);
    }
    if (block.combined == nullptr) continue;
    Combination& combined = *block.combined;
    for (const Block** one : {&combined.reference, &combined.negated, &combined.condition, &combined.then_block,
                              &combined.else_block}) {
      skip(*one);
    }
    for (auto* list : {&combined.all_of, &combined.any_of, &combined.one_of}) {
      for (const Block*& one : *list) skip(one);
    }
    for (DependentBlock& dependent : combined.dependent) skip(dependent.block);
  }
}

Status Compiler::build(Block& block) {
  current_ = &block;
  schema_ = resources_.view(block.document, block.node);
  dialect_ = resources_.resource(block.resource).dialect;
  if (schema_.is_bool()) {
    block.never = !schema_.as_bool();
    return {};
  }
  if (!schema_.is_object()) return refused(schema_, "a schema: an object or a boolean");
  if (dialect_.draft <= Draft::draft7) {
    if (const auto reference = schema_.find("$ref")) {
      keyword_ = "$ref";
      return on_ref(block, *reference);
    }
  }
  // Handlers read sibling keywords from the document: the order of keywords does not matter.
  for (const auto [key, value] : schema_.members()) {
    const Keyword* keyword = find_keyword(key);
    if (keyword == nullptr) continue;
    HENCE_TRY_VOID(apply_keyword(block, *keyword, key, value));
  }
  return finish_block(block);
}

Status Compiler::finish_block(Block& block) {
  if (block.objects != nullptr) {
    ObjectRules& rules = *block.objects;
    for (size_t i = 0; i < rules.required.size(); ++i) {
      rules.table.at(rules.required[i]).required_index = static_cast<uint32_t>(i);
      if (i < 64) rules.required_mask |= uint64_t{1} << i;
    }
    rules.table.finish();
  }
  fold_unevaluated(block);
  return {};
}

/// Where nothing else applies to the same value, what is unevaluated is what is additional: no need
/// to keep track.
void Compiler::fold_unevaluated(Block& block) {
  if (block.combined != nullptr) return;
  if (block.unevaluated_properties != nullptr) {
    if (block.objects == nullptr) block.objects = std::make_unique<ObjectRules>();
    if (block.objects->additional == nullptr) {
      block.objects->additional = block.unevaluated_properties;
      block.objects->additional_keyword = "unevaluatedProperties";
    }
    block.unevaluated_properties = nullptr;
  }
  if (block.unevaluated_items != nullptr) {
    if (block.arrays == nullptr) block.arrays = std::make_unique<ArrayRules>();
    if (block.arrays->contains != nullptr) return;
    if (block.arrays->rest == nullptr) {
      block.arrays->rest = block.unevaluated_items;
      block.arrays->rest_keyword = "unevaluatedItems";
    }
    block.unevaluated_items = nullptr;
  }
}

}  // namespace hence::schema
