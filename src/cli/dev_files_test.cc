// SPDX-License-Identifier: Apache-2.0
// Which files `hence dev` applies, when, and to whom.

#include "cli/dev_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "cli/files.h"
#include "cli/test_cli.h"
#include "os/test_stranger.h"

namespace hence::cli {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::SizeIs;

class DevFilesTest : public testing::Test {
 protected:
  DevFiles watch(std::vector<std::string> paths) {
    return DevFiles(std::move(paths), "http://127.0.0.2:4362", [this](const std::vector<std::string>& arguments) {
      ran.push_back(arguments);
      return 0;
    });
  }
  /// What was applied last, without the folder.
  std::vector<std::string> applied() const {
    std::vector<std::string> files;
    const std::vector<std::string> arguments = ran.empty() ? std::vector<std::string>() : ran.back();
    for (size_t i = 1; i < arguments.size(); ++i) {
      if (arguments[i - 1] == "-f") files.push_back(arguments[i].substr(folder.path().size() + 1));
    }
    return files;
  }

  TestFolder folder;
  std::vector<std::vector<std::string>> ran;
};

TEST_F(DevFilesTest, AppliesWhatApplyAndValidateTake) {
  for (const char* name : {"a.yaml", "b/c.yml", "b/d.json", ".vscode/settings.json", ".hidden.yaml", "b/.git/x.yaml",
                           "a.test.yaml", "a.test.d.yaml", "notes.md"}) {
    folder.write(name, "");
  }
  DevFiles files = watch({folder.path()});
  files.apply_changed();
  EXPECT_THAT(applied(), ElementsAre("a.test.d.yaml", "a.yaml", "b/c.yml", "b/d.json"));
  std::vector<std::string> others = find_resource_files({folder.path()}).value();
  for (std::string& other : others) other = other.substr(folder.path().size() + 1);
  EXPECT_EQ(applied(), others);
}

TEST_F(DevFilesTest, AppliesAgainOnlyWhenSomethingChanged) {
  folder.write("a.yaml", "");
  DevFiles files = watch({folder.path()});
  files.apply_changed();
  files.apply_changed();
  EXPECT_THAT(ran, SizeIs(1));
  const std::string second = folder.write("b.yaml", "");
  files.apply_changed();
  EXPECT_THAT(applied(), ElementsAre("a.yaml", "b.yaml"));
  fs::remove(second);
  files.apply_changed();
  EXPECT_THAT(applied(), ElementsAre("a.yaml"));
  EXPECT_THAT(ran, SizeIs(3));
}

TEST_F(DevFilesTest, AFolderMayBeEmptyAndMayVanish) {
  folder.write("a/a.yaml", "");
  fs::create_directories(folder.path() + "/b");
  DevFiles files = watch({folder.path() + "/a", folder.path() + "/b"});
  files.apply_changed();
  EXPECT_THAT(applied(), ElementsAre("a/a.yaml"));
  fs::remove_all(folder.path() + "/a");
  files.apply_changed();
  EXPECT_THAT(ran, SizeIs(1));
}

TEST_F(DevFilesTest, NothingIsAppliedWhereAFolderCannotBeRead) {
  folder.write("a.yaml", "");
  folder.write("closed/b.yaml", "");
  DevFiles files = watch({folder.path()}), named = watch({folder.path() + "/a.yaml", folder.path() + "/closed/b.yaml"});
  files.apply_changed();
  folder.write("c.yaml", "");
  const fs::path closed = folder.path() + "/closed";
  fs::permissions(folder.path(), fs::perms(0755));
  fs::permissions(closed, fs::perms::none);
  bool readable = false;
  {
    const os::Stranger stranger;
    std::error_code error;
    readable = fs::directory_iterator(closed, error) != fs::directory_iterator();
    files.apply_changed();
    named.apply_changed();
  }
  fs::permissions(closed, fs::perms::owner_all);
  if (readable) GTEST_SKIP() << "here nobody can be made one who may not read; run it as an ordinary user";
  EXPECT_THAT(ran, SizeIs(1)) << "what it holds would be deleted";
  files.apply_changed();
  EXPECT_THAT(applied(), ElementsAre("a.yaml", "c.yaml", "closed/b.yaml"));
}

TEST_F(DevFilesTest, AppliesToTheServerWhereItListens) {
  folder.write("a.yaml", "");
  DevFiles files = watch({folder.path()});
  files.apply_changed();
  ASSERT_THAT(ran, SizeIs(1));
  const auto flag = std::find(ran[0].begin(), ran[0].end(), "--address");
  ASSERT_NE(flag, ran[0].end());
  EXPECT_EQ(*(flag + 1), "http://127.0.0.2:4362");
  EXPECT_EQ(dev_address("127.0.0.1:0", 4362), "http://127.0.0.1:4362");
  EXPECT_EQ(dev_address("localhost:0", 4362), "http://localhost:4362");
  EXPECT_EQ(dev_address("[::1]:0", 4362), "http://[::1]:4362");
  EXPECT_EQ(dev_address("::1:0", 4362), "http://[::1]:4362");
}

}  // namespace
}  // namespace hence::cli
