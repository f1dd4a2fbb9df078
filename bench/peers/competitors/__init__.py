"""Those that are measured, a file for each library. A competitor is one function: `Task → Competitor`."""
