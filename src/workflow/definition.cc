// SPDX-License-Identifier: Apache-2.0
#include "workflow/definition.h"

#include <array>
#include <charconv>

namespace hence::workflow {
namespace {

/// Takes the text up to the separator off the front.
std::string_view take_field(std::string_view& rest, char separator) {
  const size_t end = rest.find(separator);
  const std::string_view field = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  return field;
}

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// Numbers of any length, without leading zeros.
std::strong_ordering compare_digits(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return a.size() <=> b.size();
  return a.compare(b) <=> 0;
}

std::strong_ordering compare_identifiers(std::string_view a, std::string_view b) {
  const bool a_number = is_number(a), b_number = is_number(b);
  if (a_number && b_number) return compare_digits(a, b);
  if (a_number != b_number) {
    return a_number ? std::strong_ordering::less : std::strong_ordering::greater;
  }
  return a.compare(b) <=> 0;
}

/// Dot-separated identifiers; the longer list is greater where the shorter is its beginning.
std::strong_ordering compare_lists(std::string_view a, std::string_view b) {
  while (!a.empty() && !b.empty()) {
    const auto order = compare_identifiers(take_field(a, '.'), take_field(b, '.'));
    if (order != 0) return order;
  }
  return !a.empty() <=> !b.empty();
}

}  // namespace

std::string_view task_kind_name(TaskKind kind) {
  static constexpr std::array<std::string_view, 22> kNames = {
      "do", "set", "switch", "wait", "raise", "try", "emit", "call http", "run shell", "for",
          "fork",
      "listen", "call openapi", "call grpc", "call asyncapi", "call a2a", "call mcp",
          "call function",
      "run script", "run workflow", "run container", "approval"};
  return kNames.at(static_cast<size_t>(kind));
}

TaskIndex Definition::find_task(std::string_view reference) const {
  for (TaskIndex i = 0; i < tasks.size(); ++i) {
    if (tasks[i].reference == reference) return i;
  }
  return kNone;
}

Result<std::shared_ptr<const Definition>> Compiled::runnable(std::string_view file_name) const {
  if (!faults.empty()) return faults.to_error(file_name);
  if (!unsupported.empty()) return unsupported.to_error(file_name);
  if (!imports.empty()) {
    return Error(ErrorCode::WorkflowInvalid, imports.front().pointer + ": " + imports.front().uri +
                                                 " was not read");
  }
  return definition;
}

bool is_workflow_document(json::View document) {
  if (document.find_path({"document", "dsl"})) return true;
  const bool resource = document.find("apiVersion") || document.find("kind");
  return !resource && (document.find("document") || document.find("do"));
}

std::strong_ordering compare_versions(std::string_view a, std::string_view b) {
  a = a.substr(0, a.find('+'));
  b = b.substr(0, b.find('+'));
  std::string_view a_core = take_field(a, '-'), b_core = take_field(b, '-');
  const auto order = compare_lists(a_core, b_core);
  if (order != 0) return order;
  if (a.empty() != b.empty()) {  // a pre-release comes before its release
    return a.empty() ? std::strong_ordering::greater : std::strong_ordering::less;
  }
  return compare_lists(a, b);
}

}  // namespace hence::workflow
