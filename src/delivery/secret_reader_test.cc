// SPDX-License-Identifier: Apache-2.0
#include "delivery/secret_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace hence::delivery {
namespace {

namespace fs = std::filesystem;
using From = resource::SecretSpec::From;

class SecretReaderTest : public testing::Test {
 protected:
  SecretReaderTest() {
    char path[] = "/tmp/hence-secret-XXXXXX";
    folder_ = mkdtemp(path);
    fs::create_directories(folder_ / "allowed" / "deep");
    fs::create_directories(folder_ / "allowed-not");
  }
  ~SecretReaderTest() override { fs::remove_all(folder_); }
  std::string write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name) << text;
    return (folder_ / name).string();
  }
  Result<std::string> read(From from, const std::string& reference) {
    const SecretReader reader({{"HENCE_T_*", "EXACT"}, {(folder_ / "allowed").string()}});
    return reader.read({from, reference});
  }
  void refused(From from, const std::string& reference) {
    const auto value = read(from, reference);
    ASSERT_FALSE(value.ok()) << reference;
    EXPECT_EQ(value.error().code(), ErrorCode::SecretUnavailable);
    EXPECT_THAT(value.error().message(), testing::Not(testing::HasSubstr("hidden")));
  }
  fs::path folder_;
};

TEST_F(SecretReaderTest, ReadsVariablesThatAreAllowed) {
  setenv("HENCE_T_ONE", "hidden", 1);
  setenv("HENCE_U_TWO", "hidden", 1);
  setenv("EXACTLY", "hidden", 1);
  EXPECT_EQ(*read(From::env, "HENCE_T_ONE"), "hidden");
  refused(From::env, "HENCE_U_TWO");
  refused(From::env, "EXACTLY");
  refused(From::env, "EXACT");
  refused(From::env, "HENCE_T_MISSING");
}

TEST_F(SecretReaderTest, ReadsFilesBelowTheFoldersThatAreAllowed) {
  EXPECT_EQ(*read(From::file, write("allowed/deep/a", "hidden\n")), "hidden");
  EXPECT_EQ(*read(From::file, write("allowed/b", "hid\nden\r\n")), "hid\nden");
  refused(From::file, write("c", "hidden"));
  refused(From::file, write("allowed-not/d", "hidden"));
  refused(From::file, (folder_ / "allowed" / ".." / "c").string());
  refused(From::file, (folder_ / "allowed" / "missing").string());
  refused(From::file, write("allowed/empty", "\n"));
  refused(From::file, write("allowed/big", std::string(70'000, 'x')));
  refused(From::file, "allowed/b");
  refused(From::file, (folder_ / "allowed").string());
}

TEST_F(SecretReaderTest, LinksLeadNowhereElse) {
  write("outside", "hidden");
  fs::create_symlink(folder_ / "outside", folder_ / "allowed" / "link");
  refused(From::file, (folder_ / "allowed" / "link").string());
}

}  // namespace
}  // namespace hence::delivery
