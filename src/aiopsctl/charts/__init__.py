"""Charts: declarations that turn an answer into plain data, and the data into a Vega-Lite specification."""
