// SPDX-License-Identifier: Apache-2.0
#include "connectors/http/curl_http_client.h"

#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <chrono>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>
#include <utility>

#include "base/check.h"
#include "connectors/http/curl_transfer.h"

namespace hence::connectors {
namespace {

constexpr long kIdleConnectionsMax = 256;
constexpr size_t kSpareTransfersMax = 256;
constexpr int kEpollEvents = 128;
constexpr uint64_t kWakeTag = ~uint64_t{0};

using Clock = std::chrono::steady_clock;

uint64_t size_of(const delivery::HttpCall& call) {
  uint64_t bytes = call.url.size() + call.body.size() + sizeof call;
  for (const auto& [name, value] : call.headers) bytes += name.size() + value.size() + 64;
  return bytes;
}

}  // namespace

/// Everything of the client. The queue is shared under the mutex; all else is the thread's.
class CurlHttpClient::Loop {
 public:
  using Done = Transfer::Done;

  explicit Loop(CurlHttpClientOptions options) : calls_max_(options.calls_max) {
    settings_.guard = std::move(options.guard);
    settings_.ca_file = std::move(options.ca_file);
    settings_.bytes_max = options.bytes_max;
    for (const std::string& line : options.connect_to) {
      settings_.connect_to.reset(
          curl_slist_append(settings_.connect_to.release(), line.c_str()));
    }
    connections_max_ = static_cast<long>(options.connections_max);
  }

  ~Loop() {
    if (thread_.joinable()) {
      {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
      }
      wake();
      thread_.join();
    }
    spare_.clear();
    if (multi_ != nullptr) curl_multi_cleanup(multi_);
    if (epoll_ >= 0) close(epoll_);
    if (wake_ >= 0) close(wake_);
  }

