// SPDX-License-Identifier: Apache-2.0
#pragma once

// The two commands that are a server, in the foreground until a signal ends them.

#include <string>
#include <vector>

namespace hence::cli {

struct ServeArguments {
  std::string data_dir;
  std::string listen;       ///< empty: as configured
  std::string config_file;  ///< empty: defaults
};
struct DevArguments {
  std::vector<std::string> files;  ///< files or folders, applied as they change
  std::string listen;
};

/// Both return the exit code.
int serve_command(const ServeArguments& arguments);
int dev_command(const DevArguments& arguments);

}  // namespace hence::cli
