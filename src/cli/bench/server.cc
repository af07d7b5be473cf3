// SPDX-License-Identifier: Apache-2.0
#include "cli/bench/server.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

#include "cli/bench/sink.h"
#include "cli/http.h"

extern char** environ;

namespace hence::cli::bench {
namespace {

constexpr double kReadySeconds = 60;
constexpr useconds_t kReadyPauseMicros = 500;

std::string read_all(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// This program again, its messages in a file, with the signals of a fresh process. 0: it does not start.
pid_t spawn(const std::vector<std::string>& arguments, const std::string& messages) {
  std::vector<std::string> copies{"hence"};
  copies.insert(copies.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& argument : copies) argv.push_back(argument.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDERR_FILENO, messages.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  posix_spawn_file_actions_adddup2(&files, STDERR_FILENO, STDOUT_FILENO);
  pid_t child = 0;
  const int failed = posix_spawn(&child, "/proc/self/exe", &files, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  return failed == 0 ? child : 0;
}

}  // namespace

Result<Folder> Folder::create(const std::string& parent) {
  std::error_code error;
  std::filesystem::create_directories(parent, error);
  std::string path = parent + "/hence-bench-XXXXXX";
  if (mkdtemp(path.data()) == nullptr) {
    return Error(ErrorCode::FileUnreadable, "no folder can be made in " + parent + "; name another with --dir");
  }
  return Folder(std::move(path));
}

Folder::~Folder() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

uint64_t disk_bytes(const std::string& folder) {
  uint64_t bytes = 0;
  std::error_code gone;
  for (std::filesystem::recursive_directory_iterator it(folder, gone), end; !gone && it != end; it.increment(gone)) {
    struct stat facts{};
    if (stat(it->path().c_str(), &facts) == 0 && S_ISREG(facts.st_mode)) bytes += static_cast<uint64_t>(facts.st_blocks) * 512;
  }
  return bytes;
}

Result<std::unique_ptr<Server>> Server::start(const std::string& folder, const std::string& settings) {
  const std::string config = folder + "/hence.yaml", messages = folder + "/messages";
  std::ofstream(config) << settings;
  const uint16_t port = free_port();
  const std::string listen = "127.0.0.1:" + std::to_string(port);
  const double began = seconds_now();
  const pid_t pid = spawn({"serve", "--data-dir", folder + "/data", "--listen", listen, "--config", config}, messages);
  if (pid == 0) return Error(ErrorCode::Internal, "this program cannot start itself");
  std::unique_ptr<Server> server(new Server(pid, port));
  HENCE_TRY_VOID(server->wait_ready(messages, began));
  return server;
}

Status Server::wait_ready(const std::string& messages, double began) {
  HttpAsk ask;
  ask.url = "http://127.0.0.1:" + std::to_string(port_) + "/readyz";
  while (seconds_now() - began < kReadySeconds) {
    const Result<HttpReply> reply = http_call(ask);
    if (reply.ok() && reply->status == 200) {
      start_seconds_ = seconds_now() - began;
      return {};
    }
    if (waitpid(pid_, nullptr, WNOHANG) == pid_) {
      pid_ = 0;
      break;
    }
    usleep(kReadyPauseMicros);
  }
  return Error(ErrorCode::Unreachable, "the server of the benchmark is not ready; it says:\n" + read_all(messages));
}

Server::~Server() { stop(); }

void Server::end(int signal) {
  if (pid_ == 0) return;
  ::kill(pid_, signal);
  waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

void Server::stop() { end(SIGTERM); }
void Server::kill() { end(SIGKILL); }

Result<std::map<std::string, double>> Server::metrics() const {
  HttpAsk ask;
  ask.url = "http://127.0.0.1:" + std::to_string(port_) + "/metrics";
  HENCE_TRY(const HttpReply reply, http_call(ask));
  std::map<std::string, double> values;
  std::istringstream lines(reply.body);
  for (std::string line; std::getline(lines, line);) {
    const size_t space = line.find(' ');
    if (line.starts_with('#') || space == std::string::npos || line.find('{') != std::string::npos) continue;
    values[line.substr(0, space)] = std::strtod(line.c_str() + space, nullptr);
  }
  return values;
}

Status Server::apply(const Call& call, const std::string& folder, const std::string& resources) const {
  const std::string file = folder + "/resources.yaml";
  std::ofstream(file) << resources;
  std::string said;
  Io io = call.io;
  io.out = io.err = [&said](std::string_view text) { said += text; };
  const int code = run(io, call.programs, {"apply", "-f", file, "--address", "http://127.0.0.1:" + std::to_string(port_)});
  if (code != kExitOk) return Error(ErrorCode::RequestInvalid, "the benchmark's resources are refused: " + said);
  return {};
}

}  // namespace hence::cli::bench
