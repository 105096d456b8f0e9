"""What becomes of a graph's ops: fine, rewritten, dropped or unsupported, and where their outputs changed since."""
