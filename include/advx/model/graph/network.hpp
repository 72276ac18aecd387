/// @file
/// A graph of operators over the arrays of one image: what a session is opened from. `builder` makes it.
#pragma once

#include <advx/model/graph/extents.hpp>
#include <advx/model/graph/operation.hpp>

#include <memory>
#include <vector>

namespace advx::model::graph {

/// An operator, and the arrays that it reads and writes.
struct node {
  std::unique_ptr<description> what;
  std::vector<index_t> inputs;
  index_t output = 0;
};

/// Array 0 holds the image. The nodes are in an order in which each one's inputs come before it; every array but the
/// image has one node that writes it, and all are needed for the scores.
struct network {
  std::vector<index_t> sizes; ///< values of each array, of one image
  std::vector<node> nodes;
  index_t output = 0; ///< the array of the scores
};

} // namespace advx::model::graph
