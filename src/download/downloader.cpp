#include "download/downloader.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include "base/file.h"
#include "base/sha256.h"
#include "base/text.h"
#include "download/download_plan.h"
#include "net/web_client.h"

namespace distiq {
namespace {

namespace fs = std::filesystem;

constexpr unsigned most_redirects = 5;
constexpr unsigned most_restarts = 3;
constexpr std::chrono::milliseconds first_pause{500};
constexpr std::chrono::milliseconds longest_pause{15'000};
constexpr std::size_t max_tag = 1024;

// What came so far, and of which version of the file it is.
class PartFile {
 public:
  explicit PartFile(const fs::path& target)
      : path_(target.string() + ".part"), tag_path_(target.string() + ".part.etag") {}
  PartFile(const PartFile&) = delete;
  PartFile& operator=(const PartFile&) = delete;
  ~PartFile() { close(); }

  Result<void> open() {
    fd_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd_ < 0) return broken("cannot be made");
    struct stat found{};
    if (::fstat(fd_, &found) != 0 || !S_ISREG(found.st_mode)) return broken("is no file");
    size_ = static_cast<std::uint64_t>(found.st_size);
    if (const auto tag = read_file(tag_path_, max_tag)) tag_ = *tag;
    return {};
  }
  Result<void> drop() {
    tag_.clear();
    std::error_code ignored;
    fs::remove(tag_path_, ignored);
    size_ = 0;
    return ::ftruncate(fd_, 0) == 0 ? Result<void>{} : broken("cannot be emptied");
  }
  // The version to which the bytes that follow belong.
  void set_tag(std::string_view tag) {
    tag_ = tag.size() <= max_tag ? tag : "";
    if (!tag_.empty()) (void)replace_file(tag_path_, tag_, 0644);
  }
  Result<void> append(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t written = ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(size_));
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return broken("cannot be written");
      size_ += static_cast<std::uint64_t>(written);
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
  }
  Result<std::string> checksum() const {
    Sha256 sha;
    std::array<char, 256 * 1024> block;
    for (off_t at = 0;;) {
      const ssize_t count = ::pread(fd_, block.data(), block.size(), at);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return std::unexpected(broken("cannot be read").error());
      if (count == 0) {
        const Sha256::Digest digest = sha.finish();
        return to_hex(std::as_bytes(std::span(digest)));
      }
      sha.add({block.data(), static_cast<std::size_t>(count)});
      at += count;
    }
  }
  Result<void> become(const fs::path& target) {
    if (::fsync(fd_) != 0) return broken("does not get to the disk");
    std::error_code error;
    fs::rename(path_, target, error);
    if (error) {
      errno = error.value();
      return broken("cannot be renamed");
    }
    fs::remove(tag_path_, error);
    return {};
  }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] const std::string& tag() const { return tag_; }

 private:
  [[nodiscard]] Result<void> broken(std::string_view what) const {
    const std::string why = std::generic_category().message(errno);
    return fail(ErrorKind::store_unavailable, fmt::format("{}: {}: {}", path_.string(), what, why),
                fmt::format("The file {} {}: {}.", path_.string(), what, why));
  }

  fs::path path_, tag_path_;
  int fd_ = -1;
  std::uint64_t size_ = 0;
  std::string tag_;
};

class Download {
 public:
  Download(const DownloadTask& task, const DownloadConfig& config, const Clock& clock)
      : task_(task), config_(config), clock_(clock), part_(task.target), whole_(task.size) {}

  Result<void> run() {
    if (auto opened = part_.open(); !opened) return opened;
    bool wrong_file = false;
    for (const std::string& url : task_.urls) {
      const auto address = read_address(url);
      if (!address) {
        last_ = {ErrorKind::upstream_unreachable, "no address: " + url,
                 "This is no http or https address: " + url + "."};
        continue;
      }
      const Outcome outcome = ask(*address);
      if (disk_) return std::unexpected(*disk_);
      if (outcome != Outcome::complete) continue;
      const auto sum = part_.checksum();
      if (!sum) return std::unexpected(sum.error());
      if (*sum == task_.sha256) return part_.become(task_.target);
      wrong_file = true;
      tell(fmt::format("{} gives another file than the checksum says", address->host));
      if (auto dropped = part_.drop(); !dropped) return dropped;
      whole_ = task_.size;
    }
    if (!wrong_file) return std::unexpected(last_);
    return fail(ErrorKind::client_fault, "checksum: " + task_.target.string(),
                fmt::format("{}: what was downloaded is not the file that was expected (its checksum differs).",
                            task_.target.filename().string()));
  }

 private:
  enum class Outcome { complete, elsewhere };

  void tell(std::string_view note) const {
    if (config_.progress) config_.progress({.have = part_.size(), .whole = whole_, .note = note});
  }

