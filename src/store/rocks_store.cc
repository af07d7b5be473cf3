// SPDX-License-Identifier: Apache-2.0
// The one file that knows RocksDB.
#include "store/rocks_store.h"

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/checkpoint.h>
#include <rocksdb/write_buffer_manager.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <utility>
#include <vector>

namespace hence::store {
namespace {

constexpr size_t kFamilyCount = 2;
/// A file of large values: the smaller, the sooner one is empty and goes.
constexpr uint64_t kValueFileBytes = 64 << 20;

Error failed(const std::string& folder, std::string_view what, const rocksdb::Status& status,
             std::string_view if_damaged = kRestoreCheckpoint) {
  std::string message = "the state store in " + folder + " failed to " + std::string(what) + ": " +
                        status.ToString();
  if (status.IsIOError() && status.ToString().find("lock") != std::string::npos) {
    message += ". Another process has it open: end that one, or use another data folder";
  } else if (status.IsCorruption()) {
    message.append(". ").append(if_damaged);
  } else {
    message += ". See that the disk has space and works, then start again";
  }
  return Error(ErrorCode::StoreFailed, std::move(message));
}

/// RocksDB compares through memcmp, which wants a pointer even to nothing.
rocksdb::Slice slice(std::string_view text) {
  return {text.empty() ? "" : text.data(), text.size()};
}
std::string_view view(const rocksdb::Slice& text) { return {text.data(), text.size()}; }

/// The beginning by which the keys of some tables are scanned (RocksOptions).
class ScanPrefix final : public rocksdb::SliceTransform {
 public:
  ScanPrefix(std::string tables, size_t bytes)
      : tables_(std::move(tables)), bytes_(bytes), name_("hence.prefix." + std::to_string(bytes) + "." + tables_) {}
  const char* Name() const override { return name_.c_str(); }
  bool InDomain(const rocksdb::Slice& key) const override {
    return key.size() >= bytes_ && key.size() > 2 && tables_.find(key[2]) != std::string::npos;
  }
  rocksdb::Slice Transform(const rocksdb::Slice& key) const override { return {key.data(), bytes_}; }
  bool is_whole(const rocksdb::Slice& prefix) const { return prefix.size() == bytes_ && InDomain(prefix); }

 private:
  std::string tables_;
  size_t bytes_;
  std::string name_;  ///< files tell by it whether their filters are of this prefix
};

/// What Store and Snapshot read with: the two families, as of a snapshot or as of now.
struct Reader {
  rocksdb::DB* db;
  std::array<rocksdb::ColumnFamilyHandle*, kFamilyCount> families;
  rocksdb::ReadOptions options;
  const std::string* folder;
  const ScanPrefix* prefixes;  ///< null: none

  Result<std::optional<std::string>> get(Family family, std::string_view key) const {
    std::string value;
    const auto status = db->Get(options, families[static_cast<size_t>(family)], slice(key), &value);
    if (status.IsNotFound()) return std::optional<std::string>();
    if (!status.ok()) return failed(*folder, "read", status);
    return std::optional(std::move(value));
  }

  Status scan(Family family, const ScanRange& range, const Visitor& visitor) const {
    const std::string end = end_of(range.prefix);
    const rocksdb::Slice bound(end);
    rocksdb::ReadOptions bounded = options;
    if (!end.empty()) bounded.iterate_upper_bound = &bound;
    // A scan over several prefixes must not be told that a file has none of the first.
    bounded.prefix_same_as_start = prefixes != nullptr && prefixes->is_whole(slice(range.prefix));
    bounded.total_order_seek = !bounded.prefix_same_as_start;
    const std::unique_ptr<rocksdb::Iterator> it(
        db->NewIterator(bounded, families[static_cast<size_t>(family)]));
    uint64_t left = range.limit;
    for (it->Seek(slice(std::max(range.prefix, range.from)));
         left > 0 && it->Valid() && it->key().starts_with(slice(range.prefix)); it->Next()) {
      if (!visitor(view(it->key()), view(it->value()))) return {};
      --left;
    }
    if (!it->status().ok()) return failed(*folder, "scan", it->status());
    return {};
  }

