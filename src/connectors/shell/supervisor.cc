// SPDX-License-Identifier: Apache-2.0
#include "connectors/shell/supervisor.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <memory>
#include <vector>

#include "connectors/shell/attempt.h"
#include "connectors/shell/attempt_folders.h"

namespace hence::connectors::shell {
namespace {

using Clock = std::chrono::steady_clock;
constexpr size_t kReadBytes = 64 << 10;

class Supervisor {
 public:
  Supervisor(int socket, const std::string& work_dir) : socket_(socket), folders_(work_dir) {}

  int run() {
    if (!prepare_process()) return 1;
    folders_.begin();
    while (socket_.open() || !attempts_.empty()) {
      wait_for_something();
      reap();
      step_attempts();
    }
    folders_.finish();
    return 0;
  }

 private:
  bool prepare_process() {
    prctl(PR_SET_NAME, "hence-supervise");
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    prctl(PR_SET_DUMPABLE, 0);
    for (int number : {SIGINT, SIGHUP, SIGTERM, SIGQUIT, SIGPIPE}) signal(number, SIG_IGN);
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_SETMASK, &child, nullptr);
    signals_ = Fd(signalfd(-1, &child, SFD_NONBLOCK | SFD_CLOEXEC));
    fcntl(socket_.get(), F_SETFD, FD_CLOEXEC);
    return signals_.open() && fcntl(socket_.get(), F_SETFL, O_NONBLOCK) == 0;
  }

  enum class What : uint8_t { socket, signals, input, output, error_output };
  struct Watched {
    What what;
    Attempt* attempt;
  };

  void watch(const Fd& fd, short events, What what, Attempt* attempt = nullptr) {
    if (!fd.open()) return;
    polled_.push_back({fd.get(), events, 0});
    watched_.push_back({what, attempt});
  }

  void wait_for_something() {
    polled_.clear();
    watched_.clear();
    watch(socket_, out_.empty() ? POLLIN : POLLIN | POLLOUT, What::socket);
    watch(signals_, POLLIN, What::signals);
    for (const auto& [id, attempt] : attempts_) {
      watch(attempt->input(), POLLOUT, What::input, attempt.get());
      watch(attempt->output(), POLLIN, What::output, attempt.get());
      watch(attempt->error_output(), POLLIN, What::error_output, attempt.get());
    }
    int timeout_ms = -1;
    if (wake_) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(*wake_ - Clock::now());
      timeout_ms = static_cast<int>(std::clamp<int64_t>(left.count(), 0, 60'000));
    }
    if (poll(polled_.data(), polled_.size(), timeout_ms) <= 0) return;
    for (size_t i = 0; i < polled_.size(); ++i) {
      if (polled_[i].revents != 0) handle(watched_[i], polled_[i].revents);
    }
  }

  void handle(const Watched& watched, short events) {
    const Instant now = Clock::now();
    Attempt* attempt = watched.attempt;
    switch (watched.what) {
      case What::socket:
        if (events & POLLOUT) send_some();
        if (events & (POLLIN | POLLHUP | POLLERR)) receive_some();
        break;
      case What::signals: {
        signalfd_siginfo info;
        while (read(signals_.get(), &info, sizeof info) > 0) {
        }
        break;
      }
      case What::input:
        if (attempt->input().open()) attempt->feed_input();
        break;
      case What::output:
        if (attempt->output().open()) attempt->read_output(now);
        break;
      case What::error_output:
        if (attempt->error_output().open()) attempt->read_error_output(now);
        break;
    }
  }

  void send_some() {
    const ssize_t sent = send(socket_.get(), out_.left().data(), out_.left().size(), MSG_NOSIGNAL);
    if (sent > 0) out_.sent(static_cast<size_t>(sent));
    if (sent < 0 && errno != EAGAIN && errno != EINTR) server_gone();
  }

  void receive_some() {
    if (!socket_.open()) return;
    char bytes[kReadBytes];
    const ssize_t got = recv(socket_.get(), bytes, sizeof bytes, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) return server_gone();
    in_.append(bytes, static_cast<size_t>(got));
    size_t taken = 0;
    while (const auto frame = first_frame(std::string_view(in_).substr(taken))) {
      take(*frame);
      taken += frame->size;
    }
    in_.erase(0, taken);
  }

  void take(const Frame& frame) {
    if (frame.kind == FrameKind::start) {
      auto call = decode<StartFrame>(frame.fields, "a frame");
      if (call.ok()) begin(std::move(*call));
    } else if (frame.kind == FrameKind::cancel) {
      const auto cancel = decode<CancelFrame>(frame.fields, "a frame");
      const auto found = cancel.ok() ? attempts_.find(cancel->call_id) : attempts_.end();
      if (found != attempts_.end()) found->second->end("the command was cancelled", Clock::now());
    }
  }

  void begin(StartFrame call) {
    const uint64_t call_id = call.call_id;
    const auto failed = [&](const Error& error) {
      EndFrame end;
      end.call_id = call_id;
      end.failure = "the command could not start: " + error.message();
      append_frame(out_.bytes(), FrameKind::end, end);
    };
    auto folder = folders_.create(call.name);
    if (!folder.ok()) return failed(folder.error());
    auto child = spawn(call, *folder);
    if (!child.ok()) {
      folders_.remove(*folder);
      return failed(child.error());
    }
    attempts_[call_id] = std::make_unique<Attempt>(std::move(call), std::move(*child),
                                                   std::move(*folder), Clock::now());
  }

  void server_gone() {
    socket_.reset();
    out_.clear();
    in_.clear();
    for (const auto& [id, attempt] : attempts_) attempt->end("the server ended", Clock::now());
  }

  void reap() {
    int status = 0;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
      folders_.reaped(pid);
      for (const auto& [id, attempt] : attempts_) {
        if (attempt->pid() == pid) attempt->exited(status);
      }
    }
  }

  void step_attempts() {
    const Instant now = Clock::now();
    wake_.reset();
    for (auto it = attempts_.begin(); it != attempts_.end();) {
      Attempt& attempt = *it->second;
      const Instant next = attempt.step(now);
      if (attempt.gone()) folders_.remove(attempt.folder());
      const auto answer = attempt.take_answer();
      if (answer && socket_.open()) append_frame(out_.bytes(), FrameKind::end, *answer);
      if (attempt.gone()) {
        it = attempts_.erase(it);
        continue;
      }
      wake_ = wake_ ? std::min(*wake_, next) : next;
      ++it;
    }
    if (!out_.empty()) send_some();
  }

  Fd socket_;
  Fd signals_;
  AttemptFolders folders_;
  std::map<uint64_t, std::unique_ptr<Attempt>> attempts_;
  std::string in_;
  OutBuffer out_;
  std::optional<Instant> wake_;
  std::vector<pollfd> polled_;
  std::vector<Watched> watched_;
};

}  // namespace

std::optional<int> supervise_if_asked(int argc, char** argv) {
  if (argc != 3 || std::strcmp(argv[1], kSuperviseArgument) != 0) return std::nullopt;
  return supervise(kSupervisorSocket, argv[2]);
}

int supervise(int socket, const std::string& work_dir) {
  return Supervisor(socket, work_dir).run();
}

}  // namespace hence::connectors::shell
