/// @file
/// oneDNN's convolution of one image with channels last. Its primitives are made for exactly one image, so that a row's
/// bits cannot depend on its batch, and one image keeps them as busy as many do.
#pragma once

#include <advx/core/error.hpp>
#include <advx/nn/convolution.hpp>

#include <oneapi/dnnl/dnnl.h>

#include <array>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace advx::nn::detail::onednn {

inline void check(dnnl_status_t status, const char* what) {
  if (status != dnnl_success)
    throw argument_error(std::string("advx: oneDNN could not ") + what + " (status " + std::to_string(status) +
                         "); build without ADVX_WITH_ONEDNN to use the library's own convolution");
}

/// A handle of the C interface, destroyed with its owner.
template <class Handle, auto Destroy>
struct deleter {
  using pointer = Handle;
  void operator()(Handle handle) const noexcept { Destroy(handle); }
};
template <class Handle, auto Destroy>
using owner = std::unique_ptr<std::remove_pointer_t<Handle>, deleter<Handle, Destroy>>;

using engine = owner<dnnl_engine_t, dnnl_engine_destroy>;
using stream = owner<dnnl_stream_t, dnnl_stream_destroy>;
using memory = owner<dnnl_memory_t, dnnl_memory_destroy>;
using primitive = owner<dnnl_primitive_t, dnnl_primitive_destroy>;
using primitive_desc = owner<dnnl_primitive_desc_t, dnnl_primitive_desc_destroy>;
using attributes = owner<dnnl_primitive_attr_t, dnnl_primitive_attr_destroy>;
using post_ops = owner<dnnl_post_ops_t, dnnl_post_ops_destroy>;

/// The processor as an engine, and a stream on it.
struct device {
  device() {
    dnnl_engine_t e = nullptr;
    check(dnnl_engine_create(&e, dnnl_cpu, 0), "create an engine");
    cpu.reset(e);
    dnnl_stream_t s = nullptr;
    check(dnnl_stream_create(&s, e, dnnl_stream_default_flags), "create a stream");
    queue.reset(s);
  }
  engine cpu;
  stream queue;
};

/// A float tensor in a layout, with memory of its own unless it lends that of each call.
struct tensor {
  enum class storage { own, lent };

  tensor() = default;
  tensor(const device& d, const dnnl_memory_desc_t& layout, storage kind) : description(layout) {
    if (kind == storage::own) values.resize(dnnl_memory_desc_get_size(&layout));
    dnnl_memory_t m = nullptr;
    void* data = kind == storage::own ? static_cast<void*>(values.data()) : DNNL_MEMORY_NONE;
    check(dnnl_memory_create(&m, &layout, d.cpu.get(), data), "describe memory");
    handle.reset(m);
  }
  dnnl_memory_t at(const float* data) const {
    dnnl_memory_set_data_handle(handle.get(), const_cast<float*>(data));
    return handle.get();
  }
  dnnl_memory_t get() const noexcept { return handle.get(); }

  dnnl_memory_desc_t description{};
  aligned_vector<std::byte> values;
  memory handle;
};

/// A primitive and its scratch memory.
struct operation {
  operation() = default;
  /// `descriptor` is a convolution descriptor, `hint` the forward primitive of a backward one.
  operation(const device& d, const dnnl_convolution_desc_t& descriptor, bool rectified, dnnl_primitive_desc_t hint) {
    dnnl_primitive_attr_t a = nullptr;
    check(dnnl_primitive_attr_create(&a), "create attributes");
    const attributes attribute(a);
    check(dnnl_primitive_attr_set_scratchpad_mode(a, dnnl_scratchpad_mode_user), "take scratch memory");
    if (rectified) {
      dnnl_post_ops_t p = nullptr;
      check(dnnl_post_ops_create(&p), "create a post-operation");
      const post_ops post(p);
      check(dnnl_post_ops_append_eltwise(p, 1.0F, dnnl_eltwise_relu, 0.0F, 0.0F), "append a ReLU");
      check(dnnl_primitive_attr_set_post_ops(a, p), "append a ReLU");
    }
    dnnl_primitive_desc_t pd = nullptr;
    check(dnnl_primitive_desc_create(&pd, &descriptor, a, d.cpu.get(), hint), "find a convolution");
    description.reset(pd);
    dnnl_primitive_t p = nullptr;
    check(dnnl_primitive_create(&p, pd), "create a convolution");
    code.reset(p);
    scratch = tensor(d, *dnnl_primitive_desc_query_md(pd, dnnl_query_scratchpad_md, 0), tensor::storage::own);
  }

