// What the benchmarks share: clocks, medians, the committed digits.
#pragma once

#include <advx/data/images.hpp>
#include <advx/data/npz.hpp>

#include <algorithm>
#include <ctime>
#include <string>
#include <vector>

namespace benchmarks {

/// CPU time of this process, all threads.
inline double cpu_seconds() { return double(std::clock()) / CLOCKS_PER_SEC; }

inline double median(std::vector<double> v) {
  std::sort(v.begin(), v.end());
  return v[v.size() / 2];
}

/// The first n digits of the committed sample.
struct digits {
  advx::batch<float> images;
  std::vector<advx::label_t> labels;
  digits(const std::string& data, advx::index_t n) {
    const auto sample = advx::data::read_npz(data + "/mnist/sample.npz");
    images = advx::data::to_unit_interval(sample.at("images"));
    labels = advx::data::labels(sample.at("labels"));
    if (n < 1 || n > images.rows())
      throw advx::argument_error("advx: " + std::to_string(n) + " digits; the sample has 1 to " +
                                 std::to_string(images.rows()));
    images.values.resize(static_cast<std::size_t>(n * images.cols()));
    images.row_count = n;
    labels.resize(static_cast<std::size_t>(n));
  }
};

} // namespace benchmarks
