// SPDX-License-Identifier: Apache-2.0
#include "filter/cesql.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <limits>
#include <map>
#include <optional>
#include <utility>

#include "filter/case_fold.h"
#include "filter/cesql_code.h"
#include "filter/hashing.h"
#include "filter/necessary.h"
#include "json/object_index.h"

namespace hence::filter {

namespace {

bool is_required(std::string_view name) {
  return name == "id" || name == "source" || name == "type" || name == "specversion";
}

/// Reads an integer of at most nine digits without a sign, as most are.
bool short_integer(std::string_view text, int32_t& out) {
  if (text.size() > 9) return false;
  int32_t value = 0;
  for (const char c : text) {
    const int digit = c - '0';
    if (digit < 0 || digit > 9) return false;
    value = value * 10 + digit;
  }
  out = value;
  return true;
}

/// The value of an attribute that is not `data`, if the event has it; null, arrays and objects count as missing.
bool read_attribute(json::View event, std::string_view name, uint32_t key_hash, CesqlValue& out) {
  const uint32_t node = event.is_object() ? json::find_member(event.buffer(), event.node(), name, key_hash) : 0;
  if (node == 0) return false;
  const json::View value = json::View::at_node(event.buffer(), node);
  switch (value.type()) {
    case json::Type::string:
      out = CesqlValue::of(value.as_string());
      return true;
    case json::Type::boolean:
      out = CesqlValue::of(value.as_bool());
      return true;
    case json::Type::number: {
      if (short_integer(value.number_text(), out.integer)) {
        out.type = CesqlType::integer;
        return true;
      }
      const auto integer = value.as_int64();
      const bool fits = integer && *integer >= std::numeric_limits<int32_t>::min() &&
                        *integer <= std::numeric_limits<int32_t>::max();
      out = fits ? CesqlValue::of(static_cast<int32_t>(*integer)) : CesqlValue::of(value.number_text());
      return true;
    }
    default:
      return false;
  }
}

/// The value of an attribute that is a string; nothing if it is not there or something else.
std::optional<std::string_view> string_attribute(json::View event, const CesqlNode& node) {
  if (node.is_data || !event.is_object()) return std::nullopt;
  const uint32_t at = json::find_member(event.buffer(), event.node(), node.text, node.key_hash);
  if (at == 0) return std::nullopt;
  const json::View value = json::View::at_node(event.buffer(), at);
  if (value.type() != json::Type::string) return std::nullopt;
  return value.as_string();
}

bool read_attribute(json::View event, const CesqlNode& node, CesqlValue& out) {
  return !node.is_data && read_attribute(event, node.text, node.key_hash, out);
}

/// Size in bytes of the character text begins with.
size_t character_size(std::string_view text) {
  size_t size = 1;
  while (size < text.size() && (static_cast<unsigned char>(text[size]) & 0xC0u) == 0x80) ++size;
  return size;
}

/// Greedy with one place to return to, the last `%`: enough, and never worse than text × pattern.
bool is_like(std::string_view text, const std::vector<LikePiece>& pattern) {
  if (pattern.size() == 2 && pattern[0].kind == LikePiece::Kind::text &&
      pattern[1].kind == LikePiece::Kind::run) {
    const std::string& prefix = pattern[0].text;
    return text.size() >= prefix.size() && equal_bytes(text.data(), prefix.data(), prefix.size());
  }
  size_t piece = 0;
  size_t after_run = SIZE_MAX;
  std::string_view run_rest;
  while (true) {
    if (piece == pattern.size()) {
      if (text.empty()) return true;
    } else if (pattern[piece].kind == LikePiece::Kind::run) {
      after_run = ++piece;
      run_rest = text;
      continue;
    } else if (pattern[piece].kind == LikePiece::Kind::one && !text.empty()) {
      text.remove_prefix(character_size(text));
      ++piece;
      continue;
    } else if (pattern[piece].kind == LikePiece::Kind::text &&
               text.starts_with(pattern[piece].text)) {
      text.remove_prefix(pattern[piece].text.size());
      ++piece;
      continue;
    }
    if (after_run == SIZE_MAX || run_rest.empty()) return false;
    run_rest.remove_prefix(character_size(run_rest));
    text = run_rest;
    piece = after_run;
  }
}

class Evaluator {
 public:
  Evaluator(const Cesql::Code& code, CesqlRun& run) : code_(code), run_(run) {}

