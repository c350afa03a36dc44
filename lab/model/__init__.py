"""The nouns that cross a stage: frozen, of the standard library only."""
