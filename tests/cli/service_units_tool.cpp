// Writes the files of `setup --service` for any facts, also those of the other system: service-units-tool
// FOLDER PROGRAM HOST PORT HOME LOG. For tests/cli/test_service_units.py.
#include <cstdlib>
#include <fstream>
#include <span>
#include <string>

#include "setup/service_units.h"

int main(int count, char** values) {
  const std::span arguments(values, static_cast<std::size_t>(count));
  if (arguments.size() != 7) return 2;
  const distiq::ServiceFacts facts{.program = arguments[2],
                                   .host = arguments[3],
                                   .port = static_cast<std::uint16_t>(std::atoi(arguments[4])),
                                   .home = arguments[5],
                                   .log_file = arguments[6]};
  const std::string folder = std::string(arguments[1]) + "/";
  std::ofstream(folder + "distiq-code.socket") << distiq::systemd_socket(facts);
  std::ofstream(folder + "distiq-code.service") << distiq::systemd_service(facts);
  std::ofstream(folder + "agent.plist") << distiq::launchd_agent(facts);
}
