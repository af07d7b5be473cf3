// SPDX-License-Identifier: Apache-2.0
#include "connectors/http/curl_http_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <future>

#include "connectors/http/test_http_server.h"
#include "delivery/http_client_contract.h"

namespace hence::connectors {
namespace {

using delivery::HttpAnswer;
using delivery::HttpCall;
using testing::HasSubstr;
using Reply = TestHttpServer::Reply;

Reply say_ok(const std::string&) { return {TestHttpServer::ok("fine"), false, false}; }

struct CurlSubject : delivery::HttpClientSubject {
  CurlSubject() : server(&answer) {
    CurlHttpClientOptions options;
    options.guard = AddressGuard::create({"127.0.0.0/8"}).value();
    options.bytes_max = 1 << 20;
    curl = CurlHttpClient::create(std::move(options)).value();
  }
  static Reply answer(const std::string& request) {
    if (request.starts_with("POST /never ")) return {"", false, true};
    if (request.starts_with("POST /long ")) return {TestHttpServer::ok(std::string(100'000, 'x')), false, false};
    if (request.starts_with("POST /huge ")) return {TestHttpServer::ok(std::string(2 << 20, 'x')), false, false};
    if (request.starts_with("POST /ok ")) {
      return {"HTTP/1.1 200 OK\r\nX-Name:  Value \r\nContent-Length: 4\r\n\r\nfine", false, false};
    }
    const bool moved = request.starts_with("POST /moved ");
    return {std::string("HTTP/1.1 ") + (moved ? "302 Found\r\nLocation: /ok" : "404 Not Found") +
                "\r\nContent-Length: 0\r\n\r\n",
            false, false};
  }
  delivery::HttpClient& client() override { return *curl; }
  std::string url() override { return "http://127.0.0.1:" + std::to_string(server.port()); }
  TestHttpServer server;
  std::unique_ptr<CurlHttpClient> curl;
};
std::unique_ptr<delivery::HttpClientSubject> make_curl() { return std::make_unique<CurlSubject>(); }

class CurlHttpClientTest : public testing::Test {
 protected:
  void open(CurlHttpClientOptions options = {}, std::vector<std::string> allow = {"127.0.0.0/8"}) {
    options.guard = AddressGuard::create(allow).value();
    client_ = CurlHttpClient::create(std::move(options)).value();
  }
  std::future<Result<HttpAnswer>> begin(HttpCall call) {
    auto promise = std::make_shared<std::promise<Result<HttpAnswer>>>();
    auto future = promise->get_future();
    client_->start(++last_id_, std::move(call), [promise](Result<HttpAnswer> answer) {
      promise->set_value(std::move(answer));
    });
    return future;
  }
  Result<HttpAnswer> call(HttpCall call) { return begin(std::move(call)).get(); }
  Result<HttpAnswer> post(const std::string& url, const std::string& body = "{}") {
    HttpCall made;
    made.url = url;
    made.body = body;
    return call(std::move(made));
  }

  std::unique_ptr<CurlHttpClient> client_;
  uint64_t last_id_ = 0;
};

TEST_F(CurlHttpClientTest, SendsTheCallAsGivenAndBringsTheAnswer) {
  TestHttpServer server([](const std::string&) {
    return Reply{"HTTP/1.1 201 Created\r\nX-Name: Value\r\nContent-Length: 2\r\n\r\nok", false, false};
  });
  open();
  HttpCall made;
  made.method = "PUT";
  made.url = server.url("/a?b=c");
  made.headers = {{"Content-Type", "application/json"}, {"x-empty", ""}};
  made.body = "{\"a\":1}";
  const auto answer = call(made);
  ASSERT_TRUE(answer.ok()) << answer.error().message();
  EXPECT_EQ(answer->status, 201);
  EXPECT_EQ(answer->body, "ok");
  EXPECT_THAT(answer->headers, testing::Contains(std::pair<std::string, std::string>("x-name", "Value")));
  const std::string request = server.requests().at(0);
  EXPECT_THAT(request, HasSubstr("PUT /a?b=c HTTP/1.1\r\n"));
  EXPECT_THAT(request, HasSubstr("Content-Type: application/json\r\n"));
  EXPECT_THAT(request, HasSubstr("x-empty:\r\n"));
  EXPECT_THAT(request, HasSubstr("Content-Length: 7\r\n"));
  EXPECT_THAT(request, testing::Not(HasSubstr("Expect:")));
  EXPECT_THAT(request, testing::EndsWith("{\"a\":1}"));
}

TEST_F(CurlHttpClientTest, MethodsCarryBodiesOnlyWhereGiven) {
  TestHttpServer server(say_ok);
  open();
  for (const char* method : {"GET", "DELETE", "POST", "PATCH", "OPTIONS"}) {
    HttpCall made;
    made.method = method;
    made.url = server.url();
    ASSERT_TRUE(call(made).ok()) << method;
  }
  const auto requests = server.requests();
  EXPECT_THAT(requests.at(0), testing::StartsWith("GET / HTTP/1.1"));
  EXPECT_THAT(requests.at(0), testing::Not(HasSubstr("Content-")));
  EXPECT_THAT(requests.at(1), testing::StartsWith("DELETE / "));
  EXPECT_THAT(requests.at(2), HasSubstr("Content-Length: 0\r\n"));
  EXPECT_THAT(requests.at(2), testing::Not(HasSubstr("Content-Type")));
}

TEST_F(CurlHttpClientTest, AnswersHeadWithoutWaitingForABody) {
  TestHttpServer server([](const std::string&) {
    return Reply{"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", false, false};
  });
  open();
  HttpCall made;
  made.method = "HEAD";
  made.url = server.url();
  const auto answer = call(made);
  ASSERT_TRUE(answer.ok()) << answer.error().message();
  EXPECT_EQ(answer->body, "");
}

TEST_F(CurlHttpClientTest, KeepsTheConnectionForFurtherCalls) {
  TestHttpServer server(say_ok);
  open();
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(post(server.url()).ok());
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(CurlHttpClientTest, TriesAgainWhereAKeptConnectionHadDied) {
  TestHttpServer server([](const std::string&) { return Reply{TestHttpServer::ok("x"), true, false}; });
  open();
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(post(server.url()).ok());
}

TEST_F(CurlHttpClientTest, NeverFollowsRedirects) {
  TestHttpServer server([](const std::string&) {
    return Reply{"HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n", false, false};
  });
  open();
  const auto answer = post(server.url());
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->status, 302);
  EXPECT_EQ(server.requests().size(), 1u);
}

TEST_F(CurlHttpClientTest, AnswersOverTheLimitAreCutOff) {
  TestHttpServer server([](const std::string&) {
    return Reply{"HTTP/1.1 200 OK\r\n\r\n" + std::string(100'000, 'x'), true, false};
  });
  open();
  HttpCall made;
  made.url = server.url();
  made.response_bytes_max = 1000;
  const auto answer = call(made);
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code(), ErrorCode::CallFailed);
  EXPECT_THAT(answer.error().message(), HasSubstr("the answer is over 1000 bytes"));
}

TEST_F(CurlHttpClientTest, EndlessHeadersAreCutOff) {
  TestHttpServer server([](const std::string&) {
    std::string bytes = "HTTP/1.1 200 OK\r\n";
    for (int i = 0; i < 5000; ++i) bytes += "X-Line: " + std::string(20, 'y') + "\r\n";
    return Reply{bytes + "\r\n", true, false};
  });
  open();
  const auto answer = post(server.url());
  ASSERT_FALSE(answer.ok());
  EXPECT_THAT(answer.error().message(), HasSubstr("over 64 KiB"));
}

TEST_F(CurlHttpClientTest, CutShortAnswersFail) {
  TestHttpServer server([](const std::string&) {
    return Reply{"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", true, false};
  });
  open();
  const auto answer = post(server.url());
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code(), ErrorCode::CallFailed);
}

TEST_F(CurlHttpClientTest, SilenceEndsAtTheTimeLimitAndStopsNobodyElse) {
  TestHttpServer silent([](const std::string&) { return Reply{"", false, true}; });
  TestHttpServer server(say_ok);
  open();
  HttpCall made;
  made.url = silent.url("/x?token=abc");
  made.timeout = Duration::milliseconds(300);
  auto slow = begin(made);
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(post(server.url()).ok());
  const auto answer = slow.get();
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code(), ErrorCode::CallFailed);
  EXPECT_THAT(answer.error().message(), HasSubstr("within 300 ms"));
  EXPECT_THAT(answer.error().message(), testing::Not(HasSubstr("token")));
}

TEST_F(CurlHttpClientTest, RefusedConnectionsSayWhere) {
  uint16_t port = 0;
  {
    TestHttpServer server(say_ok);
    port = server.port();
  }
  open();
  const auto answer = post("http://127.0.0.1:" + std::to_string(port) + "/x");
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code(), ErrorCode::Unreachable) << "nothing was sent";
  EXPECT_THAT(answer.error().message(), HasSubstr("127.0.0.1:" + std::to_string(port)));
}

TEST_F(CurlHttpClientTest, AddressesThatAreNotGlobalAreNeverConnectedTo) {
  TestHttpServer server(say_ok);
  open({}, {});
  const std::string port = ":" + std::to_string(server.port()) + "/";
  for (const char* host : {"127.0.0.1", "2130706433", "0x7f.1", "0x7f000001", "017700000001",
                           "127.1", "localhost", "0.0.0.0", "[::ffff:127.0.0.1]",
                           "[::1]", "[::]", "[64:ff9b::7f00:1]"}) {
    const auto answer = post("http://" + std::string(host) + port);
    ASSERT_FALSE(answer.ok()) << host;
    EXPECT_EQ(answer.error().code(), ErrorCode::AddressRefused) << host << answer.error().message();
    EXPECT_THAT(answer.error().message(), HasSubstr("egress.allow"));
  }
  EXPECT_EQ(server.connections(), 0);
}

TEST_F(CurlHttpClientTest, NamesAreJudgedByTheAddressConnectedTo) {
  TestHttpServer server(say_ok);
  CurlHttpClientOptions options;
  options.connect_to = {"example.com:80:127.0.0.1:" + std::to_string(server.port())};
  open(std::move(options), {});
  const auto refused = post("http://example.com/");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), ErrorCode::AddressRefused);

