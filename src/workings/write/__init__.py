"""Programs, graphs and formulas in other languages."""
