// SPDX-License-Identifier: Apache-2.0
#pragma once

// Named servers in a file of the user's, as kubectl and temporal have them:
//
//   current: staging
//   contexts:
//     staging: {address: "https://hence.staging.example", tokenFile: /home/ann/.hence, namespace: shop}
//
// What a command asks is, first that is given: its own flag; the context that --context or
// HENCE_CONTEXT names; HENCE_ADDRESS and HENCE_TOKEN; the current context; the defaults.

#include <string>
#include <vector>

#include "base/result.h"
#include "cli/io.h"

namespace hence::cli {

struct Context {
  std::string name, address, token, token_file, name_space;
};
struct ContextFile {
  std::string current;  ///< empty: none
  std::vector<Context> contexts;
};

/// HENCE_CONFIG, else hence/config.yaml in XDG_CONFIG_HOME or ~/.config; empty without a home.
std::string context_path(const Io& io);
/// Errors: ConfigurationInvalid (file, line, column), FileUnreadable. An absent file is empty.
Result<ContextFile> load_contexts(const Io& io, const std::string& path);
/// The context of that name; its token is read if a file has it.
/// Errors: ConfigurationInvalid (no such context; a token file that cannot be read).
Result<Context> find_context(const Io& io, const ContextFile& file, const std::string& path,
                             std::string_view name);
/// Writes `current` into the file's text, which stays as it is otherwise.
/// Errors: FileUnreadable (cannot be written).
Status save_current(const Io& io, const std::string& path, std::string_view name);

}  // namespace hence::cli
