// SPDX-License-Identifier: Apache-2.0
#include "cli/io.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <sstream>

#include "os/clock.h"

namespace hence::cli {
namespace {

/// Writes all of it, or ends the process quietly where the reader is gone (`hence … | head`).
void write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno == EAGAIN) {
      pollfd waiting{fd, POLLOUT, 0};
      poll(&waiting, 1, -1);
      continue;
    }
    if (written <= 0) _exit(errno == EPIPE ? 141 : kExitNo);
    text.remove_prefix(static_cast<size_t>(written));
  }
}

Result<std::string> read_all(std::istream& stream, const std::string& name) {
  std::ostringstream text;
  text << stream.rdbuf();
  if (stream.bad())
    return Error(ErrorCode::FileUnreadable, name + " cannot be read: " + std::strerror(errno));
  return std::move(text).str();
}

size_t terminal_columns() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return std::max<size_t>(80, size.ws_col);
}

bool ask(std::string_view question) {
  write_all(STDERR_FILENO, std::string(question) + " [y/N] ");
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

}  // namespace

int Io::fail(std::string_view sentence, int code) const {
  err("hence: " + std::string(sentence) + "\n");
  return code;
}

int Io::fail(const Error& error) const { return fail(error.message(), exit_code_of(error.code())); }

Io system_io() {
  Io io;
  io.out = [](std::string_view text) { write_all(STDOUT_FILENO, text); };
  io.err = [](std::string_view text) { write_all(STDERR_FILENO, text); };
  io.read_input = [] { return read_all(std::cin, "standard input"); };
  io.environment = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value != nullptr ? value : "");
  };
  io.now = [] { return os::SystemClock().now(); };
  io.sleep = [](Duration duration) {
    poll(nullptr, 0, static_cast<int>(duration.millis()));
    return true;
  };
  io.confirm = ask;
  io.terminal = isatty(STDOUT_FILENO) == 1;
  io.error_terminal = isatty(STDERR_FILENO) == 1;
  io.input_terminal = isatty(STDIN_FILENO) == 1;
  io.colour = io.terminal && io.environment("NO_COLOR").empty() && io.environment("TERM") != "dumb";
  if (io.terminal) io.columns = terminal_columns();
  return io;
}

Result<std::string> read_file(const Io& io, const std::string& path) {
  if (path == "-") return io.read_input();
  errno = 0;
  std::ifstream stream(path, std::ios::binary);
  if (!stream || stream.peek() == std::ifstream::traits_type::eof()) {
    // A folder opens, but gives nothing; an empty file is one.
    if (errno != 0)
      return Error(ErrorCode::FileUnreadable, path + " cannot be read: " + std::strerror(errno));
    return std::string();
  }
  return read_all(stream, path);
}

int exit_code_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::Unreachable:
    case ErrorCode::Overloaded:
    case ErrorCode::ShuttingDown:
    case ErrorCode::DiskFull: return kExitUnreachable;
    case ErrorCode::Unauthenticated:
    case ErrorCode::Forbidden:
    case ErrorCode::RateLimited:
    case ErrorCode::RunRefused:
    case ErrorCode::SecretUnavailable: return kExitRefused;
    case ErrorCode::ExpressionFailed:
    case ErrorCode::BudgetExceeded: return kExitExpression;
    case ErrorCode::RequestInvalid:
    case ErrorCode::TimeInvalid:
    case ErrorCode::MethodNotAllowed:
    case ErrorCode::FileUnreadable:
    case ErrorCode::ConfigurationInvalid:
    case ErrorCode::ExpressionInvalid:
    case ErrorCode::UnsupportedMediaType: return kExitWrongUse;
    default: return kExitNo;
  }
}

}  // namespace hence::cli
