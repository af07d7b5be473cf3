// SPDX-License-Identifier: Apache-2.0
// `hence serve` and `hence dev`: a server in the foreground. SIGTERM and SIGINT end it in order,
// SIGHUP reads hence.yaml again, whole or not at all.

#include "cli/serve.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/crash_point.h"
#include "base/log_line.h"
#include "cli/dev_files.h"
#include "cli/spawn_self.h"
#include "os/file_limit.h"
#include "server/node.h"

namespace hence::cli {
namespace {

constexpr int kExitWrongUse = 2;
constexpr int kExitFailed = 1;
constexpr int kWatchMillis = 300;
/// Open beside the connections to us: calls out (1,024), files of the state (256) and of the log (64),
/// what each command's pipes take.
constexpr uint64_t kFilesBesideConnections = 1'500;

/// Signals are taken in one place, as data; every thread started later has them blocked.
int open_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, number);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signal(SIGPIPE, SIG_IGN);
  return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/// The next signal, or 0 when none came in time.
int wait_signal(int fd, int timeout_ms) {
  pollfd waiting{fd, POLLIN, 0};
  if (poll(&waiting, 1, timeout_ms) <= 0) return 0;
  signalfd_siginfo info{};
  return read(fd, &info, sizeof info) == sizeof info ? static_cast<int>(info.ssi_signo) : 0;
}

Result<server::Config> load_config(const std::string& file) {
  if (file.empty()) return server::Config();
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return Error(ErrorCode::FileUnreadable, file + " cannot be read; name the configuration with --config");
  std::ostringstream text;
  text << stream.rdbuf();
  return server::parse_config(text.str(), file);
}

/// The settings of a start and of each reload: what the file says, but for --listen, which goes before it.
Result<server::Config> load_settings(const ServeArguments& arguments) {
  HENCE_TRY(server::Config config, load_config(arguments.config_file));
  if (!arguments.listen.empty()) config.listen = arguments.listen;
  return config;
}

/// Says why there is no server; returns the exit code.
int say(const Error& error) {
  std::fprintf(stderr, "hence: %s\n", error.message().c_str());
  return error.code() == ErrorCode::ConfigurationInvalid ? kExitWrongUse : kExitFailed;
}

/// Once, at start: the setting cannot change while the server runs.
void warn_of_few_files(uint64_t files, const server::Config& config) {
  const uint64_t connections = config.http.connections;
  const uint64_t needed = connections + kFilesBesideConnections;
  if (files >= needed) return;
  std::string text = "this process may have " + std::to_string(files) + " files open, limits.connections: " +
                     std::to_string(connections) + " needs " + std::to_string(needed) + ": raise the hard limit (ulimit -Hn " +
                     std::to_string(needed) + ", with systemd LimitNOFILE=" + std::to_string(needed) + ")";
  if (files > kFilesBesideConnections) {
    text += ", or set limits.connections to " + std::to_string(files - kFilesBesideConnections);
  }
  log_line(LogLevel::warning, text);
}

void reload(server::Node& node, const ServeArguments& arguments) {
  const std::string& file = arguments.config_file;
  const Result<server::Config> config = load_settings(arguments);
  const Status status = config.ok() ? node.reload(*config) : Status(config.error());
  if (status.ok()) log_line(LogLevel::info, "settings read again", {{"file", file.empty() ? "(defaults)" : file}});
  else log_line(LogLevel::error, "settings not taken: " + status.error().message());
}

}  // namespace

int serve_command(const ServeArguments& arguments) {
  const int signals = open_signals();
  if (const char* point = std::getenv("HENCE_CRASH_POINT"); point != nullptr && !set_crash_point(point)) {
    return say(Error(ErrorCode::ConfigurationInvalid, std::string("HENCE_CRASH_POINT: \"") + point + "\" is no name or name:number"));
  }
  const Result<server::Config> config = load_settings(arguments);
  if (!config.ok()) return say(config.error());
  const uint64_t files = os::raise_file_limit();
  Result<std::unique_ptr<server::Node>> node = server::Node::start(arguments.data_dir, *config);
  if (!node.ok()) return say(node.error());
  warn_of_few_files(files, *config);
  log_line(LogLevel::info, "serving",
           {{"port", std::to_string((*node)->port())}, {"data", arguments.data_dir}, {"recovered", (*node)->recovery()}});
  while (true) {
    const int number = wait_signal(signals, -1);
    if (number == SIGHUP) reload(**node, arguments);
    else if (number != 0) break;
  }
  log_line(LogLevel::info, "stopping");
  (*node)->stop();
  return 0;
}

int dev_command(const DevArguments& arguments) {
  const int signals = open_signals();
  server::Config config;
  config.run_shell = true;
  config.run_script = true;
  config.egress_allow = {"127.0.0.0/8", "::1/128"};
  config.secret_env = {"*"};
  config.disk_reserve_bytes = 0;
  if (!arguments.listen.empty()) config.listen = arguments.listen;
  std::string folder = (std::filesystem::temp_directory_path() / "hence-dev-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) return say(Error(ErrorCode::DiskFailed, "no folder can be made in " + folder));
  int code = 0;
  os::raise_file_limit();
  {
    Result<std::unique_ptr<server::Node>> node = server::Node::start(folder, config);
    if (!node.ok()) {
      code = say(node.error());
    } else {
      const std::string address = dev_address(config.listen, (*node)->port());
      std::fprintf(stderr, "hence dev: %s, data in %s until you stop it (Ctrl-C)\n", address.c_str(), folder.c_str());
      DevFiles files(arguments.files, address, run_self);
      files.apply_changed();
      while (true) {
        const int number = wait_signal(signals, kWatchMillis);
        if (number == SIGTERM || number == SIGINT) break;
        files.apply_changed();
      }
      (*node)->stop();
    }
  }
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
  return code;
}

}  // namespace hence::cli
