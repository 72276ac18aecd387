#include <advx/backend/xtensor/xtensor.hpp>
#include <advx/core/error.hpp>
#if defined(ADVX_COMMAND_HAS_THRUST)
#include <advx/backend/thrust/system.hpp>
#endif

#include "engine.hpp"
#include "text.hpp"

namespace advx_command {

std::span<const backend_choice> backends() {
  static const backend_choice all[] = {
    {"xtensor", catalogue_of<advx::backend::xtensor>, open_on<advx::backend::xtensor>},
#if defined(ADVX_COMMAND_HAS_THRUST)
    {"thrust-omp", catalogue_of<advx::backend::thrust_omp>, open_on<advx::backend::thrust_omp>},
#endif
  };
  return all;
}

const backend_choice& backend_named(const std::string& name) {
  std::vector<std::string> names;
  for (const backend_choice& b : backends()) {
    if (name == b.name) return b;
    names.emplace_back(b.name);
  }
  if (name == "thrust-omp")
    throw advx::argument_error(
        "advx: --backend: this program was built without thrust-omp, for want of Thrust (CCCL 3) "
        "or OpenMP; leave --backend out");
  if (name == "thrust-cuda")
    throw advx::argument_error("advx: --backend: networks from ONNX files run on the host, not on thrust-cuda; leave "
                               "--backend out");
  throw advx::argument_error("advx: --backend: this program has no backend '" + name + "'" + suggestion(name, names));
}

} // namespace advx_command
