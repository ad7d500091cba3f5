"""How good the bullets are, compared with what people wrote."""
