// SPDX-License-Identifier: Apache-2.0
// Program text for expr, nothing else: it compiles or is refused with a sentence, whatever it is, and
// what has been compiled can be shown, read as the same again, and used in a document.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "expr/program.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace hence;
  const std::string_view source(reinterpret_cast<const char*>(data), size);
  const expr::CompileOptions options{.variables = {"context", "input"}};
  const auto program = expr::Program::compile(source, options);
  if (!program.ok()) {
    HENCE_CHECK(program.error().code() == ErrorCode::ExpressionInvalid);
    HENCE_CHECK(!program.error().message().empty());
    return 0;
  }
  HENCE_CHECK(program->source() == source);
  HENCE_CHECK(!program->explain().empty());
  HENCE_CHECK(!program->reads().constant || program->reads().paths.empty());
  const auto again = expr::Program::compile(program->source(), options);
  HENCE_CHECK(again.ok() && again->explain() == program->explain());
  return 0;
}
