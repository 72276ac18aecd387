// What the compile-time benchmark compiles.
#pragma once

#include <string>
#include <vector>

namespace compile_time {

/// A translation unit: one of the sources beside this file, and what makes it this unit.
struct unit {
  std::string name;
  std::string source;                   ///< a path from the source root
  std::vector<std::string> definitions; ///< macros, each a name and its value
  std::string needs;                    ///< a header without which it is left out; empty: none
  bool cuda = false;                    ///< for nvcc alone
};

inline std::vector<unit> units() {
  const std::string folder = "benchmarks/compile_time/";
  std::vector<unit> all{{"standard headers", folder + "standard.cpp", {}, {}},
                        {"xtensor alone", folder + "xtensor_alone.cpp", {}, "xtensor/xtensor.hpp"}};

  const auto umbrella = [&](const std::string& header, const std::string& needs, bool cuda = false) {
    all.push_back({header, folder + "umbrella.cpp", {"ADVX_HEADER <advx/" + header + ">"}, needs, cuda});
    if (!cuda && needs == "thrust/version.h") // as CMake's target advx::thrust says
      for (const char* system : {"HOST", "DEVICE"})
        all.back().definitions.push_back(std::string("THRUST_") + system + "_SYSTEM THRUST_" + system + "_SYSTEM_CPP");
  };
  umbrella("advx.hpp", "");
  umbrella("xtensor.hpp", "xtensor/xtensor.hpp");
  umbrella("thrust.hpp", "thrust/version.h");
  umbrella("thrust_cuda.hpp", "thrust/version.h", true);
  umbrella("nn/models.hpp", "");
  umbrella("nn/xtensor.hpp", "xtensor-blas/xlinalg.hpp");
  umbrella("nn/thrust.hpp", "thrust/version.h");
  umbrella("nn/cuda.hpp", "thrust/version.h", true);

  struct named {
    const char *name, *expression;
  };
  // Each is an attack of its own: the same with another norm costs the same.
  constexpr named attacks[] = {
      {"fgm_linf", "attack::fgm_linf{}"},
      {"ifgm_linf", "attack::ifgm_linf{}"},
      {"mi_fgm_linf", "attack::mi_fgm_linf{}"},
      {"pgd_linf", "attack::pgd_linf{}"},
      {"fgm_grid_l2", "attack::fgm_grid_l2{}"},
      {"fgm_bisection_l2", "attack::fgm_bisection_l2{}"},
      {"carlini_wagner_l2", "attack::carlini_wagner_l2{}"},
      {"elastic_net", "attack::elastic_net{}"},
      {"elastic_net_change_of_variable", "attack::elastic_net_change_of_variable<>{}"},
      {"carlini_wagner_linf", "attack::carlini_wagner_linf{}"},
      {"carlini_wagner_l0", "attack::carlini_wagner_l0{}"},
      {"deepfool_l2", "attack::deepfool_l2{}"},
      {"sparsefool", "attack::sparsefool{}"},
      {"jsma", "attack::jsma{}"},
      {"lbfgs", "attack::lbfgs{}"},
      {"tabacof_valle", "attack::tabacof_valle{}"},
      {"one_pixel", "attack::one_pixel{}"},
      {"gen_attack", "attack::gen_attack{}"},
      {"square_linf", "attack::square_linf{}"},
      {"zoo_adam", "attack::zoo_adam{}"},
      {"hop_skip_jump_l2", "attack::hop_skip_jump_l2{}"},
      {"deepfool_l2 on the 8-bit grid", "attack::on_lattice{attack::deepfool_l2{}}"},
      {"a user's recipe",
       "attack::penalty{norm::l1{}, loss::margin{}, optimizer::rmsprop{}, space::tanh{}, search::line{}}"},
  };
  struct place {
    const char *name, *macro, *needs;
    bool cuda;
  };
  constexpr place places[] = {{"reference", "ADVX_ON_REFERENCE", "", false},
                              {"xtensor", "ADVX_ON_XTENSOR", "xtensor/xtensor.hpp", false},
                              {"cuda", "ADVX_ON_CUDA", "thrust/version.h", true}};
  for (const place& on : places)
    for (const named& a : attacks)
      all.push_back({std::string(a.name) + " on " + on.name,
                     folder + "attack.cpp",
                     {std::string(on.macro) + " 1", std::string("ADVX_ATTACK ") + a.expression},
                     on.needs,
                     on.cuda});
  all.push_back({"examples/compose_your_own.cpp", "examples/compose_your_own.cpp", {}, "xtensor/xtensor.hpp"});
  all.push_back({"examples/quick_start.cpp", "examples/quick_start.cpp", {}, "xtensor-blas/xlinalg.hpp"}); // a network
  return all;
}

} // namespace compile_time
