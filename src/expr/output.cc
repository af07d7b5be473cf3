// SPDX-License-Identifier: Apache-2.0
// Values of an evaluation to documents.
#include <vector>

#include "expr/evaluate.h"
#include "json/write.h"

namespace hence::expr {

namespace {

struct Level {
  Val value;
  uint32_t next = 0;
};

/// Writes a scalar or a whole view; opens an own container.
bool begin(Run& run, const Val& value, json::Builder& builder, std::vector<Level>& stack) {
  switch (value.tag()) {
    case Tag::null: case Tag::closure: builder.null(); break;
    case Tag::boolean_false: builder.boolean(false); break;
    case Tag::boolean_true: builder.boolean(true); break;
    case Tag::number:
      if (value.number() != value.number()) {
        builder.null();
      } else {
        builder.number(value.number());
      }
      break;
    case Tag::string: builder.string(value.text()); break;
    case Tag::array:
      builder.begin_array();
      stack.push_back({value, 0});
      break;
    case Tag::object:
      builder.begin_object();
      stack.push_back({value, 0});
      break;
    default: builder.value(value.view());
  }
  return run.step();
}

}  // namespace

bool to_builder(Run& run, const Val& value, uint32_t depth_max, uint64_t bytes_max,
                json::Builder& builder) {
  std::vector<Level> stack;
  if (!begin(run, value, builder, stack)) return false;
  while (!stack.empty()) {
    if (stack.size() > depth_max) return run.exhaust("depth");
    if (builder.bytes() > bytes_max) return run.exhaust("output bytes");
    Level& top = stack.back();
    if (top.next == top.value.size()) {
      if (top.value.tag() == Tag::array) {
        builder.end_array();
      } else {
        builder.end_object();
      }
      stack.pop_back();
      continue;
    }
    const uint32_t i = top.next++;
    if (top.value.tag() == Tag::array) {
      const Val item = top.value.arr()->items[i];
      if (!begin(run, item, builder, stack)) return false;
    } else {
      const Entry entry = top.value.obj()->entries[i];
      builder.key(entry.key.text());
      if (!begin(run, entry.value, builder, stack)) return false;
    }
  }
  return builder.bytes() <= bytes_max || run.exhaust("output bytes");
}

}  // namespace hence::expr
