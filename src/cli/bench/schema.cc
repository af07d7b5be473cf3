// SPDX-License-Identifier: Apache-2.0
// `hence bench schema`: a JSON Schema over values that are parsed already, one thread, in the
// thread's own time: the verdict alone, and all faults of those that do not fit.

#include <filesystem>

#include "cli/bench/inputs.h"
#include "cli/commands.h"
#include "cli/files.h"
#include "cli/flags.h"
#include "json/parse.h"
#include "json/yaml.h"
#include "schema/schema.h"

namespace hence::cli {
namespace {

using bench::fastest;
using bench::read_values;
using bench::write_machine;

constexpr size_t kInputsMax = 1'000;
/// Passes over few inputs are too short to time by themselves.
constexpr size_t kTimedMin = 1'000;

/// The first document of a file, JSON or YAML.
Result<json::Value> read_first(const Io& io, const std::string& path) {
  HENCE_TRY(const std::string text, read_file(io, path));
  HENCE_TRY(const std::vector<json::YamlDocument> documents, json::parse_yaml(text));
  if (documents.empty()) return Error(ErrorCode::YamlInvalid, path + " holds no document");
  return documents.front().value;
}

/// Values of a .jsonl file, or the first document of each file of a folder.
Result<std::vector<json::Value>> read_inputs(const Io& io, const std::string& path) {
  if (!std::filesystem::is_directory(path)) return read_values(path);
  HENCE_TRY(const std::vector<std::string> files, find_resource_files({path}));
  std::vector<json::Value> values;
  for (const std::string& file : files) {
    HENCE_TRY(json::Value value, read_first(io, file));
    values.push_back(std::move(value));
  }
  return values;
}

}  // namespace

int bench_schema(const Call& call) {
  std::string schema_path, inputs;
  Flags flags(call);
  flags.text("-s,--schema", schema_path, "a file with the JSON Schema, JSON or YAML", Need::required);
  flags.text("--inputs", inputs, "a file of JSON values (the first 1,000 count), or a folder of documents", Need::required);
  if (const auto code = flags.parse()) return *code;
  const Result<json::Value> document = read_first(call.io, schema_path);
  if (!document.ok()) return call.io.fail(document.error());
  Result<std::vector<json::Value>> values = read_inputs(call.io, inputs);
  if (!values.ok()) return call.io.fail(values.error());
  if (values->empty()) return call.io.fail("there are no values in " + inputs, kExitWrongUse);
  if (values->size() > kInputsMax) values->resize(kInputsMax);
  auto schema = schema::Schema::compile(*document);
  if (!schema.ok()) return call.io.fail(schema.error().message(), kExitWrongUse);

  const double compile = fastest([&] { schema = schema::Schema::compile(*document); });
  const size_t rounds = std::max<size_t>(1, kTimedMin / values->size());
  const auto count = static_cast<double>(values->size() * rounds);
  size_t valid = 0, faults = 0;
  const double judge = fastest([&] {
    valid = 0;
    for (size_t round = 0; round < rounds; ++round) {
      for (const json::Value& value : *values) valid += (*schema)->valid(value) ? 1 : 0;
    }
  });
  const double report = fastest([&] {
    faults = 0;
    for (size_t round = 0; round < rounds; ++round) {
      for (const json::Value& value : *values) faults += (*schema)->faults(value).size();
    }
  });
  json::Builder out;
  out.begin_object().member("bench", "schema").member("peer", "hence").key("inputs").number(static_cast<int64_t>(values->size()));
  out.key("valid").number(static_cast<int64_t>(valid / rounds)).key("faults").number(static_cast<int64_t>(faults / rounds));
  out.key("validNs").number(static_cast<int64_t>(judge * 1e9 / count + 0.5));
  out.key("faultsNs").number(static_cast<int64_t>(report * 1e9 / count + 0.5));
  out.key("compileNs").number(static_cast<int64_t>(compile * 1e9 + 0.5));
  write_machine(out);
  out.end_object();
  call.io.out(std::move(out).finish()->to_text() + "\n");
  return kExitOk;
}

}  // namespace hence::cli
