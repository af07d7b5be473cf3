// SPDX-License-Identifier: Apache-2.0
#include "api/problem.h"

#include "json/utf8.h"
#include "json/write.h"

namespace hence::api {

std::string json_text(std::string_view text) {
  std::string out;
  json::write_string(text, out);
  return out;
}

HttpResponse problem(const Error& error, std::string_view request_id,
                     const ProblemMembers& members, int status) {
  const ErrorInfo& info = error_info(error.code());
  HttpResponse response;
  response.status = status != 0 ? status : info.http_status;
  response.header("content-type", "application/problem+json");
  if (info.kind == ErrorClass::retry) response.header("retry-after", "1");

  std::string& body = response.body;
  body.reserve(256 + error.message().size());
  body += "{\"type\":\"urn:hence:error:";
  body += info.slug;
  body += "\",\"title\":";
  json::write_string(info.title, body);
  body += ",\"status\":" + std::to_string(response.status);
  body += ",\"detail\":";
  json::write_string(json::replace_invalid_utf8(error.message()), body);  // it may quote what came
  body += ",\"code\":";
  json::write_string(info.name, body);
  body += ",\"request_id\":";
  json::write_string(request_id, body);
  for (const auto& [name, value] : members) {
    body += ',';
    json::write_string(name, body);
    body += ':';
    body += value;
  }
  body += "}\n";
  return response;
}

}  // namespace hence::api
