#include "pipeline/handle_messages.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <new>

#include "base/give_way.h"
#include "message/request_scanner.h"
#include "money/usd_text.h"
#include "pipeline/forward.h"
#include "pipeline/held_answer.h"
#include "pipeline/messages_head.h"
#include "pipeline/request_bytes.h"

namespace distiq {
namespace {

constexpr std::string_view messages_path = "/v1/messages";
constexpr std::string_view count_tokens_path = "/v1/messages/count_tokens";

// How much of an error body is read for the error's name.
constexpr std::size_t error_bytes = 64u * 1024;

std::int64_t retry_after_of(const ResponseHead& head) {
  const std::string_view text = head.headers.get_or("retry-after", "");
  std::int64_t seconds = -1;
  std::from_chars(text.data(), text.data() + text.size(), seconds);
  return seconds;
}

constexpr std::size_t longest_field = 200;

// Field values are visible ASCII: a reason may hold anything.
void append_safe_line(std::string& lines, std::string_view name, std::string_view text) {
  text = text.substr(0, longest_field);
  std::array<char, longest_field> safe;
  std::ranges::transform(text, safe.begin(), [](char c) { return c < ' ' || c > '~' ? '?' : c; });
  append_field_line(lines, name, {safe.data(), text.size()});
}

class MessagesExchange {
 public:
  MessagesExchange(const PipelineServices& services, ClientExchange& client, UpstreamConnector& upstream,
                   ExchangeLog& log)
      : services_(services),
        client_(client),
        known_(MessagesHead::of(client)),
        fields_(known_.fields()),
        upstream_(upstream),
        log_(log) {}

  // The whole request is here.
  void begin(std::unique_ptr<BufferedBody> body) {
    body_ = std::move(body);
    complete_at_ = services_.clock.monotonic();
    log_.request_was(body_->bytes().size());
    client_.watch(cancellation_);
  }

  // What to do about it, where that is decided before it leaves.
  enum class Plan { send, send_in_turn, send_edited };
  Plan plan() {
    if (!steered().wanted(fields_)) return Plan::send;
    identify(/*late=*/false);
    if (steered().edits()) return Plan::send_edited;
    return is_alone() ? Plan::send : Plan::send_in_turn;
  }

  Task<Disposition> send_original() {
    const std::string_view head = known_.to_upstream(services_.target, client_.body_framing());
    const RequestBytes request(head, body_->bytes(), client_.body_framing());
    sending();
    // The time between the request's last byte and the answer costs nobody anything, but only an open page needs it
    // now.
    const std::function<void()> when_sent = [this] {
      if (log_.is_watched()) identify(/*late=*/true);
    };
    auto exchange = co_await forward(upstream_, services_.clock, request.parts(), /*request_is_head=*/false,
                                     cancellation_, when_sent);
    if (!exchange) {
      identify(/*late=*/true);
      co_return co_await answer_error(client_, exchange.error(), log_);
    }
    log_.head_came((*exchange)->head());
    UsageMeter meter((*exchange)->head());
    co_return co_await relay(**exchange, meter, std::nullopt);
  }

  // The answer to an edited request is looked at before the client sees any of it.
  Task<Disposition> send_edited() {
    const SteeringPlan& plan = *steered().get();
    const auto spliced = plan.edits.apply(body_->bytes());
    if (!spliced) {
      steered().drop(spliced.error().log_detail);
      co_return co_await send_original();
    }
    const std::string head = upstream_request_head(client_.head(), services_.target, client_.body_framing(),
                                                   {.content_length = spliced->size, .plain_answer = true});
    const RequestBytes request(head, spliced->pieces, client_.body_framing());
    sending(/*edited=*/true, plan.serve);
    auto exchange =
        co_await forward(upstream_, services_.clock, request.parts(), /*request_is_head=*/false, cancellation_);
    Refusal refusal{.error_type = "cut"};
    std::unique_ptr<UsageReport> discarded;
    if (exchange) {
      log_.head_came((*exchange)->head());
      UsageMeter meter((*exchange)->head());
      HeldAnswer held((*exchange)->head(), plan.echo);
      co_await hold(**exchange, held, meter);
      if (cancellation_.cancelled()) co_return co_await abandon(**exchange, meter);
      if (held.verdict() == HeldAnswer::Verdict::good) co_return co_await relay(**exchange, meter, held);
      discarded = meter.finish((*exchange)->finished());
      refusal = refusal_of((*exchange)->head(), held, discarded.get());
      cancellation_.clear_hook();
      co_await (*exchange)->settle();
    } else if (exchange.error().kind != ErrorKind::upstream_broke) {
      // Not reached, or nobody is left to answer: the original would fare no better.
      co_return co_await answer_error(client_, exchange.error(), log_);
    }
    steered().refused(refusal);
    log_.healed(refusal, std::move(discarded));
    exchange = fail(ErrorKind::internal, "discarded");  // its connection may serve the original
    co_return co_await send_original();
  }

