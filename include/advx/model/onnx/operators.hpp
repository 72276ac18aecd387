/// @file
/// The table of the ONNX operators that are supported.
#pragma once

#include <advx/model/onnx/shape_operators.hpp>

#include <algorithm>
#include <array>
#include <string_view>

namespace advx::model::onnx {

struct known_operator {
  std::string_view name;
  value (*translate)(call&);
};

/// Beside these: Constant, ConstantOfShape and Shape, which make constants, and Split, which has several outputs.
inline constexpr std::array known_operators{
    known_operator{"Abs", operators::plain_function<graph::function::absolute>},
    known_operator{"Add", operators::add},
    known_operator{"AveragePool", operators::average_pool},
    known_operator{"BatchNormalization", operators::batch_normalization},
    known_operator{"Cast", operators::cast},
    known_operator{"Clip", operators::clip},
    known_operator{"Concat", operators::concatenate},
    known_operator{"Conv", operators::convolution},
    known_operator{"Div", operators::divide},
    known_operator{"Dropout", operators::dropout},
    known_operator{"Elu", operators::elu},
    known_operator{"Erf", operators::plain_function<graph::function::error_function>},
    known_operator{"Exp", operators::plain_function<graph::function::exponential>},
    known_operator{"Expand", operators::expand},
    known_operator{"Flatten", operators::flatten},
    known_operator{"Gather", operators::gather},
    known_operator{"Gemm", operators::gemm},
    known_operator{"GlobalAveragePool", operators::global_average_pool},
    known_operator{"GlobalMaxPool", operators::global_max_pool},
    known_operator{"HardSigmoid", operators::hard_sigmoid},
    known_operator{"HardSwish", operators::plain_function<graph::function::hard_swish>},
    known_operator{"Identity", operators::identity},
    known_operator{"LeakyRelu", operators::leaky_relu},
    known_operator{"Log", operators::plain_function<graph::function::logarithm>},
    known_operator{"LogSoftmax", operators::log_softmax},
    known_operator{"MatMul", operators::matrix_product},
    known_operator{"Max", operators::maximum},
    known_operator{"MaxPool", operators::max_pool},
    known_operator{"Min", operators::minimum},
    known_operator{"Mul", operators::multiply},
    known_operator{"Neg", operators::negative},
    known_operator{"PRelu", operators::parametric_relu},
    known_operator{"Pad", operators::pad},
    known_operator{"Pow", operators::power},
    known_operator{"Reciprocal", operators::plain_function<graph::function::reciprocal>},
    known_operator{"ReduceMean", operators::reduce_mean},
    known_operator{"ReduceSum", operators::reduce_sum},
    known_operator{"Relu", operators::plain_function<graph::function::relu>},
    known_operator{"Reshape", operators::reshape},
    known_operator{"Selu", operators::selu},
    known_operator{"Sigmoid", operators::plain_function<graph::function::sigmoid>},
    known_operator{"Slice", operators::slice},
    known_operator{"Softmax", operators::softmax},
    known_operator{"Softplus", operators::plain_function<graph::function::softplus>},
    known_operator{"Softsign", operators::plain_function<graph::function::softsign>},
    known_operator{"Sqrt", operators::plain_function<graph::function::square_root>},
    known_operator{"Squeeze", operators::squeeze},
    known_operator{"Sub", operators::subtract},
    known_operator{"Sum", operators::sum},
    known_operator{"Tanh", operators::plain_function<graph::function::tanh>},
    known_operator{"Transpose", operators::transpose},
    known_operator{"Unsqueeze", operators::unsqueeze},
};

inline const known_operator* find_operator(std::string_view name) {
  const auto* found = std::find_if(known_operators.begin(), known_operators.end(),
                                   [&](const known_operator& o) { return o.name == name; });
  return found == known_operators.end() ? nullptr : found;
}

} // namespace advx::model::onnx
