// SPDX-License-Identifier: Apache-2.0
#pragma once

// The oracle of the tests: event patterns by definition, without index, tables or sharing. It reads
// the pattern itself and tries every combination of values. Exponential; for small inputs only.

#include <arpa/inet.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "json/value.h"

namespace hence::filter {

class NaiveMatcher {
 public:
  /// Whether a valid pattern matches an event.
  static bool matches(json::View pattern, json::View event) {
    NaiveMatcher matcher;
    matcher.flatten_object(event, {}, {});
    std::vector<Fields> alternatives(1);
    expand(pattern, {}, alternatives);
    return std::any_of(alternatives.begin(), alternatives.end(), [&](const Fields& fields) {
      return matcher.try_fields(fields.begin(), fields.end(), {}, {});
    });
  }

 private:
  using Path = std::vector<std::string>;
  using Fields = std::map<Path, json::View>;     // path → its array of alternatives
  using Membership = std::map<int, int>;         // array → element
  struct Value {
    Path path;
    json::View value;
    Membership membership;
  };

  void flatten_object(json::View object, const Path& path, const Membership& membership) {
    for (const auto [key, value] : object.members()) {
      Path inner = path;
      inner.emplace_back(key);
      flatten(value, inner, membership);
    }
  }

  void flatten(json::View value, const Path& path, const Membership& membership) {
    if (value.is_object()) {
      flatten_object(value, path, membership);
    } else if (value.is_array()) {
      const int array = arrays_++;
      int index = 0;
      for (const json::View element : value.elements()) {
        Membership inner = membership;
        if (element.is_object() || element.is_array()) inner[array] = index;
        flatten(element, path, inner);
        ++index;
      }
    } else {
      values_.push_back({path, value, membership});
    }
  }

  static bool is_or(json::View value) {
    if (!value.is_array() || value.size() < 2) return false;
    for (const json::View branch : value.elements()) {
      if (!branch.is_object()) return false;
      for (const auto [key, inner] : branch.members()) {
        for (const char* name : {"prefix", "suffix", "anything-but", "exists", "wildcard", "numeric",
                                 "cidr", "equals-ignore-case", "exactly"}) {
          if (key == name) return false;
        }
      }
    }
    return true;
  }

  static void expand(json::View pattern, const Path& path, std::vector<Fields>& alternatives) {
    for (const auto [key, value] : pattern.members()) {
      Path inner = path;
      inner.emplace_back(key);
      if (key == "$or" && is_or(value)) {
        std::vector<Fields> all;
        for (const json::View branch : value.elements()) {
          std::vector<Fields> taken = alternatives;
          expand(branch, path, taken);
          all.insert(all.end(), taken.begin(), taken.end());
        }
        alternatives = std::move(all);
      } else if (value.is_object()) {
        expand(value, inner, alternatives);
      } else {
        for (Fields& fields : alternatives) fields.insert_or_assign(inner, value);
      }
    }
  }

  static std::optional<Membership> join(const Membership& a, const Membership& b) {
    Membership out = a;
    for (const auto& [array, index] : b) {
      const auto [at, is_new] = out.emplace(array, index);
      if (!is_new && at->second != index) return std::nullopt;
    }
    return out;
  }

  bool try_fields(Fields::const_iterator at, Fields::const_iterator end, const Membership& chosen,
                  std::vector<Path> absent) const {
    if (at == end) {
      return std::all_of(absent.begin(), absent.end(), [&](const Path& path) {
        return std::none_of(values_.begin(), values_.end(), [&](const Value& value) {
          return value.path == path && join(chosen, value.membership).has_value();
        });
      });
    }
    for (const json::View alternative : at->second.elements()) {
      if (is_absence(alternative)) {
        std::vector<Path> more = absent;
        more.push_back(at->first);
        if (try_fields(std::next(at), end, chosen, more)) return true;
        continue;
      }
      for (const Value& value : values_) {
        if (value.path != at->first || !passes(alternative, value.value)) continue;
        const auto joined = join(chosen, value.membership);
        if (joined && try_fields(std::next(at), end, *joined, absent)) return true;
      }
    }
    return false;
  }