  /// Whether a node is TRUE without a fault: the question a filter asks, without the values between
  /// for the terms that filters mostly are. Depth is bounded by kCesqlDepthMax.
  bool holds(uint32_t index) {
    const CesqlNode& node = code_.nodes[index];
    switch (node.op) {
      case CesqlOp::logic_and:
        return holds_as_operand(code_.child(node, 0)) && holds_as_operand(code_.child(node, 1));
      case CesqlOp::exists:
        return exists(node);
      case CesqlOp::equal: {
        const CesqlNode& left = code_.nodes[code_.child(node, 0)];
        const CesqlNode& right = code_.nodes[code_.child(node, 1)];
        if (left.op != CesqlOp::attribute || right.op != CesqlOp::literal) break;
        if (right.literal_type == CesqlType::string) {
          const auto text = string_attribute(run_.event, left);
          if (text) return equal_text(*text, right.text);
        }
        const CesqlValue value = attribute(left);
        if (run_.failed()) return false;
        return equal_as(value, literal(right)) && !run_.failed();
      }
      case CesqlOp::like: {
        const CesqlNode& left = code_.nodes[code_.child(node, 0)];
        if (left.op != CesqlOp::attribute) break;
        const auto text = string_attribute(run_.event, left);
        if (text) return is_like(*text, node.pattern) != node.negated;
        const CesqlValue value = attribute(left);
        if (run_.failed()) return false;
        return is_like(cesql_to_string(value, run_), node.pattern) != node.negated;
      }
      case CesqlOp::in:
        return in_set(node).boolean && !run_.failed();
      case CesqlOp::less:
      case CesqlOp::less_equal:
      case CesqlOp::greater:
      case CesqlOp::greater_equal: {
        const CesqlNode& left = code_.nodes[code_.child(node, 0)];
        const CesqlNode& right = code_.nodes[code_.child(node, 1)];
        if (left.op != CesqlOp::attribute || right.op != CesqlOp::literal) break;
        if (right.literal_type != CesqlType::integer) break;
        const CesqlValue value = attribute(left);
        const int32_t number = run_.failed() ? 0 : cesql_to_integer(value, run_);
        return !run_.failed() && in_order(node.op, number, right.integer);
      }
      default:
        break;
    }
    const CesqlValue value = value_of(index);
    return !run_.failed() && value.type == CesqlType::boolean && value.boolean;
  }

  // Depth is bounded by kCesqlDepthMax.
  CesqlValue value_of(uint32_t index) {
    const CesqlNode& node = code_.nodes[index];
    switch (node.op) {
      case CesqlOp::literal:
        return literal(node);
      case CesqlOp::attribute:
        return attribute(node);
      case CesqlOp::exists:
        return CesqlValue::of(exists(node));
      case CesqlOp::negate:
        return negate(node);
      case CesqlOp::logic_not: {
        const bool operand = boolean_of(code_.child(node, 0));
        return CesqlValue::of(!run_.failed() && !operand);
      }
      case CesqlOp::like: {
        const CesqlValue text = value_of(code_.child(node, 0));
        if (run_.failed()) return CesqlValue::of(false);
        return CesqlValue::of(is_like(cesql_to_string(text, run_), node.pattern) != node.negated);
      }
      case CesqlOp::in:
        return in_set(node);
      case CesqlOp::logic_and:
      case CesqlOp::logic_or:
      case CesqlOp::logic_xor:
        return logic(node);
      case CesqlOp::equal:
      case CesqlOp::not_equal:
        return equality(node);
      case CesqlOp::call:
        return call(node);
      default:
        return integers(node);
    }
  }

 private:
  bool exists(const CesqlNode& node) const {
    if (string_attribute(run_.event, node)) return true;
    CesqlValue ignored;
    return read_attribute(run_.event, node, ignored) || is_required(node.text);
  }

