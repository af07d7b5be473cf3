// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "json/value.h"

namespace hence::resource {

/// 32 hexadecimal digits that tell changed documents from unchanged ones; the order of keys does
/// not count. Not for security.
std::string digest_of(json::View document);

}  // namespace hence::resource
