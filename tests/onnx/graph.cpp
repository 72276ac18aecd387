// Every operator of a graph: its pullback is the transposed derivative, and a row's bits do not depend on its batch.
#include <advx/backend/reference/reference.hpp>
#include <advx/model/graph/builder.hpp>
#include <advx/model/graph/classifier.hpp>
#include <advx/testing/check_model.hpp>
#include <advx/testing/check_vjp.hpp>

#include <catch2/catch.hpp>

namespace graph = advx::model::graph;
using advx::index_t;
using graph::builder;
using graph::constants;
using graph::extents;
using graph::view;

namespace {

std::vector<float> numbers(index_t count, std::uint32_t stream, double low = -1, double high = 1) {
  const advx::kernel::random_stream random{3, stream, 0};
  std::vector<float> values;
  for (index_t i = 0; i < count; ++i)
    values.push_back(static_cast<float>(low + (high - low) * random.uniform<double>(i)));
  return values;
}
constants random(const extents& e, std::uint32_t stream, double low = -1, double high = 1) {
  return {e, numbers(graph::size_of(e), stream, low, high)};
}

/// What `make` builds over images of these extents, in float and in double.
template <class Make>
void check(const char* what, const extents& image, const Make& make, double lower = -1, double upper = 1) {
  INFO(what);
  builder b(image);
  const view scores = make(b, b.input());
  const graph::classifier<advx::score_scale::logits, float> model(b.finish(scores), image);
  const auto vjp = advx::testing::check_vjp(model.template as<double>(), {.lower = lower, .upper = upper, .images = 3});
  INFO(vjp.fault);
  CHECK(vjp);
  const auto rows =
      advx::testing::check_model(model, {.lower = lower, .upper = upper, .batches = {1, 2, 3, 7, 33, 40}});
  INFO(rows.fault);
  CHECK(rows);
}

graph::window_request window(extents size, extents stride, extents before, extents after, extents dilation = {}) {
  if (dilation.empty()) dilation.assign(size.size(), 1);
  return {size, stride, dilation, before, after};
}

} // namespace

TEST_CASE("functions of each value") {
  const auto apply = [](auto function) { return [=](builder& b, const view& x) { return b.apply(x, function); }; };
  using namespace graph::function;
  check("relu", {7}, apply(relu{}));
  check("leaky_relu", {7}, apply(leaky_relu{0.3F}));
  check("clip", {7}, apply(clip{-0.4F, 0.5F}));
  check("hard_sigmoid", {7}, apply(hard_sigmoid{0.9F, 0.5F}));
  check("absolute", {7}, apply(absolute{}));
  check("hard_swish", {7}, apply(hard_swish{}), -4, 4);
  check("sigmoid", {7}, apply(sigmoid{}), -4, 4);
  check("tanh", {7}, apply(graph::function::tanh{}), -2, 2);
  check("elu", {7}, apply(elu{0.7F, 1.1F}), -2, 2);
  check("exponential", {7}, apply(exponential{}));
  check("logarithm", {7}, apply(logarithm{}), 0.5, 2);
  check("square_root", {7}, apply(square_root{}), 0.5, 2);
  check("reciprocal", {7}, apply(reciprocal{}), 0.5, 2);
  check("softplus", {7}, apply(softplus{}), -3, 3);
  check("softsign", {7}, apply(softsign{}), -3, 3);
  check("error_function", {7}, apply(error_function{}), -2, 2);
}

TEST_CASE("arithmetic with constants and between arrays") {
  using graph::arithmetic;
  check("affine, one", {2, 3}, [](builder& b, const view& x) {
    return b.affine(x, constants{{}, {3}}, constants{{1}, {2}});
  });
  check("affine, a row", {2, 3}, [](builder& b, const view& x) {
    return b.affine(x, random({3}, 1), random({2, 1}, 2));
  });
  check("affine, more axes", {1, 3}, [](builder& b, const view& x) {
    return b.affine(x, random({4, 1}, 1), std::nullopt);
  });
  for (const arithmetic kind : {arithmetic::add, arithmetic::subtract, arithmetic::multiply, arithmetic::divide,
                                arithmetic::maximum, arithmetic::minimum}) {
    INFO(static_cast<int>(kind));
    check("with itself", {5},
          [&](builder& b, const view& x) { return b.combine(kind, x, b.apply(x, graph::function::exponential{})); });
    check(
        "the same twice", {5},
        [&](builder& b, const view& x) {
          const view y = b.apply(x, graph::function::sigmoid{});
          return b.combine(kind, y, y);
        },
        -2, 2);
    check("channels against an image", {3, 2, 2}, [&](builder& b, const view& x) {
      const view pooled = b.mean_pool(x, window({2, 2}, {1, 1}, {0, 0}, {0, 0}), false);
      return b.combine(kind, x, b.apply(pooled, graph::function::exponential{}));
    });
    check("a row against a matrix", {3, 4}, [&](builder& b, const view& x) {
      const view row = b.apply(b.sum(x, {0}, 0.5F), graph::function::exponential{});
      return b.combine(kind, row, b.apply(x, graph::function::exponential{}));
    });
  }
}

