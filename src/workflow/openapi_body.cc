// SPDX-License-Identifier: Apache-2.0
#include "workflow/openapi_body.h"

#include <algorithm>
#include <set>

#include "workflow/multipart.h"

namespace hence::workflow {
namespace {

constexpr int kSchemaDepthMax = 8;  ///< allOf in allOf, and the like
constexpr size_t kTypesMax = 7;     ///< those of JSON Schema, in a list of them
constexpr std::string_view kForm = "application/x-www-form-urlencoded";

bool is_json_type(std::string_view type) {
  type = type.substr(0, type.find(';'));
  return type == "application/json" || type.ends_with("+json") || type == "*/*";
}

bool is_true(std::optional<json::View> value) {
  return value && value->is_bool() && value->as_bool();
}

/// Begins `body`; what it has besides comes before its end_object().
Status begin_body(std::string_view type, bool required, std::string_view name, json::Builder& b) {
  if (type.starts_with("multipart/") && !is_form_data(type)) {
    return openapi_error("bodies of type " + std::string(type) + " are not supported; of several " +
                         "parts, " + std::string(kFormData) + " is");
  }
  b.key("body").begin_object();
  b.member("type", type == "*/*" ? "application/json" : type).key("required").boolean(required);
  b.member("name", name);
  return {};
}

/// How a property of the schema is sent as a part.
struct PartForm {
  bool file = false;
  std::string_view type;      ///< content type; empty: as the value is
  std::string_view encoding;  ///< contentEncoding: the value is in it already
};

void write_part(std::string_view name, bool required, const PartForm& form, json::Builder& b) {
  b.begin_object().member("name", name).key("required").boolean(required);
  b.key("file").boolean(form.file);
  if (!form.type.empty()) b.member("type", form.type);
  if (!form.encoding.empty()) b.member("encoding", form.encoding);
  b.end_object();
}

/// The type of a schema, of several (3.1) the first that is not null; empty where none is said.
std::string_view type_of(const Place& schema) {
  const auto type = schema.find("type");
  if (!type) return {};
  if (type->value.is_string()) return type->value.as_string();
  if (!type->value.is_array()) return {};
  size_t seen = 0;
  for (json::View one : type->value.elements()) {
    if (one.is_string() && one.as_string() != "null") return one.as_string();
    if (++seen == kTypesMax) break;
  }
  return {};
}

/// The schema that says what the value is: behind references, the first choice that is not null, and
/// of an array that of its items, each of which is a part.
Result<Place> value_schema(References& references, Place schema) {
  for (int depth = 0; depth < kSchemaDepthMax; ++depth) {
    HENCE_TRY(schema, references.resolve(schema));
    std::optional<Place> next;
    if (type_of(schema) == "array") next = schema.find("items");
    for (std::string_view key : {"anyOf", "oneOf", "allOf"}) {
      const auto choices = type_of(schema).empty() ? schema.find(key) : std::nullopt;
      if (next || !choices || !choices->value.is_array()) continue;
      for (json::View choice : choices->value.elements()) {
        HENCE_TRY_VOID(references.visit());
        if (choice.string_or("type", "") == "null") continue;
        next = Place{choice, choices->document};
        break;
      }
    }
    if (!next || !next->value.is_object()) return schema;
    schema = *next;
  }
  return schema;
}

/// The first media type of a list that is no pattern; empty if there is none.
std::string_view concrete_type(std::string_view list) {
  while (!list.empty()) {
    std::string_view one = list.substr(0, list.find(','));
    list.remove_prefix(std::min(one.size() + 1, list.size()));
    while (one.starts_with(' ')) one.remove_prefix(1);
    while (one.ends_with(' ')) one.remove_suffix(1);
    if (!one.empty() && one.find('*') == std::string_view::npos) return one;
  }
  return {};
}

/// What the schema alone says: the specification's table of default content types.
PartForm form_of(const Place& schema, bool version_3_1) {
  PartForm form;
  const json::View value = schema.value;
  if (!value.is_object()) return form;
  const std::string_view type = type_of(schema), format = value.string_or("format", "");
  form.encoding = value.string_or("contentEncoding", "");
  if (type == "string" && format == "base64") form.encoding = format;  // 3.0's word for the same
  form.type = value.string_or("contentMediaType", "");
  form.file = !form.encoding.empty() || !form.type.empty() || (type == "string" && format == "binary");
  if (type.empty() && version_3_1 && !form.file) {
    constexpr std::string_view kOthers[] = {"enum", "const", "properties", "items"};
    form.file = std::none_of(std::begin(kOthers), std::end(kOthers),
                             [&](std::string_view key) { return value.find(key).has_value(); });
  }
  if (form.file && form.type.empty()) form.type = kBytesType;
  return form;
}

/// What `encoding` of the media type says of the part.
Status apply_encoding(References& references, const Place& media, std::string_view name,
                      bool version_3_1, PartForm& form) {
  const auto all = media.find("encoding");
  const auto encoding = all ? all->find(name) : std::nullopt;
  if (!encoding) return {};
  const std::string_view types = encoding->value.string_or("contentType", "");
  HENCE_TRY_VOID(references.visit(types.size() / kOpenapiVisitSize));
  const std::string_view type = concrete_type(types);
  if (!type.empty()) form.type = type;
  // Before 3.1 they are for forms of one part alone, and to be ignored here.
  if (version_3_1 && (encoding->find("style") || encoding->find("explode"))) {
    return openapi_error("`style` and `explode` of the part \"" + std::string(name) + "\" are not supported");
  }
  const auto headers = encoding->find("headers");
  if (!headers || !headers->value.is_object()) return {};
  for (auto [header, value] : headers->value.members()) {
    HENCE_TRY_VOID(references.visit());
    HENCE_TRY(const Place declared, references.resolve({value, headers->document}));
    if (!declared.value.is_object() || !is_true(declared.value.find("required"))) continue;
    return openapi_error("the part \"" + std::string(name) + "\" needs the header " +
                         std::string(header) + "; headers of parts are not supported");
  }
  return {};
}

struct Properties {
  std::vector<std::pair<std::string_view, Place>> all;
  std::set<std::string_view> required;
};

/// The properties of an object's schema and of those it has in `allOf`.
Status collect(References& references, const Place& written, int depth, Properties& found) {
  HENCE_TRY_VOID(references.visit());
  HENCE_TRY(const Place schema, references.resolve(written));
  if (const auto properties = schema.find("properties"); properties && properties->value.is_object()) {
    for (auto [name, value] : properties->value.members()) {
      HENCE_TRY_VOID(references.visit(1 + name.size() / kOpenapiVisitSize));
      found.all.emplace_back(name, Place{value, properties->document});
    }
  }
  if (const auto required = schema.find("required"); required && required->value.is_array()) {
    for (json::View name : required->value.elements()) {
      HENCE_TRY_VOID(references.visit());
      if (name.is_string()) found.required.insert(name.as_string());
    }
  }
  const auto parents = schema.find("allOf");
  if (!parents || !parents->value.is_array()) return {};
  if (depth == kSchemaDepthMax) return openapi_error("the form's schema is too deep in `allOf`");
  for (json::View parent : parents->value.elements()) {
    HENCE_TRY_VOID(collect(references, {parent, parents->document}, depth + 1, found));
  }
  return {};
}

Status write_parts(References& references, const Place& media, json::Builder& b) {
  const bool version_3_1 = !references.root().value.string_or("openapi", "").starts_with("3.0");
  Properties properties;
  if (const auto schema = media.find("schema")) {
    HENCE_TRY_VOID(collect(references, *schema, 0, properties));
  }
  b.key("parts").begin_array();
  for (const auto& [name, property] : properties.all) {
    HENCE_TRY(const Place schema, value_schema(references, property));
    PartForm form = form_of(schema, version_3_1);
    HENCE_TRY_VOID(apply_encoding(references, media, name, version_3_1, form));
    HENCE_TRY_VOID(references.visit((form.type.size() + form.encoding.size()) / kOpenapiVisitSize));
    write_part(name, properties.required.contains(name), form, b);
  }
  b.end_array();
  return {};
}

/// JSON where that is a choice, else the first type that can be sent.
std::string_view choose_type(const std::optional<Place>& content) {
  if (!content || !content->value.is_object()) return "application/json";
  std::vector<std::string_view> types;
  for (auto [name, media] : content->value.members()) types.push_back(name);
  if (types.empty()) return "application/json";
  const auto first = [&](const auto& wanted) { return std::find_if(types.begin(), types.end(), wanted); };
  auto chosen = first(is_json_type);
  if (chosen == types.end()) {
    chosen = first([](std::string_view type) { return !type.starts_with("multipart/") || is_form_data(type); });
  }
  return chosen == types.end() ? types.front() : *chosen;
}

/// Whether a form is sent in parts: a file needs it, else what `consumes` says.
bool in_parts(const std::vector<std::string_view>& consumes, bool has_file) {
  const bool parts = std::any_of(consumes.begin(), consumes.end(), is_form_data);
  return has_file || (parts && std::find(consumes.begin(), consumes.end(), kForm) == consumes.end());
}

}  // namespace

Status write_request_body(References& references, const Place& operation, json::Builder& b) {
  const auto given = operation.find("requestBody");
  if (!given) return {};
  HENCE_TRY(const Place body, references.resolve(*given));
  const std::optional<Place> content = body.find("content");
  const std::string_view type = choose_type(content);
  HENCE_TRY_VOID(begin_body(type, is_true(body.value.find("required")), "body", b));
  if (is_form_data(type)) HENCE_TRY_VOID(write_parts(references, *content->find(type), b));
  b.end_object();
  return {};
}

Status write_swagger_body(json::View document, json::View operation,
                          const std::vector<Place>& parameters, json::Builder& b) {
  std::vector<std::string_view> consumes;
  for (json::View holder : {document, operation}) {
    const auto given = holder.find("consumes");
    if (!given || !given->is_array() || given->size() == 0) continue;
    consumes.clear();
    for (json::View one : given->elements()) {
      if (one.is_string()) consumes.push_back(one.as_string());
    }
  }
  std::vector<json::View> form;
  bool has_file = false;
  for (const Place& place : parameters) {
    const json::View parameter = place.value;
    const std::string_view in = parameter.string_or("in", "");
    if (in == "formData") {
      form.push_back(parameter);
      has_file = has_file || parameter.string_or("type", "") == "file";
    }
    if (in != "body") continue;
    const auto json_type = std::find_if(consumes.begin(), consumes.end(), is_json_type);
    const std::string_view first = consumes.empty() ? "application/json" : consumes.front();
    HENCE_TRY_VOID(begin_body(json_type == consumes.end() ? first : *json_type,
                              is_true(parameter.find("required")),
                              parameter.string_or("name", "body"), b));
    b.end_object();
    return {};
  }
  if (form.empty()) return {};
  const bool parts = in_parts(consumes, has_file);
  HENCE_TRY_VOID(begin_body(parts ? kFormData : kForm, false, "", b));
  if (parts) {
    b.key("parts").begin_array();
    for (json::View parameter : form) {
      const bool file = parameter.string_or("type", "") == "file";
      write_part(parameter.string_or("name", ""), false, {file, file ? kBytesType : "", ""}, b);
    }
    b.end_array();
  }
  b.end_object();
  return {};
}

}  // namespace hence::workflow
