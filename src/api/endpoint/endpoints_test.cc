// SPDX-License-Identifier: Apache-2.0
// Routes, who may use them, and what the server says of itself.
#include "api/endpoint/admission.h"
#include "api/endpoint/route.h"
#include "api/endpoint/test_world.h"

namespace hence::api {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kToken = "0123456789abcdef";

class Surface : public EndpointsTest {};

/// A request line for a route's path.
std::string line_of(const Route& route, const std::string& path) {
  std::string filled = path;
  for (const auto& [parameter, value] : {std::pair<std::string, std::string>{"{ns}", "default"},
                                         {"{source}", "none"}, {"{position}", "01-1"}, {"{id}", "01-1"}, {"{name...}", "x"}}) {
    if (const size_t at = filled.find(parameter); at != std::string::npos) filled.replace(at, parameter.size(), value);
  }
  return std::string(method_name(route.method)) + " " + filled;
}

TEST_F(Surface, EveryRouteWantsTheTokenButTheOpenOnes) {
  open(kToken);
  for (const Route& route : all_routes()) {
    EXPECT_NE(route.access, Access::denied) << route.path;
    const bool open = route.path == "/livez" || route.path == "/readyz" || route.path == "/webhooks/{source}";
    EXPECT_EQ(route.access != Access::token, open) << route.path;
    for (const std::string& path : full_paths(route)) {
      const std::string line = line_of(route, path);
      const HttpRequest request = make(line, "", "");
      const Admission refused = admit(request, kToken);
      EXPECT_EQ(std::holds_alternative<Refused>(refused), !open) << line;
      const HttpRequest with_token = make(line, std::string("authorization: Bearer ") + kToken + "\n", "");
      const Admission admitted = admit(with_token, kToken);
      ASSERT_TRUE(std::holds_alternative<Admitted>(admitted)) << line;
      EXPECT_EQ(std::get<Admitted>(admitted).match.route, &route) << line;
    }
  }
}

TEST_F(Surface, TellsAStrangerNothing) {
  open(kToken);
  for (const char* line : {"GET /nothing", "PUT /events", "GET /openapi.json", "GET /metrics", "POST /events"}) {
    const Answer answer = send(line);
    EXPECT_EQ(answer.status, 401) << line;
    EXPECT_EQ(answer.header("www-authenticate"), "Bearer realm=\"hence\"");
  }
  for (const char* header : {"authorization: Bearer wrong\n", "authorization: Basic 0123456789abcdef\n", "authorization: Bearer\n",
                             "authorization: Bearer 0123456789abcdef0\n"}) {
    EXPECT_EQ(send("GET /api/v1/rules", "", header).status, 401) << header;
  }
  const std::string good = std::string("authorization: bearer ") + kToken + "\n";
  EXPECT_EQ(send("GET /api/v1/rules", "", good).status, 200);
  EXPECT_EQ(send("GET /api/v1/rules", "", good + good).status, 401);
  endpoints->set_token("another-token-of-16");
  EXPECT_EQ(send("GET /api/v1/rules", "", good).status, 401);
  EXPECT_EQ(send("GET /livez").status, 200);
}

TEST_F(Surface, RecordsWhoAsked) {
  send_event("1");
  open(kToken);
  send("POST /api/v1/apply", "apiVersion: hence/v1\nkind: Secret\nmetadata: {name: s}\nspec: {env: S}\n",
       std::string("authorization: Bearer ") + kToken + "\n");
  EXPECT_THAT(backend.principals, testing::ElementsAre("anonymous", "token"));
}

TEST_F(Surface, WithoutATokenOtherSitesPagesAreRefused) {
  struct Case {
    const char* headers;
    int status;
  };
  const Case cases[] = {
      {"origin: https://evil.example\n", 403},
      {"origin: null\n", 403},
      {"sec-fetch-site: cross-site\n", 403},
      {"host: evil.example:4362\n", 403},
      {"host: 127.0.0.1:4362\norigin: http://127.0.0.1:4362\nsec-fetch-site: same-origin\n", 200},
      {"host: [::1]:4362\n", 200},
      {"host: localhost\n", 200},
  };
  for (const Case& test : cases) {
    EXPECT_EQ(send("GET /api/v1/rules", "", test.headers).status, test.status) << test.headers;
  }
  EXPECT_EQ(send("GET /livez", "", "host: evil.example\norigin: https://evil.example\n").status, 200);
  open(kToken);
  EXPECT_EQ(send("GET /api/v1/rules", "", std::string("host: proxy.example\norigin: https://proxy.example\nauthorization: Bearer ") + kToken + "\n").status, 200);
}

TEST_F(Surface, UnknownPathsAndMethods) {
  for (const char* line : {"GET /", "GET /nothing", "GET /api/v1", "GET /api/v1/namespaces", "GET /api/v1/namespaces/x", "GET /events/",
                           "GET /api/v2/rules", "GET /api/v1/livez", "GET /rules", "GET /api/v1/events/01-1/nothing", "GET /api/v1/rules/"}) {
    const Answer answer = send(line);
    EXPECT_TRUE(answer.status == 404 || (answer.status == 405 && std::string(line) == "GET /events/")) << line << answer.status;
    EXPECT_EQ(answer.header("content-type"), "application/problem+json");
    EXPECT_THAT(answer.body, HasSubstr("\"request_id\":\"0000000000000001\""));
  }
  const Answer put = send("PUT /api/v1/events");
  EXPECT_EQ(put.status, 405);
  EXPECT_EQ(put.header("allow"), "POST, GET, HEAD");
  EXPECT_EQ(send("GET /events").header("allow"), "POST");
  EXPECT_EQ(send("DELETE /api/v1/events/stream").header("allow"), "GET, HEAD");
  EXPECT_EQ(send("HEAD /api/v1/rules").status, 200);
}

TEST_F(Surface, MeasuresBodiesByRouteBeforeReadingThem) {
  const auto limit = [&](const std::string& line, const std::string& headers = {}) { return endpoints->body_limit(make(line, headers, "")).bytes; };
  EXPECT_EQ(limit("POST /events"), uint64_t{1} << 20);
  EXPECT_EQ(limit("POST /events", "content-type: application/cloudevents-batch+json\n"), uint64_t{16} << 20);
  EXPECT_EQ(limit("POST /webhooks/x"), uint64_t{25} << 20);
  EXPECT_EQ(limit("POST /api/v1/apply"), uint64_t{8} << 20);
  EXPECT_LE(limit("GET /livez"), 4096u);
  EXPECT_TRUE(endpoints->body_limit(make("POST /nothing", "", "")).refusal.has_value());
}

TEST_F(Surface, SaysWhetherItIsAliveAndReady) {
  EXPECT_EQ(send("GET /livez").body, "{\"status\":\"alive\"}\n");
  EXPECT_EQ(send("GET /readyz").status, 200);
  backend.disk_low = true;
  const Answer low = send("GET /readyz");
  EXPECT_EQ(low.status, 503);
  EXPECT_EQ(low.code(), "DiskFull");
  EXPECT_EQ(send("GET /livez?x=1").status, 400);
}

TEST_F(Surface, CountsByRouteAndClass) {
  send_event("secret-id-1");
  send("GET /api/v1/rules/secret-name");
  send("GET /nothing/secret-path");
  const Answer metrics = send("GET /metrics");
  EXPECT_EQ(metrics.header("content-type"), "application/openmetrics-text; version=1.0.0; charset=utf-8");
  EXPECT_THAT(metrics.body, HasSubstr("hence_build_info{version=\"1.2.3\"} 1\n"));
  EXPECT_THAT(metrics.body, HasSubstr("# TYPE hence_events counter\n"));
  EXPECT_THAT(metrics.body, HasSubstr("\nhence_commands_total 1\n"));
  EXPECT_THAT(metrics.body, HasSubstr("hence_http_requests_total{method=\"POST\",route=\"/events\",status=\"2xx\"} 1\n"));
  EXPECT_THAT(metrics.body, HasSubstr("hence_http_requests_total{method=\"GET\",route=\"/rules/{name...}\",status=\"4xx\"} 1\n"));
  EXPECT_THAT(metrics.body, HasSubstr("hence_http_requests_total{method=\"none\",route=\"none\",status=\"4xx\"} 1\n"));
  EXPECT_THAT(metrics.body, HasSubstr("\nextra 1\n"));
  EXPECT_THAT(metrics.body, testing::EndsWith("# EOF\n"));
  EXPECT_THAT(metrics.body, Not(HasSubstr("secret")));
}

TEST_F(Surface, TheOpenapiDocumentHasEveryRoute) {
  const json::Value document = send("GET /openapi.json").json();
  EXPECT_EQ(document->string_or("openapi", ""), "3.1.0");
  const json::View paths = *document->find("paths");
  std::set<std::string> operations;
  for (const Route& route : all_routes()) {
    std::string method(method_name(route.method));
    for (char& c : method) c = static_cast<char>(c | 0x20);
    for (std::string path : full_paths(route)) {
      if (const size_t dots = path.find("...}"); dots != std::string::npos) path.erase(dots, 3);
      const auto operation = paths.find_path({path, method});
      ASSERT_TRUE(operation) << method << " " << path;
      EXPECT_TRUE(operations.insert(std::string(operation->string_or("operationId", ""))).second) << path;
      const auto schema = operation->find_path({"responses", std::to_string(route.success), "content"});
      EXPECT_TRUE(schema) << path;
      EXPECT_TRUE(document->find_path({"components", "schemas", route.answer})) << route.answer;
    }
  }
}

TEST(ConstantTime, ComparesWholeTexts) {
  EXPECT_TRUE(equal_in_constant_time("abc", "abc"));
  EXPECT_FALSE(equal_in_constant_time("abd", "abc"));
  EXPECT_FALSE(equal_in_constant_time("abcabc", "abc"));
  EXPECT_FALSE(equal_in_constant_time("", "abc"));
  EXPECT_FALSE(equal_in_constant_time("", ""));
}

}  // namespace
}  // namespace hence::api
