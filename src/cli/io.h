// SPDX-License-Identifier: Apache-2.0
#pragma once

// The world as a command sees it: where it writes, what it reads, what time it is. Commands touch
// nothing else but files and HTTP, so that tests run them in the process.

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace hence::cli {

struct Io {
  std::function<void(std::string_view)> out;
  std::function<void(std::string_view)> err;
  std::function<Result<std::string>()> read_input;      ///< all of standard input
  std::function<std::string(const char*)> environment;  ///< empty where not set
  std::function<UtcTime()> now;
  std::function<bool(Duration)> sleep;                     ///< false: stop what you repeat
  std::function<bool(std::string_view question)> confirm;  ///< asks a person; only on a terminal
  bool terminal = false;                                   ///< out is read by a person
  bool error_terminal = false;                             ///< err is
  bool input_terminal = false;
  bool colour = false;
  size_t columns = 80;  ///< of out; 80 at least
  std::string commit;   ///< that the program was built at; empty: nobody knows

  /// "hence: sentence", on err; returns code.
  int fail(std::string_view sentence, int code) const;
  int fail(const Error& error) const;
};

/// The process's own streams, environment and clock.
Io system_io();

/// The text of a file, or of standard input for "-". Errors: FileUnreadable.
Result<std::string> read_file(const Io& io, const std::string& path);

enum ExitCode : int {
  kExitOk = 0,
  kExitNo = 1,  ///< a negative answer: no match, invalid, faulted, not there
  kExitWrongUse = 2,
  kExitUnreachable = 3,
  kExitRefused = 4,
  kExitExpression = 5,  ///< an expression failed while running
};
/// What the shell gets to see of an error.
int exit_code_of(ErrorCode code);

}  // namespace hence::cli
