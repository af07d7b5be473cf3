// SPDX-License-Identifier: Apache-2.0
#pragma once

// The table of all commands, and how the words a user typed find theirs.
//
//   hence event send --type …      noun "event" (or "events"), verb "send", the rest its arguments
//
// A command declares its flags (flags.h), runs, and returns the exit code.

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "json/value.h"

#include "cli/io.h"
#include "cli/serve.h"

namespace hence::cli {

/// What `hence test` is asked to do.
struct TestArguments {
  std::vector<std::string> paths;
  std::string report;  ///< a JUnit file to write; empty: none
  std::string filter;  ///< only tests whose name holds this; empty: all
  bool colour = false;
};

/// Commands that live in modules of their own; main() brings them, so that the rest links without.
struct Programs {
  std::function<int(const ServeArguments&)> serve;
  std::function<int(const DevArguments&)> dev;
  std::function<int(const TestArguments&)> test;
  /// Makes a data folder of a checkpoint's; what it says of it.
  std::function<Result<json::Value>(const std::string& checkpoint, const std::string& data_dir)> restore;
  /// All of a data folder but its log. Errors name what is damaged.
  std::function<Status(const std::string& data_dir)> verify_folder;
};

struct Command;
/// Why a command is called: to do its work, or only to say its flags (for completion).
enum class Purpose : uint8_t { run, name_flags };
struct Call {
  const Io& io;
  const Programs& programs;
  const Command& command;
  const std::vector<std::string>& arguments;
  Purpose purpose = Purpose::run;
};

struct Command {
  std::string_view noun;
  std::string_view verb;   ///< empty where the noun is the command
  std::string_view usage;  ///< what follows: "PATH…"
  std::string_view summary;
  int (*run)(const Call& call);
};

std::span<const Command> all_commands();

/// Runs `hence` with these arguments (without the program's name). Returns the exit code.
int run(const Io& io, const Programs& programs, std::vector<std::string> arguments);

inline constexpr std::string_view kVersion = "0.1.0";

}  // namespace hence::cli
