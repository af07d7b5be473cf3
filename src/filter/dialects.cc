// SPDX-License-Identifier: Apache-2.0
#include "filter/dialects.h"

#include <algorithm>
#include <optional>

#include "filter/case_fold.h"
#include "filter/cesql_code.h"
#include "filter/field_hint.h"
#include "filter/necessary.h"
#include "json/yaml.h"

namespace hence::filter {

namespace {

constexpr size_t kFoundBytes = 400;  // of what a group found, then no more parts are asked

}  // namespace

/// Reads filters; recursion is bounded by kFilterDepthMax.
class DialectReader {
 public:
  using Filter = DialectFilters::Filter;
  using Kind = Filter::Kind;

  DialectReader(std::vector<Fault>& faults, const CesqlFunctions& functions)
      : faults_(faults), functions_(functions) {}

  std::vector<Filter> read_all(json::View filters, const std::string& pointer, uint32_t depth) {
    std::vector<Filter> out;
    uint32_t index = 0;
    for (const json::View element : filters.elements()) {
      auto filter = read(element, pointer + "/" + std::to_string(index++), depth);
      if (filter) out.push_back(std::move(*filter));
    }
    return out;
  }

 private:
  std::nullopt_t fault(const std::string& pointer, std::string message,
                       ErrorCode code = ErrorCode::PatternInvalid) {
    faults_.push_back({code, pointer, std::move(message)});
    return std::nullopt;
  }

  std::optional<Filter> read(json::View value, const std::string& pointer, uint32_t depth) {
    if (depth >= kFilterDepthMax) {
      return fault(pointer, "filters nested more than " + std::to_string(kFilterDepthMax) + " deep");
    }
    if (!value.is_object() || value.size() != 1) {
      return fault(pointer, "a filter is an object with one dialect, as in {\"exact\": {\"type\": …}}");
    }
    const json::Member member = *value.members().begin();
    std::string place = pointer;
    json::append_pointer(place, member.key);
    std::optional<Filter> out = read_dialect(member.key, member.value, place, depth);
    if (out) out->text = value.to_text();
    return out;
  }

  std::optional<Filter> read_dialect(std::string_view name, json::View value,
                                     const std::string& pointer, uint32_t depth) {
    if (name == "exact") return read_attributes(Kind::exact, value, pointer);
    if (name == "prefix") return read_attributes(Kind::prefix, value, pointer);
    if (name == "suffix") return read_attributes(Kind::suffix, value, pointer);
    if (name == "all" || name == "any") {
      return read_group(name == "all" ? Kind::all : Kind::any, value, pointer, depth);
    }
    if (name == "not") {
      Filter out;
      out.kind = Kind::negation;
      auto inner = read(value, pointer, depth + 1);
      if (!inner) return std::nullopt;
      out.parts.push_back(std::move(*inner));
      return out;
    }
    if (name == "sql" || name == "cesql") return read_sql(value, pointer);
    const std::string unknown = "unknown filter dialect \"" + std::string(name) + "\"; ";
    if (const auto meant = meant_dialect(name)) return fault(pointer, unknown + "did you mean \"" + std::string(*meant) + "\"?");
    return fault(pointer, unknown + "known are exact, prefix, suffix, all, any, not and sql", ErrorCode::NotSupported);
  }

  /// The known dialect that a name is a slip of: anything else may be a dialect of others.
  static std::optional<std::string_view> meant_dialect(std::string_view name) {
    constexpr size_t kNameBytesMax = 16;
    if (name.size() > kNameBytesMax) return std::nullopt;
    for (const std::string_view known : {"exact", "prefix", "suffix", "all", "any", "not", "sql", "cesql"}) {
      const size_t slips = known.size() <= 3 ? 1 : 2;
      if (edit_distance(folded(name), known) <= slips) return known;
    }
    return std::nullopt;
  }

  std::optional<Filter> read_attributes(Kind kind, json::View value, const std::string& pointer) {
    if (!value.is_object() || value.size() == 0) {
      return fault(pointer, "takes an object of attribute names and strings, at least one");
    }
    Filter out;
    out.kind = kind;
    for (const auto [name, text] : value.members()) {
      std::string place = pointer;
      json::append_pointer(place, name);
      if (!is_attribute_name(name)) {
        return fault(place, "attribute names hold lower-case letters and digits only; the payload is "
                            "for pattern and when");
      }
      if (!text.is_string() || text.size() == 0) return fault(place, "takes a string that is not empty");
      out.attributes.emplace_back(name, text.as_string());
    }
    return out;
  }

  static bool is_attribute_name(std::string_view name) {
    return !name.empty() && name != "data" && std::all_of(name.begin(), name.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    });
  }

  std::optional<Filter> read_group(Kind kind, json::View value, const std::string& pointer,
                                   uint32_t depth) {
    if (!value.is_array() || value.size() == 0) {
      return fault(pointer, "takes an array of at least one filter");
    }
    Filter out;
    out.kind = kind;
    out.parts = read_all(value, pointer, depth + 1);
    return out;
  }

  std::optional<Filter> read_sql(json::View value, const std::string& pointer) {
    if (!value.is_string()) return fault(pointer, "takes a CESQL expression as a string");
    auto parsed = Cesql::parse(value.as_string(), functions_);
    if (!parsed.ok()) return fault(pointer, parsed.error().message(), parsed.error().code());
    Filter out;
    out.kind = Kind::sql;
    out.sql = std::move(parsed).value();
    return out;
  }

  std::vector<Fault>& faults_;
  const CesqlFunctions& functions_;
};

