// SPDX-License-Identifier: Apache-2.0
// Program text and input for expr: whatever they are, an evaluation ends in results or a typed
// error, and its results can be printed and read again. The first line is the program, the rest the
// input (null if it is not JSON).
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "expr/program.h"
#include "json/parse.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace hence;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t line = text.find('\n');
  const std::string_view source = text.substr(0, line);
  auto input = json::parse(line == std::string_view::npos ? "null" : text.substr(line + 1));
  auto program = expr::Program::compile(source, {.variables = {"context", "input"}});
  if (!program.ok()) {
    HENCE_CHECK(program.error().code() == ErrorCode::ExpressionInvalid);
    return 0;
  }
  const json::Value document = input.ok() ? *input : json::Value();
  const json::Value argument = json::Value::number(int64_t{3});
  const json::View values[] = {document, argument};
  expr::Budget budget = expr::kWhenBudget;
  auto results = program->evaluate(document, values, {}, budget);
  if (!results.ok()) {
    HENCE_CHECK(results.error().code() == ErrorCode::ExpressionFailed ||
                results.error().code() == ErrorCode::BudgetExceeded);
    return 0;
  }
  for (const json::Value& result : *results) {
    HENCE_CHECK(json::parse(result.view().to_text(), {.depth_max = 2'000}).ok());
  }
  return 0;
}
