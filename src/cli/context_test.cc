// SPDX-License-Identifier: Apache-2.0
// Named servers, and what the shell is told may follow.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/test_cli.h"

namespace hence::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kEmpty = R"({"items":[]})";

class Contexts : public testing::Test, public TestCli {
 protected:
  Contexts() { environment["HENCE_CONFIG"] = folder.path() + "/config.yaml"; }
  void write(const std::string& text) { folder.write("config.yaml", text); }
  std::string shop() const {
    return "# mine\ncurrent: shop\ncontexts:\n  shop: {address: \"" + server.address() +
           "\", token: t1, namespace: store}\n  other: {address: \"http://127.0.0.1:1\"}\n";
  }
  TestFolder folder;
  CannedServer server;
};

TEST_F(Contexts, TheCurrentOneGivesAddressTokenAndNamespace) {
  write(shop());
  server.on("GET /api/v1/namespaces/store/instances?limit=100", 200, kEmpty);
  EXPECT_EQ(run({"instance", "list"}).code, kExitOk);
  EXPECT_THAT(server.asked().back(), HasSubstr("[Bearer t1]"));
}

TEST_F(Contexts, AFlagBeatsAContextBeatsTheEnvironmentBeatsTheCurrentOne) {
  write(shop());
  server.on("GET /api/v1/namespaces/mine/instances?limit=100", 200, kEmpty);
  EXPECT_EQ(run({"instance", "list", "-n", "mine"}).code, kExitOk);
  environment["HENCE_ADDRESS"] = "http://127.0.0.1:1";
  EXPECT_EQ(run({"instance", "list"}).code, kExitUnreachable);
  EXPECT_EQ(run({"--context", "shop", "instance", "list", "-n", "mine"}).code, kExitOk);
  environment["HENCE_CONTEXT"] = "shop";
  EXPECT_EQ(run({"instance", "list", "-n", "mine"}).code, kExitOk);
}

TEST_F(Contexts, ATokenGoesToNoOtherAddress) {
  write(shop());
  server.on("GET /api/v1/namespaces/default/instances?limit=100", 200, kEmpty);
  EXPECT_EQ(run({"instance", "list", "--address", server.address()}).code, kExitOk);
  EXPECT_THAT(server.asked().back(), Not(HasSubstr("Bearer")));
  server.on("GET /api/v1/namespaces/store/instances?limit=100", 200, kEmpty);
  const std::string same = "http://localhost:" + server.address().substr(17);
  EXPECT_EQ(run({"instance", "list", "--context", "shop", "--address", same}).code, kExitOk);
  EXPECT_THAT(server.asked().back(), Not(HasSubstr("Bearer")));
}

TEST_F(Contexts, ATokenFileIsRead) {
  const std::string token = folder.write("token", "t2\nrest\n");
  write("current: a\ncontexts: {a: {address: \"" + server.address() + "\", tokenFile: " + token + "}}\n");
  server.on("GET /api/v1/namespaces/default/instances?limit=100", 200, kEmpty);
  EXPECT_EQ(run({"instance", "list"}).code, kExitOk);
  EXPECT_THAT(server.asked().back(), HasSubstr("[Bearer t2]"));
  write("current: a\ncontexts: {a: {address: x, tokenFile: /nowhere/token}}\n");
  const Ran ran = run({"instance", "list"});
  EXPECT_EQ(ran.code, kExitWrongUse);
  EXPECT_THAT(ran.err, HasSubstr("/nowhere/token cannot be read"));
}

TEST_F(Contexts, FaultsNameFileLineAndTheNearestWord) {
  write("contexts:\n  a: {adress: x}\n");
  const Ran typo = run({"instance", "list"});
  EXPECT_EQ(typo.code, kExitWrongUse);
  EXPECT_THAT(typo.err, HasSubstr("config.yaml: line 2, column 7"));
  EXPECT_THAT(typo.err, HasSubstr("did you mean \"address\"?"));
  write(shop());
  EXPECT_THAT(run({"instance", "list", "--context", "shp"}).err,
              HasSubstr("there is no context \"shp\" in " + folder.path() + "/config.yaml; did you mean \"shop\"?"));
}

TEST_F(Contexts, UseChangesOneLineAndListShowsIt) {
  write(shop());
  EXPECT_EQ(run({"context", "use", "other"}).out, "commands go to http://127.0.0.1:1 now\n");
  EXPECT_THAT(run({"context", "list", "-o", "jsonl"}).out,
              HasSubstr(R"({"name":"other","address":"http://127.0.0.1:1","namespace":"default","current":true})"));
  EXPECT_EQ(run({"context", "use", "absent"}).code, kExitWrongUse);
  std::ifstream stream(folder.path() + "/config.yaml");
  const std::string text(std::istreambuf_iterator<char>(stream), {});
  EXPECT_THAT(text, HasSubstr("# mine\ncurrent: other\ncontexts:\n"));
}

class Completion : public testing::Test, public TestCli {
 protected:
  std::string words(std::vector<std::string> typed) {
    typed.insert(typed.begin(), {"completion", "words", "--"});
    const Ran ran = run(typed);
    EXPECT_EQ(ran.code, kExitOk);
    EXPECT_EQ(ran.err, "");
    return ran.out;
  }
};

TEST_F(Completion, KnowsNounsVerbsFlagsAndValues) {
  EXPECT_EQ(words({"ex"}), "explain\nexpr\n");
  EXPECT_EQ(words({"instance", "ca"}), "cancel\n");
  EXPECT_EQ(words({"event", "list", "--si"}), "--since\n");
  EXPECT_EQ(words({"event", "list", "-o", "j"}), "json\njsonl\n");
  EXPECT_EQ(words({"get", "so"}), "source\n");
  EXPECT_EQ(words({"completion", ""}), "bash\nzsh\nfish\n");
  EXPECT_THAT(words({""}), HasSubstr("workflow\n"));
}

TEST_F(Completion, LeavesFilesToTheShell) {
  EXPECT_EQ(words({"apply", "-f", "ord"}), "");
  EXPECT_EQ(words({"nonsense", "x"}), "");
}

TEST_F(Completion, HasAScriptForEachShell) {
  for (const char* shell : {"bash", "zsh", "fish"})
    EXPECT_THAT(run({"completion", shell}).out, HasSubstr("hence completion words --")) << shell;
  EXPECT_EQ(run({"completion", "csh"}).code, kExitWrongUse);
}

}  // namespace
}  // namespace hence::cli
