// SPDX-License-Identifier: Apache-2.0
// The adapter to Boost.Asio: sockets, readiness and threads. All that HTTP means is in HttpSession.
//
// A connection at rest is its Link and a pending readiness wait; read buffers belong to the thread.

#include "api/http_server.h"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "api/http_mailbox.h"
#include "api/http_session.h"
#include "base/check.h"
#include "base/log_line.h"
#include "os/clock.h"
#include "os/random.h"

namespace hence::api {

namespace {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;
using boost::system::error_code;

constexpr size_t kScratchBytes = 256 * 1024;
constexpr int kReadsPerWakeup = 8;
/// Connections over the limit that are told so; beyond them they are just closed.
constexpr size_t kRefusalsAtOnce = 256;
constexpr Duration kDateAge = Duration::milliseconds(500);
constexpr auto kAcceptPause = std::chrono::milliseconds(100);

/// What the threads of one server share.
struct Shared {
  Shared(const HttpServerOptions& server_options, HttpHandler& server_handler)
      : limits(server_options.limits),
        handler(server_handler),
        memory(server_options.limits.request_memory_bytes) {}

  const HttpLimits limits;
  HttpHandler& handler;
  os::SystemClock clock;
  RequestMemory memory;
  HttpCounters counters;
  std::atomic<size_t> connections{0};
  std::atomic<uint64_t> connections_refused{0};
  std::mutex mutex;
  std::condition_variable connection_gone;

  void drop_connection() {
    if (connections.fetch_sub(1) != 1) return;
    const std::lock_guard lock(mutex);
    connection_gone.notify_all();
  }
};

/// Often enough for the shortest timeout, rarely enough to cost nothing.
std::chrono::microseconds sweep_period(const HttpLimits& limits) {
  const Duration shortest =
      std::min({limits.header_timeout, limits.body_window, limits.idle_timeout,
                limits.write_timeout, limits.linger});
  return std::chrono::microseconds(
      std::clamp<int64_t>(shortest.micros / 4, Duration::milliseconds(2).micros,
                          Duration::milliseconds(500).micros));
}

enum class Admission : uint8_t { admitted, refused };

/// One thread with its event loop and connections. All functions on that thread, but for run(),
/// context() and what their comments say.
class IoThread {
 public:
  IoThread(Shared& shared, uint64_t first_request_id)
      : shared_(shared),
        io_(1),
        work_(io_.get_executor()),
        sweep_(io_),
        period_(sweep_period(shared.limits)),
        scratch_(std::make_unique<char[]>(kScratchBytes)),
        mailbox_(std::make_shared<Mailbox>([this] {
          asio::post(io_, [this] { take_answers(); });
        })),
        context_{shared.limits, shared.handler, shared.memory, shared.counters, mailbox_,
                 first_request_id, {}} {}
  ~IoThread() {
    mailbox_->close();
    links_.clear();
  }
  IoThread(const IoThread&) = delete;
  IoThread& operator=(const IoThread&) = delete;

  asio::io_context& context() { return io_; }
  void start() {
    thread_ = std::thread([this] { io_.run(); });
    pthread_setname_np(thread_.native_handle(), "hence-io");
  }
  void join() {
    if (thread_.joinable()) thread_.join();
  }

  void adopt(tcp::socket socket, Admission admission);
  void begin_stop();
  /// Drops every connection and lets run() return.
  void finish();

 private:
  struct Link {
    Link(tcp::socket link_socket, SessionContext& context, RequestToken link_token,
         std::string remote_address, os::MonotonicTime now)
        : socket(std::move(link_socket)),
          session(context, link_token, std::move(remote_address), now),
          token(link_token) {}
    tcp::socket socket;
    HttpSession session;
    const RequestToken token;
    bool awaits_readable = false;
    bool awaits_writable = false;
    bool shut = false;
  };

  Link* find(const RequestToken& token);
  void on_readable(const RequestToken& token);
  void on_writable(const RequestToken& token);
  void take_answers();
  void read(Link& link);
  void flush(Link& link);
  void service(Link& link);
  void drop(Link& link);
  void arm_sweep();
  void sweep();
  os::MonotonicTime now();

