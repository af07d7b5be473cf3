// SPDX-License-Identifier: Apache-2.0
// Values as text: whole, and as error messages show them.
#include <algorithm>
#include <vector>

#include "expr/run.h"
#include "json/write.h"

namespace hence::expr {

namespace {

/// One container being printed.
struct Printing {
  Val value;
  uint32_t next = 0;
  json::Elements::Iterator element;
  json::Members::Iterator member;
};

/// Exponents jq's decimal numbers have at most; beyond it a number is the nearest binary64.
constexpr int64_t kDecimalExponentMax = 999'999'999;

/// The decimal digits and exponent of a JSON number: the value is ±digits × 10^exponent.
struct Decimal {
  bool negative = false;
  std::string digits;
  int64_t exponent = 0;
};

/// Where the exponent begins, or the end.
size_t find_exponent(std::string_view text) {
  return static_cast<size_t>(std::find_if(text.begin(), text.end(), [](char c) { return (c | 0x20) == 'e'; }) - text.begin());
}

Decimal read_decimal(std::string_view text) {
  Decimal out;
  if (text.front() == '-') {
    out.negative = true;
    text.remove_prefix(1);
  }
  const size_t mark = find_exponent(text);
  bool fraction = false;
  for (const char c : text.substr(0, mark)) {
    if (c == '.') {
      fraction = true;
      continue;
    }
    if (fraction) --out.exponent;
    if (c != '0' || !out.digits.empty()) out.digits += c;
  }
  if (out.digits.empty()) out.digits = "0";
  if (mark == text.size()) return out;
  const bool down = text[mark + 1] == '-';
  int64_t given = 0;
  for (const char c : text.substr(mark + 1)) {
    if (c >= '0' && c <= '9') given = std::min(given * 10 + (c - '0'), 4 * kDecimalExponentMax);
  }
  out.exponent += down ? -given : given;
  return out;
}

/// A number nobody computed with, as jq prints it: the text of General Decimal Arithmetic
/// (to-scientific-string), which is the text as it came but for exponents and long runs of zeros.
void write_literal(json::View number, std::string& out) {
  const std::string_view text = number.number_text();
  const std::string_view unsigned_text = text.substr(text.front() == '-' ? 1 : 0);
  const bool plain = find_exponent(text) == text.size() && !unsigned_text.starts_with("0.00000");
  if (plain) {
    out += text;
    return;
  }
  const Decimal decimal = read_decimal(text);
  const auto length = static_cast<int64_t>(decimal.digits.size());
  const int64_t adjusted = decimal.exponent + length - 1;
  if (adjusted > kDecimalExponentMax || adjusted < -kDecimalExponentMax) return json::write_number(number.as_double(), out);
  if (decimal.negative) out += '-';
  if (decimal.exponent > 0 || adjusted < -6) {
    out += decimal.digits.front();
    if (length > 1) out.append(".").append(decimal.digits, 1);
    out.append(adjusted < 0 ? "E" : "E+").append(std::to_string(adjusted));
    return;
  }
  const int64_t whole = length + decimal.exponent;  // digits before the point
  if (whole > 0) out.append(decimal.digits, 0, static_cast<size_t>(whole));
  else out.append("0");
  if (decimal.exponent == 0) return;
  out += '.';
  if (whole < 0) out.append(static_cast<size_t>(-whole), '0');
  out.append(decimal.digits, static_cast<size_t>(std::max<int64_t>(whole, 0)));
}

void write_scalar(const Val& value, std::string& out) {
  switch (value.tag()) {
    case Tag::boolean_false: out += "false"; break;
    case Tag::boolean_true: out += "true"; break;
    case Tag::number:
      if (value.number() != value.number()) {
        out += "null";
      } else {
        json::write_number(value.number(), out);
      }
      break;
    case Tag::literal: write_literal(value.view(), out); break;
    case Tag::string:
    case Tag::string_view: json::write_string(value.text(), out); break;
    default: out += "null";
  }
}

/// Opens the value: prints a scalar whole, pushes a container.
void open_value(Run& run, std::vector<Printing>& stack, const Val& value, std::string& out) {
  run.step();
  if (!value.is_array() && !value.is_object()) {
    if (value.is_number()) count_reading(run, value);
    write_scalar(value, out);
    return;
  }
  if (stack.size() > kNestingMax) {
    out += "\"<skipped: too deep>\"";
    return;
  }
  out.push_back(value.is_array() ? '[' : '{');
  Printing printing{value, 0, {}, {}};
  if (value.tag() == Tag::array_view) printing.element = value.view().elements().begin();
  if (value.tag() == Tag::object_view) printing.member = value.view().members().begin();
  stack.push_back(std::move(printing));
}

}  // namespace

void write_text(Run& run, const Val& value, std::string& out, size_t bytes_max) {
  const size_t before = out.size();
  size_t charged = before;
  std::vector<Printing> stack;
  open_value(run, stack, value, out);
  while (!stack.empty() && out.size() - before <= bytes_max) {
    Printing& top = stack.back();
    if (out.size() - charged > 4096) {
      if (!run.charge(out.size() - charged) || !run.step()) return;
      charged = out.size();
    }
    if (top.next == top.value.size()) {
      out.push_back(top.value.is_array() ? ']' : '}');
      stack.pop_back();
      continue;
    }
    if (top.next > 0) out.push_back(',');
    const uint32_t i = top.next++;
    Val item;
    if (top.value.tag() == Tag::array) {
      item = top.value.arr()->items[i];
    } else if (top.value.tag() == Tag::array_view) {
      item = Val(*top.element);
      ++top.element;
    } else if (top.value.tag() == Tag::object) {
      const Entry& entry = top.value.obj()->entries[i];
      json::write_string(entry.key.text(), out);
      out.push_back(':');
      item = entry.value;
    } else {
      const json::Member member = *top.member;
      ++top.member;
      json::write_string(member.key, out);
      out.push_back(':');
      item = Val(member.value);
    }
    open_value(run, stack, item, out);
  }
  run.charge(out.size() - charged);
}

std::string shown(Run& run, const Val& value) {
  std::string text;
  constexpr size_t kMax = 29;
  constexpr size_t kRead = 64;
  if (value.is_string() && value.size() > kRead) {
    json::write_string(value.text().substr(0, kRead), text);
  } else {
    write_text(run, value, text, kRead);
  }
  if (text.size() <= kMax) return text;
  std::string tail = "...";
  if (value.is_string()) tail += '"';
  if (value.is_array()) tail += ']';
  if (value.is_object()) tail += '}';
  size_t keep = kMax - tail.size();
  while (keep > 0 && (static_cast<unsigned char>(text[keep]) & 0xC0) == 0x80) --keep;
  return text.substr(0, keep) + tail;
}

std::string_view type_of(const Val& value) { return json::type_name(value.type()); }

std::string described(Run& run, const Val& value) {
  constexpr uint64_t kStepsOfMessage = 4;
  run.step(kStepsOfMessage);
  return std::string(type_of(value)) + " (" + shown(run, value) + ")";
}

}  // namespace hence::expr
