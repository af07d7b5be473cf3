// SPDX-License-Identifier: Apache-2.0

// The built-in functions of CESQL v1 (spec 3.5) and the five casts as functions. Positions and
// lengths count characters, that is code points.

#include <algorithm>
#include <array>
#include <iterator>
#include <limits>
#include <utility>

#include "filter/case_fold.h"
#include "filter/cesql_code.h"

namespace hence::filter {

namespace {

using Arguments = std::span<const CesqlValue>;

bool starts_character(char byte) { return (static_cast<unsigned char>(byte) & 0xC0u) != 0x80; }

int64_t length_of(std::string_view text) {
  return std::count_if(text.begin(), text.end(), starts_character);
}

/// The byte at which character n (from 0) begins; the size if there are fewer.
size_t byte_of(std::string_view text, int64_t n) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (starts_character(text[i]) && n-- == 0) return i;
  }
  return text.size();
}

CesqlValue call_length(Arguments a, CesqlRun& run) {
  return CesqlValue::of(static_cast<int32_t>(length_of(cesql_to_string(a[0], run))));
}

std::string join(Arguments parts, std::string_view delimiter, CesqlRun& run) {
  std::string out;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) out += delimiter;
    out += cesql_to_string(parts[i], run);
  }
  return out;
}

CesqlValue call_concat(Arguments a, CesqlRun& run) {
  return CesqlValue::of(run.keep(join(a, "", run)));
}

CesqlValue call_concat_ws(Arguments a, CesqlRun& run) {
  return CesqlValue::of(run.keep(join(a.subspan(1), cesql_to_string(a[0], run), run)));
}

CesqlValue call_lower(Arguments a, CesqlRun& run) {
  return CesqlValue::of(run.keep(folded(cesql_to_string(a[0], run))));
}

CesqlValue call_upper(Arguments a, CesqlRun& run) {
  return CesqlValue::of(run.keep(raised(cesql_to_string(a[0], run))));
}

/// White_Space of the Unicode character database, each as UTF-8.
constexpr std::array<std::string_view, 25> kWhiteSpace = {
    "\t", "\n", "\v", "\f", "\r", " ", "\u0085", "\u00A0", "\u1680", "\u2000", "\u2001", "\u2002",
    "\u2003", "\u2004", "\u2005", "\u2006", "\u2007", "\u2008", "\u2009", "\u200A", "\u2028",
    "\u2029", "\u202F", "\u205F", "\u3000"};

CesqlValue call_trim(Arguments a, CesqlRun& run) {
  std::string_view text = cesql_to_string(a[0], run);
  for (bool cut = true; cut;) {
    cut = false;
    for (const std::string_view space : kWhiteSpace) {
      if (text.starts_with(space)) {
        text.remove_prefix(space.size());
        cut = true;
      } else if (text.ends_with(space)) {
        text.remove_suffix(space.size());
        cut = true;
      }
    }
  }
  return CesqlValue::of(text);
}

CesqlValue call_left(Arguments a, CesqlRun& run) {
  const std::string_view text = cesql_to_string(a[0], run);
  const int32_t count = cesql_to_integer(a[1], run);
  if (count < 0) {
    run.fail(CesqlFault::function_evaluation, "LEFT takes no negative length");
    return CesqlValue::of(text);
  }
  return CesqlValue::of(text.substr(0, byte_of(text, count)));
}

CesqlValue call_right(Arguments a, CesqlRun& run) {
  const std::string_view text = cesql_to_string(a[0], run);
  const int32_t count = cesql_to_integer(a[1], run);
  if (count < 0) {
    run.fail(CesqlFault::function_evaluation, "RIGHT takes no negative length");
    return CesqlValue::of(text);
  }
  const int64_t length = length_of(text);
  return CesqlValue::of(count >= length ? text : text.substr(byte_of(text, length - count)));
}

