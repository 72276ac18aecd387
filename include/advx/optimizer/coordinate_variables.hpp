/// @file
/// How the variables of coordinate descent make an image, in every space.
#pragma once

#include <advx/core/image.hpp>
#include <advx/kernel/math.hpp>
#include <advx/space/reduced.hpp>

namespace advx::optimizer::detail {

/// A space whose variables are the coordinates: nothing to keep.
template <class Space, class T>
struct variables_of {
  template <class Memory>
  variables_of(Memory&, const Space&, index_t, index_t) {}

  static constexpr index_t variables(const Space&, index_t, index_t size) { return size; }
  static constexpr bool has_next(const Space&, index_t) { return false; }
  static constexpr bool is_due(const Space&, index_t, index_t) { return false; }
  template <class Team>
  constexpr void raise(const Team&, const Space&, index_t, index_t, T*, T*) const {}
  template <class Team>
  constexpr void enter(const Team&, const Space&, index_t, index_t) const {}
  template <class Team>
  constexpr bool weigh(const Team&, const Space&, index_t, index_t, const T*) const {
    return false;
  }
  static constexpr T weight(const Space&, index_t, index_t, index_t) { return T(1); }

  template <class Team>
  constexpr void decode(const Team& team, const Space& space, index_t, index_t, const image_ref<T>& image, const T* z,
                        T* x) const {
    team.each(image.size, [=](index_t j) { x[j] = space.decode(z[j], image.side(j)); });
  }
  /// Writes what variable k + h changes into the image `out` of the variables z.
  template <class Team>
  constexpr void move(const Team& team, const Space& space, index_t, index_t, const image_ref<T>& image, const T* z,
                      index_t k, T h, T* out) const {
    team.each(1, [=](index_t) { out[k] = space.decode(z[k] + h, image.side(k)); });
  }
  /// How far apart z + h and z − h are as they are stored.
  static constexpr double distance(T z, T h) { return double(T(z + h)) - double(T(z - h)); }
  static constexpr T bound(const Space& space, const image_ref<T>& image, index_t k, T z) {
    return space.bound(z, image.side(k));
  }
  template <class F>
  static constexpr void over_support(const Space&, index_t, index_t k, F f) {
    f(k);
  }
  /// Brings the image up to date where `count` variables of `list` have changed.
  template <class Team>
  constexpr void changed(const Team& team, const Space& space, index_t, index_t, const image_ref<T>& image, const T* z,
                         const std::int32_t* list, index_t count, T* x) const {
    team.each(count, [=](index_t i) { x[list[i]] = space.decode(z[list[i]], image.side(list[i])); });
  }
};

/// A space of fewer variables: keeps, per slot, its functions at every row and column, the product of the variables
/// with the columns', and decode's argument.
template <class Space, class T>
  requires space::is_reduced<Space>
struct variables_of<Space, T> {
  static constexpr index_t regions = 8; ///< a side of a channel, in the draw by importance

  template <class Memory>
  variables_of(Memory& memory, const Space& space, index_t slots, index_t size)
      : length(size),
        row_room(space.at(space.level_count() - 1).height * space.image.height),
        column_room(space.at(space.level_count() - 1).width * space.image.width),
        half_room(space.image.channels * space.at(space.level_count() - 1).height * space.image.width),
        rows(memory.template take<T>(slots * row_room)),
        columns(memory.template take<T>(slots * column_room)),
        halves(memory.template take<T>(slots * half_room)),
        arguments(memory.template take<T>(slots * size)),
        pooled(memory.template take<T>(slots * space.image.channels * regions * regions)) {}

  static constexpr index_t variables(const Space& space, index_t level, index_t) {
    return space.image.channels * space.at(level).variables();
  }
  static constexpr bool has_next(const Space& space, index_t level) { return level + 1 < space.level_count(); }
  static constexpr bool is_due(const Space& space, index_t level, index_t step) {
    return has_next(space, level) && space.at(level + 1).from > 0 && step >= space.at(level + 1).from;
  }
  /// Carries the variables y over to the next level; `free` has as much room.
  template <class Team>
  constexpr void raise(const Team& team, const Space& space, index_t, index_t level, T* y, T* free) const {
    const space::level from = space.at(level), to = space.at(level + 1);
    const index_t many = space.image.channels * to.variables();
    team.each(many, [=](index_t k) {
      const index_t row = k / to.width % to.height, column = k % to.width;
      const T* own = y + k / to.variables() * from.variables();
      T sum = 0;
      for (index_t r = 0; r < from.height; ++r) {
        const T by_row = Space::basis::template raised<T>(r, row, from.height, to.height);
        if (!(by_row > T(0))) continue;
        for (index_t c = 0; c < from.width; ++c)
          sum += by_row * Space::basis::template raised<T>(c, column, from.width, to.width) * own[r * from.width + c];
      }
      free[k] = sum;
    });
    team.each(many, [=](index_t k) { y[k] = free[k]; });
  }
  /// Writes down a level's functions.
  template <class Team>
  constexpr void enter(const Team& team, const Space& space, index_t s, index_t level) const {
    const space::level at = space.at(level);
    T *row = rows + s * row_room, *column = columns + s * column_room;
    team.each(at.height * space.image.height, [=, many = space.image.height](index_t i) {
      row[i] = Space::basis::template weight<T>(i / many, i % many, at.height, many);
    });
    team.each(at.width * space.image.width, [=, many = space.image.width](index_t i) {
      column[i] = Space::basis::template weight<T>(i / many, i % many, at.width, many);
    });
  }

