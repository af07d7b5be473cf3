// SPDX-License-Identifier: Apache-2.0
// Who may decide an approval, and that the first decision counts.
#include "api/endpoint/test_world.h"

namespace hence::api {
namespace {

using testing::HasSubstr;

constexpr const char* kToken = "0123456789abcdef";
constexpr const char* kFine = R"({"reason":"fine"})";
constexpr const char* kAsks = R"(
document: {dsl: 1.0.3, namespace: t, name: asks, version: 1.0.0}
do:
  - approve: {call: approval:1.0.0@default, with: {title: May it, approvers: "${ .who }", details: {a: 1}}}
)";

class Approvals : public EndpointsTest {
 protected:
  Approvals() { EXPECT_EQ(apply(kAsks).status, 200); }
  /// The path of a new approval.
  std::string ask(const std::string& who) {
    const Answer started = send("POST /api/v1/instances", R"({"workflow":"t/asks","input":{"who":)" + who + "}}", headers);
    EXPECT_EQ(started.status, 201) << started.body;
    const Answer list = send("GET /api/v1/approvals?status=pending", "", headers);
    EXPECT_EQ(list.status, 200) << list.body;
    const json::Value answer = list.json();
    for (const json::View one : answer->find("items")->elements()) {
      if (one.string_or("instance", "") == started.text("id")) return "/api/v1/approvals/" + std::string(one.string_or("id", ""));
    }
    ADD_FAILURE() << "it asks for nothing: " << list.body;
    return {};
  }
  Answer decide(const std::string& path, const std::string& verb, const std::string& body = {}) {
    return send("POST " + path + "/" + verb, body, headers);
  }
  std::string headers;
};

TEST_F(Approvals, WithoutATokenANameOfTheListIsSaid) {
  const std::string path = ask(R"(["ann","bob"])");
  EXPECT_EQ(decide(path, "grant", kFine).status, 403);
  const Answer carl = decide(path, "grant", R"({"by":"carl","reason":"fine"})");
  EXPECT_EQ(carl.status, 403);
  EXPECT_THAT(carl.body, HasSubstr("carl may not decide it; who may: ann, bob"));
  EXPECT_EQ(decide(path, "grant", R"({"by":"ann","reason":"fine","why":"x"})").status, 400);
  const Answer granted = decide(path, "grant", R"({"by":"ann","reason":"fine"})");
  EXPECT_EQ(granted.status, 200) << granted.body;
  EXPECT_EQ(granted.text("status"), "granted");
  const Answer late = decide(path, "deny", R"({"by":"bob","reason":"no"})");
  EXPECT_EQ(late.status, 409);
  EXPECT_THAT(late.body, HasSubstr("granted by ann at 2027-01-15T08:00:00Z: fine"));
  const Answer shown = send("GET " + path);
  EXPECT_EQ(shown.text("by"), "ann");
  EXPECT_THAT(shown.body, HasSubstr(R"("claimed":true)"));
  EXPECT_THAT(shown.body, HasSubstr(R"("details":{"a":1})"));
}

TEST_F(Approvals, ADecisionSaysWhy) {
  const std::string path = ask("null");
  for (const char* verb : {"grant", "deny"}) {
    for (const char* body : {"", R"({"by":"ann"})", R"({"reason":" "})"}) {
      const Answer silent = decide(path, verb, body);
      EXPECT_EQ(silent.status, 400) << verb << body;
      EXPECT_THAT(silent.body, HasSubstr("say why"));
    }
  }
  EXPECT_EQ(send("GET " + path).text("status"), "pending");
}

TEST_F(Approvals, ARefusedDecisionIsInTheStoryWithItsReason) {
  const std::string path = ask(R"(["ann"])");
  EXPECT_EQ(decide(path, "grant", kFine).status, 403);
  const Answer trace = send("GET /api/v1/instances/" + send("GET " + path).text("instance") + "/trace");
  EXPECT_THAT(trace.body, HasSubstr("say who you are with `by`; who may decide: ann"));
}

TEST_F(Approvals, WithATokenItsPrincipalDecides) {
  open(kToken);
  headers = std::string("authorization: Bearer ") + kToken + "\n";
  const std::string path = ask(R"(["ann"])");
  EXPECT_EQ(decide(path, "grant", kFine).status, 403);
  EXPECT_EQ(decide(path, "grant", R"({"by":"ann","reason":"fine"})").status, 403) << "a name proves nothing";
  const std::string own = ask(R"(["token"])");
  EXPECT_EQ(decide(own, "deny", R"({"reason":"no"})").status, 200);
  const Answer shown = send("GET " + own, "", headers);
  EXPECT_EQ(shown.text("by"), "token");
  EXPECT_THAT(shown.body, testing::Not(HasSubstr("claimed")));
  EXPECT_EQ(decide(ask("null"), "grant", kFine).status, 200) << "nobody is named: everyone may";
}

TEST_F(Approvals, WhatIsNotThereIsSaid) {
  EXPECT_EQ(send("GET /api/v1/approvals/01-1.1").status, 404);
  EXPECT_EQ(decide("/api/v1/approvals/01-1.1", "grant", kFine).status, 404);
  EXPECT_EQ(decide("/api/v1/approvals/x", "grant", kFine).status, 400);
  EXPECT_EQ(send("GET /api/v1/approvals?status=open").status, 400);
}

}  // namespace
}  // namespace hence::api
