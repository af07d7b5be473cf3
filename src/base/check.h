// SPDX-License-Identifier: Apache-2.0
#pragma once

// HENCE_CHECK: a statement that must hold unless our own code is wrong. On in every build; prints
// what failed and aborts, because going on would make the log lie.

namespace hence {

[[noreturn]] void check_failed(const char* expression, const char* file, int line) noexcept;

}  // namespace hence

#define HENCE_CHECK(expression)                                       \
  do {                                                                \
    if (!(expression)) [[unlikely]] {                                 \
      ::hence::check_failed(#expression, __FILE__, __LINE__);         \
    }                                                                 \
  } while (false)
