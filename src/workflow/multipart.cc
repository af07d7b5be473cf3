// SPDX-License-Identifier: Apache-2.0
#include "workflow/multipart.h"

#include <algorithm>
#include <map>
#include <vector>

#include "base/hash.h"
#include "event/base64.h"
#include "workflow/faults.h"
#include "workflow/http.h"
#include "workflow/openapi_references.h"

namespace hence::workflow {
namespace {

constexpr std::string_view kFileKeys[] = {"base64", "text", "filename", "contentType"};

/// One part of a form as it is declared.
struct Declared {
  std::string_view name, type, encoding;
  bool file = false;
};

struct File {
  Content content;
  std::string name;
};

std::string scalar(json::View value) {
  return value.is_string() ? std::string(value.as_string()) : value.to_text();
}

/// Reads the object of a file. what: how messages call it.
Result<File> read_file(json::View value, const std::string& what) {
  File file;
  bool has_content = false;
  for (auto [key, member] : value.members()) {
    if (std::find(std::begin(kFileKeys), std::end(kFileKeys), key) == std::end(kFileKeys)) {
      return openapi_error(what + ": unknown key \"" + std::string(key) + "\"" + suggestion(key, kFileKeys));
    }
    if (!member.is_string()) {
      return openapi_error(what + ": `" + std::string(key) + "` must be a text");
    }
    const std::string_view text = member.as_string();
    if (key == "filename") file.name = text;
    if (key == "contentType") file.content.type = text;
    if (key != "base64" && key != "text") continue;
    if (has_content) return openapi_error(what + ": only one of `base64` or `text` can be its content");
    has_content = true;
    const auto bytes = key == "text" ? std::string(text) : event::base64_decode(text);
    if (!bytes) return openapi_error(what + ": `base64` is no base64");
    file.content.bytes = *bytes;
  }
  if (!has_content) return openapi_error(what + ": expected `base64` or `text`, the file's content");
  return file;
}

bool is_control(char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }

/// A name as a quoted parameter of Content-Disposition, escaped as browsers do.
std::string quoted(std::string_view name) {
  std::string text = "\"";
  for (char c : name) {
    if (c == '"' || is_control(c)) append_percent_encoded({&c, 1}, text);
    else text += c;
  }
  return text + '"';
}

/// A header line of a part; nothing where it has no value.
Result<std::string> line(std::string_view part, std::string_view header, const std::string& value) {
  if (std::any_of(value.begin(), value.end(), is_control)) {
    return openapi_error(std::string(header) + " of the part \"" + std::string(part) + "\" holds control characters");
  }
  return value.empty() ? std::string() : std::string(header) + ": " + value + "\r\n";
}

/// Header lines and content of one part.
Result<std::string> write_part(const Declared& declared, json::View value) {
  std::string head = "Content-Disposition: form-data; name=" + quoted(declared.name);
  std::string type(declared.type), content;
  if (declared.file) {
    File file;
    if (value.is_object()) {
      HENCE_TRY(file, read_file(value, "the file \"" + std::string(declared.name) + "\""));
    }
    content = value.is_object() ? std::move(file.content.bytes) : scalar(value);
    if (value.is_object() && declared.encoding == "base64") content = event::base64_encode(content);
    head += "; filename=" + quoted(file.name.empty() ? declared.name : std::string_view(file.name));
    if (!file.content.type.empty()) type = file.content.type;
  } else {
    const bool nested = value.is_object() || value.is_array();
    if (nested && type.empty()) type = "application/json";
    const bool json = type.starts_with("application/json") || type.find("+json") != std::string::npos;
    content = json ? value.to_text() : scalar(value);
  }
  HENCE_TRY(const std::string type_line, line(declared.name, "Content-Type", type));
  HENCE_TRY(const std::string encoding_line,
            line(declared.name, "Content-Transfer-Encoding", std::string(declared.encoding)));
  return head + "\r\n" + type_line + encoding_line + "\r\n" + content + "\r\n";
}

/// By name; of a name that is declared twice the first.
std::map<std::string_view, Declared> declared_parts(json::View parts) {
  std::map<std::string_view, Declared> all;
  if (!parts.is_array()) return all;
  for (json::View part : parts.elements()) {
    const std::string_view name = part.string_or("name", "");
    const bool file = part.find("file") && part.find("file")->as_bool();
    all.emplace(name, Declared{name, part.string_or("type", ""), part.string_or("encoding", ""), file});
  }
  return all;
}

Status check_required(json::View parts, json::View fields) {
  if (!parts.is_array()) return {};
  for (json::View part : parts.elements()) {
    const std::string_view name = part.string_or("name", "");
    if (!part.find("required") || !part.find("required")->as_bool()) continue;
    const auto field = fields.find(name);
    if (field && !field->is_null()) continue;
    return openapi_error("the part \"" + std::string(name) + "\" is required");
  }
  return {};
}

std::string hexadecimal(Hash128 hash) {
  std::string text;
  for (uint64_t half : {hash.high, hash.low}) {
    for (int shift = 60; shift >= 0; shift -= 4) text += "0123456789abcdef"[(half >> shift) & 15];
  }
  return text;
}

/// A line that stands in none of the parts.
std::string boundary_for(const std::vector<std::string>& parts) {
  std::string all;
  for (const std::string& part : parts) all += part;
  for (uint64_t attempt = 0;; ++attempt) {
    std::string boundary = "hence-" + hexadecimal(siphash128({attempt, 0}, all));
    if (all.find(boundary) == std::string::npos) return boundary;
  }
}

}  // namespace

bool is_form_data(std::string_view type) {
  type = type.substr(0, type.find(';'));
  while (type.ends_with(' ')) type.remove_suffix(1);
  return type == kFormData;
}

Result<Content> build_form_data(json::View declared, json::View fields) {
  if (!fields.is_object()) return openapi_error("the form's body must be an object");
  HENCE_TRY_VOID(check_required(declared, fields));
  const std::map<std::string_view, Declared> known = declared_parts(declared);
  std::vector<std::string> parts;
  for (auto [name, value] : fields.members()) {
    if (value.is_null()) continue;
    const auto found = known.find(name);
    const Declared part = found == known.end() ? Declared{name, "", "", false} : found->second;
    std::vector<json::View> items;
    if (!value.is_array()) items.push_back(value);
    else for (json::View item : value.elements()) items.push_back(item);
    for (json::View item : items) {
      HENCE_TRY(std::string text, write_part(part, item));
      parts.push_back(std::move(text));
    }
  }
  const std::string boundary = boundary_for(parts);
  Content form{std::string(kFormData) + "; boundary=" + boundary, ""};
  for (const std::string& part : parts) form.bytes += "--" + boundary + "\r\n" + part;
  form.bytes += "--" + boundary + "--\r\n";
  return form;
}

bool is_encoded_file(json::View value) {
  if (!value.is_object() || !value.find("base64")) return false;
  for (auto [key, member] : value.members()) {
    if (std::find(std::begin(kFileKeys), std::end(kFileKeys), key) == std::end(kFileKeys)) return false;
  }
  return true;
}

Result<Content> read_encoded_file(json::View value, std::string_view what) {
  HENCE_TRY(File file, read_file(value, std::string(what)));
  return std::move(file.content);
}

}  // namespace hence::workflow
