/// @file
/// Estimates of gradients of a model that only answers scores, from random directions.
#pragma once

#include <advx/core/require.hpp>
#include <advx/kernel/philox.hpp>
#include <advx/model/differences.hpp>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <span>

namespace advx::model {

/// What random directions are made of.
enum class directions {
  gaussian, ///< standard normal coordinates: natural evolution strategies (Ilyas et al. 2018)
  signs,    ///< −1 or 1: simultaneous perturbation, SPSA (Spall 1992; Uesato et al. 2018)
};

/// A score model with an estimated pullback: the mean over samples/2 directions u of
/// u·v·(z(x + σu) − z(x − σu))/(2σ), whose expectation is the gradient of v·z smoothed over σ (Ilyas et al. 2018,
/// section 2.2, with antithetic pairs). With it every gradient attack runs over a model of scores. Each pulled row
/// costs `samples` answers; a result's `queries` count forward rows only, so add pullback_rows ×
/// `queries_per_pullback()`.
///
/// Of n pairs in d coordinates the estimate's cosine with the gradient is about √(n/(n + d)).
///
/// A model knows neither an image's number nor an attack's step. The directions are a function of the seed and of the
/// image's own values instead: the gradient is a function of the image, has the same bits in every batch and order, and
/// all rows of a Jacobian share their directions; a step to another image draws others. But at one and the same image
/// the estimate is the same, in restarts and repeated runs too, until the seed is another one.
///
/// The points may lie outside the box by σ|u|.
template <class Model>
class nes : public detail::adaptor<Model> {
public:
  using typename detail::adaptor<Model>::scalar;

  /// @param samples answers for a gradient, even and ≥ 2
  /// @param sigma   σ > 0, in the unit of the images
  /// @throws argument_error for other values
  explicit nes(Model model, index_t samples = 50, double sigma = 1e-3, std::uint64_t seed = 0,
               directions kind = directions::gaussian)
      : detail::adaptor<Model>(std::forward<Model>(model)),
        samples_(samples),
        sigma_(sigma),
        seed_(seed),
        kind_(kind) {
    ::advx::detail::require(samples >= 2 && samples % 2 == 0, "model::nes", "samples", "samples >= 2, even",
                            double(samples));
    ::advx::detail::require(sigma > 0 && sigma - sigma == 0, "model::nes", "sigma", "sigma > 0", sigma);
  }

  /// Answers that one pulled row costs.
  index_t queries_per_pullback() const { return samples_; }
  double sigma() const { return sigma_; }

  template <class Backend>
  class session_type : public detail::pair_session<Model, Backend> {
  public:
    session_type(const nes& model, Backend& backend, index_t capacity)
        : detail::pair_session<Model, Backend>("model::nes", model.inner(), backend, capacity, model.samples_ / 2),
          count_(model.samples_ / 2),
          sigma_(static_cast<scalar>(model.sigma_)),
          seed_(model.seed_),
          kind_(model.kind_) {}

    index_t queries_per_pullback() const { return 2 * count_; }

    void pullback(std::span<const index_t> rows, batch_view<const scalar> cotangent, batch_view<scalar> gradient) {
      for (index_t i = 0; i < static_cast<index_t>(rows.size()); ++i) {
        const scalar* x = this->image(rows[static_cast<std::size_t>(i)]);
        const std::uint64_t seed = seed_ + digest(x);
        if constexpr (!session_type::row_invariant) this->fill(x);
        scalar* g = gradient.row(i);
        this->team().each(this->size(), [=](index_t j) { g[j] = 0; });
        for (index_t first = 0; first < count_; first += this->pairs())
          add(x, seed, cotangent.row(i), g, first, std::min(this->pairs(), count_ - first));
      }
    }

  private:
    /// The share of pairs [first, first + count) in the gradient.
    void add(const scalar* x, std::uint64_t seed, const scalar* v, scalar* gradient, index_t first, index_t count) {
      const index_t n = this->size();
      for (index_t k = 0; k < count; ++k) {
        const kernel::random_stream random{seed, 0, static_cast<std::uint32_t>(first + k)};
        scalar *up = this->points() + 2 * k * n, *down = up + n;
        this->team().each(n, [=, h = sigma_, signs = kind_ == directions::signs](index_t j) {
          const scalar u =
              signs ? ((random.bits(j) & 1U) != 0 ? scalar(1) : scalar(-1)) : random.template normal<scalar>(j);
          up[j] = x[j] + h * u;
          down[j] = x[j] - h * u;
        });
      }
      this->ask(count);
      const auto change = this->change(v);
      for (index_t k = 0; k < count; ++k) {
        // u as it was rounded into the two points.
        const double sigma = double(sigma_);
        const auto share = static_cast<scalar>(change(k) / (4 * sigma * sigma * double(count_)));
        const scalar *up = this->points() + 2 * k * n, *down = up + n;
        this->team().each(n, [=](index_t j) { gradient[j] += share * (up[j] - down[j]); });
      }
    }
    /// A number that differs where images do.
    std::uint64_t digest(const scalar* x) const {
      using bits = std::conditional_t<sizeof(scalar) == 4, std::uint32_t, std::uint64_t>;
      std::uint64_t h = 0;
      for (index_t j = 0; j < this->size(); ++j) {
        h = (h ^ std::bit_cast<bits>(x[j])) * 0x9E3779B97F4A7C15ULL;
        h ^= h >> 32;
      }
      return h;
    }

    index_t count_; ///< pairs
    scalar sigma_;
    std::uint64_t seed_;
    directions kind_;
  };

  template <class Backend>
  session_type<Backend> session(Backend& backend, index_t capacity) const {
    detail::require_host_memory<Backend>();
    return {*this, backend, capacity};
  }

private:
  index_t samples_;
  double sigma_;
  std::uint64_t seed_;
  directions kind_;
};
template <class Model, class... Numbers>
nes(Model, Numbers...) -> nes<Model>;

} // namespace advx::model
