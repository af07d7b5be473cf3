// SPDX-License-Identifier: Apache-2.0
// Real sockets on the loopback: what HttpSession's tests cannot show.
#include "api/http_server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

namespace hence::api {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr auto kPatience = std::chrono::seconds(10);

/// A blocking client with a deadline on every read.
class Client {
 public:
  explicit Client(uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  ~Client() { close(); }
  Client(Client&& other) noexcept : fd_(std::exchange(other.fd_, -1)), connected_(other.connected_) {}
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  bool connected() const { return connected_; }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }
  /// Reads until text has come; all that was read.
  std::string read_until(std::string_view text) {
    while (read_.find(text) == std::string::npos && read_some()) {}
    return read_;
  }
  /// Reads until the server closes; "TIMEOUT" at the end where it does not.
  std::string read_all() {
    while (read_some()) {}
    return eof_ ? read_ : read_ + "TIMEOUT";
  }
  bool closed_by_server() {
    read_all();
    return eof_;
  }

 private:
  bool read_some() {
    pollfd waited{fd_, POLLIN, 0};
    const auto patience = std::chrono::milliseconds(kPatience).count();
    if (::poll(&waited, 1, static_cast<int>(patience)) != 1) return false;
    char buffer[65536];
    const ssize_t got = ::recv(fd_, buffer, sizeof buffer, 0);
    if (got <= 0) {
      eof_ = true;
      return false;
    }
    read_.append(buffer, static_cast<size_t>(got));
    return true;
  }

  int fd_;
  bool connected_ = false;
  bool eof_ = false;
  std::string read_;
};

class HttpServerTest : public testing::Test, public HttpHandler {
 protected:
  ~HttpServerTest() override { server.reset(); }

  BodyLimit body_limit(const RequestHead& head) override {
    return {head.path == "/big" ? uint64_t{64} << 20 : 1000, std::nullopt};
  }
  void handle(HttpRequest request, Responder responder) override {
    if (request.path == "/later") {
      const std::lock_guard lock(mutex);
      held.push_back(std::move(responder));
      arrived.notify_all();
    } else if (request.path == "/stream") {
      Stream stream = responder.start_stream(
          HttpResponse{}.header("content-type", "text/event-stream"), {"GAP", [this] {
            const std::lock_guard lock(mutex);
            ++streams_closed;
            arrived.notify_all();
          }});
      const std::lock_guard lock(mutex);
      streams.push_back(std::move(stream));
      arrived.notify_all();
    } else {
      responder.answer(HttpResponse::with_body(
          200, "text/plain", std::to_string(request.body.size()) + " from " + request.remote_address));
    }
  }

  void start() {
    options.port = 0;
    auto started = HttpServer::start(options, *this);
    ASSERT_TRUE(started.ok()) << started.error().message();
    server = std::move(*started);
  }
  Client connect() { return Client(server->port()); }
  template <typename Condition>
  bool wait_for(Condition condition) {
    std::unique_lock lock(mutex);
    return arrived.wait_for(lock, kPatience, condition);
  }
  /// Polls what the server alone knows.
  template <typename Condition>
  bool eventually(Condition condition) {
    const auto until = std::chrono::steady_clock::now() + kPatience;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > until) return false;
      std::this_thread::yield();
    }
    return true;
  }

  HttpServerOptions options;
  std::mutex mutex;
  std::condition_variable arrived;
  std::deque<Responder> held;
  std::deque<Stream> streams;
  int streams_closed = 0;
  std::unique_ptr<HttpServer> server;
};

const std::string kGet = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
const std::string kGetLater = "GET /later HTTP/1.1\r\nHost: h\r\n\r\n";
const std::string kGetStream = "GET /stream HTTP/1.1\r\nHost: h\r\n\r\n";

