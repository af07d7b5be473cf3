// SPDX-License-Identifier: Apache-2.0
#pragma once

// Evaluates nodes directly, without instructions: those of kind `one` and `each`. Nesting is that of
// the compiled tree, which is bounded.

#include <type_traits>

#include "expr/ir.h"
#include "json/builder.h"

namespace hence::expr {

/// Takes one result; Flow::value asks for more.
class Sink {
 public:
  template <typename F>
    requires(!std::is_same_v<std::remove_const_t<F>, Sink>)
  Sink(F& f)  // NOLINT: meant to convert
      : object_(&f), call_([](void* object, Val&& value) {
          return (*static_cast<F*>(object))(std::move(value));
        }) {}
  Flow operator()(Val&& value) const { return call_(object_, std::move(value)); }

 private:
  void* object_;
  Flow (*call_)(void*, Val&&);
};

/// node.kind must be one. out is set for Flow::value only.
Flow evaluate(Run& run, const Node& node, const Val& in, Val& out);
/// The same, and the input may be taken apart.
Flow evaluate_moved(Run& run, const Node& node, Val&& in, Val& out);
/// node.kind must be one or each. Flow::value: ran to the end; stop: the sink stopped it.
Flow each(Run& run, const Node& node, const Val& in, Sink sink);

/// How a step of a path ended, its own error being no result where it is followed by "?".
Flow stepped(Run& run, const Node& node, Flow flow);

/// Appends the value to a document; false if it is deeper or larger than allowed (the run is then
/// over) or the run is over.
bool to_builder(Run& run, const Val& value, uint32_t depth_max, uint64_t bytes_max,
                json::Builder& builder);

}  // namespace hence::expr
