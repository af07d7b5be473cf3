// SPDX-License-Identifier: Apache-2.0
#pragma once

// Answers in the form -o asks for.

#include <functional>
#include <string>
#include <string_view>

#include "cli/client.h"
#include "cli/flags.h"
#include "cli/text.h"
#include "json/value.h"

namespace hence::cli {

Style style_of(const Io& io);

/// A value as JSON (indented), as one line, or as YAML; for Format::table, draw's text.
std::string format_value(Format format, json::View value, const std::function<std::string()>& draw);

/// One row of a list, and the whole: {"items": […], "next"?}. For jsonl a line per item.
std::string format_list(Format format, json::View list, const std::function<std::string()>& draw);

/// Fetches a list and shows it; with watch again and again, whenever it differs.
/// Returns the exit code.
int show_list(const Io& io, const OutputFlags& output, const ListFlags& list,
              const std::function<Result<json::Value>()>& fetch,
              const std::function<std::string(json::View list, const Style& style)>& draw);

/// A table of a list's items, "nothing there" for an empty one, and how to see more.
std::string draw_items(json::View list, const Style& style, const std::vector<std::string>& titles,
                       const std::function<std::vector<std::string>(json::View item)>& cells);

}  // namespace hence::cli
