// SPDX-License-Identifier: Apache-2.0
#include "store/watched_files.h"

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <utility>

namespace hence::store {
namespace {

using rocksdb::DirFsyncOptions;
using rocksdb::FileOptions;
using rocksdb::FSDirectory;
using rocksdb::FSWritableFile;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

struct Watch {
  WriteFailure failed;

  IOStatus operator()(IOStatus status, const char* what, const std::string& file) const {
    if (!status.ok() && !status.IsNotSupported()) {
      failed(Error(ErrorCode::StoreFailed, "cannot " + std::string(what) + " " + file + ": " +
                                               status.ToString() + "; see that the disk has space and works"));
    }
    return status;
  }
};

class WatchedFile final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  WatchedFile(std::unique_ptr<FSWritableFile> file, std::string name, const Watch& watch)
      : FSWritableFileOwnerWrapper(std::move(file)), name_(std::move(name)), watch_(watch) {}

  IOStatus Append(const Slice& data, const IOOptions& options, IODebugContext* context) override {
    return watch_(FSWritableFileOwnerWrapper::Append(data, options, context), "write", name_);
  }
  IOStatus Append(const Slice& data, const IOOptions& options,
                  const rocksdb::DataVerificationInfo& info, IODebugContext* context) override {
    return watch_(FSWritableFileOwnerWrapper::Append(data, options, info, context), "write", name_);
  }
  IOStatus Flush(const IOOptions& options, IODebugContext* context) override {
    return watch_(FSWritableFileOwnerWrapper::Flush(options, context), "write", name_);
  }
  IOStatus Sync(const IOOptions& options, IODebugContext* context) override {
    return watch_(FSWritableFileOwnerWrapper::Sync(options, context), "sync", name_);
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* context) override {
    return watch_(FSWritableFileOwnerWrapper::Fsync(options, context), "sync", name_);
  }
  IOStatus Close(const IOOptions& options, IODebugContext* context) override {
    return watch_(FSWritableFileOwnerWrapper::Close(options, context), "close", name_);
  }

 private:
  std::string name_;
  const Watch& watch_;
};

class WatchedFolder final : public rocksdb::FSDirectoryWrapper {
 public:
  WatchedFolder(std::unique_ptr<FSDirectory> folder, std::string name, const Watch& watch)
      : FSDirectoryWrapper(std::move(folder)), name_(std::move(name)), watch_(watch) {}

  IOStatus Fsync(const IOOptions& options, IODebugContext* context) override {
    return watch_(FSDirectoryWrapper::Fsync(options, context), "sync", name_);
  }
  IOStatus FsyncWithDirOptions(const IOOptions& options, IODebugContext* context,
                               const DirFsyncOptions& sync) override {
    return watch_(FSDirectoryWrapper::FsyncWithDirOptions(options, context, sync), "sync", name_);
  }

 private:
  std::string name_;
  const Watch& watch_;
};

class WatchedFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  explicit WatchedFileSystem(WriteFailure failed)
      : FileSystemWrapper(rocksdb::FileSystem::Default()), watch_{std::move(failed)} {}

  const char* Name() const override { return "WatchedFileSystem"; }

  IOStatus NewWritableFile(const std::string& name, const FileOptions& options,
                           std::unique_ptr<FSWritableFile>* file, IODebugContext* context) override {
    return watched(FileSystemWrapper::NewWritableFile(name, options, file, context), name, file);
  }
  IOStatus ReopenWritableFile(const std::string& name, const FileOptions& options,
                              std::unique_ptr<FSWritableFile>* file, IODebugContext* context) override {
    return watched(FileSystemWrapper::ReopenWritableFile(name, options, file, context), name, file);
  }
  IOStatus ReuseWritableFile(const std::string& name, const std::string& old_name, const FileOptions& options,
                             std::unique_ptr<FSWritableFile>* file, IODebugContext* context) override {
    return watched(FileSystemWrapper::ReuseWritableFile(name, old_name, options, file, context), name, file);
  }
  IOStatus RenameFile(const std::string& name, const std::string& target, const IOOptions& options,
                      IODebugContext* context) override {
    return watch_(FileSystemWrapper::RenameFile(name, target, options, context), "rename", name);
  }
  IOStatus NewDirectory(const std::string& name, const IOOptions& options,
                        std::unique_ptr<FSDirectory>* folder, IODebugContext* context) override {
    const IOStatus status = FileSystemWrapper::NewDirectory(name, options, folder, context);
    if (status.ok()) *folder = std::make_unique<WatchedFolder>(std::move(*folder), name, watch_);
    return status;
  }

 private:
  IOStatus watched(IOStatus status, const std::string& name, std::unique_ptr<FSWritableFile>* file) {
    if (status.ok()) *file = std::make_unique<WatchedFile>(std::move(*file), name, watch_);
    return watch_(std::move(status), "make", name);
  }

  Watch watch_;
};

}  // namespace

std::unique_ptr<rocksdb::Env> watched_files(WriteFailure failed) {
  return rocksdb::NewCompositeEnv(std::make_shared<WatchedFileSystem>(std::move(failed)));
}

}  // namespace hence::store