  /// As holds(), but values that are no booleans are cast.
  bool holds_as_operand(uint32_t index) {
    switch (code_.nodes[index].op) {
      case CesqlOp::logic_and:
      case CesqlOp::exists:
      case CesqlOp::equal:
      case CesqlOp::like:
      case CesqlOp::in:
      case CesqlOp::less:
      case CesqlOp::less_equal:
      case CesqlOp::greater:
      case CesqlOp::greater_equal:
        return holds(index);
      default:
        return boolean_of(index);
    }
  }

  bool boolean_of(uint32_t index) {
    const CesqlValue value = value_of(index);
    return !run_.failed() && cesql_to_boolean(value, run_);
  }

  static CesqlValue literal(const CesqlNode& node) {
    switch (node.literal_type) {
      case CesqlType::boolean:
        return CesqlValue::of(node.integer != 0);
      case CesqlType::integer:
        return CesqlValue::of(node.integer);
      case CesqlType::string:
        return CesqlValue::of(std::string_view(node.text));
    }
    return {};
  }

  CesqlValue attribute(const CesqlNode& node) {
    CesqlValue out;
    if (read_attribute(run_.event, node, out)) return out;
    run_.fail(CesqlFault::missing_attribute, node.text);
    return CesqlValue::of(false);
  }

  CesqlValue negate(const CesqlNode& node) {
    const CesqlValue operand = value_of(code_.child(node, 0));
    const int32_t value = run_.failed() ? 0 : cesql_to_integer(operand, run_);
    if (value == std::numeric_limits<int32_t>::min()) {
      run_.fail(CesqlFault::math, "the result of - is beyond 32 bits");
    }
    return CesqlValue::of(run_.failed() ? 0 : -value);
  }

  CesqlValue logic(const CesqlNode& node) {
    const bool left = boolean_of(code_.child(node, 0));
    if (run_.failed()) return CesqlValue::of(false);
    if (node.op == CesqlOp::logic_and && !left) return CesqlValue::of(false);
    if (node.op == CesqlOp::logic_or && left) return CesqlValue::of(true);
    const bool right = boolean_of(code_.child(node, 1));
    if (run_.failed()) return CesqlValue::of(false);
    return CesqlValue::of(node.op == CesqlOp::logic_xor ? left != right : right);
  }

  /// Equal after casting value to the type of target.
  bool equal_as(const CesqlValue& value, const CesqlValue& target) {
    switch (target.type) {
      case CesqlType::boolean:
        return cesql_to_boolean(value, run_) == target.boolean;
      case CesqlType::integer:
        return cesql_to_integer(value, run_) == target.integer;
      case CesqlType::string:
        return equal_text(cesql_to_string(value, run_), target.string);
    }
    return false;
  }

  CesqlValue equality(const CesqlNode& node) {
    const CesqlValue left = value_of(code_.child(node, 0));
    if (run_.failed()) return CesqlValue::of(false);
    const CesqlValue right = value_of(code_.child(node, 1));
    if (run_.failed()) return CesqlValue::of(false);
    const bool equal = equal_as(left, right);
    return CesqlValue::of(!run_.failed() && equal == (node.op == CesqlOp::equal));
  }

  CesqlValue in_set(const CesqlNode& node) {
    const CesqlNode& left = code_.nodes[code_.child(node, 0)];
    const CesqlValue wanted = left.op == CesqlOp::attribute ? attribute(left) : value_of(code_.child(node, 0));
    if (run_.failed()) return CesqlValue::of(false);
    bool found = false;
    for (uint32_t i = 1; i < node.child_count && !found; ++i) {
      const CesqlNode& member = code_.nodes[code_.child(node, i)];
      if (wanted.type == CesqlType::string && member.op == CesqlOp::literal && member.literal_type == CesqlType::string) {
        found = equal_text(member.text, wanted.string);
        continue;
      }
      const CesqlValue element = member.op == CesqlOp::literal ? literal(member) : value_of(code_.child(node, i));
      if (run_.failed()) return CesqlValue::of(false);
      found = equal_as(element, wanted);
      if (run_.failed()) return CesqlValue::of(false);
    }
    return CesqlValue::of(found != node.negated);
  }

