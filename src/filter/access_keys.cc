// SPDX-License-Identifier: Apache-2.0
#include "filter/access_keys.h"

#include "filter/hashing.h"

namespace hence::filter {

namespace {

void wildcard_key(const Wildcard& wildcard, std::vector<Key>& keys) {
  const std::string& front = wildcard.prefix();
  const std::string& back = wildcard.suffix();
  if (wildcard.is_literal()) {
    keys.push_back({AccessKind::exact, 0, hash_text(front), {}, kNoOperand});
  } else if (front.empty() && back.empty()) {
    keys.push_back({AccessKind::present, 0, 0, {}, kNoOperand});
  } else if (front.size() >= back.size()) {
    keys.push_back({AccessKind::prefix, 0, 0, front, kNoOperand});
  } else {
    keys.push_back({AccessKind::suffix, 0, 0, back, kNoOperand});
  }
}

void key_of(const ConditionTable& table, const Test& test, std::vector<Key>& keys) {
  const auto affix = [&](AccessKind kind, uint32_t operand) {
    const std::string_view text = table.text(operand);
    keys.push_back({text.empty() ? AccessKind::present : kind, 0, 0, text, kNoOperand});
  };
  if (test.negated) {
    keys.push_back({AccessKind::present, 0, 0, {}, kNoOperand});
    return;
  }
  for (uint32_t i = test.first; i < test.first + test.count; ++i) {
    switch (test.kind) {
      case TestKind::text:
        keys.push_back({AccessKind::exact, 0, table.text_operand(i).hash, {}, i});
        break;
      case TestKind::number:
        keys.push_back({AccessKind::exact, 0, hash_number(table.number(i).nearest), {}, kNoOperand});
        break;
      case TestKind::ignore_case:
        keys.push_back({AccessKind::folded, 0, table.text_operand(i).hash, {}, kNoOperand});
        break;
      case TestKind::prefix:
      case TestKind::segments:
        affix(AccessKind::prefix, i);
        break;
      case TestKind::suffix:
        affix(AccessKind::suffix, i);
        break;
      case TestKind::prefix_ignore_case:
        affix(AccessKind::folded_prefix, i);
        break;
      case TestKind::suffix_ignore_case:
        affix(AccessKind::folded_suffix, i);
        break;
      case TestKind::regexp: {
        const std::string_view front = table.regexp(i).prefix();
        keys.push_back({front.empty() ? AccessKind::present : AccessKind::prefix, 0, 0, front, kNoOperand});
        break;
      }
      case TestKind::of_type:
        keys.push_back({AccessKind::type, 0, hash_type(table.text(i)), {}, kNoOperand});
        break;
      case TestKind::wildcard:
        wildcard_key(table.wildcard(i), keys);
        break;
      case TestKind::range:
        keys.push_back({AccessKind::range, 0, 0, {}, i});
        break;
      case TestKind::cidr: {
        const AddressRange& range = table.cidr(i);
        keys.push_back({range.network.size == 4 ? AccessKind::cidr4 : AccessKind::cidr6,
                        range.mask_bits, hash_address(range.network, range.mask_bits), {}, kNoOperand});
        break;
      }
      default:
        break;
    }
  }
  if (test.kind == TestKind::truth) {
    keys.push_back({AccessKind::exact, 0, test.truth ? kTrueHash : kFalseHash, {}, kNoOperand});
  } else if (test.kind == TestKind::null) {
    keys.push_back({AccessKind::exact, 0, kNullHash, {}, kNoOperand});
  } else if (test.kind == TestKind::present) {
    keys.push_back({AccessKind::present, 0, 0, {}, kNoOperand});
  }
}

}  // namespace

bool keys_of(const ConditionTable& table, const Condition& condition, std::vector<Key>& keys) {
  keys.clear();
  if (condition.has_absent) return false;
  if (condition.test_count > 0) key_of(table, condition.first, keys);
  for (uint32_t i = 1; i < condition.test_count; ++i) key_of(table, table.test(condition.first_test + i), keys);
  return true;
}

}  // namespace hence::filter
