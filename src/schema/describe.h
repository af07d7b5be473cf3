// SPDX-License-Identifier: Apache-2.0
#pragma once

// The words of faults.

#include <span>
#include <string>
#include <string_view>

#include "schema/walk.h"

namespace hence::schema {

std::string quoted(std::string_view text);                       ///< "text", shortened
std::string counted(uint64_t count, std::string_view noun);      ///< "1 element", "2 elements"
std::string brief(json::View value);                             ///< compact JSON, shortened
std::string one_of(std::span<const json::View> values);          ///< "eu", "us" or "ap"

Fault describe(const Program& program, json::View root, RawFault&& raw);

}  // namespace hence::schema
