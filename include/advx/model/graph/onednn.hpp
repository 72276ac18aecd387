/// @file
/// oneDNN's convolution of one image with channels last, in up to three dimensions.
#pragma once

#include <advx/model/graph/convolution.hpp>
#include <advx/nn/onednn.hpp>

namespace advx::model::graph {

class onednn_convolution : public convolution_kernel<float> {
public:
  explicit onednn_convolution(const convolution_numbers& n) {
    namespace dnn = nn::detail::onednn;
    const bool deep = n.places.in[0] * n.places.size[0] * n.places.out[0] > 1;
    const std::size_t skipped = deep ? 0 : 1;
    const int rank = deep ? 3 : 2;
    const auto with = [&](std::initializer_list<index_t> first, const window::triple& last, auto& to) {
      index_t* end = std::copy(first.begin(), first.end(), to);
      std::copy(last.begin() + static_cast<index_t>(skipped), last.end(), end);
    };
    dnnl_dims_t source{}, target{}, kernel{}, strides{}, dilates{}, before{}, after{};
    with({1, n.in_channels}, n.places.in, source);
    with({1, n.out_channels}, n.places.out, target);
    const bool grouped = n.groups > 1;
    if (grouped)
      with({n.groups, n.group_outputs(), n.group_inputs()}, n.places.size, kernel);
    else
      with({n.out_channels, n.in_channels}, n.places.size, kernel);
    window::triple gaps{}, end{};
    for (std::size_t i = 0; i < 3; ++i) {
      gaps[i] = n.places.dilation[i] - 1;
      // The zeros behind the last value: what the last window needs.
      end[i] = (n.places.out[i] - 1) * n.places.stride[i] + (n.places.size[i] - 1) * n.places.dilation[i] + 1 -
               n.places.in[i] - n.places.before[i];
    }
    with({}, n.places.stride, strides);
    with({}, gaps, dilates);
    with({}, n.places.before, before);
    with({}, end, after);

    const auto describe = [](int ndims, const dnnl_dim_t* dims, dnnl_format_tag_t tag) {
      dnnl_memory_desc_t m;
      dnn::check(dnnl_memory_desc_init_by_tag(&m, ndims, dims, dnnl_f32, tag), "describe a tensor");
      return m;
    };
    const auto x = describe(rank + 2, source, deep ? dnnl_ndhwc : dnnl_nhwc);
    const auto y = describe(rank + 2, target, deep ? dnnl_ndhwc : dnnl_nhwc);
    const dnnl_dims_t channels{n.out_channels};
    const auto b = describe(1, channels, dnnl_x);
    const int weight_rank = rank + 2 + (grouped ? 1 : 0);
    const auto w = describe(weight_rank, kernel, dnnl_format_tag_any);
    const auto plain = describe(weight_rank, kernel,
                                deep      ? (grouped ? dnnl_goidhw : dnnl_oidhw)
                                : grouped ? dnnl_goihw
                                          : dnnl_oihw);
    const dnn::tensor model_weights(d, plain, dnn::tensor::storage::lent);
    const auto packed = [&](const dnnl_memory_desc_t& layout) {
      dnn::tensor to(d, layout, dnn::tensor::storage::own);
      model_weights.at(n.weights.data());
      dnn::reorder(d, model_weights, to);
      return to;
    };

    dnnl_convolution_desc_t c;
    dnn::check(dnnl_dilated_convolution_forward_desc_init(&c, dnnl_forward_inference, dnnl_convolution_direct, &x, &w,
                                                          &b, &y, strides, dilates, before, after),
               "describe a convolution");
    forward_pass = dnn::operation(d, c, n.rectified, nullptr);
    forward_weights = packed(forward_pass.layout(dnnl_query_weights_md));
    bias = dnn::tensor(d, b, dnn::tensor::storage::own);
    std::copy(n.bias.begin(), n.bias.end(), reinterpret_cast<float*>(bias.values.data()));

    // oneDNN pads a few input channels to a whole register; for them the products of this library are faster.
    constexpr index_t few = 4;
    if (n.group_inputs() <= few && !n.depthwise()) {
      few_channels = make_standard_convolution<float>(n);
    } else {
      const dnn::operation hint(d, c, false, nullptr); // must not have a post-operation
      dnn::check(dnnl_dilated_convolution_backward_data_desc_init(&c, dnnl_convolution_direct, &x, &w, &y, strides,
                                                                  dilates, before, after),
                 "describe a convolution's input gradient");
      backward_pass = dnn::operation(d, c, false, hint.description.get());
      backward_weights = packed(backward_pass.layout(dnnl_query_weights_md));
    }
    image = dnn::tensor(d, x, dnn::tensor::storage::lent);
    result = dnn::tensor(d, y, dnn::tensor::storage::lent);
  }

  void forward(const float* x, float* y) override {
    forward_pass.run(d, {{DNNL_ARG_SRC, image.at(x)},
                         {DNNL_ARG_WEIGHTS, forward_weights.get()},
                         {DNNL_ARG_BIAS, bias.get()},
                         {DNNL_ARG_DST, result.at(y)}});
  }
  void input_gradient(const float* dy, float* dx) override {
    if (few_channels) return few_channels->input_gradient(dy, dx);
    backward_pass.run(d, {{DNNL_ARG_DIFF_DST, result.at(dy)},
                          {DNNL_ARG_WEIGHTS, backward_weights.get()},
                          {DNNL_ARG_DIFF_SRC, image.at(dx)}});
  }

private:
  nn::detail::onednn::device d;
  nn::detail::onednn::operation forward_pass, backward_pass;
  nn::detail::onednn::tensor forward_weights, backward_weights, bias, image, result;
  std::unique_ptr<convolution_kernel<float>> few_channels;
};

/// The library's own convolution where oneDNN has none for these numbers.
inline std::unique_ptr<convolution_kernel<float>> make_onednn_convolution(const convolution_numbers& n) {
  try {
    return std::make_unique<onednn_convolution>(n);
  } catch (const argument_error&) {
    return make_standard_convolution<float>(n);
  }
}

} // namespace advx::model::graph
