// SPDX-License-Identifier: Apache-2.0
// `hence schema validate` and `hence schema check`: JSON Schema without a server.

#include <algorithm>
#include <filesystem>

#include "cli/commands.h"
#include "cli/flags.h"
#include "cli/output.h"
#include "json/builder.h"
#include "json/parse.h"
#include "json/yaml.h"
#include "schema/compatibility.h"
#include "schema/schema.h"

namespace hence::cli {
namespace {

namespace fs = std::filesystem;
using schema::Schema;

constexpr uint32_t kInputDepthMax = 1'000;
constexpr char kSuiteBase[] = "http://localhost:1234/";

bool is_yaml(std::string_view path) { return path.ends_with(".yaml") || path.ends_with(".yml"); }

/// One document, JSON or YAML by the file's name.
Result<json::Value> parse_document(const std::string& path, const std::string& text) {
  if (!is_yaml(path)) {
    Result<json::Value> value = json::parse(text, {.depth_max = kInputDepthMax});
    if (!value.ok()) return value.error().in(path);
    return value;
  }
  Result<std::vector<json::YamlDocument>> documents = json::parse_yaml(text);
  if (!documents.ok()) return documents.error().in(path);
  if (documents->size() != 1) return Error(ErrorCode::YamlInvalid, path + ": must hold one document");
  return documents->front().value;
}

Result<json::Value> read_document(const Io& io, const std::string& path) {
  HENCE_TRY(const std::string text, read_file(io, path));
  return parse_document(path, text);
}

/// The schemas of a folder under their own $id, and under base and their path in the folder.
Result<schema::Registry> read_remotes(const Io& io, const std::string& folder, const std::string& base) {
  schema::Registry registry;
  if (folder.empty()) return registry;
  std::error_code failed;
  std::vector<std::string> files;
  for (fs::recursive_directory_iterator at(folder, failed), end; !failed && at != end; at.increment(failed)) {
    const std::string path = at->path().string();
    if (at->is_regular_file(failed) && (path.ends_with(".json") || is_yaml(path))) files.push_back(path);
  }
  if (failed) return Error(ErrorCode::FileUnreadable, "--remotes " + folder + ": " + failed.message());
  std::sort(files.begin(), files.end());
  for (const std::string& file : files) {
    HENCE_TRY(const json::Value document, read_document(io, file));
    const std::string relative = fs::path(file).lexically_relative(folder).generic_string();
    registry.add(relative, document);
    registry.add(base + relative, document);
    const std::string_view id = document->string_or("$id", document->string_or("id", ""));
    if (id.find(':') != std::string_view::npos) registry.add(id, document);
  }
  return registry;
}

json::Value verdict(const std::vector<schema::Fault>& faults) {
  json::Builder out;
  out.begin_object().key("valid").boolean(faults.empty()).key("errors").begin_array();
  for (const schema::Fault& fault : faults) out.value(schema::to_json(fault));
  out.end_array().end_object();
  return std::move(out).finish();
}

json::Value refusal(const Error& error) {
  json::Builder out;
  out.begin_object().key("valid").boolean(false).member("error", error.message());
  out.key("errors").begin_array().end_array().end_object();
  return std::move(out).finish();
}

/// Answers lines {"schema", "draft", "data"}; the schema is compiled again only where it changes.
class LineValidator {
 public:
  LineValidator(schema::CompileOptions options, size_t limit) : options_(options), limit_(limit) {}

  json::Value answer(json::View line) {
    const auto document = line.find("schema");
    const auto data = line.find("data");
    if (!document || !data) {
      return refusal(Error(ErrorCode::RequestInvalid, "a line must be an object with \"schema\" and \"data\""));
    }
    schema::CompileOptions options = options_;
    if (const auto draft = line.find("draft")) {
      const auto known = draft->is_string() ? schema::find_draft(draft->as_string()) : std::nullopt;
      if (!known) {
        return refusal(Error(ErrorCode::RequestInvalid, "\"draft\" must be 2020-12, 2019-09, draft-07, draft-06 or draft-04"));
      }
      options.draft = *known;
    }
    if (last_ == nullptr || last_draft_ != options.draft || !json::equal(last_document_, *document)) {
      last_ = nullptr;
      Result<std::shared_ptr<const Schema>> compiled = Schema::compile(*document, options);
      if (!compiled.ok()) return refusal(compiled.error());
      last_ = std::move(*compiled);
      last_document_ = json::Value::detached(*document);
      last_draft_ = options.draft;
    }
    return verdict(last_->faults(*data, limit_));
  }

