#include "app/proxy/servers.h"

#include "base/base64.h"

namespace distiq {

UpstreamConfig way_to(const Config& config, const UpstreamAddress& server) {
  UpstreamConfig way;
  way.tls = server.tls;
  way.host = server.host;
  way.port = std::to_string(server.port);
  way.connect_timeout = config.timeouts.connect;
  way.idle_limit = config.timeouts.upstream_idle;
  if (const HttpProxyAddress* proxy = config.proxy_for(server)) {
    Secret basic(proxy->credentials.empty() ? "" : to_base64(proxy->credentials.reveal()));
    way.proxy = HttpProxy{proxy->host, std::to_string(proxy->port), std::move(basic)};
  }
  return way;
}

std::vector<std::string> extra_ca_files(const Config& config) {
  std::vector<std::string> files;
  for (const auto& file : {config.ssl_cert_file, config.node_extra_ca_certs}) {
    if (!file.empty()) files.push_back(file.string());
  }
  return files;
}

}  // namespace distiq
