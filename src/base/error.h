// SPDX-License-Identifier: Apache-2.0
#pragma once

// An error is a code from the one table (error_codes.def) and a sentence that says where, what was
// expected, and what to do. A code is of its own only where a caller reacts differently.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace hence {

enum class ErrorCode : uint16_t {
#define HENCE_ERROR(name, number, slug, kind, http_status, title) name = number,
#include "base/error_codes.def"
#undef HENCE_ERROR
};

enum class ErrorClass : uint8_t { retry, fix_request, fix_configuration, bug };

/// What the table says about one code. Strings have static lifetime.
struct ErrorInfo {
  std::string_view name;
  std::string_view slug;
  ErrorClass kind;
  int http_status;
  std::string_view title;
};

/// The table's row of a code; total over the enum.
const ErrorInfo& error_info(ErrorCode code);

class [[nodiscard]] Error {
 public:
  Error(ErrorCode code, std::string message) : code_(code), message_(std::move(message)) {}

  ErrorCode code() const { return code_; }
  const std::string& message() const { return message_; }

  /// The same error with text put before its message, separated by ": ".
  Error in(std::string_view context) const&;

 private:
  ErrorCode code_;
  std::string message_;
};

}  // namespace hence
