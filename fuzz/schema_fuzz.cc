// SPDX-License-Identifier: Apache-2.0
// A schema and a value for schema: whatever they are, the schema compiles or is refused with a sentence,
// and the verdict and the faults agree. The first line is the schema, the rest the value (null if it is not JSON).
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "json/parse.h"
#include "schema/compatibility.h"
#include "schema/schema.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace hence;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t line = text.find('\n');
  const auto document = json::parse(text.substr(0, line));
  if (!document.ok()) return 0;
  const auto value = json::parse(line == std::string_view::npos ? "null" : text.substr(line + 1));
  const auto schema = schema::Schema::compile(*document);
  if (!schema.ok()) {
    HENCE_CHECK(schema.error().code() == ErrorCode::SchemaInvalid);
    HENCE_CHECK(!schema.error().message().empty());
    return 0;
  }
  const json::Value given = value.ok() ? *value : json::Value();
  const auto faults = (*schema)->faults(given, 5);
  HENCE_CHECK((*schema)->valid(given) == faults.empty());
  HENCE_CHECK(faults.size() <= 5);
  HENCE_CHECK(schema::find_breaks(**schema, **schema, schema::Compatibility::full).empty());
  if (const auto other = schema::Schema::compile(given); other.ok()) {
    schema::find_breaks(**schema, **other, schema::Compatibility::full);
  }
  return 0;
}
