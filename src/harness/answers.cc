// SPDX-License-Identifier: Apache-2.0
#include "harness/answers.h"

#include "workflow/faults.h"

namespace hence::harness {
namespace {

Error invalid(std::string message) { return Error(ErrorCode::RequestInvalid, std::move(message)); }

std::string text_of(json::View value) {
  return value.is_string() ? std::string(value.as_string()) : value.to_text();
}

Status check_keys(json::View object, std::span<const std::string_view> known) {
  for (const auto [name, value] : object.members()) {
    bool found = false;
    for (const std::string_view word : known) found = found || word == name;
    if (!found) return invalid("unknown key \"" + std::string(name) + "\" in an answer" + workflow::suggestion(name, known));
  }
  return {};
}

/// The error an answer says instead of one; nothing if it says none.
Result<std::optional<Error>> read_error(json::View object) {
  const auto given = object.find("error");
  if (!given) return std::optional<Error>();
  const std::string_view word = given->is_string() ? given->as_string() : std::string_view();
  if (object.size() > 1) return invalid("an answer with error has nothing else");
  if (word == "refused") return std::optional(Error(ErrorCode::Unreachable, "connection refused"));
  if (word == "timeout") return std::optional(Error(ErrorCode::CallFailed, "no answer within the timeout"));
  return invalid("error is refused or timeout, not " + given->to_text());
}

Result<Result<delivery::HttpAnswer>> read_http(json::View item) {
  static constexpr std::string_view kKnown[] = {"status", "headers", "body", "error"};
  if (item.is_number()) {
    const auto status = item.as_int64();
    if (!status || *status < 100 || *status > 599) return invalid("a status is between 100 and 599, not " + item.to_text());
    return Result<delivery::HttpAnswer>(delivery::HttpAnswer{static_cast<int>(*status), {}, {}});
  }
  if (!item.is_object()) return invalid("an answer is a status or {status, headers, body} or {error}, not " + item.to_text());
  HENCE_TRY_VOID(check_keys(item, kKnown));
  HENCE_TRY(const auto error, read_error(item));
  if (error) return Result<delivery::HttpAnswer>(*error);
  delivery::HttpAnswer answer;
  answer.status = 200;
  if (const auto status = item.find("status")) {
    HENCE_TRY(auto plain, read_http(*status));
    if (!status->is_number() || !plain.ok()) return invalid("status is a number");
    answer.status = plain->status;
  }
  if (const auto headers = item.find("headers")) {
    if (!headers->is_object()) return invalid("headers is an object of names and values");
    for (const auto [name, value] : headers->members()) {
      std::string lower(name);
      for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
      answer.headers.emplace_back(std::move(lower), text_of(value));
    }
  }
  if (const auto body = item.find("body")) {
    answer.body = text_of(*body);
    bool typed = body->is_string();
    for (const auto& [name, value] : answer.headers) typed = typed || name == "content-type";
    if (!typed) answer.headers.emplace_back("content-type", "application/json");
  }
  return Result<delivery::HttpAnswer>(std::move(answer));
}

Result<Result<delivery::ProcessAnswer>> read_process(json::View item) {
  static constexpr std::string_view kKnown[] = {"code", "stdout", "stderr", "error"};
  const auto code_of = [](json::View value) -> Result<int> {
    const auto code = value.is_number() ? value.as_int64() : std::nullopt;
    if (!code || *code < 0 || *code > 255) return invalid("an exit code is between 0 and 255, not " + value.to_text());
    return static_cast<int>(*code);
  };
  delivery::ProcessAnswer answer;
  if (item.is_number()) {
    HENCE_TRY(answer.exit_code, code_of(item));
    return Result<delivery::ProcessAnswer>(std::move(answer));
  }
  if (!item.is_object()) return invalid("an answer is an exit code or {code, stdout, stderr} or {error}, not " + item.to_text());
  HENCE_TRY_VOID(check_keys(item, kKnown));
  HENCE_TRY(const auto error, read_error(item));
  if (error) return Result<delivery::ProcessAnswer>(*error);
  if (const auto code = item.find("code")) {
    HENCE_TRY(answer.exit_code, code_of(*code));
  }
  if (const auto output = item.find("stdout")) answer.output = text_of(*output);
  if (const auto output = item.find("stderr")) answer.error_output = text_of(*output);
  return Result<delivery::ProcessAnswer>(std::move(answer));
}

}  // namespace

Result<std::vector<Result<delivery::HttpAnswer>>> read_http_answers(json::View list) {
  std::vector<Result<delivery::HttpAnswer>> answers;
  for (const json::View item : list.elements()) {
    HENCE_TRY(auto answer, read_http(item));
    answers.push_back(std::move(answer));
  }
  return answers;
}

Result<std::vector<Result<delivery::ProcessAnswer>>> read_process_answers(json::View list) {
  std::vector<Result<delivery::ProcessAnswer>> answers;
  for (const json::View item : list.elements()) {
    HENCE_TRY(auto answer, read_process(item));
    answers.push_back(std::move(answer));
  }
  return answers;
}

}  // namespace hence::harness
