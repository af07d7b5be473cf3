// SPDX-License-Identifier: Apache-2.0
#include "os/real_disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "base/check.h"

namespace hence::os {
namespace {

constexpr mode_t kFileMode = 0640;
constexpr size_t kZeroBlockBytes = 1 << 20;

/// verb: what was tried, as in "write".
Error failure(std::string_view verb, std::string_view path, int error) {
  const bool full = error == ENOSPC || error == EDQUOT;
  std::string message = "cannot ";
  message += verb;
  message += ' ';
  message += path;
  message += ": " + std::generic_category().message(error);
  message += full ? "; free some space" : "; check the disk and the folder's permissions";
  return Error(full ? ErrorCode::DiskFull : ErrorCode::DiskFailed, std::move(message));
}

class RealFile final : public File {
 public:
  RealFile(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}
  ~RealFile() override { ::close(fd_); }

  Result<size_t> read_at(uint64_t offset, std::span<char> out) override {
    size_t done = 0;
    while (done < out.size()) {
      const ssize_t got = ::pread(fd_, out.data() + done, out.size() - done,
                                  static_cast<off_t>(offset + done));
      if (got == 0) break;
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return failure("read", path_, errno);
      done += static_cast<size_t>(got);
    }
    return done;
  }

  Status write_at(uint64_t offset, std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t put = ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) return failure("write", path_, errno);
      offset += static_cast<uint64_t>(put);
      bytes.remove_prefix(static_cast<size_t>(put));
    }
    return {};
  }

  Result<uint64_t> size() override {
    struct stat status {};
    if (::fstat(fd_, &status) != 0) return failure("read the size of", path_, errno);
    return static_cast<uint64_t>(status.st_size);
  }

  Status preallocate_written(uint64_t size_wanted) override {
    HENCE_TRY(uint64_t at, size());
    const std::string zeros(std::min<uint64_t>(kZeroBlockBytes, size_wanted), '\0');
    while (at < size_wanted) {
      const uint64_t step = std::min<uint64_t>(zeros.size(), size_wanted - at);
      HENCE_TRY_VOID(write_at(at, std::string_view(zeros).substr(0, step)));
      at += step;
    }
    return {};
  }

  Status sync_data() override {
    // Not tried again after EINTR or EIO: the kernel may have dropped the pages already.
    if (::fdatasync(fd_) != 0) return failure("sync", path_, errno);
    return {};
  }

  Status truncate(uint64_t size_wanted) override {
    while (::ftruncate(fd_, static_cast<off_t>(size_wanted)) != 0) {
      if (errno != EINTR) return failure("truncate", path_, errno);
    }
    return {};
  }

 private:
  std::string path_;
  int fd_;
};

void check_name(std::string_view name) {
  HENCE_CHECK(!name.empty() && name != "." && name != ".." &&
              name.find_first_of(std::string_view("/\0", 2)) == std::string_view::npos);
}

int open_flags(OpenMode mode) {
  switch (mode) {
    case OpenMode::existing: return O_RDWR;
    case OpenMode::read_only: return O_RDONLY;
    case OpenMode::create_new: return O_RDWR | O_CREAT | O_EXCL;
    case OpenMode::existing_or_new: return O_RDWR | O_CREAT;
  }
  HENCE_CHECK(false);
  return 0;
}

Status sync_path(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return failure("open", path, errno);
  const int error = ::fsync(fd) == 0 ? 0 : errno;
  ::close(fd);
  if (error != 0) return failure("sync", path, error);
  return {};
}

/// Makes the folder and its parents, each made durable in the one above.
Status make_folders(const std::string& path) {
  std::filesystem::path built;
  for (const std::filesystem::path& part : std::filesystem::path(path)) {
    const std::filesystem::path parent = built.empty() ? std::filesystem::path(".") : built;
    built /= part;
    if (::mkdir(built.c_str(), 0750) == 0) {
      HENCE_TRY_VOID(sync_path(parent.string()));
    } else if (errno != EEXIST) {
      return failure("make the folder", built.string(), errno);
    }
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Disk>> RealDisk::open_folder(const std::string& path) {
  HENCE_TRY_VOID(make_folders(path));
  return open_existing(path);
}

Result<std::unique_ptr<Disk>> RealDisk::open_existing(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return failure("open the folder", path, errno);
  return std::unique_ptr<Disk>(new RealDisk(path, fd));
}

RealDisk::~RealDisk() { ::close(folder_fd_); }

std::string RealDisk::path_of(std::string_view name) const {
  return path_ + "/" + std::string(name);
}

Result<std::unique_ptr<File>> RealDisk::open(std::string_view name, OpenMode mode) {
  check_name(name);
  const int flags = O_CLOEXEC | O_NOFOLLOW | open_flags(mode);
  const int fd = ::openat(folder_fd_, std::string(name).c_str(), flags, kFileMode);
  if (fd < 0) return failure("open", path_of(name), errno);
  return std::unique_ptr<File>(std::make_unique<RealFile>(path_of(name), fd));
}

Result<std::vector<std::string>> RealDisk::list() {
  const int fd = ::openat(folder_fd_, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* folder = fd < 0 ? nullptr : ::fdopendir(fd);
  if (folder == nullptr) {
    const int error = errno;
    if (fd >= 0) ::close(fd);
    return failure("list", path_, error);
  }
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = ::readdir(folder)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
    errno = 0;
  }
  const int error = errno;
  ::closedir(folder);
  if (error != 0) return failure("list", path_, error);
  std::sort(names.begin(), names.end());
  return names;
}

Status RealDisk::rename(std::string_view from, std::string_view to) {
  check_name(from);
  check_name(to);
  const std::string old_name(from);
  if (::renameat(folder_fd_, old_name.c_str(), folder_fd_, std::string(to).c_str()) != 0) {
    return failure("rename to " + std::string(to), path_of(from), errno);
  }
  return sync_folder();
}

Status RealDisk::remove(std::string_view name) {
  check_name(name);
  if (::unlinkat(folder_fd_, std::string(name).c_str(), 0) != 0) {
    return failure("remove", path_of(name), errno);
  }
  return sync_folder();
}

Status RealDisk::sync_folder() {
  if (::fsync(folder_fd_) != 0) return failure("sync the folder", path_, errno);
  return {};
}

void RealDisk::drop_cached(std::string_view name) {
  check_name(name);
  const int fd = ::openat(folder_fd_, std::string(name).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return;
  ::posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
  ::close(fd);
}

Result<uint64_t> RealDisk::free_bytes() {
  struct statvfs status {};
  if (::fstatvfs(folder_fd_, &status) != 0) return failure("read the free space of", path_, errno);
  return uint64_t{status.f_bavail} * status.f_frsize;
}

}  // namespace hence::os
