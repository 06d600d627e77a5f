#include "net/server.h"

#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <condition_variable>
#include <list>
#include <mutex>
#include <thread>

#include "net/tcp_stream.h"
#include "net/tls_stream.h"
#include "net/upstream_pool.h"

namespace distiq {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using Acceptor = asio::basic_socket_acceptor<tcp, IoExecutor>;

std::string describe(const std::exception_ptr& exception) {
  try {
    std::rethrow_exception(exception);
  } catch (const std::exception& e) {
    return e.what();
  } catch (...) {
    return "unknown exception";
  }
}

ServerConfig with_descriptors_left(ServerConfig config) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return config;
  config.upstream.max_idle =
      idle_share(limit.rlim_cur, static_cast<std::size_t>(config.io_threads), config.upstream.max_idle);
  return config;
}

// One thread with everything its sessions use.
struct IoThread {
  IoThread(const ServerConfig& config, std::shared_ptr<asio::ssl::context> tls, const Clock& clock)
      : context(1),
        work(context.get_executor()),
        deadlines(context.get_executor(), clock),
        turns(context.get_executor()),
        pool(context.get_executor(), deadlines,
             Dialer(context.get_executor(), deadlines, config.upstream, std::move(tls)), config.upstream, clock) {}

  asio::io_context context;
  asio::executor_work_guard<IoExecutor> work;
  Deadlines deadlines;
  Turns turns;
  UpstreamPool pool;
  std::unique_ptr<SessionShared> shared;
  std::list<std::shared_ptr<ClientSession>> sessions;  // touched on this thread only
  bool draining = false;
  std::thread thread;
};

class ServerImpl final : public Server {
 public:
  ServerImpl(ServerConfig config, RequestHandler handler, std::function<std::string(const Error&)> error_response,
             ServerEvents events, const Clock& clock)
      : config_(with_descriptors_left(std::move(config))),
        handler_(std::move(handler)),
        error_response_(std::move(error_response)),
        events_(std::move(events)),
        clock_(clock),
        budget_(config_.max_buffered_bytes) {}

  ~ServerImpl() override {
    drain(std::chrono::milliseconds(0));
    for (auto& io : threads_) {
      asio::post(io->context, [&io = *io] {
        io.deadlines.stop();
        io.pool.close();
        io.work.reset();
      });
    }
    for (auto& io : threads_) {
      if (io->thread.joinable()) io->thread.join();
    }
  }

  Result<void> listen() {
    std::shared_ptr<asio::ssl::context> tls;
    if (config_.upstream.tls) {
      auto made = make_tls_context(config_.extra_ca_files);
      if (!made) return std::unexpected(made.error());
      tls = std::move(*made);
    }
    for (int i = 0; i < config_.io_threads; ++i) {
      threads_.push_back(std::make_unique<IoThread>(config_, tls, clock_));
      IoThread& io = *threads_.back();
      io.shared =
          std::make_unique<SessionShared>(SessionShared{io.context.get_executor(), io.deadlines, io.turns, budget_,
                                                        config_.limits, handler_, io.pool, error_response_});
    }
    auto opened = open_acceptor();
    if (!opened) return opened;
    accept_next();
    for (auto& io : threads_) {
      io->thread = std::thread([this, &io = *io] { run(io); });
    }
    return {};
  }

  std::uint16_t port() const override { return port_; }
  std::size_t connections() const override { return connections_.load(std::memory_order_relaxed); }
  std::size_t buffered_bytes() const override { return budget_.used(); }

  bool drain(std::chrono::milliseconds limit) override {
    asio::post(threads_.front()->context, [this] {
      boost::system::error_code ignored;
      if (acceptor_) acceptor_->close(ignored);
    });
    for_each_session([](IoThread& io, ClientSession& session) {
      io.draining = true;
      session.drain();
    });
    const bool all_done = wait_for_sessions(limit);
    if (!all_done) {
      for_each_session([](IoThread&, ClientSession& session) { session.abort(); });
      wait_for_abort();
    }
    return all_done;
  }

  void hurry() override {
    {
      const std::lock_guard lock(mutex_);
      hurried_ = true;
    }
    session_ended_.notify_all();
  }

 private:
  Result<void> open_acceptor() {
    boost::system::error_code error;
    const auto address = asio::ip::make_address(config_.host, error);
    if (error) {
      return fail(ErrorKind::bad_config, "PROXY_HOST is not an address",
                  "PROXY_HOST=" + config_.host + " is not an IP address.");
    }
    acceptor_.emplace(threads_.front()->context.get_executor());
    const tcp::endpoint endpoint(address, config_.port);
    if (config_.inherited_fd >= 0) {
      acceptor_->assign(endpoint.protocol(), config_.inherited_fd, error);
    } else {
      acceptor_->open(endpoint.protocol(), error);
      if (!error) acceptor_->set_option(asio::socket_base::reuse_address(true), error);
      if (!error) acceptor_->bind(endpoint, error);
      if (!error) acceptor_->listen(asio::socket_base::max_listen_connections, error);
    }
    if (error) {
      return fail(ErrorKind::bad_config,
                  "listen on " + config_.host + ":" + std::to_string(config_.port) + ": " + error.message(),
                  error == asio::error::address_in_use ? "address in use" : error.message());
    }
    port_ = acceptor_->local_endpoint().port();
    return {};
  }