TEST_F(HttpServerTest, AnswersOverAKeptConnection) {
  start();
  Client client = connect();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(client.send(kGet));
  ASSERT_TRUE(client.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"));
  const std::string text = client.read_all();
  EXPECT_THAT(text, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(text, HasSubstr("0 from 127.0.0.1"));
  EXPECT_THAT(text, testing::EndsWith("127.0.0.1"));
  client.close();
  EXPECT_TRUE(eventually([&] { return server->stats().connections_open == 0; }));
  EXPECT_EQ(server->stats().requests, 4u);
}

TEST_F(HttpServerTest, TakesLargeBodiesSizedAndChunked) {
  start();
  const std::string body(20 << 20, 'x');
  Client sized = connect();
  ASSERT_TRUE(sized.send("POST /big HTTP/1.1\r\nHost: h\r\nContent-Length: " +
                         std::to_string(body.size()) + "\r\n\r\n" + body));
  EXPECT_THAT(sized.read_until("from"), HasSubstr("20971520 from"));
  Client chunked = connect();
  ASSERT_TRUE(chunked.send("POST /big HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"));
  for (size_t at = 0; at < body.size(); at += 1 << 20) {
    ASSERT_TRUE(chunked.send("100000\r\n" + body.substr(at, 1 << 20) + "\r\n"));
  }
  ASSERT_TRUE(chunked.send("0\r\n\r\n"));
  EXPECT_THAT(chunked.read_until("from"), HasSubstr("20971520 from"));
  EXPECT_TRUE(eventually([&] { return server->stats().request_memory_bytes == 0; }));
}

TEST_F(HttpServerTest, LetsTheClientReadTheRefusalOfABodyItIsStillSending) {
  start();
  Client client = connect();
  ASSERT_TRUE(client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5000000\r\n\r\n"));
  ASSERT_TRUE(client.send(std::string(5'000'000, 'x')));
  EXPECT_THAT(client.read_all(), StartsWith("HTTP/1.1 413"));
}

TEST_F(HttpServerTest, SendsFramingRefusalsAndCloses) {
  start();
  for (const char* bytes : {"GET / HTTP/1.1\nHost: h\n\n", "\x16\x03\x01",
                            "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n"
                            "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n"}) {
    Client client = connect();
    ASSERT_TRUE(client.send(bytes));
    const std::string text = client.read_all();
    EXPECT_THAT(text, StartsWith("HTTP/1.1 400 Bad Request\r\n"));
    EXPECT_THAT(text, testing::EndsWith("}\n"));
  }
  EXPECT_EQ(server->stats().requests, 0u);
  EXPECT_EQ(server->stats().requests_refused, 3u);
}

TEST_F(HttpServerTest, KeepsTheTimeouts) {
  options.limits.header_timeout = Duration::milliseconds(30);
  options.limits.body_window = Duration::milliseconds(30);
  options.limits.idle_timeout = Duration::milliseconds(30);
  options.limits.bytes_per_second = 1'000'000;
  options.limits.linger = Duration::milliseconds(30);
  start();
  Client idle = connect();
  Client header = connect();
  Client body = connect();
  ASSERT_TRUE(header.send("GET / HTTP/1.1\r\n"));
  ASSERT_TRUE(body.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\na"));
  EXPECT_EQ(idle.read_all(), "");
  EXPECT_THAT(header.read_all(), StartsWith("HTTP/1.1 408"));
  EXPECT_THAT(body.read_all(), StartsWith("HTTP/1.1 408"));
  EXPECT_TRUE(eventually([&] { return server->stats().connections_open == 0; }));
}

TEST_F(HttpServerTest, TakesAnswersFromOtherThreads) {
  start();
  constexpr int kClients = 20;
  std::thread answerer([&] {
    for (int i = 0; i < kClients * 10; ++i) {
      if (!wait_for([&] { return !held.empty(); })) return;
      std::unique_lock lock(mutex);
      Responder responder = std::move(held.front());
      held.pop_front();
      lock.unlock();
      responder.answer(HttpResponse::with_body(202, "text/plain", "done"));
    }
  });
  std::vector<Client> clients;
  for (int i = 0; i < kClients; ++i) clients.push_back(connect());
  for (Client& client : clients) {
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(client.send(kGetLater));
    ASSERT_TRUE(client.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"));
  }
  for (Client& client : clients) {
    const std::string text = client.read_all();
    size_t answers = 0;
    for (size_t at = 0; (at = text.find("HTTP/1.1 202", at)) != std::string::npos; ++at) ++answers;
    EXPECT_EQ(answers, 10u);
    EXPECT_THAT(text, testing::EndsWith("0 from 127.0.0.1"));
  }
  answerer.join();
}

TEST_F(HttpServerTest, SwallowsAnswersToClientsThatAreGone) {
  start();
  Client client = connect();
  ASSERT_TRUE(client.send(kGetLater));
  ASSERT_TRUE(wait_for([&] { return held.size() == 1; }));
  client.close();
  held[0].answer(HttpResponse::with_body(200, "text/plain", std::string(1 << 20, 'x')));
  EXPECT_TRUE(eventually([&] { return server->stats().connections_open == 0; }));
}

TEST_F(HttpServerTest, StreamsFromAnotherThread) {
  start();
  Client client = connect();
  ASSERT_TRUE(client.send(kGetStream));
  ASSERT_TRUE(wait_for([&] { return streams.size() == 1; }));
  EXPECT_TRUE(streams[0].write("data: 1\n\n"));
  EXPECT_THAT(client.read_until("data: 1"), HasSubstr("text/event-stream"));
  EXPECT_TRUE(streams[0].write("data: 2\n\n"));
  client.read_until("data: 2");
  streams[0].end();
  EXPECT_THAT(client.read_until("0\r\n\r\n"), testing::EndsWith("0\r\n\r\n"));
}

TEST_F(HttpServerTest, TellsAStreamsWriterThatItsClientLeft) {
  start();
  Client client = connect();
  ASSERT_TRUE(client.send(kGetStream));
  ASSERT_TRUE(wait_for([&] { return streams.size() == 1; }));
  client.close();
  EXPECT_TRUE(wait_for([&] { return streams_closed == 1; }));
  EXPECT_TRUE(streams[0].closed());
}

TEST_F(HttpServerTest, DropsAStreamWhoseClientDoesNotRead) {
  options.limits.stream_buffer_bytes = 100'000;
  start();
  Client client = connect();
  ASSERT_TRUE(client.send(kGetStream));
  ASSERT_TRUE(wait_for([&] { return streams.size() == 1; }));
  Stream stream = std::move(streams[0]);
  const std::string text(10'000, 'x');
  size_t written = 0;
  while (stream.write(text) && written < (size_t{1} << 30)) written += text.size();
  EXPECT_LT(written, size_t{1} << 28);
  EXPECT_TRUE(wait_for([&] { return streams_closed == 1; }));
  const std::string all = client.read_all();
  EXPECT_THAT(all.substr(all.size() - 20), testing::EndsWith("GAP\r\n"));
  EXPECT_GT(all.size(), written);
}

TEST_F(HttpServerTest, RefusesConnectionsBeyondTheLimit) {
  options.limits.connections = 2;
  start();
  Client first = connect();
  Client second = connect();
  ASSERT_TRUE(first.send(kGet));
  first.read_until("127.0.0.1");
  ASSERT_TRUE(second.send(kGet));
  second.read_until("127.0.0.1");
  Client third = connect();
  const std::string text = third.read_until("}\n");
  EXPECT_THAT(text, StartsWith("HTTP/1.1 503"));
  EXPECT_THAT(text, HasSubstr("retry-after: 1"));
  EXPECT_EQ(server->stats().connections_refused, 1u);
  ASSERT_TRUE(first.send(kGet));  // the others go on
  third.close();
  second.close();
  ASSERT_TRUE(eventually([&] { return server->stats().connections_open == 1; }));
  Client fourth = connect();
  ASSERT_TRUE(fourth.send(kGet));
  EXPECT_THAT(fourth.read_until("127.0.0.1"), StartsWith("HTTP/1.1 200"));
}

TEST_F(HttpServerTest, StopsGracefully) {
  start();
  Client idle = connect();
  Client busy = connect();
  Client other = connect();
  Client streaming = connect();  // on the thread of busy: when it ends, that thread is stopping
  ASSERT_TRUE(idle.send(kGet));
  idle.read_until("127.0.0.1");
  ASSERT_TRUE(busy.send(kGetLater + kGet));
  ASSERT_TRUE(streaming.send(kGetStream));
  ASSERT_TRUE(wait_for([&] { return held.size() == 1 && streams.size() == 1; }));
  const uint16_t port = server->port();
  size_t dropped = 99;
  std::thread stopper([&] { dropped = server->stop(Duration::seconds(10)); });
  EXPECT_TRUE(idle.closed_by_server());
  EXPECT_TRUE(other.closed_by_server());
  EXPECT_TRUE(wait_for([&] { return streams_closed == 1; }));
  EXPECT_THAT(streaming.read_all(), testing::EndsWith("0\r\n\r\n"));
  held[0].answer(HttpResponse{});
  EXPECT_THAT(busy.read_all(), HasSubstr("connection: close"));
  busy.close();
  streaming.close();
  stopper.join();
  EXPECT_EQ(dropped, 0u);
  EXPECT_FALSE(Client(port).connected());
}

TEST_F(HttpServerTest, DropsWhatIsLeftAfterTheGrace) {
  start();
  Client client = connect();
  ASSERT_TRUE(client.send(kGetLater));
  ASSERT_TRUE(wait_for([&] { return held.size() == 1; }));
  EXPECT_EQ(server->stop(Duration::milliseconds(20)), 1u);
  EXPECT_TRUE(client.closed_by_server());
  held[0].answer(HttpResponse{});  // swallowed
  server.reset();
}

TEST_F(HttpServerTest, SaysWhereThePortIsTaken) {
  start();
  HttpServerOptions second = options;
  second.port = server->port();
  const auto refused = HttpServer::start(second, *this);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), ErrorCode::PortInUse);
  EXPECT_THAT(refused.error().message(), HasSubstr("127.0.0.1:" + std::to_string(server->port())));
}

TEST_F(HttpServerTest, RefusesAddressesItCannotListenOn) {
  options.port = 0;
  for (const char* address : {"example.org", "", "203.0.113.5"}) {
    options.address = address;
    const auto refused = HttpServer::start(options, *this);
    ASSERT_FALSE(refused.ok()) << address;
    EXPECT_EQ(refused.error().code(), ErrorCode::ConfigurationInvalid) << address;
  }
}

TEST_F(HttpServerTest, GivesEveryRequestItsOwnId) {
  start();
  Client client = connect();
  ASSERT_TRUE(client.send(kGet + kGet + "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"));
  const std::string text = client.read_all();
  std::vector<std::string> ids;
  for (size_t at = 0; (at = text.find("x-request-id: ", at)) != std::string::npos; ++at) {
    ids.push_back(text.substr(at + 14, 16));
  }
  ASSERT_EQ(ids.size(), 3u);
  EXPECT_NE(ids[0], ids[1]);
  EXPECT_NE(ids[1], ids[2]);
}

}  // namespace
}  // namespace hence::api
