// SPDX-License-Identifier: Apache-2.0
#pragma once

// A Directory for tests: sinks and secrets in maps.

#include <map>
#include <string>

#include "delivery/directory.h"
#include "json/parse.h"

namespace hence::delivery {

struct TestDirectory : Directory {
  const resource::SinkSpec* find_sink(std::string_view name_space, std::string_view name) override {
    const auto found = sinks.find(std::string(name_space) + "/" + std::string(name));
    return found == sinks.end() ? nullptr : &found->second;
  }
  Result<std::string> read_secret(std::string_view, std::string_view name) override {
    const auto found = secrets.find(std::string(name));
    if (found != secrets.end()) return found->second;
    return Error(ErrorCode::SecretUnavailable, "there is no secret \"" + std::string(name) + "\"");
  }
  Result<std::shared_ptr<const workflow::Definition>> find_workflow(
      const engine::Effect& effect) override {
    if (definition) return definition;
    return Error(ErrorCode::NotFound, "there is no workflow " + effect.workflow);
  }
  Result<std::string> read_file(const std::string& uri) override {
    const auto found = files.find(uri);
    if (found != files.end()) return found->second;
    return Error(ErrorCode::NotFound, "there is no " + uri);
  }
  resource::SinkSpec& sink(const std::string& name) {
    resource::SinkSpec& spec = sinks["default/" + name];
    spec.url = "https://" + name + ".example/hook";
    return spec;
  }

  std::map<std::string, resource::SinkSpec> sinks;
  std::map<std::string, std::string> secrets;
  std::map<std::string, std::string> files;
  std::shared_ptr<const workflow::Definition> definition;
};

/// A delivery of a small event to a sink, numbered n.
inline engine::Effect delivery_of(const std::string& sink, uint64_t n, uint32_t attempt = 1) {
  engine::Effect effect;
  effect.id = {{7, n}, 1};
  effect.kind = engine::EffectKind::deliver;
  effect.name_space = "default";
  effect.attempt = attempt;
  effect.sink = sink;
  effect.event_json =
      json::parse(R"({"specversion":"1.0","id":"e1","source":"/shop","type":"order.created",)"
                  R"("subject":"ä","datacontenttype":"application/json","data":{"total":40.0}})")
          .value();
  return effect;
}

/// The call of the task "ask" of a workflow shop/ask, which reads secrets.
inline engine::Effect deferred_ask() {
  engine::Effect effect;
  effect.id = {{3, 9}, 2};
  effect.kind = engine::EffectKind::call_http;
  effect.name_space = "default";
  effect.deferred = true;
  effect.workflow = "shop/ask";
  effect.request = json::parse(R"({"task":"/do/0/ask","input":{},"variables":{}})").value();
  return effect;
}

}  // namespace hence::delivery
