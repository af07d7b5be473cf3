// SPDX-License-Identifier: Apache-2.0
#include "schema/sameness.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "schema/uri.h"

namespace hence::schema {
namespace {

constexpr size_t kNodesMax = 100'000;

/// The value at a JSON pointer fragment without numbers: "#/$defs/a".
std::optional<json::View> at_pointer(json::View at, std::string_view reference) {
  std::string pointer = percent_decoded(reference.substr(1));
  std::string_view rest = pointer;
  while (!rest.empty()) {
    if (rest[0] != '/' || rest.find('~') != std::string_view::npos) return std::nullopt;
    const size_t end = std::min(rest.find('/', 1), rest.size());
    const auto next = at.find(rest.substr(1, end - 1));
    if (!next) return std::nullopt;
    at = *next;
    rest.remove_prefix(end);
  }
  return at;
}

/// Collects the $refs below a value. False if something there cannot be followed.
bool collect_references(json::View value, std::set<std::string, std::less<>>& found, std::vector<std::string>& fresh) {
  std::vector<json::View> pending{value};
  for (size_t count = 0; !pending.empty(); ++count) {
    if (count > kNodesMax) return false;
    const json::View at = pending.back();
    pending.pop_back();
    if (at.is_array()) {
      for (const json::View element : at.elements()) pending.push_back(element);
    } else if (at.is_object()) {
      for (const auto [key, inner] : at.members()) {
        if (key == "$dynamicRef" || key == "$recursiveRef" || key == "$id" || key == "id") {
          if (inner.is_string()) return false;
        }
        if (key == "$ref" && inner.is_string()) {
          if (inner.as_string().empty() || inner.as_string()[0] != '#') return false;
          if (found.emplace(inner.as_string()).second) fresh.emplace_back(inner.as_string());
        }
        pending.push_back(inner);
      }
    }
  }
  return true;
}

}  // namespace

bool reads_same(const Program& a, const Block& in_a, const Program& b, const Block& in_b) {
  const json::View root_a = a.documents[in_a.document].value, root_b = b.documents[in_b.document].value;
  json::View x = json::View::at_node(root_a.buffer(), in_a.node), y = json::View::at_node(root_b.buffer(), in_b.node);
  std::set<std::string, std::less<>> found;
  std::vector<std::string> pending;
  while (true) {
    if (!json::equal(x, y) || !collect_references(x, found, pending)) return false;
    if (pending.empty()) return true;
    const auto next_x = at_pointer(root_a, pending.back()), next_y = at_pointer(root_b, pending.back());
    pending.pop_back();
    if (!next_x || !next_y) return false;
    x = *next_x;
    y = *next_y;
  }
}

bool same_documents(const Program& a, const Program& b) {
  return std::equal(a.documents.begin(), a.documents.end(), b.documents.begin(), b.documents.end(),
                    [](const ProgramDocument& x, const ProgramDocument& y) {
                      return x.uri == y.uri && json::equal(x.value, y.value);
                    });
}

}  // namespace hence::schema