  const dnnl_memory_desc_t& layout(dnnl_query_t what) const {
    return *dnnl_primitive_desc_query_md(description.get(), what, 0);
  }
  void run(const device& d, std::initializer_list<dnnl_exec_arg_t> arguments) const {
    std::array<dnnl_exec_arg_t, 5> all{};
    std::copy(arguments.begin(), arguments.end(), all.begin());
    all[arguments.size()] = {DNNL_ARG_SCRATCHPAD, scratch.get()};
    check(dnnl_primitive_execute(code.get(), d.queue.get(), static_cast<int>(arguments.size()) + 1, all.data()),
          "run a convolution");
  }

  primitive_desc description;
  primitive code;
  tensor scratch;
};

/// Copies a tensor into another layout.
inline void reorder(const device& d, const tensor& from, const tensor& to) {
  dnnl_primitive_desc_t pd = nullptr;
  check(dnnl_reorder_primitive_desc_create(&pd, &from.description, d.cpu.get(), &to.description, d.cpu.get(), nullptr),
        "find a reorder");
  const primitive_desc description(pd);
  dnnl_primitive_t p = nullptr;
  check(dnnl_primitive_create(&p, pd), "create a reorder");
  const primitive code(p);
  const std::array<dnnl_exec_arg_t, 2> arguments{{{DNNL_ARG_FROM, from.get()}, {DNNL_ARG_TO, to.get()}}};
  check(dnnl_primitive_execute(p, d.queue.get(), 2, arguments.data()), "run a reorder");
  check(dnnl_stream_wait(d.queue.get()), "run a reorder");
}

/// The interface of `gathered_convolution<float>`.
class convolution {
public:
  convolution(const convolution_shape& numbers, const float* weights, const float* biases, bool training) : s(numbers) {
    const dnnl_dims_t source{1, s.in.channels, s.in.height, s.in.width};
    const dnnl_dims_t target{1, s.out.channels, s.out.height, s.out.width};
    const dnnl_dims_t grouped{s.groups, s.group_outputs(), s.group_inputs(), s.kernel, s.kernel};
    const dnnl_dims_t bias{s.out.channels};
    const dnnl_dims_t strides{s.stride, s.stride};
    const dnnl_dims_t padding{s.padding, s.padding};
    // The zeros behind the last pixel: what the last window needs.
    const dnnl_dims_t end{(s.out.height - 1) * s.stride + s.kernel - s.in.height - s.padding,
                          (s.out.width - 1) * s.stride + s.kernel - s.in.width - s.padding};
    const bool groups = s.groups > 1;
    const int weight_rank = groups ? 5 : 4;
    const dnnl_dim_t* weight_extents = groups ? grouped : grouped + 1;
    const auto describe = [](int rank, const dnnl_dim_t* extents, dnnl_format_tag_t tag) {
      dnnl_memory_desc_t m;
      check(dnnl_memory_desc_init_by_tag(&m, rank, extents, dnnl_f32, tag), "describe a tensor");
      return m;
    };
    const auto x = describe(4, source, dnnl_nhwc);
    const auto y = describe(4, target, dnnl_nhwc);
    const auto b = describe(1, bias, dnnl_x);
    const auto w = describe(weight_rank, weight_extents, dnnl_format_tag_any);
    model_weights =
        tensor(d, describe(weight_rank, weight_extents, groups ? dnnl_goihw : dnnl_oihw), tensor::storage::lent);

    dnnl_convolution_desc_t c;
    const auto kind = training ? dnnl_forward_training : dnnl_forward_inference;
    check(dnnl_convolution_forward_desc_init(&c, kind, dnnl_convolution_direct, &x, &w, &b, &y, strides, padding, end),
          "describe a convolution");
    forward_pass = operation(d, c, s.rectified, nullptr);
    // The hint of the backward primitives must not have a post-operation.
    const operation plain(d, c, false, nullptr);
    forward_weights = packed(forward_pass.layout(dnnl_query_weights_md), weights);
    bias_values = tensor(d, b, tensor::storage::own);
    std::copy_n(biases, s.out.channels, reinterpret_cast<float*>(bias_values.values.data()));

    // oneDNN pads a few input channels to a whole register; for them the products of this library are faster.
    constexpr index_t few = 4;
    if (s.group_inputs() <= few) {
      few_channels.emplace(s, weights, biases, false);
    } else {
      check(dnnl_convolution_backward_data_desc_init(&c, dnnl_convolution_direct, &x, &w, &y, strides, padding, end),
            "describe a convolution's input gradient");
      backward_pass = operation(d, c, false, plain.description.get());
      backward_weights = packed(backward_pass.layout(dnnl_query_weights_md), weights);
    }
    if (training) {
      check(dnnl_convolution_backward_weights_desc_init(&c, dnnl_convolution_direct, &x, &w, &b, &y, strides, padding,
                                                        end),
            "describe a convolution's weight gradient");
      weights_pass = operation(d, c, false, plain.description.get());
      weight_gradient = tensor(d, weights_pass.layout(dnnl_query_diff_weights_md), tensor::storage::own);
      weight_sum = tensor(d, weight_gradient.description, tensor::storage::own);
      bias_gradient = tensor(d, b, tensor::storage::own);
      bias_sum.resize(static_cast<std::size_t>(s.out.channels));
    }
    image = tensor(d, x, tensor::storage::lent);
    result = tensor(d, y, tensor::storage::lent);
  }

