// SPDX-License-Identifier: Apache-2.0
#include "delivery/redaction.h"

#include <gtest/gtest.h>

#include "json/parse.h"

namespace hence::delivery {
namespace {

std::string without(const char* secrets, std::string_view text) {
  return redacted(text, hidden_texts(json::parse(secrets).value()));
}

TEST(Redaction, HidesEveryTextAndNumberOfTheSecrets) {
  constexpr const char* kSecrets = R"({"a":"planted","b":{"list":["sesame",12345],"on":true}})";
  EXPECT_EQ(without(kSecrets, "planted, sesame and 12345; true"), "***, *** and ***; true");
  EXPECT_EQ(without(kSecrets, "nothing of it"), "nothing of it");
  EXPECT_EQ(without("{}", "planted"), "planted");
}

TEST(Redaction, HidesTheUsualForms) {
  EXPECT_EQ(without(R"({"a":"Plan ted\"é"})", R"(string ("plan ted\"é"))"), R"(string ("***"))");
  EXPECT_EQ(without(R"({"a":"plan/ted é"})", "http://x/plan%2Fted%20%c3%a9/y"), "http://x/***/y");
  EXPECT_EQ(without(R"({"a":"open sesame"})", "Basic b3BlbiBzZXNhbWU="), "Basic ***=");
  EXPECT_EQ(without(R"({"a":"https://x.example/hook?sig=1"})", "POST https://x.example/hook: refused"),
            "POST ***: refused");
}

TEST(Redaction, HidesTheBeginningOfOneThatWasCut) {
  EXPECT_EQ(without(R"({"a":"planted-token"})", R"(string ("planted-to...") cannot be added)"),
            R"(string ("***...") cannot be added)");
  EXPECT_EQ(without(R"({"a":"planted-token"})", "no such host: plante"), "no such host: ***");
  EXPECT_EQ(without(R"({"a":"planted-token"})", "plants are no plan"), "plants are no ***");
}

TEST(Redaction, TheLongestIsHiddenAndShortOnesAreLeft) {
  EXPECT_EQ(without(R"({"a":"planted","b":"planted-token"})", "planted-token"), "***");
  EXPECT_EQ(without(R"({"a":"on","b":"","c":7})", "on port 7"), "on port 7");
}

}  // namespace
}  // namespace hence::delivery
