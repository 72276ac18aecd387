#include "journal.hpp"

#include <advx/data/detail/zlib.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

namespace advx_command {

namespace {

using advx::index_t;

/// Values written one after the other, and read back in the same order.
class writer {
public:
  template <class T>
  void operator()(const T& value) {
    (*this)(&value, 1);
  }
  template <class T>
  void operator()(const T* values, std::size_t count) {
    const auto bytes = std::as_bytes(std::span(values, count));
    payload.insert(payload.end(), bytes.begin(), bytes.end());
  }
  std::vector<std::byte> payload;
};
class reader {
public:
  explicit reader(std::span<const std::byte> payload) : rest_(payload) {}
  template <class T>
  void operator()(T& value) {
    (*this)(&value, 1);
  }
  template <class T>
  void operator()(T* values, std::size_t count) {
    std::memcpy(values, rest_.data(), count * sizeof(T));
    rest_ = rest_.subspan(count * sizeof(T));
  }

private:
  std::span<const std::byte> rest_;
};

/// A row's values, each exchanged by `io`: the one place that knows their order.
template <class Io, class Result>
void exchange(Io& io, Result& r, std::size_t row) {
  io(r.status[row]);
  io(r.clean_labels[row]);
  io(r.constant[row]);
  for (auto* counts : {&r.iterations, &r.queries, &r.forward_rows, &r.pullback_rows}) io((*counts)[row]);
  for (int k = 0; k <= static_cast<int>(r.other_rankings.size()); ++k) {
    auto& o = ranking(r, k);
    io(o.success[row]);
    io(o.labels[row]);
    for (auto* distances : {&o.l0, &o.l1, &o.l2, &o.linf}) io((*distances)[row]);
    io(o.images.row(static_cast<index_t>(row)), static_cast<std::size_t>(o.images.cols()));
  }
}

constexpr std::string_view magic = "advx journal 1\n";
constexpr std::int64_t time_alone = -1; ///< in place of a record's row

std::vector<std::byte> with_checksum(std::vector<std::byte> payload) {
  const std::uint32_t crc = advx::data::detail::crc32_of(payload);
  const auto bytes = std::as_bytes(std::span(&crc, 1));
  payload.insert(payload.end(), bytes.begin(), bytes.end());
  return payload;
}

bool is_whole(std::span<const std::byte> record) {
  std::uint32_t crc = 0;
  std::memcpy(&crc, record.data() + record.size() - sizeof crc, sizeof crc);
  return advx::data::detail::crc32_of(record.first(record.size() - sizeof crc)) == crc;
}

} // namespace

const advx::outcome<advx::batch<float>>& ranking(const run_result& r, int k) {
  if (k == 0) return r;
  return r.other_rankings[static_cast<std::size_t>(k - 1)];
}
advx::outcome<advx::batch<float>>& ranking(run_result& r, int k) {
  if (k == 0) return r;
  return r.other_rankings[static_cast<std::size_t>(k - 1)];
}

void prepare(run_result& all, int rankings, index_t images, index_t cases, index_t size) {
  const auto n = static_cast<std::size_t>(images * cases);
  all = {};
  all.cases = cases;
  all.other_rankings.resize(static_cast<std::size_t>(rankings - 1));
  advx::detail::prepare(static_cast<advx::run_table&>(all), n);
  for (int k = 0; k < rankings; ++k) {
    advx::detail::prepare(ranking(all, k), "", n);
    ranking(all, k).images = advx::batch<float>(images * cases, size);
  }
}

void copy_row(const run_result& from, std::size_t row, run_result& to, std::size_t to_row) {
  writer out;
  exchange(out, from, row);
  reader in(out.payload);
  exchange(in, to, to_row);
}

journal::journal(const std::string& path, const std::string& fingerprint, run_result& all)
    : path_(path),
      file_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666)),
      there_(all.status.size()) {
  if (file_.fd < 0) advx::data::detail::system_fault(path, "open for writing", errno);
  writer header;
  header(magic.data(), magic.size());
  header(fingerprint.data(), fingerprint.size());
  header("\n", 1);
  writer sample;
  sample(time_alone);
  sample(spent_);
  if (!there_.empty()) exchange(sample, all, 0);
  record_ = with_checksum(std::move(sample.payload)).size();

  const auto bytes = advx::data::read_file(path);
  std::size_t end = 0;
  if (bytes.size() >= header.payload.size() &&
      std::equal(header.payload.begin(), header.payload.end(), bytes.begin())) {
    end = header.payload.size();
    for (; bytes.size() - end >= record_; end += record_) {
      const auto record = std::span(bytes).subspan(end, record_);
      if (!is_whole(record)) break;
      reader in(record);
      std::int64_t row = 0;
      in(row);
      if (row < time_alone || row >= static_cast<std::int64_t>(there_.size())) break;
      in(spent_);
      if (row == time_alone) continue;
      exchange(in, all, static_cast<std::size_t>(row));
      there_[static_cast<std::size_t>(row)] = 1;
    }
  }
  if (::ftruncate(file_.fd, static_cast<off_t>(end)) != 0) advx::data::detail::system_fault(path, "shorten", errno);
  if (::lseek(file_.fd, 0, SEEK_END) < 0) advx::data::detail::system_fault(path, "go to the end", errno);
  if (end == 0) write(std::move(header.payload));
}

std::size_t journal::rows_there() const {
  return static_cast<std::size_t>(std::count(there_.begin(), there_.end(), std::uint8_t{1}));
}

void journal::append(const run_result& all, std::size_t row, const spent& so_far) {
  writer out;
  out(static_cast<std::int64_t>(row));
  out(so_far);
  exchange(out, all, row);
  write(with_checksum(std::move(out.payload)));
  there_[row] = 1;
  spent_ = so_far;
}

void journal::note(const spent& so_far) {
  writer out;
  out(time_alone);
  out(so_far);
  out.payload.resize(record_ - sizeof(std::uint32_t));
  write(with_checksum(std::move(out.payload)));
  spent_ = so_far;
  flush();
}

void journal::write(std::vector<std::byte> payload) {
  for (std::size_t done = 0; done < payload.size();) { // once, but where the disk is all but full
    const ssize_t put = ::write(file_.fd, payload.data() + done, payload.size() - done);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) advx::data::detail::system_fault(path_, "append a finished image", errno);
    done += static_cast<std::size_t>(put);
  }
  // What is written survives this program; once a second it is made to survive the machine.
  if (std::chrono::steady_clock::now() - flushed_ > std::chrono::seconds(1)) flush();
}

void journal::flush() {
  if (::fdatasync(file_.fd) != 0) advx::data::detail::system_fault(path_, "bring to the disk", errno);
  flushed_ = std::chrono::steady_clock::now();
}

} // namespace advx_command
