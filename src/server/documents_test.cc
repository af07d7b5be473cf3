// SPDX-License-Identifier: Apache-2.0
// Documents behind authentication: what is sent for them, and that nothing said of a failure has a secret.

#include "server/documents.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "delivery/simulated_http_client.h"
#include "json/yaml.h"
#include "server/switchable.h"

namespace hence::server {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr UtcTime kNow{1'000'000'000'000'000};

class DocumentsTest : public ::testing::Test {
 protected:
  /// The import of a catalogue's function whose endpoint has this policy.
  static workflow::Import import_with(const std::string& policy, const std::string& function = "f") {
    const auto documents = json::parse_yaml(
        "document: {dsl: 1.0.3, namespace: t, name: w, version: 1.0.0}\nuse: {secrets: [key], catalogs: {c: {endpoint: {uri: "
        "'https://c.example', authentication: " + policy + "}}}}\ndo: [{a: {call: '" + function + ":1.0.0@c'}}]");
    const workflow::Compiled compiled = workflow::compile(documents->front());
    EXPECT_TRUE(compiled.faults.empty());
    return compiled.imports.at(0);
  }
  std::string read(const workflow::Import& import) {
    const auto text = reader_.read(
        import,
        [this](const std::string& name) -> Result<std::string> {
          if (name == "key" && !secret_.empty()) return secret_;
          return Error(ErrorCode::SecretUnavailable, "secret " + name + " is not set");
        },
        tokens_, kNow);
    return text.ok() ? *text : "error: " + text.error().message();
  }
  std::string authorization(size_t call) const {
    for (const auto& [name, value] : http_.sent().at(call).call.headers) {
      if (name == "authorization") return value;
    }
    return "none";
  }

  delivery::SimulatedHttpClient http_;
  delivery::Tokens tokens_;
  std::string secret_;
  DocumentReader reader_{"", {}, http_};
};

TEST_F(DocumentsTest, AreAskedForWithTheirPolicy) {
  http_.respond_otherwise([](const delivery::HttpCall&) { return delivery::status(200, "text"); });
  secret_ = R"({"username":"u","password":"p"})";
  EXPECT_EQ(read(import_with("{basic: {use: key}}")), "text");
  EXPECT_EQ(authorization(0), "Basic dTpw");
  EXPECT_EQ(http_.sent()[0].call.url, "https://c.example/functions/f/1.0.0/function.yaml");
  EXPECT_EQ(read(import_with("{digest: {use: key}}")), "text");
  EXPECT_EQ(http_.sent()[1].call.digest, std::make_pair(std::string("u"), std::string("p")));
  secret_ = "sesame";
  EXPECT_EQ(read(import_with(R"({bearer: {token: '${ $secrets.key + "!" }'}})")), "text");
  EXPECT_EQ(authorization(2), "Bearer sesame!");
}

TEST_F(DocumentsTest, ShareTheTokenOfOneApply) {
  http_.respond_otherwise([](const delivery::HttpCall&) { return delivery::status(200, "text"); });
  http_.respond("https://id.example", delivery::in_turn({delivery::status(200, R"({"token_endpoint":"https://id.example/t"})"),
                                                         delivery::status(200, R"({"access_token":"t1"})")}));
  secret_ = R"({"authority":"https://id.example","grant":"client_credentials","client":{"id":"i","secret":"s"}})";
  EXPECT_EQ(read(import_with("{oidc: {use: key}}")), "text");
  EXPECT_EQ(read(import_with("{oidc: {use: key}}", "g")), "text");
  ASSERT_EQ(http_.sent().size(), 4u);
  EXPECT_EQ(authorization(2), "Bearer t1");
  EXPECT_EQ(authorization(3), "Bearer t1");
}

TEST_F(DocumentsTest, SayWhyTheyCannotBeReadWithoutASecret) {
  EXPECT_EQ(read(import_with("{bearer: {use: key}}")), "error: secret key is not set");
  EXPECT_TRUE(http_.sent().empty());
  http_.respond_otherwise([](const delivery::HttpCall& call) -> Result<delivery::HttpAnswer> {
    return Error(ErrorCode::CallFailed, "no connection to " + call.url + " for " + call.headers.at(0).second);
  });
  secret_ = "planted-key";
  for (const char* policy : {"{bearer: {use: key}}", "{bearer: {token: '${ $secrets.key | error }'}}",
                             "{bearer: {token: '${ $secrets.key | tonumber }'}}"}) {
    EXPECT_THAT(read(import_with(policy)), testing::AllOf(HasSubstr("***"), Not(HasSubstr("planted"))));
  }
  http_.respond_otherwise([](const delivery::HttpCall&) { return delivery::status(401, "who are you, planted-key"); });
  EXPECT_EQ(read(import_with("{bearer: {use: key}}")),
            "error: GET https://c.example/functions/f/1.0.0/function.yaml was answered with status 401");
}

TEST(SwitchableHttpClientTest, RefusesWhatComesAfterItsClose) {
  SwitchableHttpClient client;
  client.set(std::make_shared<delivery::SimulatedHttpClient>());
  client.close();
  std::optional<ErrorCode> given;
  client.start(1, {}, [&](Result<delivery::HttpAnswer> answer) { given = answer.ok() ? ErrorCode::Internal : answer.error().code(); });
  EXPECT_EQ(given, ErrorCode::ShuttingDown);
  client.cancel(1);
}

}  // namespace
}  // namespace hence::server