std::optional<DialectFilters> DialectFilters::parse(json::View filters, const std::string& pointer,
                                                    std::vector<Fault>& faults,
                                                    const CesqlFunctions& functions) {
  if (!filters.is_array()) {
    faults.push_back({ErrorCode::PatternInvalid, pointer, "filters is an array of filters"});
    return std::nullopt;
  }
  const size_t before = faults.size();
  DialectFilters out;
  out.root_.parts = DialectReader(faults, functions).read_all(filters, pointer, 0);
  if (faults.size() > before) return std::nullopt;
  out.root_.text = filters.to_text();
  return out;
}

bool DialectFilters::passes(json::View event) const { return passes(root_, event); }

bool DialectFilters::passes(const Filter& filter, json::View event) {
  const auto part_passes = [&](const Filter& part) { return passes(part, event); };
  switch (filter.kind) {
    case Filter::Kind::all:
      return std::all_of(filter.parts.begin(), filter.parts.end(), part_passes);
    case Filter::Kind::any:
      return std::any_of(filter.parts.begin(), filter.parts.end(), part_passes);
    case Filter::Kind::negation:
      return !passes(filter.parts.front(), event);
    case Filter::Kind::sql:
      return filter.sql->passes(event);
    default:
      return attribute_passes(filter, event);
  }
}

bool DialectFilters::attribute_passes(const Filter& filter, json::View event) {
  CesqlRun run(event);
  for (const auto& [name, wanted] : filter.attributes) {
    const auto text = cesql_attribute_text(name, run);
    if (!text) return false;
    const bool passed = filter.kind == Filter::Kind::exact    ? *text == wanted
                        : filter.kind == Filter::Kind::prefix ? text->starts_with(wanted)
                                                              : text->ends_with(wanted);
    if (!passed) return false;
  }
  return true;
}

void DialectFilters::add_necessary(const Filter& filter, std::vector<FieldSpec>& out) {
  if (filter.kind == Filter::Kind::all) {
    for (const Filter& part : filter.parts) add_necessary(part, out);
  } else if (filter.kind == Filter::Kind::exact) {
    for (const auto& [name, text] : filter.attributes) out.push_back(attribute_is(name, text));
  } else if (filter.kind == Filter::Kind::sql) {
    for (FieldSpec& field : filter.sql->necessary_conditions()) out.push_back(std::move(field));
  } else if (filter.kind == Filter::Kind::any) {
    std::vector<std::vector<FieldSpec>> alternatives(filter.parts.size());
    for (size_t i = 0; i < filter.parts.size(); ++i) add_necessary(filter.parts[i], alternatives[i]);
    for (FieldSpec& field : either(alternatives)) out.push_back(std::move(field));
  } else if (filter.kind == Filter::Kind::prefix || filter.kind == Filter::Kind::suffix) {
    const auto kind =
        filter.kind == Filter::Kind::prefix ? TestKind::prefix : TestKind::suffix;
    for (const auto& [name, text] : filter.attributes) {
      out.push_back(attribute_affix(name, kind, text));
    }
  }
}

std::vector<FieldSpec> DialectFilters::necessary_conditions() const {
  std::vector<FieldSpec> out;
  add_necessary(root_, out);
  return out;
}

/// Depth is bounded by kFilterDepthMax.
std::optional<bool> DialectFilters::constant(const Filter& filter) {
  if (filter.kind == Filter::Kind::sql) return filter.sql->constant();
  if (filter.kind == Filter::Kind::negation) {
    const auto inner = constant(filter.parts.front());
    return inner ? std::optional(!*inner) : std::nullopt;
  }
  if (filter.kind != Filter::Kind::all && filter.kind != Filter::Kind::any) return std::nullopt;
  // One part decides all and any if it is this; all parts together decide if none of them is.
  const bool decisive = filter.kind == Filter::Kind::any;
  bool all_known = true;
  for (const Filter& part : filter.parts) {
    const auto one = constant(part);
    if (one && *one == decisive) return decisive;
    all_known = all_known && one;
  }
  const auto is_denied = [&](const Filter& part) {
    return part.kind == Filter::Kind::negation &&
           std::any_of(filter.parts.begin(), filter.parts.end(),
                       [&](const Filter& other) { return other.text == part.parts.front().text; });
  };
  if (std::any_of(filter.parts.begin(), filter.parts.end(), is_denied)) return decisive;
  return all_known ? std::optional(!decisive) : std::nullopt;
}

std::string DialectFilters::found_by(const Filter& filter, json::View event) {
  if (filter.kind == Filter::Kind::sql) return filter.sql->found_in(event);
  std::string out;
  for (const Filter& part : filter.parts) {
    if (filter.kind == Filter::Kind::all && passes(part, event)) continue;
    const std::string found = found_by(part, event);
    if (out.find(found) == std::string::npos) out += (out.empty() ? "" : "; ") + found;
    if (filter.kind == Filter::Kind::all || out.size() > kFoundBytes) return out;
  }
  CesqlRun run(event);
  for (const auto& [name, wanted] : filter.attributes) {
    const auto text = cesql_attribute_text(name, run);
    if (!out.empty()) out += ", ";
    out += name + (text ? " = \"" + std::string(*text) + "\"" : " is missing");
  }
  return out;
}

std::vector<DialectFilters::Verdict> DialectFilters::explain(json::View event) const {
  std::vector<Verdict> out;
  for (const Filter& filter : root_.parts) {
    Verdict verdict;
    verdict.filter = filter.text;
    verdict.passes = passes(filter, event);
    if (!verdict.passes) verdict.found = found_by(filter, event);
    out.push_back(std::move(verdict));
  }
  return out;
}

}  // namespace hence::filter
