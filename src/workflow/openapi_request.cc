// SPDX-License-Identifier: Apache-2.0
// The parameters of a call as path, query, headers, cookie and body (OpenAPI 3, "Style Values").

#include <set>

#include "json/builder.h"
#include "workflow/faults.h"
#include "workflow/http_parts.h"
#include "workflow/multipart.h"
#include "workflow/openapi.h"

namespace hence::workflow {
namespace {

Error invalid(std::string message) {
  return Error(ErrorCode::RequestInvalid, "OpenAPI: " + std::move(message));
}

std::string scalar(json::View value) {
  return value.is_string() ? std::string(value.as_string()) : value.to_text();
}

std::string encoded(std::string_view text) {
  std::string out;
  append_percent_encoded(text, out);
  return out;
}

/// One parameter as the operation declares it.
struct Parameter {
  std::string_view name, in, style;
  bool required = false, explode = false;
};

/// The items of a list, or names and values of an object, each encoded where the place needs it.
std::vector<std::string> parts_of(json::View value, bool pairs, bool encode) {
  const auto text = [&](std::string_view one) { return encode ? encoded(one) : std::string(one); };
  std::vector<std::string> parts;
  if (value.is_array()) {
    for (json::View item : value.elements()) parts.push_back(text(scalar(item)));
  } else if (value.is_object()) {
    for (auto [name, member] : value.members()) {
      if (pairs) {
        parts.push_back(text(name) + "=" + text(scalar(member)));
      } else {
        parts.push_back(text(name));
        parts.push_back(text(scalar(member)));
      }
    }
  } else {
    parts.push_back(text(scalar(value)));
  }
  return parts;
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string text;
  for (size_t i = 0; i < parts.size(); ++i) text += (i > 0 ? std::string(separator) : "") + parts[i];
  return text;
}

std::string path_text(const Parameter& parameter, json::View value) {
  const bool exploded = parameter.explode && value.is_object();
  const std::vector<std::string> parts = parts_of(value, exploded, true);
  if (parameter.style == "json") return encoded(value.to_text());
  if (parameter.style == "label") return "." + join(parts, parameter.explode ? "." : ",");
  if (parameter.style == "matrix") {
    const std::string name = encoded(parameter.name);
    if (!parameter.explode || !(value.is_array() || value.is_object())) {
      return ";" + name + "=" + join(parts, ",");
    }
    const std::string lead = value.is_array() ? ";" + name + "=" : ";";
    return lead + join(parts, lead);
  }
  return join(parts, ",");
}

std::string_view separator_of(std::string_view style) {
  if (style == "spaceDelimited") return " ";
  if (style == "pipeDelimited") return "|";
  if (style == "tabDelimited") return "\t";
  return ",";
}

/// "a=1&a=2", without a leading ? or &; also for forms and cookies.
std::string query_text(const Parameter& parameter, json::View value) {
  const std::string name = encoded(parameter.name);
  const bool nested = value.is_array() || value.is_object();
  if (parameter.style == "json") return name + "=" + encoded(value.to_text());
  if (parameter.style == "deepObject" && value.is_object()) {
    std::vector<std::string> pairs;
    for (auto [key, member] : value.members()) {
      pairs.push_back(name + "%5B" + encoded(key) + "%5D=" + encoded(scalar(member)));
    }
    return join(pairs, "&");
  }
  const std::vector<std::string> parts = parts_of(value, parameter.explode, true);
  if (parameter.explode && value.is_object()) return join(parts, "&");
  if (parameter.explode && nested) return name + "=" + join(parts, "&" + name + "=");
  const std::string_view separator = separator_of(parameter.style);
  return name + "=" + join(parts, separator == "," ? "," : encoded(separator));
}

/// Builds one request.
class Call {
 public:
  Call(json::View operation, json::View given) : operation_(operation), given_(given) {
    draft_.method = operation.string_or("method", "GET");
    draft_.uri = operation.string_or("url", "");
    const auto body = operation.find("body");
    in_parts_ = body && is_form_data(body->string_or("type", ""));
    fields_.begin_object();
  }

