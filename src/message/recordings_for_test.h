// Requests recorded from the real client, as test input: the whole collection where it lies beside the project, else
// the subset kept in tests/recordings.
#pragma once

#include <boost/json.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "http/exchange.h"

namespace distiq {

struct RecordedRequest {
  std::string scenario;
  int number = 0;
  std::string kind;  // "main", "sub", "helper" as its recorder saw it, or empty
  RequestHead head;
  std::string body;  // exactly the bytes of the wire; empty if there were none
};

inline std::filesystem::path recordings_folder() {
  const std::filesystem::path source = DISTIQ_SOURCE_DIR;
  const auto whole = source.parent_path() / "shared/fixtures/claude_code";
  return std::filesystem::exists(whole) ? whole : source / "tests/recordings/claude_code";
}

inline std::vector<std::string> recorded_scenarios() {
  std::vector<std::string> names;
  if (!std::filesystem::exists(recordings_folder())) return names;
  for (const auto& entry : std::filesystem::directory_iterator(recordings_folder())) {
    if (entry.path().extension() == ".json") names.push_back(entry.path().stem());
  }
  std::sort(names.begin(), names.end());
  return names;
}

inline RecordedRequest recorded_request(std::string_view scenario, const boost::json::object& entry, std::string body) {
  RecordedRequest request;
  request.scenario = scenario;
  request.number = static_cast<int>(entry.at("n").as_int64());
  if (const auto* kind = entry.at("kind").if_string()) request.kind = kind->c_str();
  request.head.method = entry.at("method").as_string().c_str();
  request.head.target = entry.at("path").as_string().c_str();
  for (const auto& header : entry.at("headers").as_array()) {
    request.head.headers.add(header.at(0).as_string().c_str(), header.at(1).as_string().c_str());
  }
  request.body = std::move(body);
  return request;
}

// A body stands on a line of its own, byte for byte as it was sent. Empty if there is no such recording. Repeated
// bodies
// ("body_same_as_request") are filled in.
inline std::vector<RecordedRequest> load_recording(std::string_view scenario) {
  std::ifstream file(recordings_folder() / (std::string(scenario) + ".json"));
  std::string whole;
  std::vector<std::string> bodies;
  for (std::string line; std::getline(file, line);) {
    constexpr std::string_view start = "   \"body\": ";
    if (line.starts_with(start)) {
      std::string body = line.substr(start.size());
      if (body.ends_with(',')) body.pop_back();
      bodies.push_back(body == "null" ? "" : std::move(body));
    }
    whole += line + '\n';
  }
  std::vector<RecordedRequest> requests;
  if (whole.empty()) return requests;
  std::size_t next_body = 0;
  const boost::json::value parsed = boost::json::parse(whole);
  for (const auto& entry : parsed.at("requests").as_array()) {
    const auto& object = entry.as_object();
    std::string body;
    if (object.contains("body")) {
      body = bodies.at(next_body++);
    } else if (const auto* same = object.if_contains("body_same_as_request")) {
      const auto number = same->as_int64();
      const auto original =
          std::find_if(requests.begin(), requests.end(), [&](const auto& r) { return r.number == number; });
      if (original != requests.end()) body = original->body;
    }
    requests.push_back(recorded_request(scenario, object, std::move(body)));
  }
  return requests;
}

// Every recorded messages request with the one before it of its kind in its session: visit(body, earlier, what).
// Returns how many there were.
template <class Visit>
std::size_t each_recorded_follower(Visit visit) {
  std::size_t followers = 0;
  for (const std::string& scenario : recorded_scenarios()) {
    std::map<std::string, std::string> before;  // by kind
    for (const RecordedRequest& request : load_recording(scenario)) {
      if (request.body.empty() || !request.head.path().starts_with("/v1/messages")) continue;
      std::string& earlier = before[request.kind];
      if (!earlier.empty()) {
        ++followers;
        visit(request.body, earlier, scenario + " " + std::to_string(request.number));
      }
      earlier = request.body;
    }
  }
  return followers;
}

}  // namespace distiq