  /// The first key after all that begin with prefix; empty if there is none.
  static std::string end_of(std::string_view prefix) {
    std::string end(prefix);
    while (!end.empty() && end.back() == '\xFF') end.pop_back();
    if (!end.empty()) end.back() = static_cast<char>(end.back() + 1);
    return end;
  }
};

class RocksSnapshot final : public Snapshot {
 public:
  explicit RocksSnapshot(Reader reader) : reader_(std::move(reader)) {
    reader_.options.snapshot = reader_.db->GetSnapshot();
  }
  ~RocksSnapshot() override { reader_.db->ReleaseSnapshot(reader_.options.snapshot); }

  Result<std::optional<std::string>> get(Family family, std::string_view key) const override {
    return reader_.get(family, key);
  }
  Status scan(Family family, const ScanRange& range, const Visitor& visitor) const override {
    return reader_.scan(family, range, visitor);
  }

 private:
  Reader reader_;
};

class RocksStore final : public Store {
 public:
  RocksStore(std::string folder, std::unique_ptr<rocksdb::Env> files, std::unique_ptr<rocksdb::DB> db,
             std::vector<rocksdb::ColumnFamilyHandle*> families, std::shared_ptr<const ScanPrefix> prefixes)
      : prefixes_(std::move(prefixes)), folder_(std::move(folder)), files_(std::move(files)), db_(std::move(db)) {
    for (size_t i = 0; i < kFamilyCount; ++i) families_[i].reset(families[i]);
    reader_ = {db_.get(), {families_[0].get(), families_[1].get()}, {}, &folder_, prefixes_.get()};
  }

  Result<std::optional<std::string>> get(Family family, std::string_view key) const override {
    return reader_.get(family, key);
  }
  Status scan(Family family, const ScanRange& range, const Visitor& visitor) const override {
    return reader_.scan(family, range, visitor);
  }

  Status apply(const WriteBatch& batch) override {
    rocksdb::WriteBatch writes(batch.byte_count() + batch.operations().size() * 16);
    for (const WriteBatch::Operation& operation : batch.operations()) {
      auto* family = families_[static_cast<size_t>(operation.family)].get();
      const auto status = operation.value ? writes.Put(family, operation.key, *operation.value)
                                          : writes.Delete(family, operation.key);
      if (!status.ok()) return failed(folder_, "take a batch", status);
    }
    rocksdb::WriteOptions options;
    options.disableWAL = true;
    const auto status = db_->Write(options, &writes);
    return status.ok() ? Status() : failed(folder_, "write", status);
  }

  std::unique_ptr<const Snapshot> snapshot() const override {
    return std::make_unique<RocksSnapshot>(reader_);
  }

  Status flush() override {
    const auto status = db_->Flush({}, {families_[0].get(), families_[1].get()});
    return status.ok() ? Status() : failed(folder_, "flush", status);
  }

  Status begin_flush() override {
    rocksdb::FlushOptions options;
    options.wait = false;
    options.allow_write_stall = true;  // it asks for one flush at a time, far apart
    const auto status = db_->Flush(options, {families_[0].get(), families_[1].get()});
    return status.ok() ? Status() : failed(folder_, "flush", status);
  }

  Status checkpoint(const std::string& folder) override {
    HENCE_TRY_VOID(flush());
    rocksdb::Checkpoint* made = nullptr;
    auto status = rocksdb::Checkpoint::Create(db_.get(), &made);
    const std::unique_ptr<rocksdb::Checkpoint> checkpoint(made);
    if (status.ok()) status = checkpoint->CreateCheckpoint(folder);
    return status.ok() ? Status() : failed(folder_, "write the checkpoint " + folder, status);
  }

