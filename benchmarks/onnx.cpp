// Forward and input gradient of networks read from ONNX files, on backend::xtensor, against libtorch in the same
// process, one thread each, in alternating pairs: the network of Carlini and Wagner, one in the shape of ResNet-18 on
// 3 × 32 × 32 images, one in the shape of MobileNetV2 on 3 × 96 × 96 images. The weights are random.
#include <advx/core/batch.hpp>
#include <advx/nn/xtensor.hpp>

#include <cmath>
#include <cstdio>
#include <ctime>

#include "onnx/writer.hpp"
#include "onnx_torch.hpp"

namespace {

using namespace onnx_bench;

class maker {
public:
  maker(const char* name, std::vector<long> image) : net{name, std::move(image), {}} {}

  std::size_t convolution(std::size_t a, long in, long out, long size, long stride = 1, long padding = 0,
                          long groups = 1) {
    return add({kind::convolution, a, 0, {out, in / groups, size, size}, {}, {}, stride, padding, groups});
  }
  std::size_t linear(std::size_t a, long in, long out) { return add({kind::linear, a, 0, {out, in}, {}, {}}); }
  std::size_t simple(kind what, std::size_t a, std::size_t b = 0) { return add({what, a, b, {}, {}, {}}); }

  network net;

private:
  /// Draws the weights, uniform in ±√(6 / inputs), and small biases.
  std::size_t add(step s) {
    if (!s.extents.empty()) {
      long inputs = 1;
      for (std::size_t i = 1; i < s.extents.size(); ++i) inputs *= s.extents[i];
      const advx::kernel::random_stream stream{11, static_cast<std::uint32_t>(net.steps.size()), 0};
      const double bound = std::sqrt(6.0 / static_cast<double>(inputs));
      for (long i = 0; i < inputs * s.extents[0]; ++i)
        s.weights.push_back(static_cast<float>(bound * (2 * stream.uniform<double>(i) - 1)));
      for (long o = 0; o < s.extents[0]; ++o) s.bias.push_back(0.1F * stream.uniform<float>(-1 - o));
    }
    net.steps.push_back(std::move(s));
    return net.steps.size();
  }
};

network carlini_wagner() {
  maker m("Carlini-Wagner, 28x28", {1, 28, 28});
  std::size_t x = 0;
  long in = 1;
  for (const long out : {32L, 32L, 64L, 64L}) {
    x = m.simple(kind::relu, m.convolution(x, in, out, 3));
    if (m.net.steps.size() % 5 == 4) x = m.simple(kind::max_pool, x);
    in = out;
  }
  x = m.simple(kind::relu, m.linear(x, 64 * 16, 200));
  x = m.simple(kind::relu, m.linear(x, 200, 200));
  m.linear(x, 200, 10);
  return m.net;
}

network resnet18() {
  maker m("ResNet-18, 3x32x32", {3, 32, 32});
  std::size_t x = m.simple(kind::relu, m.convolution(0, 3, 64, 3, 1, 1));
  long in = 64;
  for (const long out : {64L, 128L, 256L, 512L})
    for (int block = 0; block < 2; ++block) {
      const long stride = in == out ? 1 : 2;
      const std::size_t inner = m.simple(kind::relu, m.convolution(x, in, out, 3, stride, 1));
      const std::size_t y = m.convolution(inner, out, out, 3, 1, 1);
      if (in != out) x = m.convolution(x, in, out, 1, stride);
      x = m.simple(kind::relu, m.simple(kind::add, y, x));
      in = out;
    }
  m.linear(m.simple(kind::global_mean, x), 512, 10);
  return m.net;
}

network mobilenet_v2() {
  maker m("MobileNetV2, 3x96x96", {3, 96, 96});
  std::size_t x = m.simple(kind::relu6, m.convolution(0, 3, 32, 3, 2, 1));
  long in = 32;
  struct stage {
    long widening, out, blocks, stride;
  };
  for (const stage s :
       {stage{1, 16, 1, 1}, {6, 24, 2, 2}, {6, 32, 3, 2}, {6, 64, 4, 2}, {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1}})
    for (long block = 0; block < s.blocks; ++block) {
      const long wide = in * s.widening, stride = block == 0 ? s.stride : 1;
      std::size_t y = x;
      if (s.widening != 1) y = m.simple(kind::relu6, m.convolution(y, in, wide, 1));
      y = m.simple(kind::relu6, m.convolution(y, wide, wide, 3, stride, 1, wide));
      y = m.convolution(y, wide, s.out, 1);
      x = stride == 1 && in == s.out ? m.simple(kind::add, x, y) : y;
      in = s.out;
    }
  x = m.simple(kind::relu6, m.convolution(x, in, 1280, 1));
  m.linear(m.simple(kind::global_mean, x), 1280, 1000);
  return m.net;
}

/// The network as exporters write it.
writer::model exported(const network& net) {
  writer::model m({net.image.begin(), net.image.end()});
  std::vector<std::string> names{"x"};
  for (const step& s : net.steps) {
    const auto weights = [&] {
      const std::vector<advx::index_t> dims(s.extents.begin(), s.extents.end());
      return std::pair{m.reals(dims, s.weights), m.reals({dims[0]}, s.bias)};
    };
    const std::string& a = names[s.a];
    switch (s.what) {
    case kind::convolution: {
      const auto [w, b] = weights();
      names.push_back(m.node("Conv", {a, w, b},
                             {{"strides", {s.stride, s.stride}},
                              {"pads", {s.padding, s.padding, s.padding, s.padding}},
                              {"group", s.groups}}));
      break;
    }
    case kind::relu:
      names.push_back(m.node("Relu", {a}));
      break;
    case kind::relu6:
      names.push_back(m.node("Clip", {a, m.reals({}, {0}), m.reals({}, {6})}));
      break;
    case kind::add:
      names.push_back(m.node("Add", {a, names[s.b]}));
      break;
    case kind::max_pool:
      names.push_back(m.node("MaxPool", {a}, {{"kernel_shape", {2, 2}}, {"strides", {2, 2}}}));
      break;
    case kind::global_mean:
      names.push_back(m.node("GlobalAveragePool", {a}));
      break;
    case kind::linear: {
      const auto [w, b] = weights();
      names.push_back(m.node("Gemm", {m.node("Flatten", {a}), w, b}, {{"transB", 1}}));
      break;
    }
    }
  }
  return m;
}

/// Greatest difference, relative to the greatest value of `b`.
double difference(std::span<const float> a, std::span<const float> b) {
  double most = a.size() == b.size() && !b.empty() ? 0 : HUGE_VAL, scale = 0;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    most = std::max(most, std::abs(double(a[i]) - double(b[i])));
    scale = std::max(scale, std::abs(double(b[i])));
  }
  return scale > 0 ? most / scale : HUGE_VAL;
}

