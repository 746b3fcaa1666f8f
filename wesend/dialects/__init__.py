"""The vendors' APIs that wesend speaks: a folder each, and its name in this list. `listed` has them."""

NAMES = ("wesendall", "wasambazie", "esms", "worldledgers")