 private:
  std::shared_ptr<const ScanPrefix> prefixes_;
  std::string folder_;
  std::unique_ptr<rocksdb::Env> files_;  ///< null: the system's, unwatched
  std::unique_ptr<rocksdb::DB> db_;
  std::array<std::unique_ptr<rocksdb::ColumnFamilyHandle>, kFamilyCount> families_;
  Reader reader_;
};

/// Families flush together, so that what survives a crash is a state between two batches.
rocksdb::Options database_options(const RocksOptions& options) {
  rocksdb::Options database;
  database.create_if_missing = true;
  database.create_missing_column_families = true;
  database.atomic_flush = true;
  database.max_background_jobs = 2;
  database.max_open_files = 256;
  database.max_total_wal_size = 0;
  database.wal_recovery_mode = rocksdb::WALRecoveryMode::kAbsoluteConsistency;
  database.paranoid_checks = true;
  database.skip_stats_update_on_db_open = true;
  database.skip_checking_sst_file_sizes_on_db_open = true;
  database.stats_dump_period_sec = 0;
  database.stats_persist_period_sec = 0;
  database.keep_log_file_num = 2;
  database.max_log_file_size = 1 << 20;
  database.info_log_level = rocksdb::WARN_LEVEL;
  database.write_buffer_manager = std::make_shared<rocksdb::WriteBufferManager>(
      options.write_buffer_bytes);
  return database;
}

rocksdb::ColumnFamilyOptions family_options(const RocksOptions& options,
                                            const std::shared_ptr<rocksdb::Cache>& cache,
                                            const std::shared_ptr<const ScanPrefix>& prefixes) {
  rocksdb::ColumnFamilyOptions family;
  family.write_buffer_size = options.write_buffer_bytes / 2;
  family.arena_block_size = 256 << 10;
  // Keys grow within a table of a partition (three bytes): each is put beside the one before it.
  family.memtable_insert_with_hint_prefix_extractor.reset(rocksdb::NewFixedPrefixTransform(3));
  family.prefix_extractor = prefixes;
  // A filter of a tenth of the memtable: most keys that are looked for are not in it.
  family.memtable_prefix_bloom_size_ratio = 0.1;
  family.memtable_whole_key_filtering = true;
  family.max_write_buffer_number = 3;
  family.level_compaction_dynamic_level_bytes = true;
  family.enable_blob_files = true;
  family.min_blob_size = options.file_value_bytes;
  family.blob_file_size = kValueFileBytes;
  family.blob_compression_type = family.compression;
  family.enable_blob_garbage_collection = true;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.cache_index_and_filter_blocks = true;
  table.data_block_index_type = rocksdb::BlockBasedTableOptions::kDataBlockBinaryAndHash;
  table.format_version = 5;
  family.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return family;
}

}  // namespace

Result<std::unique_ptr<Store>> open_rocks_store(const RocksOptions& options) {
  try {
    std::filesystem::create_directories(options.folder);
    const auto cache = rocksdb::NewLRUCache(options.block_cache_bytes, /*num_shard_bits=*/2);
    const auto prefixes = options.prefix_bytes == 0 ? nullptr
                          : std::make_shared<const ScanPrefix>(options.prefix_tables, options.prefix_bytes);
    const rocksdb::ColumnFamilyOptions family = family_options(options, cache, prefixes);
    const std::vector<rocksdb::ColumnFamilyDescriptor> descriptors = {
        {rocksdb::kDefaultColumnFamilyName, family}, {"index", family}};
    std::vector<rocksdb::ColumnFamilyHandle*> families;
    rocksdb::DB* db = nullptr;
    rocksdb::DBOptions database(database_options(options));
    std::unique_ptr<rocksdb::Env> files = options.write_failed ? watched_files(options.write_failed) : nullptr;
    if (files) database.env = files.get();
    const auto status = rocksdb::DB::Open(database, options.folder, descriptors, &families, &db);
    if (!status.ok()) return failed(options.folder, "open", status);
    return std::unique_ptr<Store>(std::make_unique<RocksStore>(
        options.folder, std::move(files), std::unique_ptr<rocksdb::DB>(db), std::move(families), prefixes));
  } catch (const std::exception& error) {
    return Error(ErrorCode::StoreFailed, "the state store in " + options.folder +
                                             " failed to open: " + error.what() +
                                             ". See that the folder can be written");
  }
}

Status verify_rocks_store(const std::string& folder, std::string_view if_damaged) {
  try {
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    rocksdb::DB* opened = nullptr;
    auto status = rocksdb::DB::OpenForReadOnly(
        rocksdb::DBOptions(), folder,
        {{rocksdb::kDefaultColumnFamilyName, {}}, {"index", {}}}, &handles, &opened);
    if (!status.ok()) return failed(folder, "open", status, if_damaged);
    const std::unique_ptr<rocksdb::DB> db(opened);
    status = db->VerifyChecksum();
    for (rocksdb::ColumnFamilyHandle* handle : handles) db->DestroyColumnFamilyHandle(handle);
    return status.ok() ? Status() : failed(folder, "verify", status, if_damaged);
  } catch (const std::exception& error) {
    return Error(ErrorCode::StoreFailed, "the state store in " + folder + " failed: " + error.what());
  }
}

}  // namespace hence::store