  /// Finds the greatest |y| of each region; false where nothing is to be told apart, or on the first of several levels.
  template <class Team>
  constexpr bool weigh(const Team& team, const Space& space, index_t s, index_t level, const T* y) const {
    if (level == 0 && space.level_count() > 1) return false;
    const space::level at = space.at(level);
    const index_t count = space.image.channels * regions * regions;
    T* most = pooled + s * count;
    team.each(count, [=](index_t i) {
      const index_t row = i / regions % regions, column = i % regions;
      const T* own = y + i / (regions * regions) * at.variables();
      T found = 0;
      for (index_t r = first_of(row, at.height); r < first_of(row + 1, at.height); ++r)
        for (index_t c = first_of(column, at.width); c < first_of(column + 1, at.width); ++c)
          found = kernel::maximum(found, kernel::absolute(own[r * at.width + c]));
      most[i] = found;
    });
    return team.template max<T>(count, [=](index_t i) { return most[i]; }) > T(0);
  }
  constexpr T weight(const Space& space, index_t s, index_t level, index_t k) const {
    const space::level at = space.at(level);
    const index_t row = k / at.width % at.height * regions / at.height, column = k % at.width * regions / at.width;
    return pooled[((s * space.image.channels + k / at.variables()) * regions + row) * regions + column];
  }

  template <class Team>
  constexpr void decode(const Team& team, const Space& space, index_t s, index_t level, const image_ref<T>& image,
                        const T* y, T* x) const {
    const space::level at = space.at(level);
    const index_t height = space.image.height, width = space.image.width;
    const T *row = rows + s * row_room, *column = columns + s * column_room;
    T *half = halves + s * half_room, *z = arguments + s * length;
    team.each(space.image.channels * at.height * width, [=](index_t i) {
      const T* own = y + i / width * at.width;
      T sum = 0;
      for (index_t c = 0; c < at.width; ++c) sum += own[c] * column[c * width + i % width];
      half[i] = sum;
    });
    const T* from = image.start != nullptr ? image.start : image.original;
    team.each(length, [=, inner = space.inner](index_t j) {
      const T* own = half + j / (height * width) * at.height * width + j % width;
      const index_t down = j / width % height;
      T sum = 0;
      for (index_t r = 0; r < at.height; ++r) sum += own[r * width] * row[r * height + down];
      z[j] = inner.encode(from[j], image.side(j)) + sum;
      x[j] = inner.decode(inner.bound(z[j], image.side(j)), image.side(j));
    });
  }
  template <class Team>
  constexpr void move(const Team& team, const Space& space, index_t s, index_t level, const image_ref<T>& image,
                      const T*, index_t k, T h, T* out) const {
    const space::level at = space.at(level);
    const box b = box_of(space, level, k);
    const index_t height = space.image.height, width = space.image.width, wide = b.columns.last - b.columns.first;
    const T* row = rows + s * row_room + k / at.width % at.height * height;
    const T* column = columns + s * column_room + k % at.width * width;
    const T* z = arguments + s * length;
    team.each((b.rows.last - b.rows.first) * wide, [=, inner = space.inner](index_t i) {
      const index_t r = b.rows.first + i / wide, c = b.columns.first + i % wide, j = b.channel + r * width + c;
      out[j] = inner.decode(inner.bound(z[j] + h * row[r] * column[c], image.side(j)), image.side(j));
    });
  }
  static constexpr double distance(T, T h) { return 2 * double(h); }
  static constexpr T bound(const Space&, const image_ref<T>&, index_t, T y) { return y; }
  template <class F>
  static constexpr void over_support(const Space& space, index_t level, index_t k, F f) {
    const box b = box_of(space, level, k);
    for (index_t r = b.rows.first; r < b.rows.last; ++r)
      for (index_t c = b.columns.first; c < b.columns.last; ++c) f(b.channel + r * space.image.width + c);
  }
  template <class Team>
  constexpr void changed(const Team& team, const Space& space, index_t s, index_t level, const image_ref<T>& image,
                         const T* y, const std::int32_t*, index_t, T* x) const {
    decode(team, space, s, level, image, y, x);
  }

private:
  /// Where the function of a variable is not 0: rows, columns, and its channel's first coordinate.
  struct box {
    typename Space::basis::range rows, columns;
    index_t channel;
  };
  static constexpr box box_of(const Space& space, index_t level, index_t k) {
    const space::level at = space.at(level);
    return {Space::basis::support(k / at.width % at.height, at.height, space.image.height),
            Space::basis::support(k % at.width, at.width, space.image.width),
            k / at.variables() * space.image.pixels()};
  }
  /// The first of n rows in region i.
  static constexpr index_t first_of(index_t i, index_t n) { return (i * n + regions - 1) / regions; }

  index_t length, row_room, column_room, half_room;
  T *rows, *columns, *halves, *arguments, *pooled;
};

} // namespace advx::optimizer::detail
