// SPDX-License-Identifier: Apache-2.0
#pragma once

// Files named on the command line, and events and faults in them.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cli/io.h"
#include "json/value.h"
#include "workflow/faults.h"

namespace hence::cli {

/// The files of paths, folders walked for .yaml, .yml and .json (but *.test.yaml), sorted.
/// Errors: FileUnreadable, for a path that is not there or a folder without such files.
Result<std::vector<std::string>> find_resource_files(const std::vector<std::string>& paths);

/// Every event in text: one, a JSON array, or any number one after the other (JSON lines).
/// Errors: JsonInvalid.
Result<std::vector<json::Value>> read_events(std::string_view text);

/// "file:3:7: sentence", the place left out where it is not known.
std::string fault_text(std::string_view file, const workflow::Fault& fault);

}  // namespace hence::cli
