// SPDX-License-Identifier: Apache-2.0
#pragma once

// A checkpoint: a folder from which a data folder can be made again.
//
//   NAME/checkpoint.json   position and chain hash where its log ends, when it was made, by what
//   NAME/hence.json        as the data folder's
//   NAME/state/            the state store at or before that position
//   NAME/log/              the log as it was kept, up to that position
//
// Sealed segments and tables of the store are linked, not copied, where it lies on the same file
// system: they take space once, until the original goes. It is made under another name and renamed
// when all of it is synced: a checkpoint that has its name is whole.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "json/value.h"
#include "log/log.h"
#include "os/disk.h"
#include "server/data_folder.h"
#include "store/store.h"

namespace hence::server {

inline constexpr size_t kCheckpointNameBytesMax = 64;
inline constexpr int kCheckpointFormat = 1;

struct CheckpointInfo {
  std::string name;
  UtcTime created;
  Position position;
  log::Digest chain{};
  std::string version;  ///< of the program that made it
  uint64_t bytes = 0;   ///< of its files, linked ones included

  json::Value to_json() const;
};

/// Letters, digits, '-', '_' and '.', not at the beginning a '.'. Errors: RequestInvalid.
Status check_checkpoint_name(std::string_view name);
/// "2026-04-28T18-34-06Z"
std::string checkpoint_name(UtcTime now);

/// What is durable now, as the log's thread knows it.
struct DurableMark {
  /// Of a segment that is not sealed what is durable. Once it is sealed its name may come to be that of
  /// a compressed file: the file that is open here goes on being the one with these bytes.
  struct OpenSegment {
    Position base;
    uint64_t bytes = 0;
    std::unique_ptr<os::File> file;
  };
  log::LogView view;
  log::Digest chain{};
  std::vector<OpenSegment> open;
};

/// On the log's thread, between two of its commits. disk: the log's. Errors: DiskFailed.
Result<DurableMark> mark_durable(const log::Log& log, os::Disk& disk);

/// Writes the checkpoint NAME into the folder parent, which is made if absent. mark is called once
/// the store's copy is made: what it gives must hold all that the copy holds. No segment may be
/// dropped meanwhile; any may be sealed and compressed.
/// Errors: RequestInvalid (the name), Conflict (it exists), DiskFull, DiskFailed, StoreFailed; mark's.
Result<CheckpointInfo> create_checkpoint(const std::string& parent, const std::string& name,
                                         const DataFolder& folder, store::Store& store,
                                         UtcTime now, std::string_view version,
                                         const std::function<Result<DurableMark>()>& mark);

/// Removes what a crash left in the folder parent of checkpoints of this data folder; another server's,
/// which may be in the making, stay. Returns the paths of what is gone. No checkpoint may be in the making.
std::vector<std::string> remove_unfinished(const std::string& parent, const DataFolder& folder);

/// By name. Errors: DiskFailed.
Result<std::vector<CheckpointInfo>> list_checkpoints(const std::string& parent);
/// Errors: NotFound, LogVersionNewer, LogDamaged.
Result<CheckpointInfo> read_checkpoint(const std::string& folder);

/// What lies in a data folder beside its log, every byte: hence.json and the state. No server may
/// have it open. Errors: ConfigurationInvalid, LogVersionNewer, StoreFailed; each names the file.
Status verify_data_folder(const std::string& path);

/// Checks the checkpoint, every byte of its log and its state, and makes the data folder of it,
/// which does not exist yet or is empty. The checkpoint is only read. Both are paths as a person writes
/// them: relative, with a slash at the end. Errors: as read_checkpoint; LogDamaged, StoreFailed (what it
/// holds is not what was written), Conflict (data_folder holds something).
Result<CheckpointInfo> restore_checkpoint(const std::string& checkpoint, const std::string& data_folder);

}  // namespace hence::server
