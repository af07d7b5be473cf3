// SPDX-License-Identifier: Apache-2.0
#include "server/data_folder.h"

#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>

#include "engine/feature_level.h"
#include "json/builder.h"
#include "json/parse.h"
#include "os/random.h"
#include "os/real_disk.h"
#include "server/checked_json.h"

namespace hence::server {
namespace {

constexpr std::string_view kFactsFile = "hence.json";
constexpr size_t kMembersWithoutChecksum = 5;  ///< at most, as earlier versions wrote it

std::string to_hex(uint64_t value) {
  std::string text(16, '0');
  for (int i = 15; i >= 0; --i, value >>= 4) text[static_cast<size_t>(i)] = "0123456789abcdef"[value & 15];
  return text;
}

std::optional<uint64_t> from_hex(std::string_view text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (error != std::errc() || end != text.data() + text.size() || text.size() != 16) return std::nullopt;
  return value;
}

Result<std::string> read_file(os::File& file) {
  HENCE_TRY(const uint64_t size, file.size());
  std::string text(std::min<uint64_t>(size, 64 << 10), '\0');
  HENCE_TRY(const size_t count, file.read_at(0, text));
  text.resize(count);
  return text;
}

}  // namespace

Result<DataFolder> DataFolder::open(const std::string& path, uint16_t partitions) {
  if (partitions == 0 || partitions > kPartitionsMax) {
    return Error(ErrorCode::ConfigurationInvalid, "partitions must be 1 to " + std::to_string(kPartitionsMax) + ", not " +
                                                      std::to_string(partitions));
  }
  HENCE_TRY(const std::unique_ptr<os::Disk> disk, os::RealDisk::open_folder(path));
  HENCE_TRY(os::FileLock lock, os::FileLock::acquire(path));
  DataFolder folder(path, std::move(lock));
  HENCE_TRY(const std::vector<std::string> names, disk->list());
  const bool has_facts = std::find(names.begin(), names.end(), kFactsFile) != names.end();
  if (has_facts) {
    HENCE_TRY(const auto file, disk->open(kFactsFile, os::OpenMode::existing));
    HENCE_TRY(const std::string text, read_file(*file));
    HENCE_TRY(folder.facts_, read_facts(path, text));
  } else {
    HENCE_TRY_VOID(folder.write_facts(partitions));
  }
  for (const std::string& part : {folder.log_path(), folder.state_path(), folder.runs_path()}) {
    HENCE_TRY_VOID([&]() -> Status {
      HENCE_TRY(const auto made, os::RealDisk::open_folder(part));
      return {};
    }());
  }
  return folder;
}

Status check_data_folder_facts(const std::string& path) {
  HENCE_TRY(const std::unique_ptr<os::Disk> disk, os::RealDisk::open_existing(path));
  HENCE_TRY(const auto file, disk->open(kFactsFile, os::OpenMode::read_only));
  HENCE_TRY(const std::string text, read_file(*file));
  const auto facts = DataFolder::read_facts(path, text);
  return facts.ok() ? Status() : Status(facts.error());
}

Result<DataFolder::Facts> DataFolder::read_facts(const std::string& path, const std::string& text) {
  const auto damaged = [&](const std::string& why) {
    return Error(ErrorCode::ConfigurationInvalid, path + "/" + std::string(kFactsFile) + " " + why +
                                                      "; restore it from a backup of the folder");
  };
  const Result<json::Value> facts = json::parse(text);
  if (!facts.ok()) return damaged("is unreadable: " + facts.error().message());
  const auto format = (*facts)->find("format");
  const bool newer = format && format->is_number() && format->as_int64().value_or(0) > kDataFormat;
  const bool whole = checksum_fits(text, *facts, kMembersWithoutChecksum);
  if (!whole && (!newer || (*facts)->find("checksum"))) return damaged("has changed since it was written");
  if (!format || !format->is_number() || !format->as_int64()) return damaged("has no format number");
  if (newer) {
    return Error(ErrorCode::LogVersionNewer, "the data folder " + path + " was made by a newer version of hence (format " +
                                                 std::string(format->number_text()) + "); use that version");
  }
  const auto level = (*facts)->find("featureLevel");  // absent: 0, of the versions before there were levels
  const auto first_level = level && level->is_number() ? level->as_int64() : std::optional<int64_t>(0);
  if (!first_level || *first_level < 0) return damaged("has an impossible feature level");
  if (*first_level > engine::kFeatureLevel) {
    return Error(ErrorCode::LogVersionNewer, "the data folder " + path + " is of feature level " + std::to_string(*first_level) +
                                                 ", this version of hence knows levels up to " +
                                                 std::to_string(engine::kFeatureLevel) + "; use the version that made it");
  }
  const auto partitions = (*facts)->find("partitions");
  const auto high = from_hex((*facts)->string_or("hashKeyHigh", ""));
  const auto low = from_hex((*facts)->string_or("hashKeyLow", ""));
  if (!partitions || !partitions->is_number() || !high || !low) return damaged("lacks partitions or the hash key");
  const int64_t count = partitions->as_int64().value_or(0);
  if (count <= 0 || count > kPartitionsMax) return damaged("has an impossible number of partitions");
  return Facts{static_cast<uint16_t>(count), {*high, *low}, static_cast<uint32_t>(*first_level)};
}

Status DataFolder::write_facts(uint16_t partitions) {
  os::SystemRandom random;
  facts_ = {partitions, {random.next(), random.next()}, engine::kFeatureLevel};
  json::Builder builder;
  builder.begin_object();
  builder.key("format").number(int64_t{kDataFormat});
  builder.key("featureLevel").number(int64_t{engine::kFeatureLevel});
  builder.key("partitions").number(int64_t{partitions});
  builder.member("hashKeyHigh", to_hex(facts_.hash_key.high)).member("hashKeyLow", to_hex(facts_.hash_key.low));
  builder.end_object();
  const std::string text = with_checksum(std::move(builder).finish());
  HENCE_TRY(const std::unique_ptr<os::Disk> disk, os::RealDisk::open_folder(path_));
  const std::string temporary = std::string(kFactsFile) + ".new";
  HENCE_TRY(const auto file, disk->open(temporary, os::OpenMode::existing_or_new));
  HENCE_TRY_VOID(file->truncate(0));
  HENCE_TRY_VOID(file->write_at(0, text));
  HENCE_TRY_VOID(file->sync_data());
  return disk->rename(temporary, kFactsFile);
}

}  // namespace hence::server
