// SPDX-License-Identifier: Apache-2.0
#include "workflow/errors.h"

#include <array>
#include <span>

#include "json/builder.h"

namespace hence::workflow {
namespace {

struct Row {
  std::string_view name;
  int64_t status;
  std::string_view title;
};
constexpr std::array<Row, 8> kRows = {{
    {"configuration", 400, "Configuration Error"},
    {"validation", 400, "Validation Error"},
    {"expression", 400, "Expression Error"},
    {"authentication", 401, "Authentication Error"},
    {"authorization", 403, "Authorization Error"},
    {"timeout", 408, "Timeout Error"},
    {"communication", 500, "Communication Error"},
    {"runtime", 500, "Runtime Error"},
}};

// Former releases and other runtimes: "https://https://" is a typing error of the specification's.
constexpr std::string_view kHosts[] = {"open-workflow-specification.org",
                                       "serverlessworkflow.io.io",
                                       "serverlessworkflow.io"};
constexpr std::string_view kPaths[] = {"/spec/1.0.0/errors/", "/dsl/errors/types/"};

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

bool take_any(std::string_view& text, std::span<const std::string_view> prefixes) {
  for (std::string_view prefix : prefixes) {
    if (take_prefix(text, prefix)) return true;
  }
  return false;
}

}  // namespace

ErrorType type_of_failure(const Error& error) {
  return error.code() == ErrorCode::SecretUnavailable ? ErrorType::authorization : ErrorType::expression;
}

json::Value make_error(ErrorType type, std::string_view instance, std::string_view detail) {
  return make_error(type, kRows.at(static_cast<size_t>(type)).status, instance, detail);
}

json::Value make_error(ErrorType type, int64_t status, std::string_view instance,
                       std::string_view detail) {
  const Row& row = kRows.at(static_cast<size_t>(type));
  json::Builder b;
  b.begin_object();
  b.member("type", std::string(kErrorTypeBase).append(row.name));
  b.key("status").number(status);
  b.member("instance", instance).member("title", row.title).member("detail", detail);
  b.end_object();
  return std::move(b).finish();
}

json::Value with_details(const json::Value& error) {
  const auto detail = error->find("detail");
  if (!detail || error->find("details")) return error;
  json::Builder b;
  b.begin_object();
  for (auto [key, value] : error->members()) b.member(key, value);
  b.member("details", *detail).end_object();
  return std::move(b).finish();
}

std::string describe_misfit(const schema::Schema& schema, json::View value,
                            std::string_view what) {
  constexpr size_t kShown = 3;
  std::string text = std::string(what) + " does not fit its schema: ";
  const std::vector<schema::Fault> faults = schema.faults(value, kShown + 1);
  for (size_t i = 0; i < faults.size() && i < kShown; ++i) {
    text += (i > 0 ? "; " : "") + faults[i].message;
  }
  return faults.size() > kShown ? text + "; and more" : text;
}

std::string normal_error_type(std::string_view type) {
  std::string_view rest = type;
  if (!take_prefix(rest, "https://") && !take_prefix(rest, "http://")) return std::string(type);
  take_prefix(rest, "https://");
  if (!take_any(rest, kHosts) || !take_any(rest, kPaths)) return std::string(type);
  for (const Row& row : kRows) {
    if (rest == row.name) return std::string(rest);
  }
  return std::string(type);
}

}  // namespace hence::workflow