  Status open() {
    static const CURLcode global = curl_global_init(CURL_GLOBAL_DEFAULT);
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
    wake_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    multi_ = curl_multi_init();
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = kWakeTag;
    if (global != CURLE_OK || epoll_ < 0 || wake_ < 0 || multi_ == nullptr ||
        epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &event) != 0) {
      return Error(ErrorCode::Internal, "the HTTP client could not start: out of memory or files");
    }
    if (!settings_.ca_file.empty() && access(settings_.ca_file.c_str(), R_OK) != 0) {
      return Error(ErrorCode::ConfigurationInvalid,
                   "the file of trusted certificates, " + settings_.ca_file + ", cannot be read");
    }
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &socket_callback);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &timer_callback);
    curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, kIdleConnectionsMax);
    curl_multi_setopt(multi_, CURLMOPT_MAX_TOTAL_CONNECTIONS, connections_max_);
    thread_ = std::thread([this] { run(); });
    return {};
  }

  void start(uint64_t call_id, delivery::HttpCall call, Done done) {
    const uint64_t bytes = size_of(call);
    bool accepted = false;
    {
      const std::lock_guard lock(mutex_);
      const uint64_t held = settings_.bytes_held.load(std::memory_order_relaxed);
      accepted = !stopping_ && calls_ < calls_max_ && held + bytes <= settings_.bytes_max;
      if (accepted) {
        ++calls_;
        settings_.bytes_held.fetch_add(bytes, std::memory_order_relaxed);
        queue_.push_back({call_id, bytes, std::move(call), std::move(done)});
      }
    }
    if (accepted) return wake();
    done(Error(ErrorCode::Overloaded,
               "overloaded: too many calls out are waiting or running; it is tried again later"));
  }

  void cancel(uint64_t call_id) {
    {
      const std::lock_guard lock(mutex_);
      queue_.push_back({call_id, 0, std::nullopt, nullptr});
    }
    wake();
  }

 private:
  struct Request {
    uint64_t call_id;
    uint64_t bytes;
    std::optional<delivery::HttpCall> call;  ///< nothing: cancel it
    Done done;
  };

  void wake() {
    const uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = write(wake_, &one, sizeof one);
  }

  void run() {
    sigset_t all;
    sigfillset(&all);  // SIGPIPE too: TLS writes to closed connections raise it
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    pthread_setname_np(pthread_self(), "hence-http");
    while (take_requests()) {
      epoll_event events[kEpollEvents];
      const int count = epoll_wait(epoll_, events, kEpollEvents, wait_ms());
      for (int i = 0; i < count; ++i) handle(events[i]);
      if (deadline_ && Clock::now() >= *deadline_) {
        deadline_.reset();
        int running = 0;
        curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &running);
      }
      collect();
    }
    for (auto& [id, transfer] : running_) curl_multi_remove_handle(multi_, transfer->easy());
    while (!running_.empty()) {
      end_call(running_.begin()->second.get(),
               Error(ErrorCode::CallFailed, "the server is stopping"));
    }
  }

  /// Starts and cancels what the queue asks for. False when the client is to stop.
  bool take_requests() {
    std::vector<Request> requests;
    bool stopping = false;
    {
      const std::lock_guard lock(mutex_);
      requests.swap(queue_);
      stopping = stopping_;
    }
    for (Request& request : requests) {
      if (request.call) {
        begin_call(std::move(request));
      } else if (const auto found = running_.find(request.call_id); found != running_.end()) {
        curl_multi_remove_handle(multi_, found->second->easy());
        end_call(found->second.get(), Error(ErrorCode::CallFailed, "the call was cancelled"));
      }
    }
    return !stopping;
  }

  void begin_call(Request request) {
    std::unique_ptr<Transfer> transfer;
    if (spare_.empty()) {
      transfer = Transfer::create(settings_);
      HENCE_CHECK(transfer != nullptr);
    } else {
      transfer = std::move(spare_.back());
      spare_.pop_back();
    }
    Transfer* borrowed = transfer.get();
    HENCE_CHECK(running_.emplace(request.call_id, std::move(transfer)).second);
    const Status prepared = borrowed->prepare(request.call_id, std::move(*request.call),
                                              request.bytes, std::move(request.done));
    if (!prepared.ok()) return end_call(borrowed, prepared.error());
    curl_multi_add_handle(multi_, borrowed->easy());
  }

  void end_call(Transfer* transfer, Result<delivery::HttpAnswer> result) {
    const auto found = running_.find(transfer->call_id());
    std::unique_ptr<Transfer> owned = std::move(found->second);
    running_.erase(found);
    {
      const std::lock_guard lock(mutex_);
      --calls_;
    }
    owned->finish(std::move(result));
    if (spare_.size() < kSpareTransfersMax) spare_.push_back(std::move(owned));
  }

  void collect() {
    int left = 0;
    while (CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      CURL* easy = message->easy_handle;
      const CURLcode code = message->data.result;
      Transfer* transfer = nullptr;
      curl_easy_getinfo(easy, CURLINFO_PRIVATE, &transfer);
      curl_multi_remove_handle(multi_, easy);
      end_call(transfer, transfer->outcome(code));
    }
  }

  int wait_ms() const {
    if (!deadline_) return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline_ - Clock::now());
    return left.count() < 0 ? 0 : static_cast<int>(left.count());
  }

  void handle(const epoll_event& event) {
    if (event.data.u64 == kWakeTag) {
      uint64_t count = 0;
      [[maybe_unused]] const ssize_t got = read(wake_, &count, sizeof count);
      return;
    }
    int what = 0;
    if (event.events & (EPOLLIN | EPOLLHUP)) what |= CURL_CSELECT_IN;
    if (event.events & EPOLLOUT) what |= CURL_CSELECT_OUT;
    if (event.events & EPOLLERR) what |= CURL_CSELECT_ERR;
    int running = 0;
    curl_multi_socket_action(multi_, event.data.fd, what, &running);
  }

  static int socket_callback(CURL*, curl_socket_t socket, int what, void* self, void* known) {
    auto* loop = static_cast<Loop*>(self);
    if (what == CURL_POLL_REMOVE) {
      epoll_ctl(loop->epoll_, EPOLL_CTL_DEL, socket, nullptr);
      curl_multi_assign(loop->multi_, socket, nullptr);
      return 0;
    }
    epoll_event event{};
    event.data.u64 = 0;
    event.data.fd = socket;
    if (what & CURL_POLL_IN) event.events |= EPOLLIN;
    if (what & CURL_POLL_OUT) event.events |= EPOLLOUT;
    const int operation = known == nullptr ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    if (epoll_ctl(loop->epoll_, operation, socket, &event) != 0 && errno == EEXIST) {
      epoll_ctl(loop->epoll_, EPOLL_CTL_MOD, socket, &event);
    }
    curl_multi_assign(loop->multi_, socket, loop);
    return 0;
  }

  static int timer_callback(CURLM*, long timeout_ms, void* self) {
    auto* loop = static_cast<Loop*>(self);
    if (timeout_ms < 0) {
      loop->deadline_.reset();
    } else {
      loop->deadline_ = Clock::now() + std::chrono::milliseconds(timeout_ms);
    }
    return 0;
  }

  std::mutex mutex_;
  std::vector<Request> queue_;
  size_t calls_ = 0;
  bool stopping_ = false;

  const size_t calls_max_;
  long connections_max_ = 0;
  TransferSettings settings_;
  CURLM* multi_ = nullptr;
  int epoll_ = -1;
  int wake_ = -1;
  std::optional<Clock::time_point> deadline_;
  std::unordered_map<uint64_t, std::unique_ptr<Transfer>> running_;
  std::vector<std::unique_ptr<Transfer>> spare_;
  std::thread thread_;
};

Result<std::unique_ptr<CurlHttpClient>> CurlHttpClient::create(CurlHttpClientOptions options) {
  auto loop = std::make_unique<Loop>(std::move(options));
  HENCE_TRY_VOID(loop->open());
  return std::unique_ptr<CurlHttpClient>(new CurlHttpClient(std::move(loop)));
}

CurlHttpClient::CurlHttpClient(std::unique_ptr<Loop> loop) : loop_(std::move(loop)) {}
CurlHttpClient::~CurlHttpClient() = default;

void CurlHttpClient::start(uint64_t call_id, delivery::HttpCall call,
                           std::function<void(Result<delivery::HttpAnswer>)> done) {
  loop_->start(call_id, std::move(call), std::move(done));
}

void CurlHttpClient::cancel(uint64_t call_id) { loop_->cancel(call_id); }

}  // namespace hence::connectors
