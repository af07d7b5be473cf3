// SPDX-License-Identifier: Apache-2.0
// The bytes on the disk are as docs/formats/log.md says: tools/log_reader.py, written from that
// page, reads a log that this program wrote.

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <string>

#include "base/hash.h"
#include "log/compress.h"
#include "log/log.h"
#include "os/real_disk.h"
#include "os/simulated_disk.h"

namespace hence::log {
namespace {

class FormatTest : public testing::Test {
 protected:
  FormatTest() : folder(testing::TempDir() + "hence_log_" + std::to_string(getpid())) {
    std::filesystem::remove_all(folder);
  }
  ~FormatTest() override { std::filesystem::remove_all(folder); }

  void SetUp() override {
    if (std::system("python3 -c '' >/dev/null 2>&1") != 0) GTEST_SKIP() << "no python3 here";
  }

  std::string read_log(const std::string& option = "--payload") {
    const std::string command =
        "python3 " HENCE_SOURCE_DIR "/tools/log_reader.py " + folder + " " + option + " 2>&1";
    FILE* pipe = popen(command.c_str(), "r");
    std::string text;
    std::array<char, 4096> buffer;
    while (const size_t got = fread(buffer.data(), 1, buffer.size(), pipe)) {
      text.append(buffer.data(), got);
    }
    status = pclose(pipe);
    return text;
  }

  std::string folder;
  int status = 0;
};

TEST_F(FormatTest, AStrangersReaderReadsTheLog) {
  auto disk = os::RealDisk::open_folder(folder);
  ASSERT_TRUE(disk.ok());
  OpenReport report;
  LogOptions options;
  options.segment_bytes = 64 << 10;
  auto log = Log::open(**disk, options, report);
  ASSERT_TRUE(log.ok());
  Record record;
  record.header.kind = 2;
  record.header.address = {kControlPartition, 1};
  record.header.time = {1'777'401'246'500'000};
  record.header.namespace_name = "default";
  record.header.principal = "anna";
  record.header.reason = "because";
  record.payload = "first";
  ASSERT_TRUE((*log)->append_commit({&record, 1}).ok());
  for (uint64_t i = 1; i <= 30; ++i) {
    Record event;
    event.header.address = {3, i};
    event.header.event_hash = Hash128{i, 7};
    const std::string payload(5000 + i, 'a');
    event.payload = payload;
    ASSERT_TRUE((*log)->append_commit({&event, 1}).ok());
  }
  for (int i = 0; i < 2; ++i) {
    auto made = compress_segment(**disk, *(*log)->next_to_compress());
    ASSERT_TRUE(made.ok() && (*log)->take_compressed(std::move(made).value()).ok());
  }
  const std::string end = "end=" + std::to_string((*log)->durable().value) +
                          " chain=" + to_hex((*log)->chain());
  const std::string text = read_log();
  EXPECT_EQ(status, 0) << text;
  EXPECT_NE(text.find("position=4160 address=ctl-1 time=2026-04-28T18:34:06.500000+00:00 kind=2 "
                      "codec=0 namespace=default principal=anna reason=because bytes=5 "
                      "payload=first\n"),
            std::string::npos)
      << text.substr(0, 300);
  EXPECT_NE(text.find("address=03-30 "), std::string::npos);
  EXPECT_NE(text.find("event=000000000000001e0000000000000007"), std::string::npos);
  EXPECT_NE(text.find("31 records; the chain is whole; " + end), std::string::npos)
      << text.substr(text.size() - 300);
}

TEST_F(FormatTest, AStrangersReaderProvesTheChainOfACompressedLogWithoutZstd) {
  auto disk = os::RealDisk::open_folder(folder);
  OpenReport report;
  LogOptions options;
  options.segment_bytes = 64 << 10;
  auto log = Log::open(**disk, options, report);
  for (uint64_t i = 1; i <= 30; ++i) {
    Record record;
    record.header.address = {3, i};
    const std::string payload(5000 + i, 'a');
    record.payload = payload;
    ASSERT_TRUE((*log)->append_commit({&record, 1}).ok());
  }
  auto made = compress_segment(**disk, {0});
  ASSERT_TRUE(made.ok() && (*log)->take_compressed(std::move(made).value()).ok());
  const std::string text = read_log("--headers");
  EXPECT_EQ(status, 0) << text;
  EXPECT_NE(text.find("30 records; the chain is whole"), std::string::npos) << text;
  EXPECT_NE(text.find("were not looked at, for want of the zstd program"), std::string::npos);
  // A byte of the first chunk's headers.
  auto file = (*disk)->open("0000000000000000.seg", os::OpenMode::existing);
  ASSERT_TRUE((*file)->write_at(4096 + 60, "x").ok());
  EXPECT_NE(read_log().find("0000000000000000.seg, offset 4096: the chunk's checksum"),
            std::string::npos);
}

TEST(FormatExampleTest, TheBytesAreThoseOfThePage) {
  os::SimulatedDisk disk;
  OpenReport report;
  auto log = Log::open(disk, {}, report);
  Record record;
  record.header.kind = 1;
  record.header.address = {7, 42};
  record.header.time = {1'777'401'246'500'000};
  record.header.namespace_name = "default";
  record.header.event_hash = Hash128{0x0011223344556677, 0x8899aabbccddeeff};
  record.payload = "hello";
  ASSERT_TRUE((*log)->append_commit({&record, 1}).ok());
  EXPECT_EQ(to_hex((*log)->chain()),
            "357f29ce011f0f0ab2e23379da29493928fdf7832886b1f5bacc47c0dafbd862");
  std::string bytes(4288, '\0');
  auto file = disk.open("0000000000000000.seg", os::OpenMode::existing);
  ASSERT_TRUE((*file)->read_at(0, {bytes.data(), bytes.size()}).ok());
  EXPECT_EQ(crc32c(bytes), 0x7fdacf98u);
}

TEST_F(FormatTest, AStrangersReaderFindsAFlippedBit) {
  auto disk = os::RealDisk::open_folder(folder);
  OpenReport report;
  auto log = Log::open(**disk, {}, report);
  Record record;
  record.header.address = {3, 1};
  record.payload = "first";
  ASSERT_TRUE((*log)->append_commit({&record, 1}).ok());
  auto file = (*disk)->open("0000000000000000.seg", os::OpenMode::existing);
  ASSERT_TRUE((*file)->write_at(4096 + 64 + 12 + 8, "x").ok());
  const std::string text = read_log();
  EXPECT_NE(status, 0);
  EXPECT_NE(text.find("0000000000000000.seg, offset 4160: the record's checksum"),
            std::string::npos)
      << text;
}

}  // namespace
}  // namespace hence::log
