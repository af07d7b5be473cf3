// SPDX-License-Identifier: Apache-2.0
#include <map>

#include "event/base64.h"
#include "json/builder.h"
#include "json/parse.h"
#include "json/yaml.h"
#include "workflow/errors.h"
#include "workflow/http.h"

namespace hence::workflow {
namespace {

std::string_view header(const HttpOutcome& answer, std::string_view name) {
  for (const auto& [key, value] : answer.headers) {
    if (key == name) return value;
  }
  return {};
}

/// "application/json" of "Application/JSON; charset=utf-8".
std::string media_type(std::string_view content_type) {
  std::string type(content_type.substr(0, content_type.find(';')));
  while (!type.empty() && type.back() == ' ') type.pop_back();
  for (char& c : type) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return type;
}

/// The body as a value: JSON and YAML read, text as text, the rest in base64.
Result<json::Value> read_content(const HttpOutcome& answer) {
  const std::string type = media_type(header(answer, "content-type"));
  if (answer.body.empty()) return json::Value();
  const bool json_type = type == "application/json" || type.ends_with("+json") ||
      type == "text/json";
  const bool yaml_type = type == "application/yaml" || type == "application/x-yaml" ||
                         type == "text/yaml" || type == "text/x-yaml" || type.ends_with("+yaml");
  if (json_type || type.empty()) {
    Result<json::Value> value = json::parse(answer.body,
                                            {.duplicate_keys = json::DuplicateKeys::last_wins});
    if (value.ok() || json_type) return value;
  }
  if (yaml_type) {
    HENCE_TRY(const std::vector<json::YamlDocument> documents, json::parse_yaml(answer.body));
    return documents.empty() ? json::Value() : documents.front().value;
  }
  if ((type.empty() || type.starts_with("text/")) && json::is_utf8(answer.body)) {
    return json::Value::string(answer.body);
  }
  return json::Value::string(event::base64_encode(answer.body));
}

json::Value response_object(const HttpOutcome& answer, json::View echo,
                            const json::Value& content) {
  json::Builder b;
  b.begin_object().member("request", echo);
  b.key("statusCode").number(static_cast<int64_t>(answer.status));
  b.key("headers").begin_object();
  // One member a name, where it first stands, values joined as RFC 9110 section 5.3 does.
  std::vector<std::pair<std::string_view, std::string>> joined;
  std::map<std::string_view, size_t> places;
  for (const auto& [name, value] : answer.headers) {
    const auto [place, is_new] = places.try_emplace(name, joined.size());
    if (is_new) joined.emplace_back(name, std::string());
    std::string& all = joined[place->second].second;
    all += all.empty() ? "" : ", ";
    all += value;
  }
  for (const auto& [name, values] : joined) {
    if (json::is_utf8(values)) b.member(name, values);
  }
  b.end_object().member("content", content).end_object();
  return std::move(b).finish();
}

/// The beginning of a body, for the detail of an error.
std::string excerpt(const std::string& body) {
  constexpr size_t kShown = 200;
  if (body.empty() || !json::is_utf8(body)) return "";
  size_t end = std::min(body.size(), kShown);
  while (end < body.size() && (static_cast<unsigned char>(body[end]) & 0xC0) == 0x80) --end;
  return ": " + body.substr(0, end) + (end < body.size() ? "…" : "");
}

json::Value text_value(const std::string& bytes) {
  return json::Value::string(json::is_utf8(bytes) ? bytes : event::base64_encode(bytes));
}

}  // namespace

json::Value read_http_answer(const HttpSpec& spec, const HttpOutcome& answer, json::View echo,
                             std::string_view reference, std::optional<json::Value>& error) {
  const int32_t above = spec.redirect ? 400 : 300;
  if (answer.status < 200 || answer.status >= above) {
    error = make_error(ErrorType::communication, answer.status, reference,
                       "the HTTP call was answered with status " + std::to_string(answer.status) +
                           excerpt(answer.body));
    return json::Value();
  }
  if (spec.output == HttpOutput::raw) return json::Value::string(event::base64_encode(answer.body));
  const Result<json::Value> content = read_content(answer);
  if (!content.ok()) {
    error = make_error(ErrorType::communication, reference,
                       "the answer is not what its content type says: " +
                           content.error().message());
    return json::Value();
  }
  return spec.output == HttpOutput::content ? *content : response_object(answer, echo, *content);
}

json::Value read_process_answer(const ShellSpec& spec, const ProcessOutcome& answer,
                                std::string_view reference, std::optional<json::Value>& error) {
  const bool code_is_output =
      spec.returns == ProcessReturn::code || spec.returns == ProcessReturn::all;
  if (answer.exit_code != 0 && !code_is_output) {
    error = make_error(ErrorType::runtime, reference,
                       "the process ended with code " + std::to_string(answer.exit_code) +
                           excerpt(answer.error_output));
    return json::Value();
  }
  switch (spec.returns) {
    case ProcessReturn::output: return text_value(answer.output);
    case ProcessReturn::error_output: return text_value(answer.error_output);
    case ProcessReturn::code: return json::Value::number(static_cast<int64_t>(answer.exit_code));
    case ProcessReturn::none: return json::Value();
    case ProcessReturn::all: break;
  }
  json::Builder b;
  b.begin_object().key("code").number(static_cast<int64_t>(answer.exit_code));
  b.member("stdout", text_value(answer.output)).member("stderr", text_value(answer.error_output));
  b.end_object();
  return std::move(b).finish();
}

json::Value read_failure(const CallFailure& failure, bool process, std::string_view reference) {
  switch (failure.code) {
    case ErrorCode::SecretUnavailable:
    case ErrorCode::RunRefused: return make_error(ErrorType::authorization, reference,
                                                  failure.message);
    case ErrorCode::ExpressionFailed:
    case ErrorCode::BudgetExceeded: return make_error(ErrorType::expression, reference,
                                                      failure.message);
    case ErrorCode::Unauthenticated: return make_error(ErrorType::authentication, reference,
                                                       failure.message);
    case ErrorCode::RequestInvalid: return make_error(ErrorType::configuration, reference,
                                                      failure.message);
    default:
      return make_error(process ? ErrorType::runtime : ErrorType::communication, reference,
                        failure.message);
  }
}

}  // namespace hence::workflow
