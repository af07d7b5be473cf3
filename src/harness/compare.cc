// SPDX-License-Identifier: Apache-2.0
#include "harness/compare.h"

#include <algorithm>

#include "json/builder.h"

namespace hence::harness {
namespace {

constexpr int kDepthMax = 64;

std::string joined(const std::string& path, std::string_view name) {
  return path.empty() ? std::string(name) : path + "." + std::string(name);
}

std::optional<Difference> differ(json::View expected, json::View actual, const std::string& path, int depth) {
  if (depth < kDepthMax && expected.is_object() && actual.is_object()) {
    for (const auto [name, value] : expected.members()) {
      const auto found = actual.find(name);
      if (!found) return Difference{joined(path, name), value.to_text(), "nothing"};
      if (auto difference = differ(value, *found, joined(path, name), depth + 1)) return difference;
    }
    return std::nullopt;
  }
  if (depth < kDepthMax && expected.is_array() && actual.is_array() && expected.size() == actual.size()) {
    size_t index = 0;
    auto item = actual.elements().begin();
    for (const json::View value : expected.elements()) {
      if (auto difference = differ(value, *item, path + "[" + std::to_string(index++) + "]", depth + 1)) return difference;
      ++item;
    }
    return std::nullopt;
  }
  if (json::equal(expected, actual)) return std::nullopt;
  return Difference{path, expected.to_text(), actual.to_text()};
}

void build_projection(json::View actual, json::View expected, json::Builder& out, int depth) {
  if (depth >= kDepthMax || !actual.is_object() || !expected.is_object()) {
    out.value(actual);
    return;
  }
  out.begin_object();
  for (const auto [name, value] : expected.members()) {
    const auto found = actual.find(name);
    if (!found) continue;
    out.key(name);
    build_projection(*found, value, out, depth + 1);
  }
  out.end_object();
}

/// One try to give expected[index] an actual item, moving others where that helps.
bool place(size_t index, const std::vector<std::vector<size_t>>& fits, std::vector<std::optional<size_t>>& owner,
           std::vector<bool>& tried, int depth) {
  if (depth > 1000) return false;
  for (const size_t candidate : fits[index]) {
    if (tried[candidate]) continue;
    tried[candidate] = true;
    if (!owner[candidate] || place(*owner[candidate], fits, owner, tried, depth + 1)) {
      owner[candidate] = index;
      return true;
    }
  }
  return false;
}

}  // namespace

std::optional<Difference> find_difference(json::View expected, json::View actual) {
  return differ(expected, actual, "", 0);
}

std::vector<size_t> unmatched(const std::vector<json::View>& expected, const std::vector<json::View>& actual) {
  std::vector<std::vector<size_t>> fits(expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    for (size_t j = 0; j < actual.size(); ++j) {
      if (!find_difference(expected[i], actual[j])) fits[i].push_back(j);
    }
  }
  std::vector<std::optional<size_t>> owner(actual.size());
  std::vector<size_t> left;
  for (size_t i = 0; i < expected.size(); ++i) {
    std::vector<bool> tried(actual.size(), false);
    if (!place(i, fits, owner, tried, 0)) left.push_back(i);
  }
  return left;
}

json::Value project(json::View actual, json::View expected) {
  json::Builder out;
  build_projection(actual, expected, out, 0);
  return std::move(out).finish();
}

}  // namespace hence::harness
