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
  static constexpr auto rankings() { return advx::list<advx::norm::l2>{}; }

  template <class T>
  struct machine {
    static constexpr advx::index_t max_points = 1;
    struct state {
      bool done = false;
      advx::attack::tally tally{};
    };
    advx::index_t size;

    template <class Memory>
    machine(Memory&, const look&, advx::index_t, advx::index_t n, advx::index_t) : size(n) {}
    advx::attack::request request(const state& r) const { return {0, r.done ? 0 : 1, 0}; }
    const advx::attack::tally& tally(const state& r) const { return r.tally; }
    template <class Team>
    void begin(const Team&, state&, advx::index_t, const advx::image_ref<T>&) const {}
    template <class Team>
    void write(const Team& team, const state&, advx::index_t, const advx::image_ref<T>& image, advx::index_t,
               T* out) const {
      team.each(size, [=, x0 = image.original](advx::index_t j) { out[j] = x0[j]; });
    }
    template <class Team>
    bool observe(const Team&, state&, advx::index_t, const advx::image_ref<T>&, const advx::attack::answer<T>*) const {
      return false;
    }
    template <advx::score_scale, class Team>
    void advance(const Team&, state& r, advx::index_t, const advx::image_ref<T>&,
                 const advx::attack::answer<T>*) const {
      r.done = true;
    }
  };
};

void attack(const model& m, const advx::batch<float>& images, const advx::goal::untargeted& goal) {
  advx::run(look{}, m, images, goal);
}
