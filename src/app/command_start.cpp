#include <unistd.h>

#include <ostream>

#include "app/command.h"
#include "app/command_port_probe.h"
#include "app/panel.h"
#include "app/serve.h"

namespace distiq {
namespace {

// What serve() says in client_text when somebody else listens on the address.
constexpr std::string_view kAddressInUse = "address in use";

}  // namespace

void say_error(const CommandIo& io, std::string_view sentence) {
  io.err << "distiq-code: " << sentence << std::endl;
}

ExitCode run_start(const Config& config, const CommandIo& io) {
  const auto served = serve(config, [&](std::uint16_t port) {
    io.out << start_panel(config, port, use_colour(config, STDOUT_FILENO)) << std::flush;
  });
  if (served) return static_cast<ExitCode>(*served);

  const auto& error = served.error();
  if (error.client_text == kAddressInUse) {
    say_error(io, port_in_use_text(config, identify_port_occupant(config.listen.host, config.listen.port)));
    return ExitCode::port_in_use;
  }
  say_error(io, error.client_text.empty() ? error.log_detail : error.client_text);
  return error.kind == ErrorKind::bad_config ? ExitCode::bad_config : ExitCode::failed;
}

}  // namespace distiq
