// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the world makes of generated workflows (generate.h). It answers a question always in the same way, so that
// naive.h knows their ends beforehand; when it answers is the scheduler's.

#include <optional>
#include <string>
#include <string_view>

#include "delivery/http_client.h"
#include "delivery/process_runner.h"
#include "json/value.h"

namespace hence::sim {

/// Of an HTTP call to https://gen.example: a function of `n` in its body, or of the end of its path if it has none.
delivery::HttpAnswer answer_generated(std::string_view url, std::string_view body);

/// Whether a process belongs to a generated workflow, and what it then comes to: a function of all it is given.
bool is_generated(const delivery::ProcessCall& call);
delivery::ProcessAnswer answer_generated(const delivery::ProcessCall& call);

/// The titles of approvals that nobody decides.
inline constexpr std::string_view kUndecided = "gen never";
/// Whether an approval with this title is granted; nothing: nobody decides it.
std::optional<bool> decide_generated(std::string_view title);
/// Who decides, and what for.
inline constexpr std::string_view kDecider = "sim";
inline constexpr std::string_view kReason = "as it is";

/// Types of the events that generated workflows wait for: they come with every key, again and again.
inline constexpr const char* kAwaited[] = {"gen.go", "gen.more", "gen.stop"};
/// The type of an event that never comes.
inline constexpr std::string_view kNeverSent = "gen.never";
json::Value event_data(std::string_view type, std::string_view key);

}  // namespace hence::sim
