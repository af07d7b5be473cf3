// SPDX-License-Identifier: Apache-2.0
#include "connectors/shell/supervised_process_runner.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>
#include <mutex>
#include <thread>

#include "connectors/shell/protocol.h"
#include "connectors/shell/spawn.h"
#include "connectors/shell/supervisor.h"

namespace hence::connectors {
namespace {

using shell::Fd;
using shell::FrameKind;

constexpr size_t kInputBytesMax = 16u << 20;
constexpr Duration kTimeoutMax = Duration::days(366);
constexpr size_t kNameBytesMax = 100;
constexpr char kSupervisorEnded[] = "the supervisor of commands ended";
constexpr size_t kReadBytes = 64 << 10;

Error invalid(std::string why) { return Error(ErrorCode::RequestInvalid, std::move(why)); }

bool has_nul(const std::string& text) { return text.find('\0') != text.npos; }

/// What cannot be given to a process is refused before it is tried. Errors: RequestInvalid.
Status check_call(const delivery::ProcessCall& call) {
  if (call.input.size() > kInputBytesMax) {
    return invalid("the command's stdin is over the limit of 16 MiB");
  }
  bool nul = has_nul(call.command);
  for (const std::string& argument : call.arguments) nul = nul || has_nul(argument);
  for (const auto& [name, value] : call.environment) {
    nul = nul || has_nul(name) || has_nul(value);
    if (name.empty() || name.find('=') != name.npos) {
      return invalid("\"" + name + "\" is no name of an environment variable");
    }
  }
  if (nul) return invalid("a command, argument or variable holds a NUL character");
  const auto allowed = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
           c == '_' || c == '-';
  };
  if (call.attempt_name.size() > kNameBytesMax ||
      !std::all_of(call.attempt_name.begin(), call.attempt_name.end(), allowed)) {
    return invalid("the attempt's name must be at most 100 of A-Z a-z 0-9 . _ -");
  }
  return {};
}

shell::StartFrame frame_of(uint64_t call_id, delivery::ProcessCall call) {
  shell::StartFrame frame;
  frame.call_id = call_id;
  frame.name = std::move(call.attempt_name);
  frame.command = std::move(call.command);
  frame.arguments = std::move(call.arguments);
  frame.environment = std::move(call.environment);
  frame.input = std::move(call.input);
  frame.timeout = std::min(call.timeout, kTimeoutMax);
  frame.output_bytes_max = call.output_bytes_max;
  return frame;
}

}  // namespace

/// The connection to the supervisor. The queue is shared under the mutex; all else is the thread's.
class SupervisedProcessRunner::Link {
 public:
  using Done = std::function<void(Result<delivery::ProcessAnswer>)>;

  explicit Link(ProcessRunnerOptions options) : options_(std::move(options)) {}

