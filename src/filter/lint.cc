// SPDX-License-Identifier: Apache-2.0
#include "filter/lint.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "filter/regular_expression.h"
#include "filter/test_relation.h"
#include "filter/wildcard.h"
#include "json/write.h"

namespace hence::filter {

namespace {

constexpr size_t kManyConjunctions = 100;

std::string path_text(const FieldSpec& field) {
  std::string out;
  for (const std::string& key : field.path) out += (out.empty() ? "" : ".") + key;
  return out;
}

/// Attributes of the specification: every event has one plain string each.
bool is_required_attribute(const FieldSpec& field) {
  return field.path.size() == 1 && (field.path[0] == "type" || field.path[0] == "source" ||
                                    field.path[0] == "id" || field.path[0] == "specversion");
}

/// Whether the field has at most one value in any event; elsewhere two conditions may be met by two
/// elements of an array.
bool is_single(const FieldSpec& field) {
  return field.raw || is_required_attribute(field) ||
         (field.path.size() == 1 && (field.path[0] == "subject" || field.path[0] == "time"));
}

/// Whether a string may pass a test.
bool takes_strings(const TestSpec& test) {
  switch (test.kind) {
    case TestKind::number:
    case TestKind::truth:
    case TestKind::null:
    case TestKind::range:
      return test.negated;
    case TestKind::of_type:
      return test.operands.front() == "string";
    default:
      return true;
  }
}

/// Conditions on attributes of the specification as they are for strings, which those always are: what CESQL, whens
/// and patterns ask of them is then the same. Where no string passes, nothing changes.
void ask_for_strings(Conditions& conditions) {
  for (Conjunction& conjunction : conditions.any_of) {
    for (FieldSpec& field : conjunction) {
      if (!is_required_attribute(field) || std::none_of(field.any_of.begin(), field.any_of.end(), takes_strings)) continue;
      std::erase_if(field.any_of, [](const TestSpec& test) { return !takes_strings(test); });
      field.raw = false;
    }
  }
}

/// Whether a field may be there or not, whatever it holds.
bool asks_nothing(const FieldSpec& field) {
  const auto has = [&](TestKind kind) {
    return std::any_of(field.any_of.begin(), field.any_of.end(), [&](const TestSpec& test) { return test.kind == kind; });
  };
  return has(TestKind::present) && has(TestKind::absent);
}

bool holds_always(const FieldSpec& field) {
  // Fields of one array may be asked of different elements; those at the top are in none.
  if (field.path.size() == 1 && asks_nothing(field)) return true;
  if (!is_required_attribute(field)) return false;
  return std::any_of(field.any_of.begin(), field.any_of.end(), [](const TestSpec& test) {
    if (test.negated) return false;
    if (test.kind == TestKind::present) return true;
    if (test.kind == TestKind::wildcard) return test.operands.front() == "*";
    const bool affix = test.kind == TestKind::prefix || test.kind == TestKind::suffix ||
                       test.kind == TestKind::segments;
    return affix && test.operands.front().empty();  // attributes are never empty
  });
}

/// Why no event can meet a conjunction; empty if one may.
std::string contradiction_in(const Conjunction& conjunction) {
  for (size_t i = 0; i < conjunction.size(); ++i) {
    const auto& tests = conjunction[i].any_of;
    const bool absent = std::all_of(tests.begin(), tests.end(),
                                    [](const TestSpec& test) { return test.kind == TestKind::absent; });
    if (absent && is_required_attribute(conjunction[i])) {
      return "asks " + path_text(conjunction[i]) + " to be absent, which every event has";
    }
    for (size_t j = i + 1; j < conjunction.size(); ++j) {
      const FieldSpec& a = conjunction[i];
      const FieldSpec& b = conjunction[j];
      if (a.path != b.path || a.raw != b.raw || !is_single(a)) continue;
      if (contradict(a, b)) {
        return "asks two things of " + path_text(a) + " that no value has together";
      }
    }
  }
  return "";
}

/// Comparisons of one field in a when that leave no value, in jq's order of all values.
std::string contradiction_in(const expr::Program& when) {
  using Operator = expr::Comparison::Operator;
  const auto& all = when.comparisons();
  const auto is_low = [](Operator op) {
    return op == Operator::greater || op == Operator::greater_equal || op == Operator::equal;
  };
  const auto is_high = [](Operator op) {
    return op == Operator::less || op == Operator::less_equal || op == Operator::equal;
  };
  for (const auto& low : all) {
    for (const auto& high : all) {
      if (&low == &high || low.path != high.path || !is_low(low.op) || !is_high(high.op)) continue;
      std::optional<int> order;  // of the two constants
      if (low.constant->is_number() && high.constant->is_number()) {
        const double a = low.constant->as_double();
        const double b = high.constant->as_double();
        order = a < b ? -1 : a > b ? 1 : 0;
      } else if (low.constant->is_string() && high.constant->is_string()) {
        order = low.constant->as_string().compare(high.constant->as_string());
      }
      const bool open = low.op == Operator::greater || high.op == Operator::less;
      if (order && (*order > 0 || (*order == 0 && open))) {
        FieldSpec field;
        field.path = low.path;
        return "compares " + path_text(field) + " with limits that leave no value between";
      }
    }
  }
  return "";
}

/// What a comparison of a when leaves of the values that patterns can ask for, as a pattern's test. Numbers one
/// step of binary64 wider, since jq rounds where patterns do not. Nothing for the comparisons that leave others.
std::optional<TestSpec> left_by(const expr::Comparison& comparison) {
  using Operator = expr::Comparison::Operator;
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const bool equal = comparison.op == Operator::equal;
  TestSpec out;
  if (equal && comparison.constant->is_string()) {
    out.kind = TestKind::text;
    out.operands.emplace_back(comparison.constant->as_string());
    return out;
  }
  if (equal && comparison.constant->is_bool()) {
    out.kind = TestKind::truth;
    out.truth = comparison.constant->as_bool();
    return out;
  }
  const bool below = comparison.op == Operator::less || comparison.op == Operator::less_equal;
  if (!comparison.constant->is_number() || !(equal || below)) return std::nullopt;
  const double low = std::nextafter(comparison.constant->as_double(), -kInfinity);
  const double high = std::nextafter(comparison.constant->as_double(), kInfinity);
  if (!std::isfinite(low) || !std::isfinite(high)) return std::nullopt;
  out.kind = TestKind::range;
  out.operands.resize(2);
  if (equal) json::write_number(low, out.operands[0]);
  json::write_number(high, out.operands[1]);
  return out;
}

/// Whether a test is passed by texts or numbers only: null, which is below every number, does not.
bool wants_text_or_number(const TestSpec& test) {
  return !test.negated && test.kind != TestKind::present && test.kind != TestKind::absent &&
         test.kind != TestKind::truth && test.kind != TestKind::null && test.kind != TestKind::of_type;
}

/// A field of which a pattern or filter wants what the when refuses. Arrays, through which patterns look, are
/// neither equal to a text or number nor below one.
std::string contradiction_between(const Conjunction& conjunction, const expr::Program& when) {
  for (const expr::Comparison& comparison : when.comparisons()) {
    const auto left = left_by(comparison);
    if (!left) continue;
    for (const FieldSpec& field : conjunction) {
      if (field.raw || field.path != comparison.path) continue;
      const bool wants_value = comparison.op == expr::Comparison::Operator::equal;  // null is below many
      const bool excluded = std::all_of(field.any_of.begin(), field.any_of.end(), [&](const TestSpec& test) {
        if (test.kind == TestKind::absent) return wants_value;
        return wants_text_or_number(test) && tests_exclude(test, *left);
      });
      if (excluded) return "asks of " + path_text(field) + " what its when refuses";
    }
  }
  return "";
}

/// Types as written in rules and event types: plain, or with `*` as the last segment.
FieldSpec types_as_field(const std::vector<std::string>& types) {
  FieldSpec out;
  out.path = {"type"};
  for (const std::string& type : types) {
    TestSpec& test = out.any_of.emplace_back();
    test.kind = type == "*" ? TestKind::present : type.ends_with('*') ? TestKind::segments : TestKind::text;
    if (type != "*") test.operands = {type.ends_with('*') ? type.substr(0, type.size() - 1) : type};
  }
  return out;
}

/// Whether none of the known types meets the conditions.
bool is_of_unknown_type(const Conditions& conditions, const FieldSpec& known) {
  if (known.any_of.empty()) return false;
  return std::all_of(conditions.any_of.begin(), conditions.any_of.end(), [&](const Conjunction& conjunction) {
    return std::any_of(conjunction.begin(), conjunction.end(), [&](const FieldSpec& field) {
      return field.path == known.path && contradict(field, known);
    });
  });
}

std::string never_matches(const Conditions& conditions) {
  std::string why;
  for (const Conjunction& conjunction : conditions.any_of) {
    why = contradiction_in(conjunction);
    if (why.empty() && conditions.program) why = contradiction_between(conjunction, *conditions.program);
    if (why.empty()) break;
  }
  if (!why.empty()) return why;
  const auto filtered = conditions.filters ? conditions.filters->constant() : std::nullopt;
  if (filtered && !*filtered) return "its filters pass no event";
  if (!conditions.program) return "";
  why = contradiction_in(*conditions.program);
  if (!why.empty() || !conditions.program->reads().constant) return why;
  expr::Budget budget = expr::kWhenBudget;
  const auto verdict = conditions.program->evaluate_condition(json::View(), {}, {}, budget);
  return verdict.ok() && !*verdict ? "its when is false for every event" : "";
}

bool when_is_always_true(const Conditions& conditions) {
  if (!conditions.program) return true;
  if (!conditions.program->reads().constant) return false;
  expr::Budget budget = expr::kWhenBudget;
  const auto verdict = conditions.program->evaluate_condition(json::View(), {}, {}, budget);
  return verdict.ok() && *verdict;
}

bool matches_everything(const Conditions& conditions) {
  if (!when_is_always_true(conditions)) return false;
  if (conditions.filters && !conditions.filters->constant().value_or(false)) return false;
  return std::any_of(conditions.any_of.begin(), conditions.any_of.end(), [](const Conjunction& all) {
    return (all.size() == 1 && asks_nothing(all[0])) || std::all_of(all.begin(), all.end(), holds_always);
  });
}

/// Whether the index can find the field by a value.
bool is_findable(const FieldSpec& field) {
  return std::all_of(field.any_of.begin(), field.any_of.end(), [](const TestSpec& test) {
    if (test.negated || test.kind == TestKind::present || test.kind == TestKind::absent) return false;
    if (test.kind == TestKind::regexp) {
      const auto parsed = RegularExpression::parse(test.operands.front());
      return parsed.ok() && !parsed->prefix().empty();
    }
    if (test.kind != TestKind::wildcard) return test.operands.empty() || !test.operands[0].empty();
    const auto parsed = Wildcard::parse(test.operands.front());
    return parsed.ok() && !(parsed->prefix().empty() && parsed->suffix().empty());
  });
}

std::string slowness(const Conditions& conditions) {
  if (conditions.any_of.size() > kManyConjunctions) {
    return "has " + std::to_string(conditions.any_of.size()) +
           " combinations of $or; several rules say it shorter";
  }
  const bool found = std::all_of(
      conditions.any_of.begin(), conditions.any_of.end(), [](const Conjunction& conjunction) {
        return std::any_of(conjunction.begin(), conjunction.end(), is_findable);
      });
  if (found) return "";
  if (conditions.program) return "runs its when for every event; a type or pattern beside it makes it found by index";
  if (conditions.filters && conditions.filters->count() > 0) {
    return "asks its filters of every event, or of all that have a field; a type or pattern beside them makes it "
           "found by index";
  }
  return "names no value the index could find (wildcards and expressions that begin and end openly, "
         "anything-but, exists); a type beside them helps";
}

bool implies(const Conjunction& a, const Conjunction& b) {
  const bool asks_absence = std::any_of(b.begin(), b.end(), [](const FieldSpec& field) {
    return std::any_of(field.any_of.begin(), field.any_of.end(),
                       [](const TestSpec& test) { return test.kind == TestKind::absent; });
  });
  // Absence is judged in the elements that the other conditions choose: more of them, other elements.
  if (asks_absence && a.size() != b.size()) return false;
  return std::all_of(b.begin(), b.end(), [&](const FieldSpec& wanted) {
    return std::any_of(a.begin(), a.end(),
                       [&](const FieldSpec& given) { return filter::implies(given, wanted); });
  });
}

/// Whether every event that meets a meets b.
bool is_contained(const Conditions& a, const Conditions& b) {
  const bool same_when = b.when == a.when && (!b.program || !b.program->reads().whole_input);
  if (b.when && !same_when) return false;
  if (b.filters && (!a.filters || a.filters->text() != b.filters->text())) return false;
  return std::all_of(a.any_of.begin(), a.any_of.end(), [&](const Conjunction& one) {
    return std::any_of(b.any_of.begin(), b.any_of.end(),
                       [&](const Conjunction& other) { return implies(one, other); });
  });
}

void compare_pairs(const std::vector<RuleInput>& rules, const std::vector<bool>& told,
                   std::vector<Finding>& out) {
  for (size_t i = 0; i < rules.size(); ++i) {
    for (size_t j = 0; j < rules.size() && !told[i]; ++j) {
      if (i == j || told[j] || !is_contained(rules[i].conditions, rules[j].conditions)) continue;
      const bool equal = is_contained(rules[j].conditions, rules[i].conditions);
      if (equal && j > i) continue;  // told once, of the later one
      out.push_back({equal ? Finding::Kind::equal : Finding::Kind::contained, rules[i].id, rules[j].id,
                     equal ? "matches the same events as" : "matches only events that are matched too by"});
      break;
    }
  }
}

}  // namespace

bool contradict(const FieldSpec& a, const FieldSpec& b) {
  return std::all_of(a.any_of.begin(), a.any_of.end(), [&](const TestSpec& one) {
    return std::all_of(b.any_of.begin(), b.any_of.end(),
                       [&](const TestSpec& other) { return tests_exclude(one, other); });
  });
}

bool implies(const FieldSpec& a, const FieldSpec& b) {
  if (a.path != b.path || a.raw != b.raw) return false;
  const auto some_implied = [&](const TestSpec& one) {
    return std::any_of(b.any_of.begin(), b.any_of.end(),
                       [&](const TestSpec& other) { return test_implies(one, other); });
  };
  return std::all_of(a.any_of.begin(), a.any_of.end(), [&](const TestSpec& test) {
    if (test.negated || test.kind == TestKind::range || test.operands.size() < 2) return some_implied(test);
    // A list of values passes by each of them, which may be in different tests of b.
    return std::all_of(test.operands.begin(), test.operands.end(), [&](const std::string& operand) {
      TestSpec one = test;
      one.operands = {operand};
      return some_implied(one);
    });
  });
}

std::string_view finding_name(Finding::Kind kind) {
  switch (kind) {
    case Finding::Kind::never:
      return "never";
    case Finding::Kind::everything:
      return "everything";
    case Finding::Kind::unknown_type:
      return "unknown type";
    case Finding::Kind::equal:
      return "equal";
    case Finding::Kind::contained:
      return "contained";
    case Finding::Kind::slow:
      return "slow";
  }
  return "";
}

std::vector<Finding> lint(const std::vector<RuleInput>& given, const std::vector<std::string>& known_types) {
  std::vector<Finding> out;
  std::vector<RuleInput> rules = given;
  for (RuleInput& rule : rules) ask_for_strings(rule.conditions);
  const FieldSpec known = types_as_field(known_types);
  std::vector<bool> told(rules.size());  // of them no pair is worth telling
  for (size_t i = 0; i < rules.size(); ++i) {
    const Conditions& conditions = rules[i].conditions;
    if (std::string why = never_matches(conditions); !why.empty()) {
      out.push_back({Finding::Kind::never, rules[i].id, 0, std::move(why)});
      told[i] = true;
    } else if (matches_everything(conditions)) {
      out.push_back({Finding::Kind::everything, rules[i].id, 0, "matches every event"});
      told[i] = true;
    } else if (is_of_unknown_type(conditions, known)) {
      out.push_back({Finding::Kind::unknown_type, rules[i].id, 0, "asks for types that no EventType here declares"});
    } else if (std::string slow = slowness(conditions); !slow.empty()) {
      out.push_back({Finding::Kind::slow, rules[i].id, 0, std::move(slow)});
    }
  }
  if (rules.size() <= kComparedRulesMax) compare_pairs(rules, told, out);
  std::stable_sort(out.begin(), out.end(),
                   [](const Finding& a, const Finding& b) { return a.rule < b.rule; });
  return out;
}

}  // namespace hence::filter