  Shared& shared_;
  asio::io_context io_;
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  asio::steady_timer sweep_;
  const std::chrono::microseconds period_;
  const std::unique_ptr<char[]> scratch_;
  const std::shared_ptr<Mailbox> mailbox_;
  SessionContext context_;
  os::MonotonicTime date_until_;
  std::vector<std::unique_ptr<Link>> links_;  // by slot
  std::vector<uint32_t> free_slots_;
  uint32_t next_generation_ = 1;
  size_t live_ = 0;
  bool sweeping_ = false;
  bool stopping_ = false;
  bool finished_ = false;
  std::thread thread_;
};

os::MonotonicTime IoThread::now() {
  const os::MonotonicTime now = shared_.clock.monotonic();
  if (now >= date_until_) {
    context_.date = format_http_date(shared_.clock.now());
    date_until_ = now + kDateAge;
  }
  return now;
}

IoThread::Link* IoThread::find(const RequestToken& token) {
  Link* const link = token.slot < links_.size() ? links_[token.slot].get() : nullptr;
  return link != nullptr && link->token.generation == token.generation ? link : nullptr;
}

void IoThread::adopt(tcp::socket socket, Admission admission) {
  error_code error;
  const auto remote = socket.remote_endpoint(error);
  if (!error) socket.non_blocking(true, error);
  if (!error) socket.set_option(tcp::no_delay(true), error);
  if (error || finished_) {
    socket.close(error);
    shared_.drop_connection();
    return;
  }
  RequestToken token;
  if (free_slots_.empty()) {
    token.slot = static_cast<uint32_t>(links_.size());
    links_.emplace_back();
  } else {
    token.slot = free_slots_.back();
    free_slots_.pop_back();
  }
  token.generation = next_generation_++;
  const os::MonotonicTime at = now();
  links_[token.slot] = std::make_unique<Link>(std::move(socket), context_, token,
                                              remote.address().to_string(), at);
  ++live_;
  Link& link = *links_[token.slot];
  if (admission == Admission::refused) link.session.refuse_connection(at);
  if (stopping_) link.session.begin_stop(at);
  service(link);
  arm_sweep();
}

void IoThread::on_readable(const RequestToken& token) {
  Link* const link = find(token);
  if (link == nullptr) return;
  link->awaits_readable = false;
  read(*link);
  service(*link);
}

void IoThread::read(Link& link) {
  for (int i = 0; i < kReadsPerWakeup; ++i) {
    const size_t wanted = std::min(link.session.wanted_input_bytes(), kScratchBytes);
    if (wanted == 0) return;
    error_code error;
    const size_t bytes = link.socket.read_some(asio::buffer(scratch_.get(), wanted), error);
    if (error == asio::error::would_block) return;
    const os::MonotonicTime at = now();
    {
      const Mailbox::Active active(*mailbox_, link.session, link.token, at);
      if (error == asio::error::eof) {
        link.session.end_of_input();
      } else if (error) {
        link.session.abort();
      } else {
        link.session.receive({scratch_.get(), bytes}, at);
      }
    }
    flush(link);
    if (error || bytes < wanted) return;
  }
}

void IoThread::flush(Link& link) {
  while (!link.session.output().empty() && !link.session.closed()) {
    const std::string_view output = link.session.output();
    error_code error;
    const size_t bytes = link.socket.write_some(asio::buffer(output.data(), output.size()), error);
    if (error == asio::error::would_block) return;
    const os::MonotonicTime at = now();
    const Mailbox::Active active(*mailbox_, link.session, link.token, at);
    error ? link.session.abort() : link.session.output_sent(bytes, at);
  }
}

/// Does what the session wants next; the link may be gone afterwards.
void IoThread::service(Link& link) {
  flush(link);
  if (link.session.closed()) {
    drop(link);
    return;
  }
  if (link.session.wants_shutdown() && !link.shut) {
    error_code ignored;
    link.socket.shutdown(tcp::socket::shutdown_send, ignored);
    link.shut = true;
  }
  if (!link.awaits_readable && link.session.wanted_input_bytes() > 0) {
    link.awaits_readable = true;
    link.socket.async_wait(tcp::socket::wait_read,
                           [this, token = link.token](error_code) { on_readable(token); });
  }
  if (!link.awaits_writable && !link.session.output().empty()) {
    link.awaits_writable = true;
    link.socket.async_wait(tcp::socket::wait_write,
                           [this, token = link.token](error_code) { on_writable(token); });
  }
}

void IoThread::on_writable(const RequestToken& token) {
  Link* const link = find(token);
  if (link == nullptr) return;
  link->awaits_writable = false;
  service(*link);
}

void IoThread::drop(Link& link) {
  const uint32_t slot = link.token.slot;
  error_code ignored;
  link.socket.close(ignored);
  links_[slot].reset();
  free_slots_.push_back(slot);
  --live_;
  shared_.drop_connection();
}

void IoThread::take_answers() {
  for (AnswerMessage& message : mailbox_->take()) {
    Link* const link = find(message.token);
    if (link == nullptr) {
      if (message.buffer) message.buffer->close();
      continue;
    }
    const os::MonotonicTime at = now();
    {
      const Mailbox::Active active(*mailbox_, link->session, link->token, at);
      deliver(std::move(message), link->session, at);
    }
    service(*link);
  }
}

void IoThread::arm_sweep() {
  if (sweeping_ || live_ == 0 || finished_) return;
  sweeping_ = true;
  sweep_.expires_after(period_);
  sweep_.async_wait([this](error_code error) {
    sweeping_ = false;
    if (error) return;
    sweep();
    arm_sweep();
  });
}

void IoThread::sweep() {
  const os::MonotonicTime at = now();
  for (size_t slot = 0; slot < links_.size(); ++slot) {
    Link* const link = links_[slot].get();
    if (link == nullptr) continue;
    link->session.tick(at);
    if (link->session.closed() || !link->session.output().empty()) service(*link);
  }
}

void IoThread::begin_stop() {
  stopping_ = true;
  const os::MonotonicTime at = now();
  for (size_t slot = 0; slot < links_.size(); ++slot) {
    Link* const link = links_[slot].get();
    if (link == nullptr) continue;
    link->session.begin_stop(at);
    service(*link);
  }
}

void IoThread::finish() {
  finished_ = true;
  for (size_t slot = 0; slot < links_.size(); ++slot) {
    if (Link* const link = links_[slot].get()) drop(*link);
  }
  sweep_.cancel();
  work_.reset();
}

/// Errors of accepting that pass only when something is given back.
bool is_shortage(error_code error) {
  return error == asio::error::no_descriptors || error == asio::error::no_memory ||
         error == asio::error::no_buffer_space ||
         error == boost::system::errc::too_many_files_open_in_system;
}

std::string endpoint_text(const std::string& address, uint16_t port) {
  return (address.find(':') == std::string::npos ? address : "[" + address + "]") + ":" +
         std::to_string(port);
}

}  // namespace

struct HttpServer::State {
  State(const HttpServerOptions& options, HttpHandler& handler) : shared(options, handler) {}

