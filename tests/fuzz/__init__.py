"""Values files made at random from values.schema.json, by a seed, and what validation says of them."""
