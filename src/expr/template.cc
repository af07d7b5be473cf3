// SPDX-License-Identifier: Apache-2.0
// Documents with expressions in their string leaves.
#include <algorithm>
#include <map>

#include "expr/program.h"
#include "json/builder.h"
#include "json/yaml.h"

namespace hence::expr {

namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const size_t from = text.find_first_not_of(kBlank);
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(kBlank) - from + 1);
}

}  // namespace

std::optional<std::string_view> unwrap(std::string_view text) {
  text = trimmed(text);
  if (!text.starts_with("${") || !text.ends_with("}") || text.size() < 3) return std::nullopt;
  text = trimmed(text.substr(2, text.size() - 3));
  if (text.empty()) return std::nullopt;
  return text;
}

struct Template::Code {
  json::Value document;
  std::map<uint32_t, Program> leaves;  ///< by node of the document
};

namespace {

/// Visits every string of a value, iteratively: f(View, pointer) → Status.
template <typename F>
Status each_string(json::View root, F&& f) {
  std::vector<std::pair<json::View, std::string>> stack{{root, ""}};
  while (!stack.empty()) {
    auto [view, pointer] = std::move(stack.back());
    stack.pop_back();
    if (view.is_string()) {
      HENCE_TRY_VOID(f(view, pointer));
    } else if (view.is_array()) {
      uint32_t i = 0;
      for (json::View item : view.elements()) {
        stack.emplace_back(item, pointer + "/" + std::to_string(i++));
      }
    } else if (view.is_object()) {
      for (json::Member member : view.members()) {
        std::string inner = pointer;
        json::append_pointer(inner, member.key);
        stack.emplace_back(member.value, std::move(inner));
      }
    }
  }
  return {};
}

/// One container being copied.
struct Copying {
  bool is_object;
  uint32_t remaining;
  json::Elements::Iterator element;
  json::Members::Iterator member;
};

}  // namespace

Result<Template> Template::compile(json::View value, const CompileOptions& options) {
  auto code = std::make_shared<Code>();
  code->document = json::Value(value);
  HENCE_TRY_VOID(each_string(code->document.view(), [&](json::View leaf, const std::string& pointer) -> Status {
    const auto source = unwrap(leaf.as_string());
    if (!source) return {};
    auto program = Program::compile(*source, options);
    if (!program.ok()) {
      return pointer.empty() ? program.error() : program.error().in(pointer);
    }
    code->leaves.emplace(leaf.node(), std::move(*program));
    return {};
  }));
  Template result;
  result.code_ = std::move(code);
  return result;
}

Result<json::Value> Template::evaluate(json::View input, std::span<const json::View> values,
                                       const Environment& environment, Budget& budget) const {
  const json::View root = code_->document.view();
  if (code_->leaves.empty()) return code_->document;
  if (root.is_string()) {
    return code_->leaves.begin()->second.evaluate_one(input, values, environment, budget);
  }
  json::Builder builder;
  std::vector<Copying> stack;
  auto put = [&](json::View view) -> Status {
    if (view.is_array()) {
      builder.begin_array();
      stack.push_back({false, view.size(), view.elements().begin(), {}});
    } else if (view.is_object()) {
      builder.begin_object();
      stack.push_back({true, view.size(), {}, view.members().begin()});
    } else if (const auto leaf = code_->leaves.find(view.node());
               view.is_string() && leaf != code_->leaves.end()) {
      HENCE_TRY(json::Value result, leaf->second.evaluate_one(input, values, environment, budget));
      builder.value(result);
    } else {
      builder.value(view);
    }
    return {};
  };
  HENCE_TRY_VOID(put(root));
  while (!stack.empty()) {
    Copying& top = stack.back();
    if (top.remaining == 0) {
      if (top.is_object) builder.end_object();
      else builder.end_array();
      stack.pop_back();
      continue;
    }
    --top.remaining;
    json::View item;
    if (top.is_object) {
      const json::Member member = *top.member;
      ++top.member;
      builder.key(member.key);
      item = member.value;
    } else {
      item = *top.element;
      ++top.element;
    }
    HENCE_TRY_VOID(put(item));
  }
  return std::move(builder).finish();
}

bool Template::uses(std::string_view variable) const {
  return std::any_of(code_->leaves.begin(), code_->leaves.end(), [&](const auto& leaf) {
    const auto& used = leaf.second.reads().variables;
    return std::find(used.begin(), used.end(), variable) != used.end();
  });
}

std::vector<const Program*> Template::programs() const {
  std::vector<const Program*> all;
  for (const auto& [node, program] : code_->leaves) all.push_back(&program);
  return all;
}

bool Template::constant() const {
  return std::all_of(code_->leaves.begin(), code_->leaves.end(),
                     [](const auto& leaf) { return leaf.second.reads().constant; });
}

}  // namespace hence::expr