  Status listen(const HttpServerOptions& options);
  void accept_next();
  void accepted(error_code error, tcp::socket socket, IoThread& thread);
  size_t stop(Duration grace);

  Shared shared;
  std::vector<std::unique_ptr<IoThread>> threads;
  std::unique_ptr<tcp::acceptor> acceptor;    // on the first thread
  std::unique_ptr<asio::steady_timer> pause;  // on the first thread
  size_t next_thread = 0;
  uint16_t port = 0;
  bool stopped = false;
};

Status HttpServer::State::listen(const HttpServerOptions& options) {
  const std::string where = endpoint_text(options.address, options.port);
  error_code error;
  const auto address = asio::ip::make_address(
      options.address == "localhost" ? "127.0.0.1" : options.address, error);
  if (error) {
    return {ErrorCode::ConfigurationInvalid,
            "listen: \"" + options.address + "\" is not an IP address; write one, or localhost"};
  }
  const tcp::endpoint endpoint(address, options.port);
  acceptor = std::make_unique<tcp::acceptor>(threads[0]->context());
  acceptor->open(endpoint.protocol(), error);
  if (!error) acceptor->set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor->bind(endpoint, error);
  if (!error) acceptor->listen(asio::socket_base::max_listen_connections, error);
  if (error == asio::error::address_in_use) {
    return {ErrorCode::PortInUse, where + " is in use by another program; stop that one, or set "
                                          "another address or port in `listen`"};
  }
  if (error) {
    return {ErrorCode::ConfigurationInvalid, "cannot listen on " + where + ": " + error.message() +
                                                 "; choose another address or port in `listen`"};
  }
  port = acceptor->local_endpoint(error).port();
  pause = std::make_unique<asio::steady_timer>(threads[0]->context());
  return {};
}

void HttpServer::State::accept_next() {
  IoThread& thread = *threads[next_thread++ % threads.size()];
  acceptor->async_accept(thread.context(), [this, &thread](error_code error, tcp::socket socket) {
    accepted(error, std::move(socket), thread);
  });
}

void HttpServer::State::accepted(error_code error, tcp::socket socket, IoThread& thread) {
  if (!acceptor->is_open()) return;
  if (is_shortage(error)) {
    log_line(LogLevel::warning, "connections cannot be accepted", {{"reason", error.message()}});
    pause->expires_after(kAcceptPause);
    pause->async_wait([this](error_code cancelled) {
      if (!cancelled && acceptor->is_open()) accept_next();
    });
    return;
  }
  if (!error) {
    const size_t open = shared.connections.fetch_add(1) + 1;
    const bool refused = open > shared.limits.connections;
    if (refused) shared.connections_refused.fetch_add(1, std::memory_order_relaxed);
    if (open > shared.limits.connections + kRefusalsAtOnce) {
      socket.close(error);
      shared.drop_connection();
    } else {
      const Admission admission = refused ? Admission::refused : Admission::admitted;
      asio::post(thread.context(), [&thread, admission, moved = std::move(socket)]() mutable {
        thread.adopt(std::move(moved), admission);
      });
    }
  }
  accept_next();
}

size_t HttpServer::State::stop(Duration grace) {
  if (stopped) return 0;
  stopped = true;
  asio::post(threads[0]->context(), [this] {
    error_code ignored;
    acceptor->close(ignored);
    pause->cancel();
  });
  for (const auto& thread : threads) {
    asio::post(thread->context(), [&io = *thread] { io.begin_stop(); });
  }
  {
    std::unique_lock lock(shared.mutex);
    shared.connection_gone.wait_for(lock, std::chrono::microseconds(grace.micros),
                                    [this] { return shared.connections.load() == 0; });
  }
  const size_t dropped = shared.connections.load();
  for (const auto& thread : threads) {
    asio::post(thread->context(), [&io = *thread] { io.finish(); });
  }
  for (const auto& thread : threads) thread->join();
  return dropped;
}

HttpServer::HttpServer(std::unique_ptr<State> state) : state_(std::move(state)) {}

HttpServer::~HttpServer() { stop(Duration{}); }

Result<std::unique_ptr<HttpServer>> HttpServer::start(const HttpServerOptions& options,
                                                      HttpHandler& handler) {
  if (options.io_threads < 1 || options.io_threads > 64) {
    return {ErrorCode::ConfigurationInvalid, "the HTTP server needs 1 to 64 I/O threads"};
  }
  try {
    os::SystemRandom random;
    auto state = std::make_unique<State>(options, handler);
    for (int i = 0; i < options.io_threads; ++i) {
      state->threads.push_back(std::make_unique<IoThread>(state->shared, random.next()));
    }
    HENCE_TRY_VOID(state->listen(options));
    state->accept_next();
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);  // signals belong to the main thread
    for (const auto& thread : state->threads) thread->start();
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return std::unique_ptr<HttpServer>(new HttpServer(std::move(state)));
  } catch (const std::exception& failure) {
    return {ErrorCode::Internal, std::string("the HTTP server could not start: ") + failure.what()};
  }
}

uint16_t HttpServer::port() const { return state_->port; }

HttpStats HttpServer::stats() const {
  const Shared& shared = state_->shared;
  HttpStats stats;
  stats.connections_open = shared.connections.load();
  stats.connections_refused = shared.connections_refused.load();
  stats.requests = shared.counters.requests.load();
  stats.requests_refused = shared.counters.requests_refused.load();
  stats.request_memory_bytes = shared.memory.used();
  return stats;
}

size_t HttpServer::stop(Duration grace) { return state_->stop(grace); }

}  // namespace hence::api