template <class F>
double milliseconds(const F& pass) {
  const auto before = std::clock();
  pass();
  return 1e3 * double(std::clock() - before) / CLOCKS_PER_SEC;
}

double median(std::vector<double> v) {
  std::sort(v.begin(), v.end());
  return v[v.size() / 2];
}

} // namespace

int main(int argc, char** argv) try {
  const int pairs = argc > 1 ? std::max(1, std::atoi(argv[1])) : 11;
  std::printf("libtorch %s; CPU ms per image, medians of %d pairs; ratio = libtorch / advx, median of the pairs'\n",
              torch_version(), pairs);
  std::printf("%-22s %6s %10s %10s %8s %12s %12s\n", "network", "batch", "advx", "libtorch", "ratio", "scores diff.",
              "grad. diff.");
  bool agree = true;
  for (const network& net : {carlini_wagner(), resnet18(), mobilenet_v2()}) {
    const auto model = exported(net).read();
    torch_network torch(net);
    for (const advx::index_t rows : {1, 32, 100}) {
      advx::backend::xtensor backend;
      auto session = model.session(backend, rows);
      advx::batch<float> images(rows, model.input_size()), scores(rows, model.class_count()),
          cotangent(rows, model.class_count()), gradient(rows, model.input_size());
      const advx::kernel::random_stream stream{1, 2, 3};
      for (advx::index_t i = 0; i < rows * images.cols(); ++i) images.row(0)[i] = stream.uniform<float>(i);
      std::vector<advx::index_t> all;
      for (advx::index_t i = 0; i < rows; ++i) {
        cotangent.row(i)[i % 10] = 1;
        cotangent.row(i)[(i + 1) % 10] = -1;
        all.push_back(i);
      }
      const auto own = [&] {
        session.forward(images.view().as_const(), scores.view());
        session.pullback(all, cotangent.view().as_const(), gradient.view());
      };
      const auto other = [&] { torch.forward_pullback(images.data(), cotangent.data(), long(rows)); };
      own();
      other();
      // Of millions of values some lie so near a ReLU's corner that rounding decides the slope, which changes their
      // image's gradient: the median image counts.
      std::vector<double> score_differences, gradient_differences;
      for (advx::index_t i = 0; i < rows; ++i) {
        const auto row = [i](auto values, advx::index_t width) {
          return values.subspan(static_cast<std::size_t>(i * width), static_cast<std::size_t>(width));
        };
        score_differences.push_back(
            difference(row(std::span<const float>(scores.values), scores.cols()), row(torch.scores(), scores.cols())));
        gradient_differences.push_back(difference(row(std::span<const float>(gradient.values), gradient.cols()),
                                                  row(torch.gradient(), gradient.cols())));
      }
      const double score_difference = median(score_differences);
      const double gradient_difference = median(gradient_differences);
      if (!(score_difference <= 1e-4 && gradient_difference <= 1e-2)) {
        std::fprintf(stderr, "%s: the networks do not agree: scores %.1e, gradients %.1e\n", net.name, score_difference,
                     gradient_difference);
        agree = false;
      }
      std::vector<double> a, b, ratios;
      for (int k = 0; k < pairs; ++k) {
        const bool own_first = k % 2 == 0; // neither always runs on the other's caches
        if (own_first) a.push_back(milliseconds(own) / double(rows));
        b.push_back(milliseconds(other) / double(rows));
        if (!own_first) a.push_back(milliseconds(own) / double(rows));
        ratios.push_back(b.back() / a.back());
      }
      std::printf("%-22s %6lld %10.4f %10.4f %8.2f %12.1e %12.1e\n", net.name, static_cast<long long>(rows), median(a),
                  median(b), median(ratios), score_difference, gradient_difference);
      std::fflush(stdout);
    }
  }
  return agree ? 0 : 1;
} catch (const std::exception& fault) {
  std::fprintf(stderr, "%s\n", fault.what());
  return 1;
}
