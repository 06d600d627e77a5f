#include "app/use_colour.h"

#include <unistd.h>

namespace distiq {

bool use_colour(const Config& config, int fd) {
  if (config.colour == ColourMode::automatic) return ::isatty(fd) == 1;
  return config.colour == ColourMode::always;
}

}  // namespace distiq
