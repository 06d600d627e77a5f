// Drives the downloader for tests/download: no command of the product needs it yet.
//   download-tool TARGET SHA256 SIZE STALL_MS URL...      notes on stdout, one line each; exit code 0 or 1
#include <poll.h>

#include <cstdlib>
#include <iostream>

#include "download/downloader.h"

int main(int argc, char** argv) {
  if (argc < 6) return 2;
  distiq::DownloadTask task{.urls = {argv + 5, argv + argc},
                            .target = argv[1],
                            .sha256 = argv[2],
                            .size = std::strtoull(argv[3], nullptr, 10)};
  distiq::DownloadConfig config;
  config.stall_limit = std::chrono::milliseconds(std::atoi(argv[4]));
  config.attempts = 3;
  config.wait = [](std::chrono::milliseconds) { poll(nullptr, 0, 1); };
  config.progress = [](const distiq::DownloadProgress& progress) {
    if (!progress.note.empty())
      std::cout << progress.note << " (" << progress.have << " of " << progress.whole << ")" << std::endl;
  };
  if (const char* ca = std::getenv("DOWNLOAD_CA")) config.extra_ca_files = {ca};
  const auto done = distiq::download(task, config, distiq::system_clock());
  if (done) return 0;
  std::cout << "failed: " << to_string(done.error().kind) << ": " << done.error().client_text << std::endl;
  return 1;
}
