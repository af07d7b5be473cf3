// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"

#include "base/check.h"

namespace hence {

const ErrorInfo& error_info(ErrorCode code) {
  switch (code) {
#define HENCE_ERROR(name, number, slug, kind, http_status, title)                           \
  case ErrorCode::name: {                                                                   \
    static constexpr ErrorInfo info{#name, slug, ErrorClass::kind, http_status, title};     \
    return info;                                                                            \
  }
#include "base/error_codes.def"
#undef HENCE_ERROR
  }
  check_failed("error code is in the table", __FILE__, __LINE__);
}

Error Error::in(std::string_view context) const& {
  std::string message(context);
  message += ": ";
  message += message_;
  return Error(code_, std::move(message));
}

}  // namespace hence
