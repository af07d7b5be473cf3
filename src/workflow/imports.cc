// SPDX-License-Identifier: Apache-2.0
#include "workflow/imports.h"

#include "json/builder.h"
#include "workflow/http.h"

namespace hence::workflow {
namespace {

/// The object with member `key` made by write(old value or null); added at the end if it is new.
template <typename Write>
void write_with(json::View object, std::string_view key, json::Builder& b, const Write& write) {
  bool found = false;
  b.begin_object();
  if (object.is_object()) {
    for (auto [name, value] : object.members()) {
      if (name != key) {
        b.member(name, value);
        continue;
      }
      found = true;
      b.key(key);
      write(value);
    }
  }
  if (!found) {
    b.key(key);
    write(json::View());
  }
  b.end_object();
}

}  // namespace

json::Value mark_secrets(json::View document) {
  json::Builder b;
  write_with(document, "document", b, [&](json::View head) {
    write_with(head, "metadata", b, [&](json::View metadata) {
      write_with(metadata, kSecretsKey, b, [&](json::View) { b.string("anywhere"); });
    });
  });
  return std::move(b).finish();
}

Result<json::Value> build_import_request(const Import& import, json::View secrets, UtcTime now) {
  HttpSpec spec;
  spec.method = Formula::constant(json::Value::string("GET"));
  spec.endpoint = Formula::constant(json::Value::string(import.uri));
  spec.authentication = import.authentication;
  std::vector<json::View> slots(kArgumentCount);
  for (Argument argument : {Argument::secrets, Argument::secret}) {
    slots[static_cast<size_t>(argument)] = secrets;
  }
  return build_http_request(spec, {json::View(), slots, {now}}, secrets);
}

json::Value embed_imports(json::View document, const std::map<std::string, json::Value>& imports) {
  json::Builder b;
  write_with(document, "document", b, [&](json::View head) {
    write_with(head, "metadata", b, [&](json::View metadata) {
      write_with(metadata, kImportsKey, b, [&](json::View known) {
        b.begin_object();
        if (known.is_object()) {
          for (auto [uri, value] : known.members()) {
            if (!imports.contains(std::string(uri))) b.member(uri, value);
          }
        }
        for (const auto& [uri, value] : imports) b.member(uri, value);
        b.end_object();
      });
    });
  });
  return std::move(b).finish();
}

}  // namespace hence::workflow
