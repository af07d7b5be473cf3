// SPDX-License-Identifier: Apache-2.0

// What an event has of what a CESQL expression asks, and the term of it that decides.

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "filter/cesql_code.h"
#include "filter/condition_text.h"

namespace hence::filter {

namespace {

constexpr size_t kShownAttributes = 8;

bool is_plain(json::View value) {
  return value.type() != json::Type::null && value.type() != json::Type::array && value.type() != json::Type::object;
}

/// "type = "a", foo is missing": every attribute that the expression names, in its order.
std::string attributes_text(const Cesql::Code& code, json::View event) {
  std::vector<std::string_view> names;
  for (const CesqlNode& node : code.nodes) {
    if (node.op != CesqlOp::attribute && node.op != CesqlOp::exists) continue;
    if (std::find(names.begin(), names.end(), node.text) == names.end()) names.push_back(node.text);
  }
  std::string out;
  for (size_t i = 0; i < names.size() && i < kShownAttributes; ++i) {
    const auto value = names[i] == "data" || !event.is_object() ? std::nullopt : event.find(names[i]);
    if (i > 0) out += ", ";
    out += std::string(names[i]) + (value && is_plain(*value) ? " = " + short_json(*value) : " is missing");
  }
  if (names.size() > kShownAttributes) out += " … " + std::to_string(names.size() - kShownAttributes) + " more";
  return out;
}

/// The first term of those joined by AND that is not TRUE; the root if they are joined otherwise.
uint32_t deciding_term(const Cesql::Code& code, json::View event) {
  uint32_t at = code.root;
  while (code.nodes[at].op == CesqlOp::logic_and) {
    const uint32_t left = code.child(code.nodes[at], 0);
    const uint32_t right = code.child(code.nodes[at], 1);
    if (!cesql_term_holds(code, left, event)) {
      at = left;
    } else if (!cesql_term_holds(code, right, event)) {
      at = right;
    } else {
      break;
    }
  }
  return at;
}

}  // namespace

std::string Cesql::found_in(json::View event) const {
  const CesqlOutcome outcome = evaluate(event);
  std::string out = attributes_text(*code_, event);
  const uint32_t term = deciding_term(*code_, event);
  const CesqlNode& node = code_->nodes[term];
  const bool is_part = term != code_->root;
  const std::string_view text =
      std::string_view(code_->source).substr(node.source_begin, node.source_end - node.source_begin);
  std::string verdict;
  if (outcome.fault != CesqlFault::none) {
    verdict = (is_part ? std::string(text) + " fails: " : "") + outcome.message;
  } else if (const bool* truth = std::get_if<bool>(&outcome.value)) {
    verdict = is_part ? std::string(text) + " is false" : *truth ? "true" : "false";
  } else {
    verdict = "a value that is no boolean";
  }
  return out + (out.empty() ? "" : "; ") + verdict;
}

}  // namespace hence::filter
