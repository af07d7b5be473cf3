// SPDX-License-Identifier: Apache-2.0
#include "cli/client.h"

#include "json/parse.h"

namespace hence::cli {
namespace {

constexpr uint32_t kListLimitMax = 1000;

/// The code of an error by the name the server gives it.
std::optional<ErrorCode> code_of(std::string_view name) {
#define HENCE_ERROR(row, number, slug, kind, http_status, title) \
  if (name == #row) return ErrorCode::row;
#include "base/error_codes.def"
#undef HENCE_ERROR
  return std::nullopt;
}

ErrorCode code_of_status(int status) {
  switch (status) {
    case 400: return ErrorCode::RequestInvalid;
    case 401: return ErrorCode::Unauthenticated;
    case 403: return ErrorCode::Forbidden;
    case 404: return ErrorCode::NotFound;
    case 405: return ErrorCode::MethodNotAllowed;
    case 413: return ErrorCode::TooLarge;
    case 429: return ErrorCode::RateLimited;
    case 502:
    case 503:
    case 504: return ErrorCode::Overloaded;
    default: return status >= 500 ? ErrorCode::Internal : ErrorCode::Conflict;
  }
}

Result<std::string> absolute_time(std::string_view flag, const std::string& text, UtcTime now) {
  if (text.empty()) return std::string();
  if (const Result<UtcTime> time = parse_rfc3339(text); time.ok()) return format_rfc3339(*time);
  if (const Result<Duration> ago = parse_duration(text); ago.ok())
    return format_rfc3339(now - *ago);
  return Error(ErrorCode::TimeInvalid,
               std::string(flag) + " \"" + text +
                   "\" is no time; write 10m for ten minutes ago, or 2026-04-28T18:00:00Z");
}

}  // namespace

Result<UrlQuery> list_query(const ListFlags& flags, UtcTime now) {
  if (flags.limit == 0 || flags.limit > kListLimitMax) {
    return Error(ErrorCode::RequestInvalid, "--limit is 1 to 1000; go on with --cursor for more");
  }
  HENCE_TRY(std::string since, absolute_time("--since", flags.since, now));
  HENCE_TRY(std::string until, absolute_time("--until", flags.until, now));
  return UrlQuery{{"limit", std::to_string(flags.limit)},
                  {"since", std::move(since)},
                  {"until", std::move(until)},
                  {"cursor", flags.cursor}};
}

Client::Client(ServerFlags server) : server_(std::move(server)) {
  if (server_.address.find("://") == std::string::npos)
    server_.address = "http://" + server_.address;
  while (server_.address.ends_with('/')) server_.address.pop_back();
}

HttpAsk Client::ask(std::string method, std::string_view path, const UrlQuery& query) const {
  HttpAsk ask;
  ask.method = std::move(method);
  ask.url =
      server_.address + "/api/v1/namespaces/" + url_escape(server_.name_space) + std::string(path);
  char separator = '?';
  for (const auto& [name, value] : query) {
    if (value.empty()) continue;
    ask.url += separator + std::string(name) + "=" + url_escape(value);
    separator = '&';
  }
  if (!server_.token.empty()) ask.headers.emplace_back("Authorization", "Bearer " + server_.token);
  return ask;
}

Result<HttpReply> Client::send(std::string method, std::string_view path, const UrlQuery& query,
                               std::string content_type, std::string body, Duration timeout) const {
  HttpAsk request = ask(std::move(method), path, query);
  if (!content_type.empty()) request.headers.emplace_back("Content-Type", std::move(content_type));
  request.body = std::move(body);
  request.timeout = timeout;
  return http_call(request);
}

Result<json::Value> Client::get(std::string_view path, const UrlQuery& query) const {
  HENCE_TRY(const HttpReply reply, send("GET", path, query, "", ""));
  return read_reply(reply);
}

Result<json::Value> Client::post(std::string_view path, const json::Value& body,
                                 Duration timeout) const {
  HENCE_TRY(const HttpReply reply,
            send("POST", path, {}, "application/json", body->to_text(), timeout));
  return read_reply(reply);
}

Result<json::Value> Client::remove(std::string_view path) const {
  HENCE_TRY(const HttpReply reply, send("DELETE", path, {}, "", ""));
  return read_reply(reply);
}

Result<HttpReply> Client::stream(std::string_view path, const UrlQuery& query,
                                 std::string_view last_id,
                                 const std::function<bool(std::string_view)>& take) const {
  HttpAsk request = ask("GET", path, query);
  request.headers.emplace_back("Accept", "text/event-stream");
  if (!last_id.empty()) request.headers.emplace_back("Last-Event-ID", last_id);
  return http_stream(request, take);
}

Error problem_error(const HttpReply& reply) {
  const Result<json::Value> problem = json::parse(reply.body);
  if (!problem.ok() || !(*problem)->is_object()) {
    return Error(code_of_status(reply.status),
                 "the server answered " + std::to_string(reply.status) +
                     " without a reason; is that address a Hence server?");
  }
  const ErrorCode code =
      code_of((*problem)->string_or("code", "")).value_or(code_of_status(reply.status));
  std::string text(
      (*problem)->string_or("detail", (*problem)->string_or("title", "the server refused")));
  // One fault is in the sentence already.
  if (const auto errors = (*problem)->find("errors"); errors && errors->is_array() && errors->size() > 1) {
    for (const json::View error : errors->elements()) text += "\n  " + std::string(error.string_or("message", ""));
  }
  return Error(code, std::move(text));
}

Result<json::Value> read_reply(const HttpReply& reply) {
  if (reply.status < 200 || reply.status > 299) return problem_error(reply);
  if (reply.body.empty()) return json::Value();
  Result<json::Value> value = json::parse(
      reply.body, {.depth_max = 1'000, .duplicate_keys = json::DuplicateKeys::last_wins});
  if (!value.ok()) {
    return Error(ErrorCode::Unreachable,
                 "what answers at that address is no Hence server: its answer is not JSON");
  }
  return value;
}

std::string path_escape(std::string_view name) {
  std::string path;
  while (true) {
    const size_t slash = name.find('/');
    path += url_escape(name.substr(0, slash));
    if (slash == std::string_view::npos) return path;
    path += '/';
    name.remove_prefix(slash + 1);
  }
}

}  // namespace hence::cli
