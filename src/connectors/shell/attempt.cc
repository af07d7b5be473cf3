// SPDX-License-Identifier: Apache-2.0
#include "connectors/shell/attempt.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace hence::connectors::shell {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr milliseconds kLeaveTime{1000};
constexpr milliseconds kTermTime{2000};
constexpr milliseconds kKillTime{1000};
constexpr milliseconds kGroupPoll{10};
constexpr size_t kReadBytes = 64 << 10;

}  // namespace

Attempt::Attempt(StartFrame call, Child child, std::string folder, Instant now)
    : call_(std::move(call)),
      child_(std::move(child)),
      folder_(std::move(folder)),
      deadline_(now + microseconds(call_.timeout.micros)) {
  end_.call_id = call_.call_id;
}

int Attempt::exit_code_of(int wait_status) {
  if (WIFSIGNALED(wait_status)) return 128 + WTERMSIG(wait_status);
  return WEXITSTATUS(wait_status);
}

void Attempt::feed_input() {
  const std::string_view left = std::string_view(call_.input).substr(input_done_);
  const ssize_t written = write(child_.input.get(), left.data(), left.size());
  if (written > 0) input_done_ += static_cast<size_t>(written);
  const bool refused = written < 0 && errno != EAGAIN && errno != EINTR;  // it closed its stdin
  if (refused || input_done_ == call_.input.size()) child_.input.reset();
}

void Attempt::read_pipe(Fd& pipe, std::string& into, std::string_view name, Instant now) {
  char bytes[kReadBytes];
  const ssize_t got = read(pipe.get(), bytes, sizeof bytes);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) return pipe.reset();
  into.append(bytes, static_cast<size_t>(got));
  if (into.size() <= call_.output_bytes_max) return;
  end("the command wrote more than " + std::to_string(call_.output_bytes_max) + " bytes to " +
          std::string(name) + ", which is what limits.processOutputBytes allows, and was ended",
      now);
}

void Attempt::read_output(Instant now) { read_pipe(child_.output, end_.output, "stdout", now); }
void Attempt::read_error_output(Instant now) {
  read_pipe(child_.error_output, end_.error_output, "stderr", now);
}

bool Attempt::group_gone() const {
  return exit_code_ && kill(-child_.pid, 0) != 0 && errno == ESRCH;
}

void Attempt::enter(Phase phase, Instant deadline) {
  phase_ = phase;
  deadline_ = deadline;
}

void Attempt::end(std::string reason, Instant now) {
  if (phase_ == Phase::leaving || phase_ == Phase::running) {
    if (end_.failure.empty()) end_.failure = std::move(reason);
    child_.input.reset();
    child_.output.reset();
    child_.error_output.reset();
    kill(-child_.pid, SIGTERM);
    enter(Phase::ending, now + kTermTime);
  }
}

void Attempt::answer() {
  if (answered_) return;
  answered_ = true;
  answer_ready_ = true;
  end_.exit_code = exit_code_.value_or(0);
  child_.input.reset();
  child_.output.reset();
  child_.error_output.reset();
}

Instant Attempt::step(Instant now) {
  if (phase_ == Phase::running) {
    if (exit_code_) {
      enter(Phase::leaving, now + kLeaveTime);
    } else if (now >= deadline_) {
      end("the command did not end within " + format_human(call_.timeout) +
              ", which is what limits.processTime allows, and was ended",
          now);
    }
  }
  if (phase_ == Phase::leaving) {
    if (group_gone() && pipes_closed()) {
      answer();
      phase_ = Phase::gone;
    } else if (now >= deadline_) {
      answer();
      kill(-child_.pid, SIGTERM);
      enter(Phase::ending, now + kTermTime);
    }
  }
  if (phase_ == Phase::ending && !group_gone() && now >= deadline_) {
    kill(-child_.pid, SIGKILL);
    enter(Phase::killed, now + kKillTime);
  }
  const bool ended = phase_ == Phase::ending || phase_ == Phase::killed;
  if (ended && (group_gone() || (phase_ == Phase::killed && now >= deadline_))) {
    answer();
    phase_ = Phase::gone;
  }
  if (phase_ == Phase::running) return deadline_;
  return std::min(deadline_, now + kGroupPoll);
}

std::optional<EndFrame> Attempt::take_answer() {
  if (!std::exchange(answer_ready_, false)) return std::nullopt;
  if (!end_.failure.empty()) {
    end_.output.clear();
    end_.error_output.clear();
  }
  return std::move(end_);
}

}  // namespace hence::connectors::shell