  static bool is_absence(json::View alternative) {
    const auto exists = alternative.find("exists");
    return exists && !exists->as_bool();
  }

  static bool passes(json::View alternative, json::View value) {
    if (!alternative.is_object()) return json::equal(alternative, value);
    const json::Member test = *alternative.members().begin();
    if (test.key == "exists") return true;
    if (test.key == "numeric") return passes_numeric(test.value, value);
    if (test.key == "anything-but") {
      if (test.value.is_object()) {
        const json::Member inner = *test.value.members().begin();
        return !any_text(inner.key, inner.value, value);
      }
      if (!test.value.is_array()) return !json::equal(test.value, value);
      for (const json::View excluded : test.value.elements()) {
        if (json::equal(excluded, value)) return false;
      }
      return true;
    }
    return any_text(test.key, test.value, value);
  }

  static bool any_text(std::string_view name, json::View operand, json::View value) {
    if (!value.is_string()) return false;
    if (operand.is_array()) {
      for (const json::View one : operand.elements()) {
        if (passes_text(name, one, std::string(value.as_string()))) return true;
      }
      return false;
    }
    return passes_text(name, operand, std::string(value.as_string()));
  }

  static std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    return out;
  }

  static bool passes_text(std::string_view name, json::View operand, std::string text) {
    std::string wanted;
    if (operand.is_object()) {
      wanted = lower((*operand.members().begin()).value.as_string());
      text = lower(text);
    } else {
      wanted = operand.as_string();
    }
    if (name == "exactly") return text == wanted;
    if (name == "equals-ignore-case") return lower(text) == lower(wanted);
    if (name == "prefix") return text.compare(0, wanted.size(), wanted) == 0;
    if (name == "suffix") {
      return text.size() >= wanted.size() &&
             text.compare(text.size() - wanted.size(), wanted.size(), wanted) == 0;
    }
    if (name == "wildcard") return glob(wanted, text);
    if (name == "cidr") return in_network(wanted, text);
    return false;
  }

  static bool glob(std::string_view pattern, std::string_view text) {
    if (pattern.empty()) return text.empty();
    if (pattern.front() == '*') {
      return glob(pattern.substr(1), text) || (!text.empty() && glob(pattern, text.substr(1)));
    }
    const size_t used = pattern.front() == '\\' ? 2 : 1;
    return !text.empty() && text.front() == pattern[used - 1] &&
           glob(pattern.substr(used), text.substr(1));
  }

  static bool in_network(const std::string& network, const std::string& text) {
    const size_t slash = network.find('/');
    const int family = network.find(':') != std::string::npos ? AF_INET6 : AF_INET;
    const std::string base = network.substr(0, slash);
    unsigned char a[16] = {};
    unsigned char b[16] = {};
    if (inet_pton(family, base.c_str(), a) != 1 || inet_pton(family, text.c_str(), b) != 1) {
      return false;
    }
    for (int bit = 0; bit < std::stoi(network.substr(slash + 1)); ++bit) {
      if (((a[bit / 8] ^ b[bit / 8]) >> (7 - bit % 8) & 1) != 0) return false;
    }
    return true;
  }

  static bool passes_numeric(json::View terms, json::View value) {
    if (!value.is_number()) return false;
    for (uint32_t i = 0; i + 1 < terms.size(); i += 2) {
      const std::string_view op = terms.at(i).as_string();
      const auto order = json::compare_numbers(value, terms.at(i + 1));
      const bool holds = op == "="    ? order == 0
                         : op == "<"  ? order < 0
                         : op == "<=" ? order <= 0
                         : op == ">"  ? order > 0
                                      : order >= 0;
      if (!holds) return false;
    }
    return true;
  }

  std::vector<Value> values_;
  int arrays_ = 0;
};

}  // namespace hence::filter
