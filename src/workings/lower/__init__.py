"""Program → loops over buffers, and the mathematics that stands in them."""