  void forward(const float* x, float* y) {
    forward_pass.run(d, {{DNNL_ARG_SRC, image.at(x)},
                         {DNNL_ARG_WEIGHTS, forward_weights.get()},
                         {DNNL_ARG_BIAS, bias_values.get()},
                         {DNNL_ARG_DST, result.at(y)}});
  }

  void input_gradient(const float* dy, float* dx) {
    if (few_channels) return few_channels->input_gradient(dy, dx);
    backward_pass.run(d, {{DNNL_ARG_DIFF_DST, result.at(dy)},
                          {DNNL_ARG_WEIGHTS, backward_weights.get()},
                          {DNNL_ARG_DIFF_SRC, image.at(dx)}});
  }

  void add_parameter_gradient(const float* x, const float* dy) {
    weights_pass.run(d, {{DNNL_ARG_SRC, image.at(x)},
                         {DNNL_ARG_DIFF_DST, result.at(dy)},
                         {DNNL_ARG_DIFF_WEIGHTS, weight_gradient.get()},
                         {DNNL_ARG_DIFF_BIAS, bias_gradient.get()}});
    add(weight_gradient, reinterpret_cast<float*>(weight_sum.values.data()), weight_sum.values.size() / sizeof(float));
    add(bias_gradient, bias_sum.data(), bias_sum.size());
  }

  void move_parameter_gradient(float* weights, float* biases) {
    aligned_vector<float> ordered(static_cast<std::size_t>(s.weight_count()));
    model_weights.at(ordered.data());
    reorder(d, weight_sum, model_weights);
    for (std::size_t i = 0; i < ordered.size(); ++i) weights[i] += ordered[i];
    for (std::size_t o = 0; o < bias_sum.size(); ++o) biases[o] += bias_sum[o];
    std::fill(weight_sum.values.begin(), weight_sum.values.end(), std::byte{});
    std::fill(bias_sum.begin(), bias_sum.end(), 0.0F);
  }

private:
  tensor packed(const dnnl_memory_desc_t& layout, const float* weights) {
    tensor to(d, layout, tensor::storage::own);
    model_weights.at(weights);
    reorder(d, model_weights, to);
    return to;
  }
  static void add(const tensor& from, float* sum, std::size_t count) {
    const auto* values = reinterpret_cast<const float*>(from.values.data());
    for (std::size_t i = 0; i < count; ++i) sum[i] += values[i];
  }

  convolution_shape s;
  device d;
  operation forward_pass, backward_pass, weights_pass;
  tensor model_weights, forward_weights, backward_weights, bias_values, image, result;
  tensor weight_gradient, weight_sum, bias_gradient;
  std::vector<float> bias_sum;
  std::optional<gathered_convolution<float>> few_channels;
};

} // namespace advx::nn::detail::onednn
