"""TensorFlow operators without a builtin TFLite form, written as exact graphs of those that have.

`rewrite_graph` replaces them in a traced function; `rewrite_rules` is the table, a rule for each.
"""