  CesqlValue call(const CesqlNode& node) {
    if (node.function == nullptr && node.user == nullptr) {
      run_.fail(CesqlFault::missing_function, node.text);
      return CesqlValue::of(false);
    }
    const CesqlValue zero = CesqlValue::zero(node.user != nullptr ? node.user->result : node.function->result);
    constexpr uint32_t kInline = 8;
    std::array<CesqlValue, kInline> few;
    std::vector<CesqlValue> many;
    if (node.child_count > kInline) many.resize(node.child_count);
    const std::span<CesqlValue> arguments =
        many.empty() ? std::span(few).first(node.child_count) : std::span(many);
    for (uint32_t i = 0; i < node.child_count; ++i) {
      arguments[i] = value_of(code_.child(node, i));
      if (run_.failed()) return zero;
    }
    if (node.user != nullptr) return call_user_function(*node.user, arguments, run_);
    const CesqlValue out = node.function->call(arguments, run_);
    return run_.fault == CesqlFault::cast ? zero : out;
  }

  /// Operators that are about integers only.
  CesqlValue integers(const CesqlNode& node) {
    const bool compares = node.op == CesqlOp::less || node.op == CesqlOp::less_equal ||
                          node.op == CesqlOp::greater || node.op == CesqlOp::greater_equal;
    const CesqlValue failed = CesqlValue::zero(compares ? CesqlType::boolean : CesqlType::integer);
    const CesqlValue first = value_of(code_.child(node, 0));
    if (run_.failed()) return failed;
    const CesqlValue second = value_of(code_.child(node, 1));
    if (run_.failed()) return failed;
    const int64_t x = cesql_to_integer(first, run_);
    const int64_t y = cesql_to_integer(second, run_);
    if (run_.failed()) return failed;
    return compares ? CesqlValue::of(in_order(node.op, x, y)) : arithmetic(node.op, x, y);
  }

  static bool in_order(CesqlOp op, int64_t x, int64_t y) {
    switch (op) {
      case CesqlOp::less:
        return x < y;
      case CesqlOp::less_equal:
        return x <= y;
      case CesqlOp::greater:
        return x > y;
      default:
        return x >= y;
    }
  }

  /// In 64 bits, where nothing overflows, not even the smallest integer / -1.
  CesqlValue arithmetic(CesqlOp op, int64_t x, int64_t y) {
    if ((op == CesqlOp::divide || op == CesqlOp::modulo) && y == 0) {
      run_.fail(CesqlFault::math, "division by zero");
      return CesqlValue::of(int32_t{0});
    }
    const int64_t out = op == CesqlOp::multiply ? x * y
                        : op == CesqlOp::divide ? x / y
                        : op == CesqlOp::modulo ? x % y
                        : op == CesqlOp::add    ? x + y
                                                : x - y;
    if (out < std::numeric_limits<int32_t>::min() || out > std::numeric_limits<int32_t>::max()) {
      run_.fail(CesqlFault::math, "the result is beyond 32 bits");
      return CesqlValue::of(int32_t{0});
    }
    return CesqlValue::of(static_cast<int32_t>(out));
  }

