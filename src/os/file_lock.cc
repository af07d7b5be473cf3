// SPDX-License-Identifier: Apache-2.0
#include "os/file_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <system_error>
#include <utility>

namespace hence::os {
namespace {

std::string owner_of(int fd) {
  char text[32] = {};
  const ssize_t got = ::pread(fd, text, sizeof text - 1, 0);
  std::string owner;
  for (ssize_t i = 0; i < got && text[i] >= '0' && text[i] <= '9'; ++i) owner += text[i];
  return owner.empty() ? "another process" : "process " + owner;
}

Error failure(const std::string& path, int error) {
  return Error(ErrorCode::DiskFailed, "cannot lock " + path + ": " +
                                          std::generic_category().message(error) +
                                          "; check that the folder is there and writable");
}

}  // namespace

Result<FileLock> FileLock::acquire(const std::string& folder) {
  const std::string path = folder + "/lock";
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
  if (fd < 0) return failure(path, errno);
  FileLock lock(fd);
  int outcome = 0;
  do {
    outcome = ::flock(fd, LOCK_EX | LOCK_NB);
  } while (outcome != 0 && errno == EINTR);
  if (outcome != 0 && errno == EWOULDBLOCK) {
    return Error(ErrorCode::DataFolderInUse, "the data folder " + folder + " is in use by " +
                                                 owner_of(fd) +
                                                 "; stop that one or choose another --data-dir");
  }
  if (outcome != 0) return failure(path, errno);
  // The number only informs who comes second; the lock holds without it, even on a full disk.
  const std::string pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(fd, 0) == 0) {
    [[maybe_unused]] const ssize_t written = ::pwrite(fd, pid.data(), pid.size(), 0);
  }
  return lock;
}

FileLock::FileLock(FileLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

FileLock& FileLock::operator=(FileLock&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

FileLock::~FileLock() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace hence::os
