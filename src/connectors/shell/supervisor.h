// SPDX-License-Identifier: Apache-2.0
#pragma once

// The supervisor: a small process of one thread, the server's own binary started again, that is
// the parent of every command. It lives exactly as long as its socket to the server: when that
// closes, also by kill -9 of the server, it ends the process group of every command and then
// itself. As a subreaper it inherits and reaps what commands leave behind.

#include <optional>
#include <string>

namespace hence::connectors::shell {

inline constexpr char kSuperviseArgument[] = "__supervise";
inline constexpr int kSupervisorSocket = 3;

/// For main(), before anything else: where the program was started as a supervisor, is one until
/// the server is gone and returns the exit code. Nothing otherwise.
std::optional<int> supervise_if_asked(int argc, char** argv);

/// Serves the socket, with folders of attempts in work_dir. Returns when the other side closed it
/// and all commands are gone.
int supervise(int socket, const std::string& work_dir);

}  // namespace hence::connectors::shell
