// SPDX-License-Identifier: Apache-2.0
#include "filter/conditions.h"

#include <string_view>

#include "filter/when_index.h"
#include "json/yaml.h"

namespace hence::filter {

namespace {

/// `type`: one string or a list of them, each plain or ending in `.*` (or `*` alone).
class TypeReader {
 public:
  explicit TypeReader(std::vector<Fault>& faults) : faults_(faults) {}

  std::optional<FieldSpec> read(json::View value) {
    field_.path = {"type"};
    if (value.is_array()) {
      if (value.size() == 0) fault("/type", "an empty list of types matches nothing; name one");
      uint32_t index = 0;
      for (const json::View element : value.elements()) {
        add(element, "/type/" + std::to_string(index++));
      }
    } else {
      add(value, "/type");
    }
    if (field_.any_of.empty()) return std::nullopt;
    return std::move(field_);
  }

 private:
  void fault(std::string pointer, std::string message) {
    faults_.push_back({ErrorCode::PatternInvalid, std::move(pointer), std::move(message)});
  }

  void add(json::View value, const std::string& pointer) {
    if (!value.is_string() || value.as_string().empty()) {
      fault(pointer, "a type is a string such as com.acme.order.created");
      return;
    }
    std::string text(value.as_string());
    TestSpec test;
    test.kind = TestKind::text;
    if (text == "*" || text.ends_with(".*")) {
      test.kind = TestKind::segments;
      text.pop_back();
    }
    if (text.find('*') != std::string::npos) {
      fault(pointer, "* stands only as the last segment of a type, as in com.acme.*; use pattern: "
                     "{type: [{wildcard: \"" + std::string(value.as_string()) + "\"}]} for other places");
      return;
    }
    test.operands.push_back(std::move(text));
    field_.any_of.push_back(std::move(test));
  }

  std::vector<Fault>& faults_;
  FieldSpec field_;
};

void read_when(json::View value, Conditions& out, std::vector<Fault>& faults) {
  const auto refuse = [&](ErrorCode code, std::string message) {
    faults.push_back({code, "/when", std::move(message)});
  };
  if (!value.is_string()) {
    refuse(ErrorCode::ExpressionInvalid, "when is a jq expression, as in ${ .data.risk >= 3 }");
    return;
  }
  const std::string_view text = value.as_string();
  out.when = std::string(expr::unwrap(text).value_or(text));
  auto program = expr::Program::compile(*out.when);
  if (!program.ok()) {
    refuse(program.error().code(), program.error().message());
    return;
  }
  out.program = std::make_shared<const expr::Program>(std::move(program).value());
}

void refuse_key(std::string_view key, std::vector<Fault>& faults) {
  std::string pointer;
  json::append_pointer(pointer, key);
  faults.push_back({ErrorCode::PatternInvalid, pointer,
                    "unknown key \"" + std::string(key) + "\"; known are type, pattern, filters and when"});
}

void read_on(json::View on, const CesqlFunctions& functions, Conditions& out, std::vector<Fault>& faults) {
  if (!on.is_object()) {
    faults.push_back({ErrorCode::PatternInvalid, "", "on is an object of type, pattern, filters and when"});
    return;
  }
  std::optional<FieldSpec> type;
  out.any_of.assign(1, {});
  for (const auto [key, value] : on.members()) {
    if (key == "type") {
      type = TypeReader(faults).read(value);
    } else if (key == "pattern") {
      out.any_of = parse_pattern(value, "/pattern", faults);
    } else if (key == "filters") {
      auto filters = DialectFilters::parse(value, "/filters", faults, functions);
      if (filters) out.filters = std::make_shared<const DialectFilters>(std::move(*filters));
    } else if (key == "when") {
      read_when(value, out, faults);
    } else {
      refuse_key(key, faults);
    }
  }
  if (on.size() == 0) {
    faults.push_back({ErrorCode::PatternInvalid, "",
                      "on asks nothing; name a type (\"*\" for every event), a pattern, filters or a when"});
  }
  std::vector<FieldSpec> necessary;
  if (out.filters) necessary = out.filters->necessary_conditions();
  if (out.program) {
    for (FieldSpec& field : necessary_conditions(*out.program)) necessary.push_back(std::move(field));
  }
  if (!type && necessary.empty()) return;
  for (Conjunction& conjunction : out.any_of) {
    if (type) conjunction.insert(conjunction.begin(), *type);
    conjunction.insert(conjunction.end(), necessary.begin(), necessary.end());
  }
}

Error error_of(const Fault& fault) {
  const std::string where = fault.pointer.empty() ? "" : " (at " + fault.pointer + ")";
  return Error(fault.code, fault.message + where);
}

}  // namespace

Result<Conditions> parse_conditions(json::View on, std::vector<Fault>* faults,
                                    const CesqlFunctions& functions) {
  Conditions out;
  std::vector<Fault> found;
  read_on(on, functions, out, found);
  if (faults != nullptr) faults->insert(faults->end(), found.begin(), found.end());
  if (found.empty()) return out;
  return error_of(found.front());
}

Result<Conditions> conditions_of_pattern(json::View pattern) {
  Conditions out;
  std::vector<Fault> found;
  out.any_of = parse_pattern(pattern, "/pattern", found);
  if (found.empty()) return out;
  return error_of(found.front());
}

}  // namespace hence::filter