  Status build() {
    if (!given_.is_null() && !given_.is_object()) {
      return Error(ErrorCode::ExpressionFailed,
                   "parameters: expected an object, got " +
                       std::string(json::type_name(given_.type())));
    }
    for (json::View declared : operation_.find("parameters")->elements()) {
      const Parameter parameter{declared.string_or("name", ""), declared.string_or("in", ""),
                                declared.string_or("style", ""),
                                declared.find("required")->as_bool(),
                                declared.find("explode")->as_bool()};
      known_.push_back(parameter.name);
      HENCE_TRY_VOID(put(parameter));
    }
    if (!query_.empty()) {
      draft_.uri += (draft_.uri.find('?') == std::string::npos ? "?" : "&") + query_;
    }
    if (!cookie_.empty()) draft_.headers.emplace_back("cookie", cookie_);
    return put_body();
  }
  HttpDraft take() { return std::move(draft_); }

 private:
  Status put(const Parameter& parameter) {
    const auto value = given_.is_object() ? given_.find(parameter.name) : std::nullopt;
    if (!value || value->is_null()) {
      if (!parameter.required) return {};
      return invalid("the parameter \"" + std::string(parameter.name) + "\" is required");
    }
    if (parameter.in == "path") return put_path(parameter, *value);
    if (parameter.in == "query") {
      query_ += (query_.empty() ? "" : "&") + query_text(parameter, *value);
    } else if (parameter.in == "formData") {
      put_field(parameter, *value);
    } else if (parameter.in == "cookie") {
      cookie_ += (cookie_.empty() ? "" : "; ") + query_text(parameter, *value);
    } else if (parameter.in == "header") {
      return put_header(parameter, *value);
    }
    return {};
  }

  void put_field(const Parameter& parameter, json::View value) {
    has_fields_ = true;
    if (!in_parts_) {
      form_ += (form_.empty() ? "" : "&") + query_text(parameter, value);
    } else if (value.is_array() && !parameter.explode) {
      fields_.member(parameter.name, join(parts_of(value, false, false), separator_of(parameter.style)));
    } else {
      fields_.member(parameter.name, value);
    }
  }

  /// An empty segment, "." and ".." make another path, which may be that of another operation.
  Status put_path(const Parameter& parameter, json::View value) {
    const std::string place = "{" + std::string(parameter.name) + "}";
    const std::string text = path_text(parameter, value);
    size_t at = draft_.uri.find(place);
    if (at != std::string::npos && text.empty()) {
      return invalid("the parameter \"" + std::string(parameter.name) + "\" of the path is empty");
    }
    for (; at != std::string::npos; at = draft_.uri.find(place, at + text.size())) {
      draft_.uri.replace(at, place.size(), text);
      const size_t begin = draft_.uri.rfind('/', at) + 1;
      const std::string_view rest = std::string_view(draft_.uri).substr(begin);
      const std::string_view segment = rest.substr(0, rest.find_first_of("/?#"));
      if (segment != "." && segment != "..") continue;
      return invalid("the parameter \"" + std::string(parameter.name) + "\" makes \"" + std::string(segment) +
                     "\" of a part of the path, and so another path");
    }
    return {};
  }

  Status put_header(const Parameter& parameter, json::View value) {
    std::string name(parameter.name);
    for (char& c : name) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    }
    // OpenAPI says of these that such a parameter is ignored.
    if (name == "accept" || name == "content-type" || name == "authorization") return {};
    const bool exploded = parameter.explode && value.is_object();
    const std::string text =
        parameter.style == "json" ? value.to_text() : join(parts_of(value, exploded, false), ",");
    if (text.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
      return invalid("the header " + name + " would hold a line end");
    }
    draft_.headers.emplace_back(std::move(name), text);
    return {};
  }