  const Cesql::Code& code_;
  CesqlRun& run_;
};

std::string fault_sentence(const CesqlRun& run) {
  const std::string about(run.detail);
  switch (run.fault) {
    case CesqlFault::none:
      return "";
    case CesqlFault::math:
      return about;
    case CesqlFault::cast:
      return "\"" + about + "\" is not of the type asked for";
    case CesqlFault::missing_attribute:
      return "the event has no attribute " + about;
    case CesqlFault::missing_function:
      return "there is no function " + about + " with as many arguments";
    case CesqlFault::function_evaluation:
      return about;
  }
  return about;
}

}  // namespace

std::optional<std::string_view> cesql_attribute_text(std::string_view name, CesqlRun& run) {
  CesqlValue value;
  const uint32_t hash = json::key_hash(name.data(), name.size());
  if (name == "data" || !read_attribute(run.event, name, hash, value)) return std::nullopt;
  return cesql_to_string(value, run);
}

bool cesql_to_boolean(const CesqlValue& value, CesqlRun& run) {
  if (value.type == CesqlType::boolean) return value.boolean;
  if (value.type == CesqlType::integer) return value.integer != 0;
  if (value.string.size() > 5) {
    run.fail(CesqlFault::cast, value.string);
    return false;
  }
  const std::string lower = folded(value.string);
  if (lower != "true" && lower != "false") run.fail(CesqlFault::cast, value.string);
  return lower == "true";
}

int32_t cesql_to_integer(const CesqlValue& value, CesqlRun& run) {
  if (value.type == CesqlType::integer) return value.integer;
  if (value.type == CesqlType::boolean) return value.boolean ? 1 : 0;
  std::string_view digits = value.string;
  if (digits.starts_with('+') && !digits.starts_with("+-")) digits.remove_prefix(1);
  int32_t out = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out);
  if (error != std::errc() || end != digits.data() + digits.size()) {
    run.fail(CesqlFault::cast, value.string);
    return 0;
  }
  return out;
}

std::string_view cesql_to_string(const CesqlValue& value, CesqlRun& run) {
  if (value.type == CesqlType::string) return value.string;
  if (value.type == CesqlType::boolean) return value.boolean ? "true" : "false";
  return run.keep(std::to_string(value.integer));
}

std::string_view cesql_fault_name(CesqlFault fault) {
  switch (fault) {
    case CesqlFault::none:
      return "none";
    case CesqlFault::math:
      return "math";
    case CesqlFault::cast:
      return "cast";
    case CesqlFault::missing_attribute:
      return "missingAttribute";
    case CesqlFault::missing_function:
      return "missingFunction";
    case CesqlFault::function_evaluation:
      return "functionEvaluation";
  }
  return "";
}

bool cesql_term_holds(const Cesql::Code& code, uint32_t node, json::View event) {
  CesqlRun run(event);
  const CesqlValue value = Evaluator(code, run).value_of(node);
  const bool holds = !run.failed() && cesql_to_boolean(value, run);
  return holds && !run.failed();
}

CesqlOutcome Cesql::evaluate(json::View event) const {
  CesqlRun run(event);
  const CesqlValue value = Evaluator(*code_, run).value_of(code_->root);
  CesqlOutcome out;
  out.fault = run.fault;
  out.message = fault_sentence(run);
  switch (value.type) {
    case CesqlType::boolean:
      out.value = value.boolean;
      break;
    case CesqlType::integer:
      out.value = value.integer;
      break;
    case CesqlType::string:
      out.value = std::string(value.string);
      break;
  }
  return out;
}

bool Cesql::passes(json::View event) const {
  CesqlRun run(event);
  return Evaluator(*code_, run).holds(code_->root);
}

const std::string& Cesql::source() const { return code_->source; }

