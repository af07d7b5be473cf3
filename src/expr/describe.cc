// SPDX-License-Identifier: Apache-2.0
// The compiled form in words, for --explain.
#include <array>

#include "expr/analyze.h"
#include "expr/machine.h"

namespace hence::expr {

namespace {

constexpr std::array<std::string_view, 38> kOps = {
    "identity", "constant", "load", "field", "index", "slice", "iterate", "recurse", "pipe",
    "comma", "binary", "negate", "and", "or", "not", "alternative", "condition", "array",
    "object", "format", "interpolate", "bind", "bind_alternatives", "reduce", "foreach", "try",
    "label", "break", "native", "call", "call_parameter", "path", "set_path", "update",
    "update_members", "range", "first", "limit"};
constexpr std::array<std::string_view, 11> kOperators = {"+", "-", "*", "/", "%", "==",
                                                         "!=", "<", "<=", ">", ">="};
constexpr std::array<std::string_view, 3> kKinds = {"one", "each", "steps"};
constexpr size_t kLinesMax = 2'000;

std::string constant_text(const Val& value) {
  switch (value.tag()) {
    case Tag::null: return "null";
    case Tag::boolean_false: return "false";
    case Tag::boolean_true: return "true";
    case Tag::number: {
      Budget budget;
      const Environment environment;
      Run run(budget, environment);
      std::string text;
      write_text(run, value, text);
      return text;
    }
    default: return value.view().to_text();
  }
}

class Describer {
 public:
  std::string text;

  void node(const Node* at, size_t indent, std::string_view role) {
    if (at == nullptr || ++lines_ > kLinesMax) return;
    text.append(indent * 2, ' ');
    if (!role.empty()) text.append(role).append(": ");
    const auto op = static_cast<size_t>(at->op);
    text += op < kOps.size() ? kOps[op] : "is_empty";
    details(*at);
    text.append(" (").append(kKinds[static_cast<size_t>(at->kind)]).append(")\n");
    node(at->a, indent + 1, "");
    node(at->b, indent + 1, "");
    node(at->c, indent + 1, "");
    node(at->d, indent + 1, "");
    for (const Node* item : at->items) node(item, indent + 1, "");
  }

 private:
  void details(const Node& at) {
    if (at.op == Op::constant) text += " " + constant_text(at.constant);
    if (at.op == Op::field) text.append(" .").append(at.constant.text());
    if (at.op == Op::binary) text.append(" ").append(kOperators[at.sub]);
    if (at.op == Op::native) text.append(" ").append(at.native->name);
    if (at.op == Op::call) text.append(" ").append(at.procedure->name);
    if (at.op == Op::load || at.op == Op::bind || at.op == Op::reduce || at.op == Op::foreach) {
      text += " slot " + std::to_string(at.slot);
      if (at.level > 0) text += " of frame " + std::to_string(at.level) + " outwards";
    }
  }
  size_t lines_ = 0;
};

}  // namespace

std::string describe(const Compiled& compiled) {
  Describer describer;
  describer.node(compiled.root, 0, "");
  for (const Procedure& procedure : compiled.procedures) {
    describer.text += "function " + procedure.name + ", " + std::to_string(procedure.slots) + " slots\n";
    describer.node(procedure.body, 1, "");
  }
  describer.text += std::to_string(compiled.slots) + " slots, " +
                    std::to_string(compiled.code.size()) + " instructions\n";
  return std::move(describer.text);
}

}  // namespace hence::expr