TEST_CASE("products") {
  check("one line", {37}, [](builder& b, const view& x) { return b.multiply(x, random({37, 50}, 1), numbers(50, 2)); });
  check("lines", {5, 7}, [](builder& b, const view& x) { return b.multiply(x, random({7, 3}, 1), {}); });
  check("matrices of the image", {2, 3, 4}, [](builder& b, const view& x) {
    return b.multiply(x, b.transpose(x, {0, 2, 1}));
  });
  check("a matrix of the image against a constant one", {2, 3, 4}, [](builder& b, const view& x) {
    return b.multiply(b.constant(random({5, 3}, 4)), x);
  });
}

TEST_CASE("convolutions") {
  struct test {
    const char* name;
    extents image;
    extents weights;
    index_t groups;
    graph::window_request w;
  };
  const test tests[]{
      {"plain", {3, 8, 7}, {5, 3, 3, 3}, 1, window({3, 3}, {1, 1}, {0, 0}, {0, 0})},
      {"many channels", {20, 6, 6}, {33, 20, 3, 3}, 1, window({3, 3}, {1, 1}, {1, 1}, {1, 1})},
      {"uneven", {6, 9, 8}, {4, 6, 3, 2}, 1, window({3, 2}, {2, 3}, {2, 0}, {0, 1})},
      {"dilated", {6, 9, 9}, {4, 6, 3, 3}, 1, window({3, 3}, {1, 1}, {2, 2}, {2, 2}, {2, 2})},
      {"groups", {6, 5, 5}, {9, 2, 3, 3}, 3, window({3, 3}, {1, 1}, {1, 1}, {1, 1})},
      {"depthwise", {18, 7, 7}, {18, 1, 3, 3}, 18, window({3, 3}, {2, 2}, {1, 1}, {1, 1})},
      {"pointwise", {18, 4, 5}, {7, 18, 1, 1}, 1, window({1, 1}, {1, 1}, {0, 0}, {0, 0})},
      {"pointwise with strides", {8, 5, 5}, {7, 8, 1, 1}, 1, window({1, 1}, {2, 2}, {0, 0}, {0, 0})},
      {"of a line", {4, 11}, {6, 4, 3}, 1, window({3}, {2}, {1}, {1})},
      {"of a volume", {2, 4, 5, 6}, {3, 2, 2, 3, 3}, 1, window({2, 3, 3}, {1, 2, 1}, {0, 1, 1}, {1, 1, 0})},
  };
  for (const test& t : tests) {
    check(t.name, t.image, [&](builder& b, const view& x) {
      return b.convolve(x, t.w, t.groups, random(t.weights, 1), numbers(t.weights[0], 2));
    });
  }
}

TEST_CASE("pools") {
  const auto w = window({3, 2}, {2, 1}, {1, 0}, {1, 1});
  check("max", {3, 7, 6}, [&](builder& b, const view& x) { return b.max_pool(x, w); });
  check("max, dilated", {3, 7, 6}, [&](builder& b, const view& x) {
    return b.max_pool(x, window({2, 2}, {1, 1}, {0, 0}, {0, 0}, {3, 2}));
  });
  check("max, large", {2, 17, 17}, [&](builder& b, const view& x) {
    return b.max_pool(x, window({17, 17}, {1, 1}, {0, 0}, {0, 0}));
  });
  check("mean", {3, 7, 6}, [&](builder& b, const view& x) { return b.mean_pool(x, w, false); });
  check("mean with padding", {3, 7, 6}, [&](builder& b, const view& x) { return b.mean_pool(x, w, true); });
}