  CurlHttpClientOptions again;
  again.connect_to = {"example.com:80:127.0.0.1:" + std::to_string(server.port())};
  open(std::move(again));
  EXPECT_TRUE(post("http://example.com/").ok());
  EXPECT_THAT(server.requests().at(0), HasSubstr("Host: example.com\r\n"));
}

TEST_F(CurlHttpClientTest, CallsThatCouldSmuggleSomethingAreRefused) {
  TestHttpServer server(say_ok);
  open();
  const auto refused = [&](const std::string& url, delivery::Headers headers, std::string method) {
    HttpCall made;
    made.url = url;
    made.headers = std::move(headers);
    made.method = std::move(method);
    const auto answer = call(made);
    EXPECT_FALSE(answer.ok()) << url;
    if (answer.ok()) return;
    EXPECT_EQ(answer.error().code(), ErrorCode::RequestInvalid) << url;
  };
  const std::string good = server.url();
  refused(good, {{"a", "b\r\nX: y"}}, "POST");
  refused(good, {{"a", std::string("b\0c", 3)}}, "POST");
  refused(good, {{"a\nb", "c"}}, "POST");
  refused(good, {{"a:b", "c"}}, "POST");
  refused(good, {{"", "c"}}, "POST");
  refused(good, {{"Transfer-Encoding", "chunked"}}, "POST");
  refused(good, {{"content-length", "5"}}, "POST");
  refused(good, {}, "GET / HTTP/1.1\r\nX: y");
  refused(good, {}, "");
  refused(good + "\r\nX: y", {}, "POST");
  refused(good + std::string("\0", 1), {}, "POST");
  refused(good + " HTTP/1.1", {}, "POST");
  refused("http://user:secret@127.0.0.1/", {}, "POST");
  refused("file:///etc/passwd", {}, "GET");
  refused("gopher://127.0.0.1/", {}, "GET");
  refused("", {}, "GET");
  EXPECT_EQ(server.connections(), 0);
}

TEST_F(CurlHttpClientTest, TooManyCallsAreRefusedAtOnce) {
  TestHttpServer silent([](const std::string&) { return Reply{"", false, true}; });
  CurlHttpClientOptions options;
  options.calls_max = 2;
  open(std::move(options));
  HttpCall made;
  made.url = silent.url();
  auto first = begin(made);
  auto second = begin(made);
  const auto third = call(made);
  ASSERT_FALSE(third.ok());
  EXPECT_EQ(third.error().code(), ErrorCode::Overloaded);
  client_->cancel(1);
  const auto cancelled = first.get();
  ASSERT_FALSE(cancelled.ok());
  EXPECT_EQ(cancelled.error().code(), ErrorCode::CallFailed);
  client_.reset();
  EXPECT_FALSE(second.get().ok());
}

TEST_F(CurlHttpClientTest, BytesHeldAreBounded) {
  TestHttpServer server([](const std::string&) {
    return Reply{TestHttpServer::ok(std::string(50'000, 'x')), false, false};
  });
  CurlHttpClientOptions options;
  options.bytes_max = 20'000;
  open(std::move(options));
  EXPECT_EQ(post(server.url(), std::string(30'000, 'a')).error().code(), ErrorCode::Overloaded);
  EXPECT_TRUE(server.requests().empty());
  const auto answer = post(server.url());
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code(), ErrorCode::CallFailed) << "it had left";
  EXPECT_THAT(answer.error().message(), HasSubstr("the answers being received take all the memory"));
}

TEST_F(CurlHttpClientTest, CertificatesAreVerified) {
  TestHttpServer server(say_ok, TestHttpServer::Tls::on);
  open({}, {"127.0.0.0/8", "::1"});
  const auto untrusted = post(server.url());
  ASSERT_FALSE(untrusted.ok());
  EXPECT_EQ(untrusted.error().code(), ErrorCode::Unreachable) << "nothing was sent";
  EXPECT_THAT(untrusted.error().message(), HasSubstr("certificate"));

  char path[] = "/tmp/hence-ca-XXXXXX";
  const int fd = mkstemp(path);
  ASSERT_EQ(write(fd, server.certificate_pem().data(), server.certificate_pem().size()),
            static_cast<ssize_t>(server.certificate_pem().size()));
  close(fd);
  CurlHttpClientOptions options;
  options.ca_file = path;
  open(std::move(options), {"127.0.0.0/8", "::1"});
  const auto trusted = post(server.url());
  EXPECT_TRUE(trusted.ok()) << trusted.error().message();
  const auto wrong_name = post("https://127.0.0.1:" + std::to_string(server.port()) + "/");
  EXPECT_FALSE(wrong_name.ok());
  unlink(path);
}

TEST_F(CurlHttpClientTest, UnreadableCertificatesAreAConfigurationError) {
  CurlHttpClientOptions options;
  options.ca_file = "/nonexistent/ca.pem";
  const auto client = CurlHttpClient::create(std::move(options));
  ASSERT_FALSE(client.ok());
  EXPECT_EQ(client.error().code(), ErrorCode::ConfigurationInvalid);
}

TEST_F(CurlHttpClientTest, ManyCallsAtOnceAllEnd) {
  TestHttpServer server(say_ok);
  CurlHttpClientOptions options;
  options.connections_max = 8;
  open(std::move(options));
  std::vector<std::future<Result<HttpAnswer>>> answers;
  for (int i = 0; i < 500; ++i) {
    HttpCall made;
    made.url = server.url();
    answers.push_back(begin(std::move(made)));
  }
  for (auto& answer : answers) {
    const auto got = answer.get();
    EXPECT_TRUE(got.ok()) << got.error().message();
  }
  EXPECT_LE(server.connections(), 8);
}

}  // namespace
}  // namespace hence::connectors

namespace hence::delivery {
INSTANTIATE_TEST_SUITE_P(Curl, HttpClientContract, testing::Values(&connectors::make_curl));
}  // namespace hence::delivery
