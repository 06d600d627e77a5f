#include "wire/delivery.h"

#include "base/json_fields.h"

namespace sim {
namespace {

namespace json = boost::json;

// Takes known keys off a list of those present; what stays is misspelt.
class Fields {
 public:
  explicit Fields(const json::object& object) : object_(object) {}

  const json::value* take(std::string_view key) {
    const auto* value = object_.if_contains(key);
    taken_ += value != nullptr;
    return value;
  }
  std::optional<std::int64_t> integer(std::string_view key) {
    const auto* value = take(key);
    if (!value) return std::nullopt;
    const auto number = as_integer(*value);
    if (!number || *number < -1) wrong_ = std::string(key) + " must be a whole number";
    return number;
  }
  template <class T>
  void into(std::string_view key, T& target) {
    if (const auto number = integer(key)) target = static_cast<T>(*number);
  }
  template <class T>
  void into(std::string_view key, std::optional<T>& target) {
    if (const auto number = integer(key)) target = static_cast<T>(*number);
  }
  void into(std::string_view key, bool& target) {
    if (const auto* value = take(key)) flag(key, *value, target);
  }
  void into(std::string_view key, std::optional<bool>& target) {
    if (const auto* value = take(key)) flag(key, *value, target.emplace());
  }
  void into(std::string_view key, std::string& target) {
    const auto* value = take(key);
    if (!value) return;
    if (const auto* text = value->if_string()) {
      target = *text;
    } else {
      wrong_ = std::string(key) + " must be a string";
    }
  }
  std::optional<DeliveryError> problem(std::string_view where) const {
    if (!wrong_.empty()) return DeliveryError{std::string(where) + ": " + wrong_};
    if (taken_ == object_.size()) return std::nullopt;
    return DeliveryError{std::string(where) + ": unknown key among " + json::serialize(object_)};
  }
  void fail(std::string why) { wrong_ = std::move(why); }

 private:
  void flag(std::string_view key, const json::value& value, bool& target) {
    if (value.is_bool()) {
      target = value.get_bool();
    } else {
      wrong_ = std::string(key) + " must be true or false";
    }
  }

  const json::object& object_;
  std::size_t taken_ = 0;
  std::string wrong_;
};

void read_point(Fields& fields, Point& point) {
  fields.into("event", point.event);
  fields.into("byte", point.byte);
  fields.into("body_byte", point.body_byte);
  if (point.event.has_value() + point.byte.has_value() + point.body_byte.has_value() != 1)
    fields.fail("needs one of event, byte, body_byte");
}

std::optional<DeliveryError> read(Fields& fields, Cut& cut) {
  read_point(fields, cut.at);
  std::string how = "rst";
  fields.into("how", how);
  if (how != "rst" && how != "fin") fields.fail("how must be rst or fin");
  cut.how = how == "fin" ? Ending::fin : Ending::rst;
  return fields.problem("cut");
}

std::optional<DeliveryError> read(Fields& fields, Stall& stall) {
  read_point(fields, stall.at);
  fields.into("ms", stall.ms);
  return fields.problem("stall");
}

void read_headers(Fields& fields, HeaderList& headers) {
  const auto* value = fields.take("headers");
  if (!value) return;
  const auto* object = value->if_object();
  if (!object) return fields.fail("headers must be an object of strings");
  for (const auto& [name, text] : *object) {
    if (!text.is_string()) return fields.fail("headers must be an object of strings");
    headers.push_back({std::string(name), std::string(view(text.get_string()))});
  }
}

std::optional<DeliveryError> read(Fields& fields, StatusFault& fault) {
  fields.into("code", fault.status);
  fields.into("type", fault.error_type);
  fields.into("message", fault.message);
  fields.into("content_type", fault.content_type);
  if (const auto* body = fields.take("body"))
    fault.body = body->is_string() ? std::string(view(body->get_string())) : json::serialize(*body);
  if (fault.status < 200 || fault.status > 599) fields.fail("code must be 200 to 599");
  return fields.problem("status");
}

std::optional<DeliveryError> read(Fields& fields, ErrorEvent& error) {
  fields.into("event", error.event);
  fields.into("type", error.error_type);
  fields.into("message", error.message);
  return fields.problem("sse_error");
}

std::optional<DeliveryError> read(Fields& fields, Filler& filler) {
  fields.into("event", filler.event);
  fields.into("count", filler.count);
  fields.into("every_ms", filler.every_ms);
  fields.into("comment", filler.comment);
  return fields.problem("filler");
}

std::optional<DeliveryError> read(Fields& fields, Slices& slices) {
  fields.into("bytes", slices.fixed);
  fields.into("seed", slices.seed);
  fields.into("max", slices.max);
  if (slices.max == 0) fields.fail("max must be at least 1");
  return fields.problem("slices");
}

template <class T>
std::optional<DeliveryError> read_part(Fields& fields, std::string_view key, std::optional<T>& target) {
  const auto* value = fields.take(key);
  if (!value) return std::nullopt;
  const auto* object = value->if_object();
  if (!object) return DeliveryError{std::string(key) + " must be an object"};
  Fields inner(*object);
  return read(inner, target.emplace());
}

void read_framing(Fields& fields, Framing& framing) {
  std::string name = "automatic";
  fields.into("framing", name);
  if (name == "automatic") return;
  if (name == "chunked") {
    framing = Framing::chunked;
  } else if (name == "content-length") {
    framing = Framing::content_length;
  } else if (name == "close") {
    framing = Framing::close;
  } else {
    fields.fail("framing must be automatic, chunked, content-length or close");
  }
}

}  // namespace

std::optional<DeliveryError> parse_delivery(const json::object& in, Delivery& out) {
  Fields fields(in);
  if (auto error = read_part(fields, "status", out.status)) return error;
  if (auto error = read_part(fields, "cut", out.cut)) return error;
  if (auto error = read_part(fields, "stall", out.stall)) return error;
  if (auto error = read_part(fields, "sse_error", out.error_event)) return error;
  if (auto error = read_part(fields, "filler", out.filler)) return error;
  if (auto error = read_part(fields, "slices", out.slices)) return error;
  read_headers(fields, out.extra_headers);
  read_framing(fields, out.framing);
  fields.into("gzip", out.gzip);
  fields.into("crlf", out.crlf);
  fields.into("end_at_event", out.end_at_event);
  fields.into("bytes_per_second", out.bytes_per_second);
  fields.into("event_delay_ms", out.event_delay_ms);
  fields.into("first_byte_ms", out.first_byte_ms);
  fields.into("no_answer", out.no_answer);
  fields.into("garbage", out.garbage);
  fields.into("close_after", out.close_after);
  return fields.problem("fault");
}

}  // namespace sim
