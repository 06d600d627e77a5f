#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <exception>
#include <fstream>
#include <sstream>

#include "base/json_fields.h"
#include "wire/server.h"
#include "wire/tls_files.h"

namespace {

struct Arguments {
  sim::ServerConfig server;
  sim::WorldConfig world;
  std::string port_file;
  std::string script_file;
  std::string tls_directory;
  sim::UnixMs frozen_at = 0;
  bool lenient_betas = false;
  bool accept_unknown_models = false;
  bool old_account = false;
};

void declare(CLI::App& app, Arguments& to) {
  app.add_option("--port,port", to.server.port, "Port to listen on; 0 takes any free one")->capture_default_str();
  app.add_option("--address", to.server.address, "Address to listen on")->capture_default_str();
  app.add_option("--port-file", to.port_file, "File to write the port to");
  app.add_option("--threads", to.server.threads, "Threads that serve connections")->capture_default_str();
  auto* cert = app.add_option("--tls-cert", to.server.tls_cert, "PEM file: serve TLS with this certificate chain");
  auto* key = app.add_option("--tls-key", to.server.tls_key, "PEM file: its private key");
  cert->needs(key);
  key->needs(cert);
  app.add_option("--tls-self-signed", to.tls_directory,
                 "Serve TLS; write ca.pem, cert.pem and key.pem into this directory")
      ->excludes(cert);
  app.add_option("--frozen-clock", to.frozen_at,
                 "Stop the clock at this time (ms since 1970); only /_sim/clock moves it");
  app.add_option("--script", to.script_file, "JSON file with scripted answers and faults");
  app.add_option("--seed", to.world.seed, "Seed of all ids")->capture_default_str();
  app.add_option("--api-key", to.world.api_key, "The only credential accepted; without it any is");
  app.add_option("--requests-per-minute", to.world.limits.requests_per_minute)->capture_default_str();
  app.add_option("--input-per-minute", to.world.limits.input_per_minute,
                 "Input tokens per minute; cache reads do not count")
      ->capture_default_str();
  app.add_option("--output-per-minute", to.world.limits.output_per_minute, "Output tokens per minute")
      ->capture_default_str();
  app.add_option("--keep-requests", to.world.kept_requests, "Received requests to remember")->capture_default_str();
  app.add_flag("--gzip", to.world.gzip, "Compress answers for clients that accept gzip");
  app.add_flag("--lenient-betas", to.lenient_betas, "Accept unknown beta names and fields whose beta is not named");
  app.add_flag("--unknown-models", to.accept_unknown_models, "Play unknown models as claude-opus-5-5 instead of 404");
  app.add_flag("--keep-billing-line", to.world.keep_billing_line,
               "Count the client's billing line as part of the prompt");
  app.add_flag("--old-account", to.old_account,
               "Do not bind thinking to its conversation, as for accounts before 2026-08-31");
}

void load_script(const std::string& path, sim::World& world) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot read " + path);
  std::stringstream text;
  text << file.rdbuf();
  boost::system::error_code failed;
  const auto document = sim::parse_json(text.str(), failed);
  if (failed) throw std::runtime_error(path + ": not valid JSON: " + failed.message());
  if (const auto problem = world.script.load(document)) throw std::runtime_error(path + ": " + *problem);
}

// Blocked before any thread exists, so that a signal that comes early waits for wait_for_end().
sigset_t block_end_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

void wait_for_end(const sigset_t& signals) {
  int signal = 0;
  sigwait(&signals, &signal);
}

int run(Arguments arguments) {
  using namespace sim;
  const auto end_signals = block_end_signals();
  auto& config = arguments.world;
  if (arguments.lenient_betas) config.betas = BetaCheck::lenient;
  if (arguments.accept_unknown_models) config.unknown_models = UnknownModels::accept;
  if (arguments.old_account) config.prefix_check = PrefixCheck::ignore;
  if (!arguments.tls_directory.empty()) {
    const auto files = write_self_signed(arguments.tls_directory);
    arguments.server.tls_cert = files.certificate;
    arguments.server.tls_key = files.key;
  }
  Clock clock = arguments.frozen_at > 0 ? Clock(arguments.frozen_at) : Clock();
  World world(config, clock);
  if (!arguments.script_file.empty()) load_script(arguments.script_file, world);
  Server server(world, arguments.server);
  server.start();
  std::printf("listening on %s:%u\n", arguments.server.address.c_str(), server.port());
  std::fflush(stdout);
  if (!arguments.port_file.empty()) std::ofstream(arguments.port_file) << server.port() << "\n";
  wait_for_end(end_signals);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("A stand-in for the Anthropic API: checks requests, keeps a prompt cache, streams scripted answers.");
  Arguments arguments;
  declare(app, arguments);
  CLI11_PARSE(app, argc, argv);
  try {
    return run(arguments);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "anthropic-sim: %s\n", error.what());
    return 1;
  }
}
