// SPDX-License-Identifier: Apache-2.0
#include "workflow/documents.h"

#include "json/builder.h"
#include "json/parse.h"
#include "json/yaml.h"
#include "workflow/openapi.h"

namespace hence::workflow {

namespace {

/// The documents that are here, with the one that came.
OpenapiDocuments documents_with(json::View kept, std::string_view address, json::Value document) {
  OpenapiDocuments all{std::string(address.substr(0, address.find('#'))), {}};
  const std::string came = all.main;
  if (!next_document(kept).empty()) {
    all.main = kept.string_or("main", "");
    for (auto [known, value] : kept.find("documents")->members()) {
      all.by_address.emplace(known, json::Value(value));
    }
  }
  all.by_address.emplace(came, std::move(document));
  return all;
}

/// The operation, or the document that came and the address of the next one.
Result<json::Value> needed_of_openapi(const OpenapiSpec& spec, json::View kept,
                                      std::string_view address, const json::Value& document) {
  const OpenapiDocuments all = documents_with(kept, address, document);
  HENCE_TRY(FoundOperation found, find_operation(all, spec.operation));
  if (found.missing.empty()) return std::move(found.operation);
  size_t bytes = 0;
  for (const auto& [known, value] : all.by_address) bytes += value->to_text().size();
  if (all.by_address.size() >= kOpenapiDocumentsMax || bytes > kOpenapiBytesMax) {
    return Error(ErrorCode::RequestInvalid,
                 "OpenAPI: the references lead to more than " + std::to_string(kOpenapiDocumentsMax) +
                     " documents or " + std::to_string(kOpenapiBytesMax) +
                     " bytes; bundle them into one document");
  }
  json::Builder b;
  b.begin_object().member("main", all.main).member("next", found.missing);
  b.key("documents").begin_object();
  b.member(address.substr(0, address.find('#')), document).end_object().end_object();
  return std::move(b).finish();
}

/// Whatever its content type: many servers give documents as text or bytes. JSON may be larger than YAML.
Result<json::Value> read_description(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first != std::string_view::npos && text[first] == '{') {
    Result<json::Value> value = json::parse(text, {.duplicate_keys = json::DuplicateKeys::last_wins});
    if (value.ok() || text.size() > json::kYamlBytesMax) return value;
  }
  HENCE_TRY(const std::vector<json::YamlDocument> documents, json::parse_yaml(text));
  if (documents.size() == 1) return documents.front().value;
  return Error(ErrorCode::RequestInvalid, "the OpenAPI document is not one document");
}

}  // namespace

std::string_view next_document(json::View kept) {
  return kept.is_object() ? kept.string_or("next", "") : std::string_view();
}

json::Value keep_document(json::View kept, const json::Value& needed) {
  if (next_document(needed).empty() || next_document(kept).empty()) return needed;
  json::Builder b;
  b.begin_object().member("main", kept.string_or("main", "")).member("next", next_document(needed));
  b.key("documents").begin_object();
  for (json::View holder : {kept, needed.view()}) {
    for (auto [address, document] : holder.find("documents")->members()) b.member(address, document);
  }
  b.end_object().end_object();
  return std::move(b).finish();
}

HttpSpec document_at(const HttpSpec& first, std::string_view address) {
  HttpSpec spec = first;
  spec.endpoint = Formula::constant(json::Value::string(address));
  return spec;
}

const HttpSpec* document_of(const Task& task) {
  const auto* api = std::get_if<OpenapiSpec>(&task.spec);
  if (api) return api->document ? &*api->document : nullptr;
  const auto* script = std::get_if<ShellSpec>(&task.spec);
  return script && script->source ? &*script->source : nullptr;
}

Result<json::Value> needed_of_document(const Task& task, const HttpOutcome& answer,
                                       std::string_view address, json::View kept) {
  if (const auto* api = std::get_if<OpenapiSpec>(&task.spec)) {
    HENCE_TRY(const json::Value document, read_description(answer.body));
    return needed_of_openapi(*api, kept, address, document);
  }
  if (task.kind != TaskKind::run_script) {
    return Error(ErrorCode::RequestInvalid, "the task needs no document");
  }
  if (!json::is_utf8(answer.body)) {
    return Error(ErrorCode::RequestInvalid, "the script is no UTF-8 text");
  }
  return json::Value::string(answer.body);
}

}  // namespace hence::workflow
