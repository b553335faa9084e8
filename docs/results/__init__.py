"""docs/results.md, its pictures, and the READMEs' tables, from results/*.json: python -m docs.results."""
