// SPDX-License-Identifier: Apache-2.0
// CESQL of any bytes against an event with one attribute of each kind: every expression that parses
// gives a value, and a fault exactly where it has a sentence.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "filter/cesql.h"
#include "json/parse.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace hence;
  static const json::Value event = std::move(json::parse(
      R"({"specversion":"1.0","id":"1","source":"/s","type":"t","n":5,"b":true,"s":"ä%_","m":-2147483648,"data":{}})")).value();
  const auto parsed = filter::Cesql::parse({reinterpret_cast<const char*>(data), size});
  if (!parsed.ok()) return 0;
  const filter::CesqlOutcome outcome = parsed->evaluate(event);
  const bool failed = outcome.fault != filter::CesqlFault::none;
  HENCE_CHECK(failed != outcome.message.empty());
  const bool* truth = std::get_if<bool>(&outcome.value);
  HENCE_CHECK(parsed->passes(event) == (!failed && truth != nullptr && *truth));
  return 0;
}
