// SPDX-License-Identifier: Apache-2.0
#include "filter/pattern.h"

#include <algorithm>
#include <optional>

#include "filter/match_expression.h"
#include "json/number.h"
#include "json/yaml.h"

namespace hence::filter {

namespace {

/// Walks a pattern; conjunctions_ is what has been read so far, multiplied out, and pointer_ the place
/// where it is.
class PatternReader {
 public:
  PatternReader(std::string pointer, std::vector<Fault>& faults)
      : faults_(faults), conjunctions_(1), pointer_(std::move(pointer)) {}

  void read_object(json::View object, bool inside_or);
  /// The conjunctions: one for each way through the `$or`s.
  std::vector<Conjunction> take() { return std::move(conjunctions_); }

 private:
  void fault(std::string message) {
    faults_.push_back({ErrorCode::PatternInvalid, pointer_, std::move(message)});
  }
  void read_field(std::string_view key, json::View value, bool inside_or);
  void read_or(json::View branches);
  void read_branch(json::View branch, uint32_t index);
  void read_values(json::View values);
  void check_count(const FieldSpec& field, size_t written);
  void put(FieldSpec field);

  std::vector<Fault>& faults_;
  std::vector<Conjunction> conjunctions_;
  std::string pointer_;
  std::vector<std::string> path_;
  bool product_refused_ = false;
};

/// `$or` is a field like another unless it holds at least two objects without reserved names.
bool is_or(json::View value) {
  if (!value.is_array() || value.size() < 2) return false;
  for (const json::View branch : value.elements()) {
    if (!branch.is_object()) return false;
    for (const auto [key, inner] : branch.members()) {
      if (is_reserved_name(key)) return false;
    }
  }
  return true;
}

void PatternReader::read_object(json::View object, bool inside_or) {
  if (object.size() == 0) {
    fault("an empty object asks nothing; name at least one field");
    return;
  }
  if (path_.size() >= kPatternDepthMax) {
    fault("objects nested more than " + std::to_string(kPatternDepthMax) + " deep");
    return;
  }
  for (const auto [key, value] : object.members()) {
    const size_t here = pointer_.size();
    json::append_pointer(pointer_, key);
    read_field(key, value, inside_or);
    pointer_.resize(here);
  }
}

void PatternReader::read_field(std::string_view key, json::View value, bool inside_or) {
  if (key == "$or" && is_or(value)) {
    read_or(value);
    return;
  }
  if (inside_or && is_reserved_name(key)) {
    fault("\"" + std::string(key) + "\" is reserved and no field name inside $or");
    return;
  }
  path_.emplace_back(key);
  if (value.is_object()) {
    read_object(value, inside_or);
  } else if (value.is_array()) {
    read_values(value);
  } else {
    fault("\"" + std::string(key) + "\" must be an array of values or an object; write [" + value.to_text() + "]");
  }
  path_.pop_back();
}

void PatternReader::read_branch(json::View branch, uint32_t index) {
  const size_t here = pointer_.size();
  pointer_ += "/" + std::to_string(index);
  read_object(branch, true);
  pointer_.resize(here);
}

void PatternReader::read_or(json::View branches) {
  const std::vector<Conjunction> before = std::move(conjunctions_);
  std::vector<Conjunction> all;
  uint32_t index = 0;
  for (const json::View branch : branches.elements()) {
    conjunctions_ = before;
    read_branch(branch, index++);
    if (all.size() + conjunctions_.size() > kOrProductMax) {
      if (!product_refused_) {
        fault("the $or alternatives multiply to more than " + std::to_string(kOrProductMax) +
              " combinations; split the rule");
      }
      product_refused_ = true;
      break;
    }
    std::move(conjunctions_.begin(), conjunctions_.end(), std::back_inserter(all));
  }
  conjunctions_ = std::move(all);
}

/// Whether a value has to be searched for it: no index knows what it may hold.
bool is_searched(const TestSpec& test) {
  return test.kind == TestKind::wildcard || test.kind == TestKind::regexp;
}

void PatternReader::read_values(json::View values) {
  if (path_.back() == "$or" && (values.size() == 0 || (values.size() == 1 && values.at(0).is_object()))) {
    fault("$or needs at least two objects");
    return;
  }
  if (values.size() == 0) {
    fault("an empty array matches nothing; list at least one value");
    return;
  }
  FieldSpec field;
  field.path = path_;
  uint32_t index = 0;
  for (const json::View element : values.elements()) {
    auto test = parse_alternative(element, {pointer_, index++}, faults_);
    if (!test) continue;
    if (!field.any_of.empty() && !test->negated && !field.any_of.back().negated &&
        test->kind == field.any_of.back().kind && test->kind == TestKind::text) {
      field.any_of.back().operands.push_back(std::move(test->operands.front()));
    } else {
      field.any_of.push_back(std::move(*test));
    }
  }
  check_count(field, index);
  put(std::move(field));
}

void PatternReader::check_count(const FieldSpec& field, size_t written) {
  if (written > kFieldAlternativesMax) {
    fault("more than " + std::to_string(kFieldAlternativesMax) + " values for one field");
  }
  if (std::count_if(field.any_of.begin(), field.any_of.end(), is_searched) > kFieldWildcardsMax) {
    fault("more than " + std::to_string(kFieldWildcardsMax) +
          " wildcards and regular expressions for one field, which are tried one by one; split the rule");
  }
}

void PatternReader::put(FieldSpec field) {
  for (Conjunction& conjunction : conjunctions_) {
    const auto same = std::find_if(conjunction.begin(), conjunction.end(),
                                   [&](const FieldSpec& other) { return other.path == field.path; });
    FieldSpec& place = same == conjunction.end() ? conjunction.emplace_back() : *same;
    if (&conjunction == &conjunctions_.back()) {
      place = std::move(field);
    } else {
      place = field;
    }
  }
}

}  // namespace

FieldSpec attribute_is(std::string_view name, std::string_view text) {
  FieldSpec out;
  out.path.emplace_back(name);
  TestSpec test;
  test.kind = TestKind::text;
  test.operands.emplace_back(text);
  out.any_of.push_back(test);
  if (json::is_number_text(text)) {
    test.kind = TestKind::number;
    out.any_of.push_back(test);
  } else if (text == "true" || text == "false") {
    TestSpec truth;
    truth.kind = TestKind::truth;
    truth.truth = text == "true";
    out.any_of.push_back(truth);
  }
  return out;
}

bool mixes_absence(const FieldSpec& field) {
  return field.any_of.size() > 1 &&
         std::any_of(field.any_of.begin(), field.any_of.end(),
                     [](const TestSpec& test) { return test.kind == TestKind::absent; });
}

std::vector<Conjunction> parse_pattern(json::View pattern, std::string_view pointer,
                                       std::vector<Fault>& faults) {
  const std::string place(pointer);
  if (!pattern.is_object()) {
    faults.push_back({ErrorCode::PatternInvalid, place,
                      "a pattern is an object of fields, not " +
                          std::string(json::type_name(pattern.type()))});
    return {};
  }
  const size_t written = pattern.source_text().size();
  if ((written > 0 ? written : pattern.to_text().size()) > kPatternBytesMax) {
    faults.push_back({ErrorCode::PatternInvalid, place,
                      "a pattern of more than " + std::to_string(kPatternBytesMax) + " bytes; split the rule"});
    return {};
  }
  PatternReader reader(place, faults);
  reader.read_object(pattern, false);
  std::vector<Conjunction> out = reader.take();
  for (const Conjunction& conjunction : out) {
    if (std::count_if(conjunction.begin(), conjunction.end(), mixes_absence) > kMixedAbsenceMax) {
      faults.push_back({ErrorCode::PatternInvalid, place,
                        "more than " + std::to_string(kMixedAbsenceMax) +
                            " fields mix exists: false with other values; split the rule"});
      break;
    }
  }
  return out;
}

}  // namespace hence::filter