namespace {

/// The integers from low to high; none if low is greater.
struct IntegerRange {
  int64_t low = std::numeric_limits<int32_t>::min();
  int64_t high = std::numeric_limits<int32_t>::max();
};

/// What a comparison of an attribute with an integer leaves; nothing for other nodes.
std::optional<IntegerRange> integers_left_by(const Cesql::Code& code, const CesqlNode& node) {
  if (node.child_count != 2 || code.nodes[code.child(node, 0)].op != CesqlOp::attribute) return std::nullopt;
  const CesqlNode& right = code.nodes[code.child(node, 1)];
  if (right.op != CesqlOp::literal || right.literal_type != CesqlType::integer) return std::nullopt;
  const int64_t limit = right.integer;
  IntegerRange out;
  switch (node.op) {
    case CesqlOp::equal:
      out.low = out.high = limit;
      return out;
    case CesqlOp::less:
      out.high = limit - 1;
      return out;
    case CesqlOp::less_equal:
      out.high = limit;
      return out;
    case CesqlOp::greater:
      out.low = limit + 1;
      return out;
    case CesqlOp::greater_equal:
      out.low = limit;
      return out;
    default:
      return std::nullopt;
  }
}

using IntegerRanges = std::map<std::string_view, IntegerRange>;

/// Narrows the range of each attribute by the comparisons that AND joins at the top; false where no integer is
/// left. Depth is bounded by kCesqlDepthMax.
bool narrow(const Cesql::Code& code, uint32_t index, IntegerRanges& ranges) {
  const CesqlNode& node = code.nodes[index];
  if (node.op == CesqlOp::logic_and) {
    return narrow(code, code.child(node, 0), ranges) && narrow(code, code.child(node, 1), ranges);
  }
  const auto left = integers_left_by(code, node);
  if (!left) return true;
  IntegerRange& range = ranges[code.nodes[code.child(node, 0)].text];
  range.low = std::max(range.low, left->low);
  range.high = std::min(range.high, left->high);
  return range.low <= range.high;
}

/// Conditions of one node, for its being TRUE without error. Depth is bounded by kCesqlDepthMax.
std::vector<FieldSpec> necessary_of(const Cesql::Code& code, uint32_t index) {
  const CesqlNode& node = code.nodes[index];
  std::vector<FieldSpec> out;
  if (node.op == CesqlOp::logic_and || node.op == CesqlOp::logic_or) {
    std::vector<std::vector<FieldSpec>> sides = {necessary_of(code, code.child(node, 0)),
                                                 necessary_of(code, code.child(node, 1))};
    if (node.op == CesqlOp::logic_or) return either(sides);
    out = std::move(sides[0]);
    std::move(sides[1].begin(), sides[1].end(), std::back_inserter(out));
    return out;
  }
  if (node.op == CesqlOp::exists && !is_required(node.text)) out.push_back(attribute_present(node.text));
  if (node.child_count == 0) return out;
  const CesqlNode& left = code.nodes[code.child(node, 0)];
  if (left.op != CesqlOp::attribute) return out;
  const auto is_text = [](const CesqlNode& literal) {
    return literal.op == CesqlOp::literal && literal.literal_type == CesqlType::string;
  };
  const auto integers = integers_left_by(code, node);
  if (integers && integers->low <= integers->high) {
    out.push_back(attribute_integer(left.text, static_cast<int32_t>(integers->low),
                                    static_cast<int32_t>(integers->high)));
  } else if (node.op == CesqlOp::equal && is_text(code.nodes[code.child(node, 1)])) {
    out.push_back(attribute_is(left.text, code.nodes[code.child(node, 1)].text));
  } else if (node.op == CesqlOp::in && !node.negated) {
    std::vector<std::vector<FieldSpec>> elements;
    for (uint32_t i = 1; i < node.child_count; ++i) {
      const CesqlNode& element = code.nodes[code.child(node, i)];
      if (!is_text(element)) return {attribute_present(left.text)};
      elements.push_back({attribute_cast_is(left.text, element.text)});
    }
    out = either(elements);
  } else if (node.op == CesqlOp::like && !node.negated && !node.pattern.empty()) {
    const LikePiece& front = node.pattern.front();
    const LikePiece& back = node.pattern.back();
    if (front.kind == LikePiece::Kind::text) {
      out.push_back(attribute_affix(left.text, TestKind::prefix, front.text));
    } else if (back.kind == LikePiece::Kind::text) {
      out.push_back(attribute_affix(left.text, TestKind::suffix, back.text));
    }
  }
  // Whatever is asked of an attribute that is not there is an error, and a filter with an error does not pass.
  if (out.empty()) out.push_back(attribute_present(left.text));
  return out;
}

}  // namespace

std::vector<FieldSpec> Cesql::necessary_conditions() const {
  return necessary_of(*code_, code_->root);
}

std::optional<bool> Cesql::constant() const {
  const bool looks = std::any_of(code_->nodes.begin(), code_->nodes.end(), [](const CesqlNode& node) {
    return node.op == CesqlOp::attribute || node.op == CesqlOp::exists || node.op == CesqlOp::call;
  });
  if (!looks) return passes(json::View());
  IntegerRanges ranges;
  if (!narrow(*code_, code_->root, ranges)) return false;
  return std::nullopt;
}

}  // namespace hence::filter
