#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "app/cli.h"

int main(int argc, char** argv) {
  try {
    const auto environment = distiq::Environment::of_process();
    const std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
    return distiq::run_cli(arguments, {std::cout, std::cerr, environment});
  } catch (const std::exception& error) {
    std::cerr << "distiq-code: an error of ours, please report it: " << error.what() << std::endl;
    return static_cast<int>(distiq::ExitCode::failed);
  }
}
