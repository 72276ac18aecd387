/// @file
/// Stands in no room.
#pragma once
