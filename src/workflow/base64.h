// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace hence::workflow {

/// RFC 4648 section 4, with padding.
std::string encode_base64(std::string_view bytes);

}  // namespace hence::workflow