  ~Link() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    if (!thread_.joinable()) return;
    wake();
    thread_.join();
  }

  Status open() {
    if (options_.shell == ProcessRunnerOptions::Shell::deny) return {};
    std::error_code error;
    std::filesystem::create_directories(options_.work_dir, error);
    wake_ = Fd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!options_.work_dir.starts_with("/") || error || !wake_.open() ||
        access(options_.work_dir.c_str(), R_OK | W_OK | X_OK) != 0) {
      return Error(ErrorCode::ConfigurationInvalid,
                   "commands cannot run in the folder \"" + options_.work_dir +
                       "\"; it must be an absolute path that can be made and written");
    }
    return {};
  }

  void start(uint64_t call_id, delivery::ProcessCall call, Done done) {
    const Status admitted = admit(call);
    if (!admitted.ok()) return done(admitted.error());
    {
      const std::lock_guard lock(mutex_);
      std::string bytes;
      shell::append_frame(bytes, FrameKind::start, frame_of(call_id, std::move(call)));
      queue_.push_back({call_id, std::move(bytes), std::move(done)});
    }
    wake();
  }

  void cancel(uint64_t call_id) {
    {
      const std::lock_guard lock(mutex_);
      if (!thread_.joinable()) return;
      std::string bytes;
      shell::append_frame(bytes, FrameKind::cancel, shell::CancelFrame{call_id});
      queue_.push_back({call_id, std::move(bytes), nullptr});
    }
    wake();
  }

 private:
  struct Request {
    uint64_t call_id;
    std::string bytes;
    Done done;  ///< none: cancel
  };

  /// Counts the call in, and starts the thread with the first one.
  Status admit(const delivery::ProcessCall& call) {
    if (options_.shell == ProcessRunnerOptions::Shell::deny) {
      return Error(ErrorCode::RunRefused,
                   "this server does not run shell commands; to allow it, set run: {shell: allow} "
                   "in hence.yaml");
    }
    HENCE_TRY_VOID(check_call(call));
    const std::lock_guard lock(mutex_);
    if (stopping_) return Error(ErrorCode::CallFailed, "the server is stopping");
    if (calls_ >= options_.calls_max) {
      return Error(ErrorCode::Overloaded,
                   "overloaded: " + std::to_string(calls_) +
                       " commands are running already; it is tried again later");
    }
    ++calls_;
    if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
    return {};
  }

  void wake() {
    const uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = write(wake_.get(), &one, sizeof one);
  }

  void run() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    pthread_setname_np(pthread_self(), "hence-run");
    while (take_requests()) {
      const short wanted = out_.empty() ? POLLIN : POLLIN | POLLOUT;
      pollfd polled[] = {{wake_.get(), POLLIN, 0}, {socket_.get(), wanted, 0}};
      if (poll(polled, socket_.open() ? 2 : 1, -1) <= 0) continue;
      uint64_t count = 0;
      if (polled[0].revents != 0) {
        [[maybe_unused]] const ssize_t got = read(wake_.get(), &count, sizeof count);
      }
      if (polled[1].revents & POLLOUT) send_some();
      if (socket_.open() && (polled[1].revents & ~POLLOUT) != 0) receive_some();
    }
    disconnect("the server is stopping");
  }

  bool take_requests() {
    std::vector<Request> requests;
    bool stopping = false;
    {
      const std::lock_guard lock(mutex_);
      requests.swap(queue_);
      stopping = stopping_;
    }
    for (Request& request : requests) {
      if (!request.done) {
        if (pending_.contains(request.call_id)) out_.bytes() += request.bytes;
        continue;
      }
      HENCE_CHECK(pending_.emplace(request.call_id, std::move(request.done)).second);
      if (!socket_.open() && !stopping) {
        if (const Status connected = connect(); !connected.ok()) {
          end_call(request.call_id, connected.error());
          continue;
        }
      }
      out_.bytes() += request.bytes;
    }
    return !stopping;
  }

  /// Starts a supervisor. Errors: CallFailed.
  Status connect() {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) {
      return Error(ErrorCode::CallFailed, std::string("no socket: ") + std::strerror(errno));
    }
    Fd ours(ends[0]);
    const Fd theirs(ends[1]);
    const int error = spawn_supervisor(theirs.get());
    if (error != 0) {
      return Error(ErrorCode::CallFailed,
                   std::string("the supervisor of commands did not start: ") +
                       std::strerror(error));
    }
    socket_ = std::move(ours);
    return {};
  }

  int spawn_supervisor(int socket) {
    std::vector<std::string> arguments = options_.supervisor;
    arguments.push_back(options_.work_dir);
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    char* no_environment[] = {nullptr};  // it may hold secrets, and commands could read it
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, socket, shell::kSupervisorSocket);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addclosefrom_np(&actions, shell::kSupervisorSocket + 1);
    const int error =
        posix_spawn(&supervisor_, argv[0], &actions, &attributes, argv.data(), no_environment);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return error;
  }

  void send_some() {
    const ssize_t sent = send(socket_.get(), out_.left().data(), out_.left().size(), MSG_NOSIGNAL);
    if (sent > 0) out_.sent(static_cast<size_t>(sent));
    if (sent < 0 && errno != EAGAIN && errno != EINTR) disconnect(kSupervisorEnded);
  }

  void receive_some() {
    char bytes[kReadBytes];
    const ssize_t got = recv(socket_.get(), bytes, sizeof bytes, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) return disconnect(kSupervisorEnded);
    in_.append(bytes, static_cast<size_t>(got));
    size_t taken = 0;
    while (const auto frame = shell::first_frame(std::string_view(in_).substr(taken))) {
      auto end = decode<shell::EndFrame>(frame->fields, "a frame");
      taken += frame->size;
      if (end.ok()) take_end(std::move(*end));
    }
    in_.erase(0, taken);
  }

  void take_end(shell::EndFrame end) {
    if (!end.failure.empty()) {
      return end_call(end.call_id, Error(ErrorCode::CallFailed, end.failure));
    }
    end_call(end.call_id, delivery::ProcessAnswer{end.exit_code, std::move(end.output),
                                                  std::move(end.error_output)});
  }

  void end_call(uint64_t call_id, Result<delivery::ProcessAnswer> answer) {
    const auto found = pending_.find(call_id);
    if (found == pending_.end()) return;
    const Done done = std::move(found->second);
    pending_.erase(found);
    {
      const std::lock_guard lock(mutex_);
      --calls_;
    }
    done(std::move(answer));
  }

  /// Closes the socket, upon which the supervisor ends its commands and itself, and waits for it.
  void disconnect(const std::string& why) {
    if (socket_.open()) {
      socket_.reset();
      while (waitpid(supervisor_, nullptr, 0) < 0 && errno == EINTR) {
      }
    }
    in_.clear();
    out_.clear();
    while (!pending_.empty()) end_call(pending_.begin()->first, Error(ErrorCode::CallFailed, why));
  }

  const ProcessRunnerOptions options_;
  Fd wake_;
  std::mutex mutex_;
  std::vector<Request> queue_;
  size_t calls_ = 0;
  bool stopping_ = false;

  Fd socket_;
  pid_t supervisor_ = 0;
  std::map<uint64_t, Done> pending_;
  std::string in_;
  shell::OutBuffer out_;
  std::thread thread_;
};

Result<std::unique_ptr<SupervisedProcessRunner>> SupervisedProcessRunner::create(
    ProcessRunnerOptions options) {
  auto link = std::make_unique<Link>(std::move(options));
  HENCE_TRY_VOID(link->open());
  return std::unique_ptr<SupervisedProcessRunner>(new SupervisedProcessRunner(std::move(link)));
}

SupervisedProcessRunner::SupervisedProcessRunner(std::unique_ptr<Link> link)
    : link_(std::move(link)) {}
SupervisedProcessRunner::~SupervisedProcessRunner() = default;

void SupervisedProcessRunner::start(uint64_t call_id, delivery::ProcessCall call,
                                    std::function<void(Result<delivery::ProcessAnswer>)> done) {
  link_->start(call_id, std::move(call), std::move(done));
}

void SupervisedProcessRunner::cancel(uint64_t call_id) { link_->cancel(call_id); }

}  // namespace hence::connectors