CesqlValue call_substring(Arguments a, CesqlRun& run) {
  const std::string_view text = cesql_to_string(a[0], run);
  const int64_t position = cesql_to_integer(a[1], run);
  const int64_t count = a.size() > 2 ? cesql_to_integer(a[2], run)
                                     : int64_t{std::numeric_limits<int32_t>::max()};
  if (run.failed()) return CesqlValue::zero(CesqlType::string);
  const int64_t length = length_of(text);
  if (position > length || position < -length) {
    run.fail(CesqlFault::function_evaluation, "SUBSTRING begins outside the string");
    return CesqlValue::zero(CesqlType::string);
  }
  if (count < 0) {
    run.fail(CesqlFault::function_evaluation, "SUBSTRING takes no negative length");
    return CesqlValue::zero(CesqlType::string);
  }
  if (position == 0) return CesqlValue::of(std::string_view());
  const int64_t begin = position > 0 ? position - 1 : length + position;
  const std::string_view rest = text.substr(byte_of(text, begin));
  return CesqlValue::of(rest.substr(0, byte_of(rest, count)));
}

CesqlValue call_abs(Arguments a, CesqlRun& run) {
  const int32_t value = cesql_to_integer(a[0], run);
  if (value == std::numeric_limits<int32_t>::min()) {
    run.fail(CesqlFault::math, "ABS of the smallest integer is beyond 32 bits");
    return CesqlValue::of(std::numeric_limits<int32_t>::max());
  }
  return CesqlValue::of(value < 0 ? -value : value);
}

CesqlValue call_int(Arguments a, CesqlRun& run) { return CesqlValue::of(cesql_to_integer(a[0], run)); }
CesqlValue call_bool(Arguments a, CesqlRun& run) { return CesqlValue::of(cesql_to_boolean(a[0], run)); }
CesqlValue call_string(Arguments a, CesqlRun& run) { return CesqlValue::of(cesql_to_string(a[0], run)); }

CesqlValue call_is_int(Arguments a, CesqlRun& run) {
  CesqlRun attempt(run.event);
  cesql_to_integer(a[0], attempt);
  return CesqlValue::of(!attempt.failed());
}

CesqlValue call_is_bool(Arguments a, CesqlRun& run) {
  CesqlRun attempt(run.event);
  cesql_to_boolean(a[0], attempt);
  return CesqlValue::of(!attempt.failed());
}

constexpr uint32_t kAny = std::numeric_limits<uint32_t>::max();
constexpr CesqlFunction kFunctions[] = {
    {"LENGTH", 1, 1, CesqlType::integer, call_length},
    {"CONCAT", 0, kAny, CesqlType::string, call_concat},
    {"CONCAT_WS", 1, kAny, CesqlType::string, call_concat_ws},
    {"LOWER", 1, 1, CesqlType::string, call_lower},
    {"UPPER", 1, 1, CesqlType::string, call_upper},
    {"TRIM", 1, 1, CesqlType::string, call_trim},
    {"LEFT", 2, 2, CesqlType::string, call_left},
    {"RIGHT", 2, 2, CesqlType::string, call_right},
    {"SUBSTRING", 2, 3, CesqlType::string, call_substring},
    {"ABS", 1, 1, CesqlType::integer, call_abs},
    {"INT", 1, 1, CesqlType::integer, call_int},
    {"BOOL", 1, 1, CesqlType::boolean, call_bool},
    {"STRING", 1, 1, CesqlType::string, call_string},
    {"IS_INT", 1, 1, CesqlType::boolean, call_is_int},
    {"IS_BOOL", 1, 1, CesqlType::boolean, call_is_bool},
};

}  // namespace

const CesqlFunction* find_cesql_function(std::string_view name, uint32_t arity) {
  const std::string wanted = raised(name);
  for (const CesqlFunction& function : kFunctions) {
    const bool fits = arity >= function.arity_min && arity <= function.arity_max;
    if (function.name == wanted && fits) return &function;
  }
  return nullptr;
}

bool cesql_has_function(std::string_view name, uint32_t arity_min, uint32_t arity_max) {
  return std::any_of(std::begin(kFunctions), std::end(kFunctions), [&](const CesqlFunction& function) {
    return function.name == name && arity_min <= function.arity_max && function.arity_min <= arity_max;
  });
}

}  // namespace hence::filter
