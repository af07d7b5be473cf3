// SPDX-License-Identifier: Apache-2.0
#include "connectors/shell/attempt_folders.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <thread>
#include <vector>

namespace hence::connectors::shell {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kRunning = "attempt-";
constexpr std::string_view kEnded = "ended-";
/// A group has 2 s between SIGTERM and SIGKILL; beyond this the earlier supervisor itself hangs.
constexpr std::chrono::seconds kEarlierPatience{6};

std::vector<std::string> folders_named(const std::string& work_dir, std::string_view prefix) {
  std::vector<std::string> found;
  std::error_code error;
  for (fs::directory_iterator it(work_dir, error), end; !error && it != end; it.increment(error)) {
    if (it->path().filename().native().starts_with(prefix)) found.push_back(it->path().native());
  }
  return found;
}

void remove_ended(const std::string& work_dir) {
  for (const std::string& folder : folders_named(work_dir, kEnded)) {
    std::error_code error;
    fs::remove_all(folder, error);  // what cannot be removed is tried again at the next sweep
  }
}

}  // namespace

/// Commands of an earlier supervisor end with it, but not in an instant: until they are gone, none
/// of ours may start, or two attempts of one task could meet. Held for the life of the process.
void AttemptFolders::wait_for_earlier() {
  const int lock = open(work_dir_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (lock < 0) return;  // the folder is unusable; create() will say so
  const auto deadline = std::chrono::steady_clock::now() + kEarlierPatience;
  while (flock(lock, LOCK_EX | LOCK_NB) != 0 && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

void AttemptFolders::begin() {
  wait_for_earlier();
  for (const std::string& folder : folders_named(work_dir_, kRunning)) retire(folder);
  sweep();
}

Result<std::string> AttemptFolders::create(const std::string& name) {
  const std::string folder = work_dir_ + "/" + std::string(kRunning) + name + "-" +
                             std::to_string(getpid()) + "-" + std::to_string(++last_number_);
  if (mkdir(folder.c_str(), 0700) != 0) {
    return Error(ErrorCode::CallFailed,
                 "the folder " + folder + " cannot be made: " + std::strerror(errno));
  }
  return folder;
}

void AttemptFolders::retire(const std::string& folder) {
  const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
  const std::string ended = work_dir_ + "/" + std::string(kEnded) + std::to_string(now) + "-" +
                            std::to_string(getpid()) + "-" + std::to_string(++last_number_);
  rename(folder.c_str(), ended.c_str());
}

void AttemptFolders::remove(const std::string& folder) {
  retire(folder);
  sweep();
}

void AttemptFolders::sweep() {
  if (sweeper_ != 0) {
    sweep_again_ = true;
    return;
  }
  sweep_again_ = false;
  const pid_t pid = fork();
  if (pid == 0) {
    remove_ended(work_dir_);
    _exit(0);
  }
  if (pid > 0) sweeper_ = pid;
}

void AttemptFolders::reaped(pid_t pid) {
  if (pid != sweeper_) return;
  sweeper_ = 0;
  if (sweep_again_) sweep();
}

void AttemptFolders::finish() { remove_ended(work_dir_); }

}  // namespace hence::connectors::shell
