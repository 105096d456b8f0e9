"""Outcomes as pages that are one file each: templates, a style, a script, and the library that lays out graphs.

`pages` renders an outcome; `scope_tree` and `graph_data` fold and pack its graph, `plots` turns numbers into
coordinates. Everything a file names is data: templates escape it, the script sets it as text, and the page's own
policy lets no other script run.

`static/dagre.min.js` is @dagrejs/dagre 3.1.3, with its license (MIT) in front and no reference to a source map.
"""