TEST_CASE("axes") {
  const auto conv = [](builder& b, const view& x) { // leaves its channels last
    return b.convolve(x, window({1, 1}, {1, 1}, {0, 0}, {0, 0}), 1, random({4, 3, 1, 1}, 1), {});
  };
  for (const bool last : {false, true}) {
    INFO(last);
    const auto with = [&](auto f) { return [=](builder& b, const view& x) { return f(b, last ? conv(b, x) : x); }; };
    const extents image{3, 4, 5};
    for (const std::size_t axis : {0U, 1U, 2U}) {
      INFO(axis);
      check("softmax", image, with([=](builder& b, const view& x) { return b.softmax(x, axis, false); }));
      check("log softmax", image, with([=](builder& b, const view& x) { return b.softmax(x, axis, true); }));
      check("sum", image, with([=](builder& b, const view& x) { return b.sum(x, {axis}, 0.3F); }));
      check("concatenate", image, with([=](builder& b, const view& x) {
              return b.concatenate({x, b.apply(x, graph::function::tanh{}), x}, axis);
            }));
      check("take", image, with([=](builder& b, const view& x) { return b.take(x, axis, {2, 0, 2}, {3}); }));
    }
    check("slice", image, with([](builder& b, const view& x) { return b.slice(x, {2, 0, 1}, {-1, 2, 1}, {3, 2, 2}); }));
    check("pad", image, with([](builder& b, const view& x) {
            return b.pad(x, {0, 1, 2}, {0, -1, 1}, 7, [](index_t p, index_t n) { return p < 0 || p >= n ? -1 : p; });
          }));
    check("transpose", image, with([](builder& b, const view& x) { return b.transpose(x, {2, 0, 1}); }));
    check("reshape", image, with([](builder& b, const view& x) {
            return b.softmax(b.reshape(x, {2, graph::size_of(x.dims) / 2}), 1, false);
          }));
    check("expand", image, with([](builder& b, const view& x) {
            return b.expand(b.sum(x, {1}, 1), {2, x.dims[0], 3, x.dims[2]});
          }));
  }
}

TEST_CASE("a network with branches, fusions and shared arrays") {
  const auto make = [](builder& b, const view& x) {
    const auto three = window({3, 3}, {1, 1}, {1, 1}, {1, 1});
    const auto conv = [&](const view& v, index_t outputs, std::uint32_t stream) {
      const view y = b.convolve(v, three, 1, random({outputs, v.dims[0], 3, 3}, stream, -0.3, 0.3), {});
      return b.affine(y, random({outputs, 1, 1}, stream + 50, 0.5, 1.5), random({outputs, 1, 1}, stream + 100));
    };
    view v = b.apply(conv(x, 8, 1), graph::function::relu{});
    for (std::uint32_t block = 0; block < 3; ++block) {
      const view inner = b.apply(conv(v, 8, 10 + block), graph::function::relu{});
      v = b.apply(b.combine(graph::arithmetic::add, conv(inner, 8, 20 + block), v), graph::function::relu{});
    }
    const view pooled = b.max_pool(v, window({2, 2}, {2, 2}, {0, 0}, {0, 0}));
    const view flat = b.reshape(pooled, {graph::size_of(pooled.dims)});
    const view hidden =
        b.apply(b.multiply(flat, random({flat.dims[0], 40}, 30, -0.1, 0.1), {}), graph::function::relu{});
    b.apply(hidden, graph::function::tanh{}); // nothing needs it
    return b.affine(b.multiply(hidden, random({40, 10}, 31), numbers(10, 32)), random({10}, 33), std::nullopt);
  };
  check("residual", {3, 8, 8}, make);

  builder b({3, 8, 8});
  const view scores = make(b, b.input());
  const graph::network net = b.finish(scores);
  // A flip into channels last; 7 convolutions, 7 relus, 3 sums, 1 pool; 2 products, 1 relu: everything else is fused.
  CHECK(net.nodes.size() == 1 + 7 + 7 + 3 + 1 + 3);
}

TEST_CASE("a graph refuses what does not fit, by a sentence") {
  builder b({3, 8, 8}, 100000);
  const view x = b.input();
  CHECK_THROWS_WITH(b.reshape(x, {5}), Catch::Contains("values of extents [3, 8, 8] cannot be seen as [5]"));
  CHECK_THROWS_WITH(b.convolve(x, window({3, 3}, {1, 1}, {0, 0}, {0, 0}), 2, random({4, 3, 3, 3}, 1), {}),
                    Catch::Contains("3 channels in 2 groups"));
  CHECK_THROWS_WITH(b.convolve(x, window({3, 3}, {0, 1}, {0, 0}, {0, 0}), 1, random({4, 3, 3, 3}, 1), {}),
                    Catch::Contains("stride is 0"));
  CHECK_THROWS_WITH(b.max_pool(x, window({9, 9}, {1, 1}, {0, 0}, {0, 0})), Catch::Contains("does not fit 8 values"));
  CHECK_THROWS_WITH(b.expand(x, {1000, 3, 8, 8}), Catch::Contains("more than 100000 values"));
  CHECK_THROWS_WITH(b.expand(x, {index_t{1} << 40, 3, 8, 8}), Catch::Contains("more than"));
  CHECK_THROWS_WITH(b.multiply(x, random({7, 2}, 1), {}),
                    Catch::Contains("the last extent must be the weights' first"));
  CHECK_THROWS_WITH(b.combine(graph::arithmetic::add, x, b.transpose(x, {1, 0, 2})),
                    Catch::Contains("do not go together"));
  CHECK_THROWS_AS(builder({0}), advx::argument_error);
}
