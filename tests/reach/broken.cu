// What the check must find: a function of the host's, called from within two lambdas of constexpr functions.

inline float of_the_host(float v) { return v + 1; }

struct program {
  float* values;
  template <class Team>
  constexpr void operator()(const Team& team, advx::index_t r) const {
    const auto get = [row = values + r](advx::index_t j) { return of_the_host(row[j]); };
    values[r] = team.template sum<float>(3, [=](advx::index_t j) { return get(j); });
  }
};

void run() { reach::device{}.rows(1, program{nullptr}); }
