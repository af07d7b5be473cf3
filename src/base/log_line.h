// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the program says about itself: one line of JSON or text a fact, on stderr. Secrets never
// come here. Levels: debug, info, warning, error. A repeated line is counted, not repeated (F20).

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace hence {

enum class LogLevel : uint8_t { debug, info, warning, error };

/// Lines below the level are dropped. Default info. Call before threads start.
void set_log_level(LogLevel level);

using LogField = std::pair<std::string_view, std::string>;

/// Writes "TIME LEVEL message key=value …" as one write(2). Control characters are escaped.
void log_line(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {});

}  // namespace hence
