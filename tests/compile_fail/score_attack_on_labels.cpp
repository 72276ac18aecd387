// expect: advx: this attack needs scores: .*a model that answers labels only takes label attacks
#include <advx/advx.hpp>

#include "models.hpp"

#ifdef ADVX_FIXED
using model = models::model<models::score_session>;
#else
using model = models::model<models::label_session>;
#endif

/// Asks for the scores of the original, and ends.
struct look {
  static constexpr advx::attack::access access = advx::attack::access::scores;
  void check() const {}
  static constexpr double confidence() { return 0; }
  static constexpr auto rankings() { return std::tuple<advx::norm::l2>(); }

  template <class T, class Backend>
  struct machine {
    static constexpr advx::index_t max_points = 1;
    advx::index_t size;
    std::vector<char> done;
    advx::attack::tally none{};

    machine(Backend&, const look&, advx::index_t slots, advx::index_t n, advx::index_t)
        : size(n),
          done(static_cast<std::size_t>(slots)) {}
    advx::attack::request request(advx::index_t s) const {
      return {0, done[static_cast<std::size_t>(s)] != 0 ? 0 : 1, 0};
    }
    const advx::attack::tally& tally(advx::index_t) const { return none; }
    template <class Team>
    void begin(const Team&, advx::index_t s, const advx::image_ref<T>&) {
      done[static_cast<std::size_t>(s)] = 0;
    }
    template <class Team>
    void write(const Team& team, advx::index_t, const advx::image_ref<T>& image, advx::index_t, T* out) const {
      team.each(size, [=, x0 = image.original](advx::index_t j) { out[j] = x0[j]; });
    }
    template <class Team>
    bool observe(const Team&, advx::index_t, const advx::image_ref<T>&, const advx::attack::answer<T>*) {
      return false;
    }
    template <advx::score_scale, class Team>
    void advance(const Team&, advx::index_t s, const advx::image_ref<T>&, const advx::attack::answer<T>*) {
      done[static_cast<std::size_t>(s)] = 1;
    }
  };
};

void attack(const model& m, const advx::batch<float>& images, const advx::goal::untargeted& goal) {
  advx::run(look{}, m, images, goal);
}