  void run(IoThread& io) {
    while (true) {
      try {
        io.context.run();
        return;
      } catch (...) {
        events_.session_failed(describe(std::current_exception()));  // one session's end, not the thread's
      }
    }
  }

  void accept_next() {
    IoThread& io = *threads_[next_thread_++ % threads_.size()];
    acceptor_->async_accept(io.context.get_executor(), [this, &io](boost::system::error_code error, TcpSocket socket) {
      if (error == asio::error::operation_aborted || !acceptor_->is_open()) return;
      if (error) {
        retry_accept();  // out of descriptors, most likely: wait for some to come back
        return;
      }
      // Counted here, on the one thread that accepts: the limit holds, and a drain waits for what is only posted yet.
      const bool room = connections_.fetch_add(1, std::memory_order_relaxed) < config_.max_connections;
      asio::post(io.context,
                 [this, &io, room, s = std::move(socket)]() mutable { start_session(io, std::move(s), room); });
      accept_next();
    });
  }

  void retry_accept() {
    using Timer =
        asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, IoExecutor>;
    auto timer = std::make_shared<Timer>(threads_.front()->context.get_executor());
    timer->expires_after(std::chrono::milliseconds(100));
    timer->async_wait([this, timer](boost::system::error_code error) {
      if (!error && acceptor_->is_open()) accept_next();
    });
  }

  void start_session(IoThread& io, TcpSocket socket, bool room) {
    if (io.draining) {
      connection_ended();
      return;
    }
    auto open = events_.connection_opened();
    auto session = std::make_shared<ClientSession>(*io.shared, make_tcp_stream(std::move(socket)));
    const auto place = io.sessions.insert(io.sessions.end(), session);
    if (room) io.pool.prewarm();
    auto life = room ? session->run() : session->turn_away(over_limit());
    asio::co_spawn(io.context, std::move(life),
                   [this, &io, place, session, open](std::exception_ptr exception) mutable {
                     if (exception) events_.session_failed(describe(exception));
                     io.sessions.erase(place);
                     open.reset();
                     connection_ended();
                   });
  }

  void connection_ended() {
    {
      const std::lock_guard lock(mutex_);
      connections_.fetch_sub(1, std::memory_order_relaxed);
    }
    session_ended_.notify_all();
  }

  static Error over_limit() {
    return {ErrorKind::overloaded, "connection limit", "This proxy has reached its connection limit; try again."};
  }

  template <class Visit>
  void for_each_session(Visit visit) {
    for (auto& io : threads_) {
      asio::post(io->context, [visit, &io = *io] {
        io.draining = true;
        // A visited session may end at once and leave the list.
        const auto snapshot = io.sessions;
        for (const auto& session : snapshot) visit(io, *session);
      });
    }
  }

  bool wait_for_sessions(std::chrono::milliseconds limit) {
    std::unique_lock lock(mutex_);
    session_ended_.wait_for(lock, limit, [this] { return connections_.load() == 0 || hurried_; });
    return connections_.load() == 0;
  }

  void wait_for_abort() {
    std::unique_lock lock(mutex_);
    session_ended_.wait_for(lock, std::chrono::milliseconds(2'000), [this] { return connections_.load() == 0; });
  }

  const ServerConfig config_;
  const RequestHandler handler_;
  const std::function<std::string(const Error&)> error_response_;
  const ServerEvents events_;
  const Clock& clock_;
  MemoryBudget budget_;
  std::vector<std::unique_ptr<IoThread>> threads_;
  std::optional<Acceptor> acceptor_;  // on the first io thread
  std::size_t next_thread_ = 0;
  std::uint16_t port_ = 0;
  std::atomic<std::size_t> connections_{0};
  std::mutex mutex_;
  bool hurried_ = false;  // guarded by mutex_
  std::condition_variable session_ended_;
};

}  // namespace

Result<std::unique_ptr<Server>> Server::start(ServerConfig config, RequestHandler handler,
                                              std::function<std::string(const Error&)> error_response,
                                              ServerEvents events, const Clock& clock) {
  auto server = std::make_unique<ServerImpl>(std::move(config), std::move(handler), std::move(error_response),
                                             std::move(events), clock);
  if (auto listening = server->listen(); !listening) return std::unexpected(listening.error());
  return server;
}

}  // namespace distiq
