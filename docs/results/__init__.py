"""docs/results.md, its pictures, and the README's table, from results/*.json: python -m docs.results."""
