// bench-load: drives one or several targets with the same requests and checks every answer. One thread, epoll.
//
// The targets take turns: a round is `blocks` x (one block of requests to each target), so that whatever else happens
// on the machine hits all of them alike. Prints JSON: per target and round the percentiles (microseconds), throughput,
// errors.
//
//   bench-load --target name=direct,address=127.0.0.1:9000,head=FILE[,tls=CA_FILE][,check=loose] ... --body FILE
//     [--answer SHAPE] [--connections N] [--rounds N] [--blocks N] [--requests N | --milliseconds N] [--rate
//     PER_SECOND]
//     [--pause-us N] [--warmup N]
//
// Closed loop (each connection asks again when it has its answer, after a pause), or with --rate an open loop: requests
// begin when they are due, and a late one counts from when it was due.
#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <vector>

#include "bench/args.h"
#include "bench/load_runner.h"

namespace distiq::bench {
namespace {

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) fail("cannot read " + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// "name=a,address=b": no value may hold a comma.
std::map<std::string, std::string> split_fields(std::string_view text) {
  std::map<std::string, std::string> fields;
  while (!text.empty()) {
    const auto end = std::min(text.find(','), text.size());
    const std::string_view field = text.substr(0, end);
    const auto equals = field.find('=');
    if (equals == std::string_view::npos) fail("expected key=value in --target, got " + std::string(field));
    fields.emplace(field.substr(0, equals), field.substr(equals + 1));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return fields;
}

std::unique_ptr<Lane> make_lane(std::string_view text) {
  auto fields = split_fields(text);
  auto lane = std::make_unique<Lane>();
  if (fields.contains("tls")) lane->tls = make_client_tls(fields["tls"]);
  lane->target = {.name = fields["name"],
                  .address = parse_address(fields["address"]),
                  .tls = lane->tls.get(),
                  .head = read_file(fields["head"]),
                  .exact = fields["check"] != "loose"};
  return lane;
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') out += '\\';
    out += byte < 0x20 || byte > 0x7e ? ' ' : c;
  }
  return out + '"';
}

void print_round(const Round& round) {
  const double seconds = static_cast<double>(round.spent_ns) / 1e9;
  std::printf(R"({"requests":%llu,"seconds":%.6f,"per_second":%.1f,"first_byte":%s,"total":%s,"event":%s})",
              static_cast<unsigned long long>(round.requests), seconds,
              seconds > 0 ? static_cast<double>(round.requests) / seconds : 0.0, round.first_byte.json().c_str(),
              round.total.json().c_str(), round.events.json().c_str());
}

void print_lane(const Lane& lane) {
  std::printf("%s:{\"errors\":%llu,\"first_error\":%s,\"verified\":%llu,\"rounds\":[", quoted(lane.target.name).c_str(),
              static_cast<unsigned long long>(lane.errors), quoted(lane.first_error).c_str(),
              static_cast<unsigned long long>(lane.verified));
  const char* separator = "";
  for (const Round& round : lane.rounds) {
    std::printf("%s", separator);
    print_round(round);
    separator = ",";
  }
  std::printf("]}");
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

int run(int argc, char** argv) {
  Args args(argc, argv);
  std::vector<std::unique_ptr<Lane>> lanes;
  for (const std::string& text : args.all("target")) lanes.push_back(make_lane(text));
  if (lanes.empty()) fail("at least one --target");
  const RequestBody body = split_body(read_file(args.text("body", "")));
  const AnswerShape shape = parse_shape(args.text("answer", "sse"));
  const AnswerTemplate answer = make_answer(shape);
  const Plan plan{.connections = args.number("connections", 1),
                  .rounds = args.number("rounds", 1),
                  .blocks = args.number("blocks", 1),
                  .requests = args.number("requests", 0),
                  .block_ns = args.number("milliseconds", 0) * 1'000'000,
                  .rate = args.number("rate", 0),
                  .pause_ns = args.number("pause-us", 0) * 1000,
                  .warmup = args.number("warmup", 0)};
  args.finish();
  if (plan.requests == 0 && plan.block_ns == 0) fail("a block needs --requests or --milliseconds");

  for (auto& lane : lanes) {
    Samples* delays = shape.interval_us > 0 ? &lane->events : nullptr;
    for (std::uint64_t i = 0; i < plan.connections; ++i) {
      lane->sessions.push_back(std::make_unique<Session>(lane->target, body, answer, delays));
    }
  }
  run_rounds(plan, lanes);

  std::printf("{\"body_bytes\":%zu,\"answer_bytes\":%zu,\"load_cpu_seconds\":%.3f,\"targets\":{", body.size(),
              answer.bytes.size(), cpu_seconds());
  const char* separator = "";
  for (const auto& lane : lanes) {
    std::printf("%s", separator);
    print_lane(*lane);
    separator = ",";
  }
  std::printf("}}\n");
  return 0;
}

}  // namespace
}  // namespace distiq::bench

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes with write()
  return distiq::bench::run(argc, argv);
}