 private:
  schema::CompileOptions options_;
  size_t limit_;
  std::shared_ptr<const Schema> last_;
  json::Value last_document_;
  schema::Draft last_draft_{};
};

int validate_lines(const Io& io, const std::string& path, const schema::CompileOptions& options, size_t limit) {
  const Result<std::string> text = read_file(io, path);
  if (!text.ok()) return io.fail(text.error());
  LineValidator validator(options, limit);
  bool all_valid = true;
  std::string_view rest = *text;
  for (int64_t number = 1; !rest.empty(); ++number) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const Result<json::Value> value =
        json::parse(line, {.depth_max = kInputDepthMax, .duplicate_keys = json::DuplicateKeys::last_wins});
    const json::Value answer =
        value.ok() ? validator.answer(*value) : refusal(value.error().in("line " + std::to_string(number)));
    all_valid = all_valid && answer->find("valid")->as_bool();
    io.out(answer->to_text() + "\n");
  }
  return all_valid ? kExitOk : kExitNo;
}

struct ValidateFlags {
  std::string schema, data = "-", remotes, base = kSuiteBase, draft = "2020-12";
  uint32_t limit = schema::kFaultsDefault;
  bool jsonl = false, annotate = false;
  OutputFlags output;
};

int validate_document(const Call& call, const ValidateFlags& wanted, const schema::CompileOptions& options) {
  const Io& io = call.io;
  if (wanted.schema.empty()) return io.fail("schema validate wants -s SCHEMA, or --jsonl", kExitWrongUse);
  const Result<json::Value> document = read_document(io, wanted.schema);
  if (!document.ok()) return io.fail(document.error().message(), kExitWrongUse);
  const Result<std::shared_ptr<const Schema>> compiled = Schema::compile(*document, options);
  if (!compiled.ok()) return io.fail(compiled.error().in(wanted.schema).message(), kExitWrongUse);
  const Result<json::Value> data = read_document(io, wanted.data);
  if (!data.ok()) return io.fail(data.error().message(), kExitWrongUse);
  const std::vector<schema::Fault> faults = (*compiled)->faults(*data, wanted.limit);
  io.out(format_value(wanted.output.format, verdict(faults), [&] {
    std::string text = faults.empty() ? "valid\n" : "";
    for (const schema::Fault& fault : faults) text += fault.message + "  (" + fault.schema_path + ")\n";
    return text;
  }));
  return faults.empty() ? kExitOk : kExitNo;
}

Result<std::shared_ptr<const Schema>> compile_file(const Io& io, const std::string& path, const schema::CompileOptions& options) {
  HENCE_TRY(const json::Value document, read_document(io, path));
  Result<std::shared_ptr<const Schema>> compiled = Schema::compile(document, options);
  if (!compiled.ok()) return compiled.error().in(path);
  return compiled;
}

json::Value to_json(const std::vector<schema::Break>& breaks) {
  json::Builder out;
  out.begin_object().key("compatible").boolean(breaks.empty()).key("breaks").begin_array();
  for (const schema::Break& one : breaks) {
    out.begin_object().member("mode", one.direction == schema::Compatibility::backward ? "backward" : "forward");
    out.member("path", one.path).member("schema", one.schema_path).member("message", one.message).end_object();
  }
  out.end_array().end_object();
  return std::move(out).finish();
}

}  // namespace

int schema_validate(const Call& call) {
  ValidateFlags wanted;
  Flags flags(call);
  flags.text("-s,--schema", wanted.schema, "a file with the JSON Schema, JSON or YAML");
  flags.text("-d,--data", wanted.data, "the document to check, JSON or YAML; - is standard input");
  flags.text("--remotes", wanted.remotes, "a folder of schemas that $ref may mean: by $id, by path, and by --base and path");
  flags.text("--base", wanted.base, "the URI that --remotes is served under");
  flags.text("--draft", wanted.draft, "of schemas without $schema: 2020-12, 2019-09, draft-07, draft-06, draft-04");
  flags.number("--limit", wanted.limit, "faults to report at most");
  flags.flag("--jsonl", wanted.jsonl, "reads lines {\"schema\", \"draft\", \"data\"} from --data, answers a line each");
  flags.flag("--annotate-format", wanted.annotate, "`format` only annotates and refuses nothing");
  flags.output(wanted.output, Format::table);
  if (const auto code = flags.parse()) return *code;
  const auto draft = schema::find_draft(wanted.draft);
  if (!draft) return call.io.fail("--draft must be 2020-12, 2019-09, draft-07, draft-06 or draft-04", kExitWrongUse);
  const Result<schema::Registry> registry = read_remotes(call.io, wanted.remotes, wanted.base);
  if (!registry.ok()) return call.io.fail(registry.error());
  const schema::CompileOptions options{*draft, &*registry, !wanted.annotate};
  return wanted.jsonl ? validate_lines(call.io, wanted.data, options, wanted.limit)
                      : validate_document(call, wanted, options);
}

int schema_check(const Call& call) {
  std::string before, after, mode = "backward", remotes, base = kSuiteBase;
  OutputFlags output;
  Flags flags(call);
  flags.positional("OLD", before, "the schema as it is");
  flags.positional("NEW", after, "the schema that is to replace it");
  flags.text("--mode", mode, "backward: old values stay valid; forward: old readers take new values; full: both");
  flags.text("--remotes", remotes, "a folder of schemas that $ref may mean");
  flags.text("--base", base, "the URI that --remotes is served under");
  flags.output(output, Format::table);
  if (const auto code = flags.parse()) return *code;
  const auto wanted = schema::find_compatibility(mode);
  if (!wanted) return call.io.fail("--mode must be backward, forward or full", kExitWrongUse);
  const Result<schema::Registry> registry = read_remotes(call.io, remotes, base);
  if (!registry.ok()) return call.io.fail(registry.error());
  const schema::CompileOptions options{schema::Draft::draft2020_12, &*registry, true};
  const auto old_schema = compile_file(call.io, before, options);
  if (!old_schema.ok()) return call.io.fail(old_schema.error().message(), kExitWrongUse);
  const auto new_schema = compile_file(call.io, after, options);
  if (!new_schema.ok()) return call.io.fail(new_schema.error().message(), kExitWrongUse);
  const std::vector<schema::Break> breaks = schema::find_breaks(**old_schema, **new_schema, *wanted);
  call.io.out(format_value(output.format, to_json(breaks), [&] {
    std::string text = breaks.empty() ? "compatible (" + mode + ")\n" : "";
    for (const schema::Break& one : breaks) text += one.message + "  (" + one.schema_path + ")\n";
    return text;
  }));
  return breaks.empty() ? kExitOk : kExitNo;
}

}  // namespace hence::cli
