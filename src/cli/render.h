// SPDX-License-Identifier: Apache-2.0
#pragma once

// What people show each other: the answer first, details below, 80 columns.

#include <string>

#include "cli/text.h"
#include "json/value.h"

namespace hence::cli {

/// An answer of GET …/explain. with_reasons: every condition of every rule, not only what decided.
std::string render_explain(json::View explanation, const Style& style, bool with_reasons = false);
/// An answer of GET …/trace. full: input and output uncut.
std::string render_trace(json::View trace, const Style& style, bool full = false);
/// An answer of GET …/instances/{id}/why.
std::string render_why(json::View why, const Style& style);
/// An answer of GET …/deliveries/{id}.
std::string render_delivery(json::View delivery, const Style& style);
/// A labelled value: on one line cut to fit, or, in full, indented over several.
void add_value(std::string& out, size_t indent, std::string_view label, json::View value, const Style& style, bool full);
/// An error {title, detail}, in red.
void add_error(std::string& out, size_t indent, json::View error, const Style& style, bool full);
/// The members of an object, a line each.
std::string render_members(json::View object, const Style& style);

}  // namespace hence::cli
