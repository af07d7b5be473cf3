// SPDX-License-Identifier: Apache-2.0
#include "sim/outside.h"

#include "base/hash.h"
#include "json/builder.h"
#include "json/parse.h"

namespace hence::sim {
namespace {

uint64_t hash_of(std::string_view text) { return siphash128({1, 2}, text).low; }

}  // namespace

delivery::HttpAnswer answer_generated(std::string_view url, std::string_view body) {
  const auto asked = json::parse(body.empty() ? url.substr(url.rfind('/') + 1) : body);
  std::optional<json::View> n = asked.ok() ? std::optional<json::View>(*asked) : std::nullopt;
  if (n && n->is_object()) n = n->find("n");
  const int64_t number = n && n->is_number() ? n->as_int64().value_or(1) : 1;
  delivery::HttpAnswer answer;
  answer.status = number % 4 == 3 ? 503 : number % 7 == 5 ? 404 : 200;
  answer.headers = {{"content-type", "application/json"}};
  answer.body = "{\"n\":" + std::to_string((number % 100) + 1) + ",\"ok\":true}";
  return answer;
}

bool is_generated(const delivery::ProcessCall& call) { return call.script || call.command.starts_with("gen "); }

delivery::ProcessAnswer answer_generated(const delivery::ProcessCall& call) {
  std::string given = call.script ? "script" : call.command;  // a script's text is its first argument
  for (const std::string& argument : call.arguments) given += "\n" + argument;
  for (const auto& [name, value] : call.environment) given += "\n" + name + "=" + value;
  const uint64_t hash = hash_of(given + "\n\n" + call.input);
  delivery::ProcessAnswer answer;
  answer.exit_code = hash % 5 == 0 ? 3 : 0;
  answer.output = std::to_string(hash % 50);
  answer.error_output = std::to_string(hash % 7);
  return answer;
}

std::optional<bool> decide_generated(std::string_view title) {
  if (title == kUndecided) return std::nullopt;
  return hash_of(title) % 3 != 0;
}

json::Value event_data(std::string_view type, std::string_view key) {
  const std::string both = std::string(type) + " " + std::string(key);
  json::Builder data;
  data.begin_object().member("k", key).key("n").number(static_cast<int64_t>(hash_of(both) % 50)).end_object();
  return std::move(data).finish();
}

}  // namespace hence::sim