  Status put_body() {
    const auto body = operation_.find("body");
    std::optional<json::Value> value;
    if (body && given_.is_object()) {
      for (std::string_view name : {body->string_or("name", ""), std::string_view("body")}) {
        const auto given = given_.find(name);
        if (given && !value) value = json::Value(*given);
        known_.push_back(name);
      }
    }
    HENCE_TRY_VOID(take_rest(body.has_value() && body->string_or("name", "") != "", value));
    fields_.end_object();
    if (has_fields_ && in_parts_) return write_body(kFormData, std::move(fields_).finish());
    if (has_fields_) {
      draft_.body = form_;
      draft_.headers.emplace_back("content-type", "application/x-www-form-urlencoded");
      return {};
    }
    if (!value) {
      const bool required = body && body->find("required")->as_bool();
      return required ? Status(invalid("the operation needs a body")) : Status();
    }
    return write_body(body->string_or("type", ""), *value);
  }

  /// What is declared nowhere is the body's, if there is one and it was not given whole.
  Status take_rest(bool has_body, std::optional<json::Value>& value) {
    if (!given_.is_object()) return {};
    const std::set<std::string_view> declared(known_.begin(), known_.end());
    json::Builder rest;
    rest.begin_object();
    size_t count = 0;
    for (auto [name, member] : given_.members()) {
      if (declared.contains(name)) continue;
      if (!has_body || value) {
        return invalid("the operation has no parameter \"" + std::string(name) + "\"" +
                       suggestion(name, known_));
      }
      rest.member(name, member);
      ++count;
    }
    rest.end_object();
    if (count > 0) value = std::move(rest).finish();
    return {};
  }

  Status put_content(Content content, std::string_view otherwise) {
    if (content.type.empty()) content.type = otherwise.find('*') == otherwise.npos ? otherwise : kBytesType;
    draft_.headers.emplace_back("content-type", std::move(content.type));
    draft_.body = std::move(content.bytes);
    return {};
  }

  Status write_body(std::string_view type, json::View value) {
    if (is_form_data(type)) {
      const auto parts = operation_.find_path({"body", "parts"});
      HENCE_TRY(Content form, build_form_data(parts.value_or(json::View()), value));
      return put_content(std::move(form), type);
    }
    const bool json = type.starts_with("application/json") || type.find("+json") != type.npos;
    if (!json && is_encoded_file(value)) {
      HENCE_TRY(Content file, read_encoded_file(value, "the body"));
      return put_content(std::move(file), type);
    }
    draft_.headers.emplace_back("content-type", std::string(type));
    if (type.starts_with("application/x-www-form-urlencoded")) {
      if (!value.is_object()) return invalid("the form's body must be an object");
      std::string text;
      for (auto [name, member] : value.members()) {
        text += (text.empty() ? "" : "&") + query_text({name, "", "form", false, true}, member);
      }
      draft_.body = std::move(text);
    } else if (json) {
      draft_.body = value.to_text();
    } else {
      draft_.body = scalar(value);
    }
    return {};
  }

  json::View operation_, given_;
  HttpDraft draft_;
  std::string query_, form_, cookie_;
  json::Builder fields_;     ///< of a form in parts
  bool in_parts_ = false, has_fields_ = false;
  std::vector<std::string_view> known_;
};

}  // namespace

ArgumentSet arguments_of(const OpenapiSpec& spec) {
  ArgumentSet all = arguments_of(spec.call);
  all.bits |= spec.parameters.arguments().bits;
  return all;
}

Result<json::Value> build_openapi_request(const OpenapiSpec& spec, json::View operation,
                                          const HttpValues& values, json::View secrets) {
  HENCE_TRY(const json::Value given, value_of(spec.parameters, values));
  Call call(operation, given);
  HENCE_TRY_VOID(call.build());
  return finish_request(spec.call, call.take(), values, secrets);
}

Result<json::Value> build_openapi_echo(const OpenapiSpec& spec, json::View operation,
                                       const HttpValues& values) {
  HttpSpec bare;
  bare.output = HttpOutput::response;
  HttpDraft draft{std::string(operation.string_or("method", "")),
                  std::string(operation.string_or("url", "")), {}, std::nullopt};
  if (!spec.parameters.reads_secrets()) {
    HENCE_TRY(const json::Value given, value_of(spec.parameters, values));
    Call call(operation, given);
    HENCE_TRY_VOID(call.build());
    draft = call.take();
  }
  HENCE_TRY(const json::Value request, finish_request(bare, std::move(draft), values, {}));
  return json::Value::detached(*request->find("echo"));
}

}  // namespace hence::workflow