  // One server, until it has given everything or gives nothing more.
  Outcome ask(WebAddress address) {
    unsigned fruitless = 0;
    unsigned redirects = 0;
    unsigned restarts = 0;
    std::chrono::milliseconds pause = first_pause;
    while (true) {
      if (whole_ > 0 && part_.size() == whole_) return Outcome::complete;
      const std::uint64_t before = part_.size();
      const Attempt attempt = ask_once(address);
      if (disk_) return Outcome::elsewhere;
      if (attempt.complete) return Outcome::complete;
      if (!attempt.location.empty()) {
        const auto to = follow(address, attempt.location);
        if (!to || ++redirects > most_redirects) {
          last_ = unreachable(address, "it redirects to where we cannot follow");
          return Outcome::elsewhere;
        }
        address = *to;
        continue;
      }
      if (attempt.give_up) return Outcome::elsewhere;
      if (attempt.restart) {
        if (++restarts > most_restarts) return Outcome::elsewhere;
        tell("the file has changed there, beginning anew");
        if (auto dropped = part_.drop(); !dropped) {
          disk_ = dropped.error();
          return Outcome::elsewhere;
        }
        whole_ = task_.size;
        continue;
      }
      const bool came_further = part_.size() > before;
      fruitless = came_further ? 0 : fruitless + 1;
      if (came_further) pause = first_pause;
      if (fruitless >= config_.attempts) return Outcome::elsewhere;
      tell("the connection was lost, trying again");
      if (config_.wait) config_.wait(pause);
      pause = std::min(pause * 2, longest_pause);
    }
  }

  struct Attempt {
    bool complete = false;
    bool give_up = false;
    bool restart = false;
    std::string location;
  };

  Attempt ask_once(const WebAddress& address) {
    WebRequest request;
    request.server.tls = address.tls;
    request.server.host = address.host;
    request.server.port = address.port;
    if (config_.proxy_for) request.server.proxy = config_.proxy_for(address.host);
    request.extra_ca_files = config_.extra_ca_files;
    request.target = address.target;
    request.stall_limit = config_.stall_limit;
    request.fields.add("Accept", "*/*");
    request.fields.add("Accept-Encoding", "identity");
    request.fields.add("User-Agent", "distiq-code");
    // Without a tag nobody could tell whether the rest is of the same file: the checksum would, at the end.
    const std::uint64_t have = part_.size();
    if (have > 0) {
      request.fields.add("Range", fmt::format("bytes={}-", have));
      if (!part_.tag().empty()) request.fields.add("If-Range", part_.tag());
    }
    Attempt attempt;
    AnswerPlan plan;
    bool too_much = false;
    const auto answer = fetch(request, clock_, [&](const ResponseHead& head, std::string_view bytes) {
      if (bytes.empty()) {
        plan = plan_answer(head, have);
        return begin(head, plan, too_much);
      }
      if (whole_ > 0 && part_.size() + bytes.size() > whole_) {
        too_much = true;
        return false;
      }
      if (auto written = part_.append(bytes); !written) {
        disk_ = written.error();
        return false;
      }
      tell({});
      return true;
    });
    if (disk_) return attempt;
    if (!answer) {
      last_ = answer.error();
      return attempt;
    }
    const int status = answer->head.status;
    if (plan.use == AnswerUse::redirect) attempt.location = answer->head.headers.get_or("location", "");
    attempt.restart = too_much || plan.use == AnswerUse::restart;
    attempt.give_up = plan.use == AnswerUse::give_up || (plan.use == AnswerUse::redirect && attempt.location.empty());
    const bool body = plan.use == AnswerUse::append || plan.use == AnswerUse::begin_anew;
    attempt.complete = plan.use == AnswerUse::complete ||
                       (body && !attempt.restart && answer->complete && (whole_ == 0 || part_.size() == whole_));
    if (!attempt.complete)
      last_ = unreachable(address, body ? "the connection breaks off" : fmt::format("it answers {}", status));
    return attempt;
  }

  // Whether the body is wanted.
  bool begin(const ResponseHead& head, const AnswerPlan& plan, bool& too_much) {
    if (plan.use != AnswerUse::append && plan.use != AnswerUse::begin_anew) return false;
    if (task_.size > 0 && plan.whole > 0 && plan.whole != task_.size) {
      too_much = true;  // it says itself that it is another file
      return false;
    }
    if (plan.use == AnswerUse::begin_anew) {
      if (auto dropped = part_.drop(); !dropped) {
        disk_ = dropped.error();
        return false;
      }
      // Only a strong tag names bytes.
      const std::string_view tag = head.headers.get_or("etag", "");
      part_.set_tag(tag.starts_with('"') ? tag : std::string_view());
    }
    if (plan.whole > 0) whole_ = plan.whole;
    return true;
  }

  static Error unreachable(const WebAddress& address, std::string_view why) {
    return {ErrorKind::upstream_unreachable, fmt::format("{}{}: {}", address.host, address.target, why),
            fmt::format("The download from {} failed: {}.", address.host, why)};
  }

  const DownloadTask& task_;
  const DownloadConfig& config_;
  const Clock& clock_;
  PartFile part_;
  std::uint64_t whole_;  // 0: not known
  std::optional<Error> disk_;
  Error last_{ErrorKind::upstream_unreachable, "no address", "There is no address to download from."};
};

}  // namespace

Result<void> download(const DownloadTask& task, const DownloadConfig& config, const Clock& clock) {
  return Download(task, config, clock).run();
}

}  // namespace distiq