 private:
  Steered& steered() { return log_.steered(); }

  // Who asks and for what, and what to do about it; `late`: it has left already, there is nothing to do about it.
  void identify(bool late) {
    if (identified_) return;
    identified_ = true;
    look_at(read_request(), late);
    if (claim_) return;
    view_.reset();
    parts_.reset();
  }

  void look_at(const RequestView* known, bool late) {
    const LaneIdentity& lane = known_.lane().identify(known);
    const std::string& account = known_.lane().account(known, services_.account_key);
    log_.identified(lane, account, fields_, known);
    if (known == nullptr || lane.request_class == RequestClass::count_tokens) return;
    steered().plan({fields_, *known, lane, account, !late, parts_ ? &*parts_ : nullptr});
    if (late) steered().sending();
  }

  // Null: it is not understood.
  const RequestView* read_request() {
    const auto earlier = look_back();
    auto view = scan_request(body_->bytes(), {}, earlier ? &earlier->view : nullptr);
    if (!view) return nullptr;
    view_ = *std::move(view);
    hash(earlier ? &earlier->parts : nullptr);
    return &*view_;
  }

  // The request before in this conversation; null if nothing is known of it.
  std::shared_ptr<const ReadRequest> look_back() {
    if (services_.recent == nullptr || !services_.recent->is_worth_it(body_->bytes())) return nullptr;
    const std::uint64_t key = RecentRequests::key_of(fields_, body_->bytes());
    claim_ = services_.recent->claim(key);
    return services_.recent->find(key);
  }

  // Optional as what needs it is: out of memory, the request goes on without.
  void hash(const PromptParts* earlier) try { parts_ = hash_parts(*view_, earlier); } catch (const std::bad_alloc&) {
    claim_.reset();
  }

  // The body has been sent. Nothing of it is needed any more, but that the next request of its conversation repeats it.
  void let_go() {
    if (claim_ && view_ && parts_) claim_->keep({std::move(body_), *std::move(view_), *std::move(parts_)});
    claim_.reset();
    view_.reset();
    body_.reset();
  }

  void sending(bool edited = false, std::string_view model = {}) {
    log_.attempt_began(edited, model);
    if (!sent_) log_.sending(complete_at_);
    if (!sent_) steered().sending();
    sent_ = true;
  }

  static Refusal refusal_of(const ResponseHead& head, const HeldAnswer& held, const UsageReport* report) {
    const bool is_named = report != nullptr && !report->error_type.empty();
    return {.status = head.status,
            .error_type = is_named ? report->error_type : std::string(held.own_failure()),
            .retry_after_s = retry_after_of(head)};
  }

  // Reads until it is known whether the answer is one. Of an answer that is none, what says why.
  Task<void> hold(UpstreamExchange& exchange, HeldAnswer& held, UsageMeter& meter) {
    std::size_t read = 0;
    while (held.verdict() != HeldAnswer::Verdict::good && !exchange.finished() && read < error_bytes) {
      if (held.verdict() == HeldAnswer::Verdict::failed && meter.saw_event()) break;
      const auto piece = co_await exchange.read_piece().task();
      if (!piece) {
        held.end(false);
        co_return;
      }
      for (const std::string_view content : piece->content) {
        meter.observe(content);
        held.take(content);
        read += content.size();
      }
    }
    if (exchange.finished()) held.end(true);
  }

  Task<Disposition> abandon(UpstreamExchange& exchange, UsageMeter& meter) {
    log_.abandoned(meter.finish(false));
    cancellation_.clear_hook();
    exchange.close();
    co_await exchange.settle();
    co_return Disposition::close;
  }

