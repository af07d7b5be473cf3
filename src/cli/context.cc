// SPDX-License-Identifier: Apache-2.0
#include "cli/context.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "json/yaml.h"
#include "workflow/shapes.h"

namespace hence::cli {
namespace {

using workflow::KeyChoice;
using workflow::Shape;
using workflow::ShapeKey;

const Shape kText{.kind = Shape::Kind::string};
constexpr std::string_view kTokens[] = {"token", "tokenFile"};
const KeyChoice kOneToken[] = {{kTokens, true}};
const ShapeKey kContextKeys[] = {
    {"address", &kText, true}, {"token", &kText}, {"tokenFile", &kText}, {"namespace", &kText}};
const Shape kContext{.kind = Shape::Kind::object, .keys = kContextKeys, .choices = kOneToken};
const Shape kContexts{.kind = Shape::Kind::map, .item = &kContext};
const ShapeKey kFileKeys[] = {{"current", &kText}, {"contexts", &kContexts}};
const Shape kFile{.kind = Shape::Kind::object, .keys = kFileKeys};

Context read_context(std::string_view name, json::View value) {
  Context context;
  context.name = name;
  context.address = value.string_or("address", "");
  context.token = value.string_or("token", "");
  context.token_file = value.string_or("tokenFile", "");
  context.name_space = value.string_or("namespace", "");
  return context;
}

Error unknown_context(const ContextFile& file, const std::string& path, std::string_view name) {
  std::vector<std::string_view> names;
  for (const Context& context : file.contexts) names.push_back(context.name);
  return Error(ErrorCode::ConfigurationInvalid,
               "there is no context \"" + std::string(name) + "\" in " + path +
                   (names.empty() ? "; the file has none" : workflow::suggestion(name, names)));
}

}  // namespace

std::string context_path(const Io& io) {
  if (const std::string path = io.environment("HENCE_CONFIG"); !path.empty()) return path;
  if (const std::string folder = io.environment("XDG_CONFIG_HOME"); !folder.empty())
    return folder + "/hence/config.yaml";
  const std::string home = io.environment("HOME");
  return home.empty() ? "" : home + "/.config/hence/config.yaml";
}

Result<ContextFile> load_contexts(const Io& io, const std::string& path) {
  ContextFile file;
  if (path.empty() || !std::filesystem::exists(path)) return file;
  HENCE_TRY(const std::string text, read_file(io, path));
  const Result<std::vector<json::YamlDocument>> documents = json::parse_yaml(text);
  if (!documents.ok())
    return Error(ErrorCode::ConfigurationInvalid, path + ": " + documents.error().message());
  if (documents->empty()) return file;
  if (documents->size() > 1)
    return Error(ErrorCode::ConfigurationInvalid, path + ": expected one document");
  const json::View value = documents->front().value;
  workflow::Faults faults(&documents->front(), ErrorCode::ConfigurationInvalid);
  workflow::check_shape(kFile, value, "", faults);
  if (!faults.empty()) return faults.to_error(path);
  file.current = value.string_or("current", "");
  if (const auto contexts = value.find("contexts")) {
    for (const auto [name, context] : contexts->members())
      file.contexts.push_back(read_context(name, context));
  }
  return file;
}

Result<Context> find_context(const Io& io, const ContextFile& file, const std::string& path,
                             std::string_view name) {
  const auto found = std::ranges::find(file.contexts, name, &Context::name);
  if (found == file.contexts.end()) return unknown_context(file, path, name);
  Context context = *found;
  if (context.token_file.empty()) return context;
  const Result<std::string> text = read_file(io, context.token_file);
  if (!text.ok()) {
    return Error(ErrorCode::ConfigurationInvalid,
                 "the context \"" + context.name + "\" of " + path + ": " + text.error().message());
  }
  context.token = text->substr(0, text->find_first_of("\r\n"));
  return context;
}

Status save_current(const Io& io, const std::string& path, std::string_view name) {
  HENCE_TRY(const std::string text, read_file(io, path));
  const std::string line = "current: " + std::string(name) + "\n";
  const size_t at = text.starts_with("current:") ? 0 : text.find("\ncurrent:");
  std::string changed;
  if (at == std::string::npos) {
    changed = line + text;
  } else {
    const size_t begin = at == 0 ? 0 : at + 1;
    const size_t end = text.find('\n', begin);
    changed = text.substr(0, begin) + line + (end == std::string::npos ? "" : text.substr(end + 1));
  }
  // Written beside and put in place whole: a full disk must not leave half a file.
  const std::string beside = path + ".new";
  std::ofstream(beside, std::ios::binary | std::ios::trunc) << changed;
  std::error_code failed;
  if (std::filesystem::file_size(beside, failed) == changed.size() && !failed) {
    std::filesystem::permissions(beside, std::filesystem::status(path).permissions(), failed);
    std::filesystem::rename(beside, path, failed);
    if (!failed) return {};
  }
  return Error(ErrorCode::FileUnreadable, path + " cannot be written; is the folder yours and the disk not full?");
}

}  // namespace hence::cli