  Task<Disposition> relay(UpstreamExchange& exchange, UsageMeter& meter, std::optional<AnswerStart> held) {
    log_.answer_began(exchange.head());
    const auto streaming = services_.metrics.hold_stream();
    const AnswerObserver observer = [&meter](std::string_view content) { meter.observe(content); };
    AnswerRelay relay(exchange, client_, cancellation_, answer_fields(log_), observer, held);
    co_await relay.start();
    const MonotonicTime delivered_at = services_.clock.monotonic();
    log_.delivered(delivered_at);

    // The client has the start of its answer, and may send its lane's next request: what decides must know before that.
    const bool is_planned = identified_;
    if (is_planned) steered().answer_began(exchange.head());
    // Now there is time to look at the request if nobody has, and then to let go of it.
    const bool whole = exchange.finished();
    if (whole && ends_with_others(delivered_at)) co_await client_.next_turn();
    identify(/*late=*/true);
    if (!is_planned) steered().answer_began(exchange.head());
    if (exchange.sent()) let_go();

    if (!whole) {
      co_await relay.run();
      if (ends_with_others(services_.clock.monotonic())) co_await client_.next_turn();
    }
    cancellation_.clear_hook();
    if (!exchange.sent()) co_await exchange.settle();
    log_.relayed(relay, meter.finish(relay.ended_cleanly()));
    co_return relay.disposition();
  }

  [[nodiscard]] bool is_alone() const { return services_.metrics.open_requests() == 1; }

  // The client has all of its answer, and our books can wait: for other threads, or (true) for the other requests of
  // this one.
  bool ends_with_others(MonotonicTime ended_at) {
    log_.ended(ended_at);
    if (!is_alone()) return true;
    give_way();
    return false;
  }

  Task<Disposition> relay(UpstreamExchange& exchange, UsageMeter& meter, const HeldAnswer& held) {
    return relay(exchange, meter, AnswerStart{held.content(), held.growth()});
  }

  const PipelineServices& services_;
  ClientExchange& client_;
  MessagesHead& known_;
  const ClientFields& fields_;
  UpstreamConnector& upstream_;
  ExchangeLog& log_;
  Cancellation cancellation_;
  std::unique_ptr<BufferedBody> body_;
  std::optional<RequestView> view_;   // of body_
  std::optional<PromptParts> parts_;  // of view_
  std::optional<RecentRequests::Claim> claim_;
  MonotonicTime complete_at_;
  bool identified_ = false;
  bool sent_ = false;
};

}  // namespace

bool is_messages_path(const RequestHead& head) {
  return head.method == "POST" && (head.path() == messages_path || head.path() == count_tokens_path);
}

std::string answer_fields(ExchangeLog& log) {
  std::string lines;
  lines.reserve(2 * longest_field);
  append_field_line(lines, "x-distiq-id", log.id());
  const SteeringPlan* plan = log.steered().get();
  if (plan == nullptr || plan->route.empty()) return lines;
  append_safe_line(lines, "x-distiq-route", plan->route);
  if (!plan->reason.empty()) append_safe_line(lines, "x-distiq-reason", plan->reason);
  append_field_line(lines, "x-distiq-expected-saving", usd_text(plan->record.expected_saving, 6));
  return lines;
}

Task<Disposition> handle_messages(const PipelineServices& services, ClientExchange& client, UpstreamConnector& upstream,
                                  ExchangeLog& log) {
  MessagesExchange exchange(services, client, upstream, log);
  auto reading = client.read_body(services.max_body_bytes);
  if (!reading.ready()) reading = co_await reading.later();
  auto body = reading.take();
  if (!body) co_return co_await answer_error(client, body.error(), log);
  const auto open = services.metrics.hold_request();
  exchange.begin(*std::move(body));
  const auto plan = exchange.plan();
  // At once: what is decided next must know what this one puts at stake.
  if (plan == MessagesExchange::Plan::send_edited) co_return co_await exchange.send_edited();
  if (plan == MessagesExchange::Plan::send_in_turn) co_await client.next_turn();
  co_return co_await exchange.send_original();
}

}  // namespace distiq
